/**
 * What is known about one logical request: how often it was tried, what failed, how it ended.
 */
import type { AxiosError } from 'axios';
import { now } from './timing';

/**
 * Why a logical request ended with its last error.
 * - `not-retryable`: the failure is not transient: a 404, a parse error, a certificate that does not match.
 * - `not-idempotent`: the failure is transient, but the request may not be sent twice: a POST without an idempotency key.
 * - `body-not-replayable`: the body was a stream, which can be read only once.
 * - `retries-exhausted`: `maxRetries` retries were made and the last one failed as well.
 * - `time-budget-exceeded`: `timeBudget` is used up, or the next wait would have ended past it.
 * - `retry-after-too-long`: the server named a wait longer than `maxRetryAfter`.
 * - `retry-budget-empty`: there was no token, or none for `maxQueueTime`: too many retries fail already.
 * - `server-said-stop`: the server sent `x-should-retry: false`.
 * - `aborted`: the caller's `signal` or `cancelToken` fired, one of the policy's callbacks threw, or `backoff` returned no number.
 * - `detached`: the interceptors were detached meanwhile.
 */
export type GiveUpReason =
  | 'not-retryable'
  | 'not-idempotent'
  | 'body-not-replayable'
  | 'retries-exhausted'
  | 'time-budget-exceeded'
  | 'retry-after-too-long'
  | 'retry-budget-empty'
  | 'server-said-stop'
  | 'aborted'
  | 'detached';

/** How a logical request ended, or `'pending'`. */
export type Outcome = 'pending' | 'succeeded' | GiveUpReason;

/** Who decided how long to wait: the policy's `backoff`, or the response header of that name. */
export type DelaySource =
  | 'backoff'
  | 'retry-after-ms'
  | 'retry-after'
  | 'ratelimit-reset'
  | 'ratelimit'
  | 'x-ratelimit-reset';

/** One failed attempt, small enough to log. Holds no response, socket, header or error object. */
export interface AttemptFailure {
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The response's status, if there was a response. */
  readonly status?: number;
  /** The error's code, such as `ECONNRESET`, if it had one. */
  readonly code?: string;
  /** The error's message. */
  readonly message: string;
  /** Milliseconds of the wait that was planned after this failure; absent on the failure that ended the request. */
  readonly delay?: number;
  /** Who decided on that delay; absent with it. */
  readonly delaySource?: DelaySource;
}

/**
 * The state of one logical request, on `config.retryState` of its response or error.
 * Read it with {@link retryStateOf}. It survives `JSON.stringify` and `AxiosError.toJSON`.
 */
export interface RetryState {
  /** Attempts begun so far, the first one included. */
  readonly attempts: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Milliseconds since the logical request began; stands still once it is settled. */
  readonly elapsed: number;
  /** Milliseconds spent waiting between attempts, all waits together. */
  readonly totalDelay: number;
  /** The idempotency key that every attempt carries, if any. */
  readonly idempotencyKey?: string | undefined;
  /** How it ended, or `'pending'`. */
  readonly outcome: Outcome;
  /** One record per failed attempt, oldest first. */
  readonly failures: readonly AttemptFailure[];
}

/** What `onRetry` gets, before the wait. `error` is not enumerable: serialising an event leaks no headers. */
export interface RetryEvent {
  /** The failure that is retried. */
  readonly error: AxiosError;
  /** The logical request so far. */
  readonly state: RetryState;
  /** Number of the retry to come, from 1. */
  readonly retry: number;
  /** Milliseconds of the wait that is planned, without the time it may be parked (the state's `totalDelay` has all). */
  readonly delay: number;
  /** Who decided on that delay. */
  readonly delaySource: DelaySource;
}

/** What `onGiveUp` gets. `error` is not enumerable: serialising an event leaks no headers. */
export interface GiveUpEvent {
  /** The error that the caller is about to get. */
  readonly error: unknown;
  /** The logical request, settled. */
  readonly state: RetryState;
  /** Why it was given up; the state's `outcome`. */
  readonly reason: GiveUpReason;
  /** What a budget kept elsewhere rejected with, if that is why there was no token. Not enumerable. */
  readonly budgetError?: unknown;
}

/**
 * The live state. A class instance under a string key, because axios copies plain objects
 * on every merge of configs and drops symbol keys (before 1.19), but passes instances by reference.
 * `owner` is what the library itself keeps about the request until it is settled; being private, it is neither
 * enumerated, serialised nor copied.
 */
export class LiveRetryState<Owner = unknown> implements RetryState {
  attempts = 1;
  totalDelay = 0;
  idempotencyKey: string | undefined = undefined;
  outcome: Outcome = 'pending';
  readonly failures: AttemptFailure[] = [];
  // Not private, milliseconds on the clock of `now()`: a clone or a proxy of a state (lodash, Vue) has to answer, too.
  readonly startedAt = now();
  settledAt: number | undefined = undefined;
  #owner: Owner | undefined;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** The owner of a pending state; undefined for anything else, a deep copy of a state included. */
  static ownerOf(state: unknown): unknown {
    return typeof state === 'object' && state !== null && #owner in state ? state.#owner : undefined;
  }

  get retries(): number {
    return this.attempts - 1;
  }

  get elapsed(): number {
    return (this.settledAt ?? now()) - this.startedAt;
  }

  settle(outcome: Outcome): void {
    this.outcome = outcome;
    this.settledAt = now();
    // Who keeps the state does not keep the request, its error and its bodies.
    this.#owner = undefined;
  }

  toJSON(): RetryState {
    const { attempts, retries, elapsed, totalDelay, idempotencyKey, outcome, failures } = this;
    return { attempts, retries, elapsed, totalDelay, idempotencyKey, outcome, failures };
  }
}

/**
 * The retry state of a response, or of an error that a request ended with.
 * @param responseOrError if a callback of the policy threw, ask the `cause` of what it threw
 * @returns undefined where no retrying was attached, or `retryPolicy` was `false`.
 */
export function retryStateOf(responseOrError: unknown): RetryState | undefined {
  const config = (responseOrError as { config?: { retryState?: unknown } } | null | undefined)?.config;
  return isRetryState(config?.retryState) ? config.retryState : undefined;
}

/** By its looks and not by its class, of which there are two where this library is loaded twice (ESM beside CJS). */
function isRetryState(value: unknown): value is RetryState {
  const { attempts, outcome } = (value ?? {}) as Partial<RetryState>;
  return typeof attempts === 'number' && typeof outcome === 'string';
}

const ENOUGH_IS_ENOUGH: ReadonlySet<Outcome> = new Set([
  'server-said-stop',
  'retry-budget-empty',
  'retry-after-too-long',
]);

/**
 * For a server about to report a failure of its own dependency: has that call been retried enough, so that the
 * server's callers should not try again? Then answer with `x-should-retry: false`, and a failure is retried by one
 * layer, not by every one (3 x 3 x 3 = 27 requests out of one).
 * @param errorOrState what the call ended with, or its retry state
 * @returns true if retries were made and it ended with `retries-exhausted` or `time-budget-exceeded`, or if it ended with
 *   `server-said-stop`, `retry-budget-empty` or `retry-after-too-long`
 */
export function retriesExhausted(errorOrState: unknown): boolean {
  const state = isRetryState(errorOrState) ? errorOrState : retryStateOf(errorOrState);
  if (!state) return false;
  if (ENOUGH_IS_ENOUGH.has(state.outcome)) return true;
  return (
    state.retries > 0 && (state.outcome === 'retries-exhausted' || state.outcome === 'time-budget-exceeded')
  );
}
