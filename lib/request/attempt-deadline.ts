/**
 * The end of a time budget, put upon the attempt that is running.
 */
import { type AbortSignalLike, LONGEST_TIMER, now, startTimer } from '../timing';
import { isNodeStream, isWebStream } from './release-body';

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
  #ownTimeout: number | undefined;
  readonly #stopTimer: () => void;
  #stopForwarding = () => {};

  /**
   * @param left milliseconds left for the attempt
   * @param config the attempt's, on which interceptors are to find a `timeout` that fits
   * @param given milliseconds from when the caller began to wait for this attempt until the end
   */
  constructor(
    left: number,
    config: TimedConfig,
    private readonly given = left,
  ) {
    this.#endsAt = now() + left;
    this.#stopTimer = startTimer(left, () => this.#expire(), true);
    if (config.timeout) this.#cutTimeoutOf(config);
  }

  /** The attempt's own timeout, in milliseconds, where it is up when the time is, neither before nor after. */
  get ownTimeout(): number | undefined {
    return this.#ownTimeout;
  }

  /** Puts the deadline upon the attempt's config, as it is when nobody is going to change it any more. */
  applyTo(config: TimedConfig): void {
    this.#cutTimeoutOf(config);
    // Sent again by an interceptor, as a token refresher does, it has the signal already.
    if (config.signal === this.#controller.signal) return;
    this.#callerSignal = config.signal as AbortSignalLike | undefined;
    config.signal = this.#controller.signal;
    const stopEarlier = this.#stopForwarding;
    const stop = forwardAbort(this.#callerSignal, this.#controller);
    this.#stopForwarding = () => {
      stopEarlier();
      stop();
    };
  }

  /**
   * The attempt is over: its config is as the caller wrote it again, and nothing is left behind,
   * except that a stream handed to the caller stays abortable for as long as it is there.
   */
  release(config?: TimedConfig, body?: unknown): void {
    this.#stopTimer();
    // Whoever waits for it has the body in hand, and is not to be held by what the body is watched for.
    this.onExpire = undefined;
    // Not by assignment, which would throw if somebody froze the config.
    if (config?.signal === this.#controller.signal) Reflect.set(config, 'signal', this.#callerSignal);
    if (config?.timeout !== undefined && config.timeout === this.#cutTimeout) {
      if (this.#callerTimeout === undefined) Reflect.deleteProperty(config, 'timeout');
      else Reflect.set(config, 'timeout', this.#callerTimeout);
    }
    afterStream(body, this.#stopForwarding);
  }

  #cutTimeoutOf(config: TimedConfig): void {
    if (this.#cutTimeout === undefined || config.timeout !== this.#cutTimeout)
      this.#callerTimeout = config.timeout;
    // Never 0, which axios reads as no timeout at all.
    const most = Math.max(1, Math.ceil(this.#endsAt - now()));
    const timeout = this.#callerTimeout ?? 0;
    this.#ownTimeout = most <= timeout && timeout <= Math.ceil(this.given) ? timeout : undefined;
    // Nor more than axios' own timers hold; this one's does. Nor on a stream, whose socket would keep the timeout when
    // it is the caller's already, and be destroyed when it idles that long.
    if (most > LONGEST_TIMER || config.responseType === 'stream') return;
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

/**
 * Passes the caller's abort on. Holds the two and nothing else, least of all a deadline: the caller's signal may live for ever.
 * @returns what stops it
 */
function forwardAbort(from: AbortSignalLike | undefined, to: AbortController): () => void {
  const forward = () => to.abort((from as { reason?: unknown } | undefined)?.reason);
  if (from?.aborted) forward();
  else from?.addEventListener?.('abort', forward);
  return () => from?.removeEventListener?.('abort', forward);
}

/** Web streams that callers hold, and what to call when they let go of them. */
let heldStreams: FinalizationRegistry<() => void> | undefined;

/** Calls back when a body can be read no more: at once, unless it is a stream. The callback must not hold the body. */
function afterStream(body: unknown, callback: () => void): void {
  if (isNodeStream(body) && !body.destroyed) body.once('close', callback);
  // A web stream does not tell when it closes, but nobody who let go of it can read it.
  else if (isWebStream(body) && typeof FinalizationRegistry === 'function') {
    heldStreams ??= new FinalizationRegistry((call) => call());
    heldStreams.register(body, callback);
  } else callback();
}
