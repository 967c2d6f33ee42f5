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
  readonly cancelToken?: CancelTokenLike | undefined;
  readonly detached: StopSignal;
}

export type Interruption = 'aborted' | 'detached';

/** Whether, and by whom, the waiting has been called off already. */
export function interruptionOf({ signal, cancelToken, detached }: Interrupters): Interruption | undefined {
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
  readonly #controller = new AbortController();
  readonly #callerSignal: AbortSignalLike | undefined;
  readonly #callerTimeout: number | undefined;
  readonly #stopTimer: () => void;
  readonly #forwardAbort = () => this.#controller.abort();

  /** @param left milliseconds left for the attempt */
  constructor(config: TimedConfig, left: number) {
    this.#callerSignal = config.signal as AbortSignalLike | undefined;
    this.#callerTimeout = config.timeout;
    // Never 0, which axios reads as no timeout at all.
    const most = Math.max(1, Math.ceil(left));
    // Nor more than axios' own timers hold; this one's does. Nor on a stream, whose socket would keep the timeout when
    // it is the caller's already, and be destroyed when it idles that long.
    if (most <= LONGEST_TIMER && config.responseType !== 'stream')
      config.timeout = config.timeout ? Math.min(config.timeout, most) : most;
    config.signal = this.#controller.signal;
    if (this.#callerSignal?.aborted) this.#controller.abort();
    else this.#callerSignal?.addEventListener?.('abort', this.#forwardAbort);
    this.#stopTimer = startTimer(left, () => this.#expire(), true);
  }

  /**
   * The attempt is over: its config is as the caller wrote it again, and nothing is left behind,
   * except that a Node stream handed to the caller stays abortable until it closes.
   */
  release(config?: TimedConfig, body?: unknown): void {
    this.#stopTimer();
    if (config?.signal === this.#controller.signal) {
      config.signal = this.#callerSignal;
      if (this.#callerTimeout === undefined) delete config.timeout;
      else config.timeout = this.#callerTimeout;
    }
    const stopForwarding = () => this.#callerSignal?.removeEventListener?.('abort', this.#forwardAbort);
    if (isNodeStream(body) && !body.destroyed) body.once('close', stopForwarding);
    else stopForwarding();
  }

  #expire(): void {
    this.expired = true;
    this.#controller.abort();
    this.onExpire?.();
  }
}

function isNodeStream(
  body: unknown,
): body is { destroyed: boolean; once(event: string, listener: () => void): void } {
  return typeof (body as { pipe?: unknown } | null | undefined)?.pipe === 'function';
}
