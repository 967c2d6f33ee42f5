/**
 * What a caller is told about a logical request: its state, and the events of its callbacks.
 */
import type { AxiosError, AxiosResponse } from 'axios';

/**
 * Why a logical request ended with its last error.
 * - `not-retryable`: the failure is not transient: a 404, a parse error, a certificate that does not match.
 * - `not-idempotent`: the failure is transient, but the request may not be sent twice: a POST without an idempotency key.
 * - `body-not-replayable`: the body was a stream, which can be read only once.
 * - `retries-exhausted`: `maxRetries` retries were made and the last one failed as well.
 * - `time-budget-exceeded`: `timeBudget` is used up, or the next wait would have ended past it.
 * - `retry-after-too-long`: the server named a wait longer than `maxRetryAfter`.
 * - `origin-down`: its origin has shown no sign of life for as long as `patience`.
 * - `held-too-long`: it was held at the gate for `maxQueueTime` in all; or for `patience`, where for as long next to no retry
 *   succeeded though the origin lives: one of its endpoints may be broken.
 * - `queue-full`: as many calls as `maxHeld` are held at the gate of its origin.
 * - `retry-budget-empty`: the budget had no token: too many retries fail already.
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
  | 'origin-down'
  | 'held-too-long'
  | 'queue-full'
  | 'retry-budget-empty'
  | 'server-said-stop'
  | 'aborted'
  | 'detached';

/** How a logical request ended, or `'pending'`. */
export type Outcome = 'pending' | 'succeeded' | GiveUpReason;

/**
 * Who decided how long to wait: the policy's `backoff` or `judge`, or the response header of that name. `reused-socket`: nobody,
 * it was sent again at once, because the server closed a kept-alive connection just as it was used again.
 */
export type DelaySource =
  | 'backoff'
  | 'retry-after-ms'
  | 'retry-after'
  | 'ratelimit-reset'
  | 'ratelimit'
  | 'x-ratelimit-reset'
  | 'judge'
  | 'reused-socket';

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
  /** Milliseconds spent waiting between attempts, all waits together, at the gate included. */
  readonly totalDelay: number;
  /** Milliseconds it was held at the gate of its origin, all times together, before the first attempt included. */
  readonly totalHeld: number;
  /** Milliseconds that the server named, where `outcome` is `retry-after-too-long`. */
  readonly retryAfter?: number | undefined;
  /** The idempotency key that every attempt carries, if any. */
  readonly idempotencyKey?: string | undefined;
  /** How it ended, or `'pending'`. */
  readonly outcome: Outcome;
  /** One record per failed attempt, oldest first. */
  readonly failures: readonly AttemptFailure[];
}

/** The request that an event is about. */
export interface AboutRequest {
  /** In upper case. */
  readonly method: string;
  /** Scheme, host and port that the last attempt went to, as `origins()` spells it. */
  readonly origin: string;
}

/** What `onRetry` gets, before the wait. `error` is not enumerable: serialising an event leaks no headers. */
export interface RetryEvent extends AboutRequest {
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
export interface GiveUpEvent extends AboutRequest {
  /** The error that the caller is about to get. */
  readonly error: unknown;
  /** The logical request, settled. */
  readonly state: RetryState;
  /** Why it was given up; the state's `outcome`. */
  readonly reason: GiveUpReason;
  /** Milliseconds that the server named, where the reason is `retry-after-too-long`. */
  readonly retryAfter?: number;
  /** What a budget kept elsewhere rejected with, if that is why there was no token. Not enumerable. */
  readonly budgetError?: unknown;
}

/**
 * What `onSettled` gets, once per logical request, whatever became of it. `error` and `response` are not enumerable:
 * serialising an event leaks no headers.
 */
export interface SettledEvent extends AboutRequest {
  /** The logical request, settled; its `outcome` tells how. */
  readonly state: RetryState;
  /** The error that the caller is about to get, if it gets one. */
  readonly error?: unknown;
  /** The last attempt's response as the adapter gave it, if the caller is about to get what was made of it. */
  readonly response?: AxiosResponse;
}

/** One retry of a logical request, as it is made. */
export interface RetryAttempt {
  /** Number of the retry, from 1. */
  readonly retry: number;
  /** Whether it is with the adapter now: what interceptors send before and after is other traffic. */
  readonly isOut: boolean;
}

/**
 * Watches logical requests beside the callbacks of a policy, without a say in them: nothing is awaited, and what `settled`
 * throws is ignored. `axios-retry-budget/opentelemetry` has one.
 */
export interface RetryObserver {
  /** A logical request has ended, well or not. */
  settled?(event: SettledEvent): void;
  /** Makes a retry: calls `send` at once, and returns what it returns. For contexts that follow what is asynchronous. */
  run?<T>(retry: RetryAttempt, send: () => T): T;
}
