/**
 * The clock, and waits that can be ended early.
 * Timers and clocks are globals looked up when used, so that fake timers installed later drive them.
 */

/** Node and browsers keep a timer's delay in 32 bits and fire at once when it does not fit. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Milliseconds on a clock that never jumps. */
export function now(): number {
  return performance.now();
}

/**
 * Calls back after `ms` milliseconds, however many. Returns what stops it.
 * A `background` timer does not keep a Node process alive.
 */
export function startTimer(ms: number, callback: () => void, background = false): () => void {
  if (ms > LONGEST_TIMER) return startLongTimer(ms, callback, background);
  const timer = armed(callback, Math.ceil(ms), background);
  return () => clearTimeout(timer);
}

function startLongTimer(ms: number, callback: () => void, background: boolean): () => void {
  let stop = () => {};
  const next = () => {
    stop = startTimer(ms - LONGEST_TIMER, callback, background);
  };
  const timer = armed(next, LONGEST_TIMER, background);
  stop = () => clearTimeout(timer);
  return () => stop();
}

function armed(callback: () => void, ms: number, background: boolean): ReturnType<typeof setTimeout> {
  const timer = setTimeout(callback, ms);
  if (background) (timer as { unref?: () => void }).unref?.();
  return timer;
}

/** What hears of an interruption. */
interface Interruptee {
  end(how: Interruption): void;
}

/** Somebody's wish to stop, heard by many: no AbortSignal, which warns from the eleventh listener on. */
export class StopSignal {
  readonly #listeners = new Set<Interruptee>();
  stopped = false;

  subscribe(listener: Interruptee): void {
    this.#listeners.add(listener);
  }

  unsubscribe(listener: Interruptee): void {
    this.#listeners.delete(listener);
  }

  stop(): void {
    this.stopped = true;
    for (const listener of [...this.#listeners]) listener.end('detached');
  }
}

/** As much of an AbortSignal as axios asks for (its GenericAbortSignal). */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener?: ((type: 'abort', listener: () => void) => void) | undefined;
  removeEventListener?: ((type: 'abort', listener: () => void) => void) | undefined;
}

/** As much of axios' CancelToken as a wait needs; its `reason` is there once it is cancelled. */
export interface CancelTokenLike {
  readonly reason?: unknown;
  subscribe?(listener: () => void): void;
  unsubscribe?(listener: () => void): void;
}

/** What can end a wait early. */
export interface Interrupters {
  readonly signal?: AbortSignalLike | undefined;
  readonly cancelToken?: CancelTokenLike | undefined;
  readonly detached: StopSignal;
}

export type Interruption = 'aborted' | 'detached';

/** Whether, and by whom, the waiting has been called off already. */
export function interruptionOf(interrupters: Interrupters): Interruption | undefined {
  const { signal, cancelToken, detached } = interrupters;
  if (signal?.aborted || cancelToken?.reason !== undefined) return 'aborted';
  return detached.stopped ? 'detached' : undefined;
}

/** One wait. Thousands may wait at a time: so it is one object, and where nobody can abort it without a function of its own. */
export class Waiting<T> {
  /** What waits with it, and stops when it ends. */
  held: { cancel(): void } | undefined = undefined;
  readonly #resolve: (outcome: T | Interruption | undefined) => void;
  readonly #interrupters: Interrupters;
  readonly #onAbort: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(interrupters: Interrupters, resolve: (outcome: T | Interruption | undefined) => void) {
    const { signal, cancelToken, detached } = interrupters;
    this.#interrupters = interrupters;
    this.#resolve = resolve;
    this.#onAbort = signal || cancelToken ? () => this.end('aborted') : undefined;
    if (this.#onAbort) signal?.addEventListener?.('abort', this.#onAbort);
    if (this.#onAbort) cancelToken?.subscribe?.(this.#onAbort);
    detached.subscribe(this);
  }

  /** @param ms no more than a timer takes */
  endAfter(ms: number): void {
    // No `setTimeout(end, ms, this)`: tests whose setTimeout calls back at once hand nothing on.
    this.#timer = setTimeout(() => this.end(), Math.ceil(ms));
  }

  end(outcome?: T | Interruption): void {
    const { signal, cancelToken, detached } = this.#interrupters;
    clearTimeout(this.#timer);
    this.held?.cancel();
    if (this.#onAbort) signal?.removeEventListener?.('abort', this.#onAbort);
    if (this.#onAbort) cancelToken?.unsubscribe?.(this.#onAbort);
    detached.unsubscribe(this);
    this.#resolve(outcome);
  }
}

/**
 * Runs `start` and waits until it ends the wait, or until an interrupter does. Whichever way it ends, no timer and no listener
 * stays behind.
 * @returns what it ended with, else who ended it.
 */
export function interruptible<T>(
  interrupters: Interrupters,
  start: (waiting: Waiting<T>) => void,
): Promise<T | Interruption | undefined> {
  const early = interruptionOf(interrupters);
  if (early) return Promise.resolve(early);
  return new Promise((resolve) => start(new Waiting<T>(interrupters, resolve)));
}

/**
 * Waits until a promise of somebody else's settles, at most `ms` milliseconds; what it settles with is for the caller to ask.
 * @returns undefined when it settled, `'expired'` when the time was over before, else who ended the wait.
 */
export function settled(
  promise: Promise<unknown>,
  ms: number,
  interrupters: Interrupters,
): Promise<Interruption | 'expired' | undefined> {
  return interruptible<'expired'>(interrupters, (waiting) => {
    const onSettled = () => waiting.end();
    promise.then(onSettled, onSettled);
    if (ms === Number.POSITIVE_INFINITY) return;
    waiting.held = { cancel: startTimer(Math.max(0, ms), () => waiting.end('expired')) };
  });
}

/** Waits `ms` milliseconds, or until an interrupter ends the wait. */
export function wait(ms: number, interrupters: Interrupters): Promise<Interruption | undefined> {
  return interruptible<never>(interrupters, (waiting) => {
    if (ms > LONGEST_TIMER) waiting.held = { cancel: startTimer(ms, () => waiting.end()) };
    else waiting.endAfter(ms);
  });
}
