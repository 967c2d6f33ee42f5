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
  let left = Math.ceil(ms);
  let timer: ReturnType<typeof setTimeout>;
  const arm = () => {
    const step = Math.min(left, LONGEST_TIMER);
    left -= step;
    timer = setTimeout(left > 0 ? arm : callback, step);
    if (background) (timer as { unref?: () => void }).unref?.();
  };
  arm();
  return () => clearTimeout(timer);
}

/** Somebody's wish to stop, heard by many: plain callbacks, because an AbortSignal warns from the eleventh on. */
export class StopSignal {
  readonly #listeners = new Set<() => void>();
  stopped = false;

  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }

  unsubscribe(listener: () => void): void {
    this.#listeners.delete(listener);
  }

  stop(): void {
    this.stopped = true;
    for (const listener of [...this.#listeners]) listener();
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
 * @returns undefined when it finished, else who ended it.
 */
export function interruptible(
  interrupters: Interrupters,
  start: (finish: () => void) => () => void,
): Promise<Interruption | undefined> {
  const early = interruptionOf(interrupters);
  if (early) return Promise.resolve(early);
  const { signal, cancelToken, detached } = interrupters;
  return new Promise((resolve) => {
    let stop = () => {};
    const end = (interruption?: Interruption) => {
      stop();
      signal?.removeEventListener?.('abort', onAbort);
      cancelToken?.unsubscribe?.(onAbort);
      detached.unsubscribe(onDetach);
      resolve(interruption);
    };
    const onAbort = () => end('aborted');
    const onDetach = () => end('detached');
    signal?.addEventListener?.('abort', onAbort);
    cancelToken?.subscribe?.(onAbort);
    detached.subscribe(onDetach);
    stop = start(() => end());
  });
}

/**
 * Waits until a promise of somebody else's settles, at most `ms` milliseconds; what it settles with is for the caller to ask.
 * @returns undefined when it settled, `'expired'` when the time was over before, else who ended the wait.
 */
export async function settled(
  promise: Promise<unknown>,
  ms: number,
  interrupters: Interrupters,
): Promise<Interruption | 'expired' | undefined> {
  let hasExpired = false;
  const interruption = await interruptible(interrupters, (finish) => {
    promise.then(finish, finish);
    if (ms === Number.POSITIVE_INFINITY) return () => {};
    return startTimer(Math.max(0, ms), () => {
      hasExpired = true;
      finish();
    });
  });
  return interruption ?? (hasExpired ? 'expired' : undefined);
}

/** Waits `ms` milliseconds, or until an interrupter ends the wait. */
export function wait(ms: number, interrupters: Interrupters): Promise<Interruption | undefined> {
  return interruptible(interrupters, (finish) => startTimer(ms, finish));
}
