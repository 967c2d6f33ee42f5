/**
 * RetryPolicy: what a user may say about retries.
 */
import type { AxiosError, AxiosRequestConfig, AxiosResponse } from 'axios';
import type { Budget } from './budget';
import type { GiveUpEvent, RetryEvent, RetryObserver, RetryState, SettledEvent } from './events';

/** The delay curve, after Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. Every field is optional. */
export interface BackoffOptions {
  /** Milliseconds of the first delay's base. Default 100. */
  initialDelay?: number;
  /** Milliseconds no delay of this curve exceeds; a wait that the server names may. Default 30 000. */
  maxDelay?: number;
  /** What the base is multiplied with from retry to retry, at least 1. Default 2. */
  multiplier?: number;
  /**
   * How the delay is spread, with base = min(maxDelay, initialDelay * multiplier^(retry - 1)).
   * - `'full'` (default): anywhere in [0, base]. Clients that failed together return apart.
   * - `'equal'`: base / 2 + anywhere in [0, base / 2].
   * - `'decorrelated'`: anywhere in [initialDelay, 3 * the previous delay], at most maxDelay.
   * - `'none'`: base. Clients that failed together return together.
   */
  jitter?: 'full' | 'equal' | 'decorrelated' | 'none';
  /** The source of randomness: a number in [0, 1). Default `Math.random`. */
  random?: () => number;
}

/**
 * Returns the milliseconds to wait before retry number `retry` (from 1): a finite number, 0 or more, or else a RangeError
 * ends the request. Neither capped nor spread.
 */
export type BackoffFunction = (retry: number, error: AxiosError, state: RetryState) => number;

/** When first attempts are held at the gate of their origin. */
export type HoldNewCalls = 'stalled' | 'rate-limited' | false;

/** What `judge` says of a response: a transient failure, not yet, or (anything else) good. */
export type Judgement = boolean | NotYet | undefined;

/** The response is good and not what is waited for, like a 202 that is polled. */
export interface NotYet {
  /** Milliseconds until the next attempt, exactly. */
  after: number;
}

/** What `nextAttempt` lays over the original config. */
export type Overlay = Partial<AxiosRequestConfig> | undefined;

/** How failed requests are retried. Every field is optional; `undefined` leaves it to the weaker level, and in the end to the default. */
export interface RetryPolicy {
  /**
   * Retries after the first attempt; `Infinity` is allowed. Default 5. What goes out on a kept-alive connection just as the server
   * closes it is sent again once, if it may be, without being counted.
   */
  maxRetries?: number | undefined;
  /** The delay curve, merged field by field with weaker levels, or a function. Default: 100 ms doubling up to 30 s, full jitter. */
  backoff?: BackoffOptions | BackoffFunction | undefined;
  /**
   * Milliseconds: the longest wait named by the server that is honoured; a longer one gives up at once. `Infinity` is
   * allowed. Default 60 000. Read from `retry-after-ms` and `Retry-After` (RFC 9110 section 10.2.3), on 429 and 503 also from
   * `RateLimit-Reset`, `RateLimit` (draft-ietf-httpapi-ratelimit-headers) and `X-RateLimit-Reset`.
   */
  maxRetryAfter?: number | undefined;
  /**
   * Milliseconds for the whole logical request: attempts, waits, callbacks; more than 0. A hard limit, but for three things
   * that nobody can end from an interceptor and that are waited for: request interceptors and adapters deaf to
   * `signal` in the first attempt, and `onGiveUp`. Default none.
   */
  timeBudget?: number | undefined;
  /**
   * Judges the error: may it be gone a moment later? `undefined` leaves it to the built-in classification, a rejection with
   * nothing is a no. Asked last, and not when no retry is left. `false` overrules: `status >= 500` alone switches off retries after
   * resets and timeouts, so write `|| undefined` behind it.
   * Whether the request may be repeated is decided by `methods` and `idempotencyKey` all the same.
   */
  isRetryable?:
    | ((error: AxiosError, state: RetryState) => boolean | undefined | Promise<boolean | undefined>)
    | undefined;
  /** Response statuses that are transient; replaces the default: 408, 502, 503, 504 (RFC 9110 section 15), 425 (RFC 8470), 429 (RFC 6585). */
  statuses?: readonly number[] | undefined;
  /**
   * Whether a status in `statuses` is transient also where `validateStatus` accepts it (`() => true` in some SDKs). When retries
   * end, the last response resolves, as it would have. Default true.
   */
  retryAccepted?: boolean | undefined;
  /**
   * Asked of every response that axios was content with, as the adapter gave it. `true`: a transient failure. `{ after: ms }`: not
   * yet (a 202 that is polled); the next attempt is made after that time exactly, draws on no budget and counts as a retry.
   * When retries end, the last response resolves. Whether the request may be repeated is decided by `methods` and
   * `idempotencyKey` all the same. Default none.
   */
  judge?: ((response: AxiosResponse, state: RetryState) => Judgement | Promise<Judgement>) | undefined;
  /**
   * Asked before each retry; what it returns is laid over the original config for the coming attempt only: another `baseURL`, a
   * longer `timeout`, other `params`; `headers` are merged one by one. An attempt at another origin has the budget
   * of that origin, and carries `auth`, `Authorization`, `Cookie` and `Proxy-Authorization` only as returned here, or set by an
   * interceptor registered before attachRetry. Default none.
   */
  nextAttempt?: ((event: RetryEvent) => Overlay | Promise<Overlay>) | undefined;
  /**
   * Methods that may be repeated without an idempotency key, in any case; replaces the default: GET, HEAD, OPTIONS, TRACE, QUERY, PUT,
   * DELETE (RFC 9110 section 9.2.2). What was not processed is repeated whatever its method: no connection was made, or the
   * answer is 425 (RFC 8470) or, by convention, 429, and no redirect led there.
   */
  methods?: readonly string[] | undefined;
  /**
   * Makes any method repeatable. `true`: a UUID v4 made once per logical request (none for safe methods, which need
   * none); a string, or a function of the config: that key. Sent on every attempt unchanged; a key header that the
   * caller or an interceptor already set counts the same and is never overwritten. Visible ASCII, spaces only inside, else the
   * request is rejected unsent. The server has to know the header. After draft-ietf-httpapi-idempotency-key-header. Default false.
   */
  idempotencyKey?: boolean | string | ((config: AxiosRequestConfig) => string) | undefined;
  /** The header that carries the key; whatever stands in it counts as one, so not a trace id's. Default `Idempotency-Key`. */
  idempotencyKeyHeader?: string | undefined;
  /** A header that tells the server the number of the attempt: 1, 2, ... Default none. */
  attemptHeader?: string | undefined;
  /**
   * Milliseconds an origin may be without a sign of life (a success, an answer that is nobody's to retry, a 429), from its first
   * failure without one since, or the end of the wait that a 503 named first. Until then retries that may not go yet are held at the
   * gate of their origin; afterwards calls are tried once, without retries (`origin-down`). Also the milliseconds that a retry is held
   * in all where for as long next to none has succeeded, though the origin lives (`held-too-long`). `0`: nothing is ever
   * held: a bucket of tokens decides, and when it is empty the call fails at once. `Infinity`: held as long as `timeBudget`,
   * `maxQueueTime` and the signal allow. Default 10 000.
   */
  patience?: number | undefined;
  /**
   * Milliseconds: the longest one call is held in all, the draining of the line after recovery included (`held-too-long`). Waits that
   * the server names are not counted. Default 30 000.
   */
  maxQueueTime?: number | undefined;
  /** The most calls held per origin; one retry more ends at once (`queue-full`), one first attempt more is sent. Default 10 000. */
  maxHeld?: number | undefined;
  /**
   * Whether first attempts are held as well. `'stalled'` (default): while the origin takes requests and answers none.
   * `'rate-limited'`: also until the time that a 429 or 503 named. `false`: never, and a timeout of this call is no evidence of
   * a stall (a long poll, which is meant to time out). What was never sent is held, never refused: one `patience` after it came, at
   * the latest, it is sent.
   */
  holdNewCalls?: HoldNewCalls | undefined;
  /**
   * A budget that every retry must also draw a token from, to share between all origins and clients that name it. A retry
   * without a token is held until there is one, the gate lets it probe, or patience or `maxQueueTime` ends. Default none; with `patience: 0` one
   * `RetryBudget` of 20 tokens per origin and attached instance, or none with `false`. One of your own make is best
   * an instance of a class: axios copies plain objects, so those are told apart by their `tryAcquire` function.
   */
  budget?: Budget | false | undefined;
  /**
   * Called before each wait, and awaited. If it throws, retrying stops and what it threw is thrown,
   * with the request's error as `cause`. A signal, `timeBudget` or a detach ends the waiting for it.
   */
  onRetry?: ((event: RetryEvent) => unknown) | undefined;
  /**
   * Called once when a logical request ends in failure, and awaited. What it throws is thrown, as with `onRetry`.
   */
  onGiveUp?: ((event: GiveUpEvent) => unknown) | undefined;
  /**
   * Called once when a logical request has ended, well or not, after `onGiveUp`, and awaited if it returns a promise. What it
   * throws is thrown.
   */
  onSettled?: ((event: SettledEvent) => unknown) | undefined;
  /** Watches calls beside these callbacks; `axios-retry-budget/opentelemetry` puts its own here. Default none. */
  observer?: RetryObserver | undefined;
}
