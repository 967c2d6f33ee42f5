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

/** Somebody's wish to stop, heard by many: plain callbacks, because an AbortSignal warns from the eleventh on. */
export class StopSignal {
  readonly #listeners = new Set<(how: 'detached') => void>();
  stopped = false;

  subscribe(listener: (how: 'detached') => void): void {
    this.#listeners.add(listener);
  }

  unsubscribe(listener: (how: 'detached') => void): void {
    this.#listeners.delete(listener);
  }

  stop(): void {
    this.stopped = true;
    for (const listener of [...this.#listeners]) listener('detached');
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

/**
 * Runs `start` and waits until it calls `finish`, or until an interrupter ends it.
 * `start` returns what stops it. Whichever way it ends, no timer and no listener stays behind.
 * Thousands may wait at a time: so one promise, and as few functions as can be.
 * @returns what it finished with, else who ended it.
 */
export function interruptible<T>(
  interrupters: Interrupters,
  start: (finish: (outcome?: T) => void) => () => void,
): Promise<T | Interruption | undefined> {
  const early = interruptionOf(interrupters);
  if (early) return Promise.resolve(early);
  return new Promise((resolve) => {
    const { signal, cancelToken, detached } = interrupters;
    const onAbort = signal || cancelToken ? () => end('aborted') : undefined;
    const end = (outcome?: T | Interruption) => {
      stop?.();
      if (onAbort) signal?.removeEventListener?.('abort', onAbort);
      if (onAbort) cancelToken?.unsubscribe?.(onAbort);
      detached.unsubscribe(end);
      resolve(outcome);
    };
    if (onAbort) signal?.addEventListener?.('abort', onAbort);
    if (onAbort) cancelToken?.subscribe?.(onAbort);
    detached.subscribe(end);
    let stop: (() => void) | undefined;
    stop = start(end);
  });
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
  return interruptible<'expired'>(interrupters, (finish) => {
    const onSettled = () => finish();
    promise.then(onSettled, onSettled);
    if (ms === Number.POSITIVE_INFINITY) return () => {};
    return startTimer(Math.max(0, ms), () => finish('expired'));
  });
}

/** Waits `ms` milliseconds, or until an interrupter ends the wait. */
export function wait(ms: number, interrupters: Interrupters): Promise<Interruption | undefined> {
  return interruptible<never>(interrupters, (finish) => startTimer(ms, finish));
}
