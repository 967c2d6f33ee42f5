/**
 * The clock, and waits that can be ended early.
 * Timers and clocks are globals looked up when used, so that fake timers installed later drive them.
 */

/** Node and browsers keep a timer's delay in 32 bits and fire at once when it does not fit. */
const LONGEST_TIMER = 2 ** 31 - 1;

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
  /** The last attempt's, where an interceptor set one of its own. */
  readonly attemptSignal?: AbortSignalLike | undefined;
  readonly cancelToken?: CancelTokenLike | undefined;
  readonly detached: StopSignal;
}

export type Interruption = 'aborted' | 'detached';

/** Whether, and by whom, the waiting has been called off already. */
export function interruptionOf(interrupters: Interrupters): Interruption | undefined {
  const { signal, attemptSignal, cancelToken, detached } = interrupters;
  if (signal?.aborted || attemptSignal?.aborted || cancelToken?.reason !== undefined) return 'aborted';
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
  const { signal, attemptSignal, cancelToken, detached } = interrupters;
  const signals = new Set([signal, attemptSignal]);
  return new Promise((resolve) => {
    let stop = () => {};
    const end = (interruption?: Interruption) => {
      stop();
      for (const signal of signals) signal?.removeEventListener?.('abort', onAbort);
      cancelToken?.unsubscribe?.(onAbort);
      detached.unsubscribe(onDetach);
      resolve(interruption);
    };
    const onAbort = () => end('aborted');
    const onDetach = () => end('detached');
    for (const signal of signals) signal?.addEventListener?.('abort', onAbort);
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

/** The two fields of an axios config through which an attempt is told when to end. */
export interface TimedConfig {
  signal?: unknown;
  timeout?: number;
  responseType?: string;
}

/**
 * The end of a logical request's time budget, put upon one attempt: cuts its `timeout` and ends it by its
 * `signal`, a body that drips one byte a second included. The caller's own signal goes on working.
 */
export class AttemptDeadline {
  /** True once the time ran out while the attempt was running. */
  expired = false;
  /** Called when the time runs out. */
  onExpire: (() => void) | undefined;
  readonly #endsAt: number;
  readonly #controller = new AbortController();
  #callerSignal: AbortSignalLike | undefined;
  #callerTimeout: number | undefined;
  #cutTimeout: number | undefined;
  readonly #stopTimer: () => void;
  readonly #forwardAbort = () =>
    this.#controller.abort((this.#callerSignal as { reason?: unknown } | undefined)?.reason);
  readonly #stopForwarding = () => this.#callerSignal?.removeEventListener?.('abort', this.#forwardAbort);

  /**
   * @param left milliseconds left for the attempt
   * @param config the attempt's, on which interceptors are to find a `timeout` that fits
   */
  constructor(left: number, config: TimedConfig) {
    this.#endsAt = now() + left;
    this.#stopTimer = startTimer(left, () => this.#expire(), true);
    if (config.timeout) this.#cutTimeoutOf(config);
  }

  /** Puts the deadline upon the attempt's config, as it is when nobody is going to change it any more. */
  applyTo(config: TimedConfig): void {
    this.#cutTimeoutOf(config);
    // Sent again by an interceptor, as a token refresher does, it has the signal already.
    if (config.signal === this.#controller.signal) return;
    this.#callerSignal = config.signal as AbortSignalLike | undefined;
    config.signal = this.#controller.signal;
    if (this.#callerSignal?.aborted) this.#forwardAbort();
    else this.#callerSignal?.addEventListener?.('abort', this.#forwardAbort);
  }

  /**
   * The attempt is over: its config is as the caller wrote it again, and nothing is left behind,
   * except that a stream handed to the caller stays abortable for as long as it is there.
   */
  release(config?: TimedConfig, body?: unknown): void {
    this.#stopTimer();
    // Not by assignment, which would throw if somebody froze the config.
    if (config?.signal === this.#controller.signal) Reflect.set(config, 'signal', this.#callerSignal);
    if (config?.timeout !== undefined && config.timeout === this.#cutTimeout) {
      if (this.#callerTimeout === undefined) Reflect.deleteProperty(config, 'timeout');
      else Reflect.set(config, 'timeout', this.#callerTimeout);
    }
    afterStream(body, this.#stopForwarding);
  }

  #cutTimeoutOf(config: TimedConfig): void {
    // Never 0, which axios reads as no timeout at all.
    const most = Math.max(1, Math.ceil(this.#endsAt - now()));
    // Nor more than axios' own timers hold; this one's does. Nor on a stream, whose socket would keep the timeout when
    // it is the caller's already, and be destroyed when it idles that long.
    if (most > LONGEST_TIMER || config.responseType === 'stream') return;
    if (this.#cutTimeout === undefined || config.timeout !== this.#cutTimeout)
      this.#callerTimeout = config.timeout;
    config.timeout = config.timeout ? Math.min(config.timeout, most) : most;
    this.#cutTimeout = config.timeout;
  }

  #expire(): void {
    this.expired = true;
    this.#controller.abort();
    this.#stopForwarding();
    this.onExpire?.();
  }
}

/** Web streams that callers hold, and what to call when they let go of them. */
let heldStreams: FinalizationRegistry<() => void> | undefined;

/** Calls back when a body can be read no more: at once, unless it is a stream. */
function afterStream(body: unknown, callback: () => void): void {
  if (isNodeStream(body) && !body.destroyed) body.once('close', callback);
  // A web stream does not tell when it closes, but nobody who let go of it can read it.
  else if (isWebStream(body) && typeof FinalizationRegistry === 'function') {
    heldStreams ??= new FinalizationRegistry((call) => call());
    heldStreams.register(body, callback);
  } else callback();
}

function isNodeStream(
  body: unknown,
): body is { destroyed: boolean; once(event: string, listener: () => void): void } {
  return typeof (body as { pipe?: unknown } | null | undefined)?.pipe === 'function';
}

function isWebStream(body: unknown): body is object {
  return typeof (body as { getReader?: unknown } | null | undefined)?.getReader === 'function';
}
