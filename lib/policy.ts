/**
 * RetryPolicy: its fields, their defaults, how levels merge, and what is refused.
 */
import type { AxiosError, AxiosRequestConfig } from 'axios';
import { type BackoffFunction, type BackoffOptions, DEFAULT_BACKOFF } from './backoff';
import type { Budget } from './budget/retry-budget';
import type { GiveUpEvent, RetryEvent, RetryState } from './retry-state';
import {
  aFunction,
  arrayOf,
  type Check,
  checkFields,
  countOrInfinity,
  headerName,
  idempotencyKeyValue,
  milliseconds,
  numberFrom,
  oneOf,
  show,
} from './validation';

/** How failed requests are retried. Every field is optional; `undefined` leaves it to the weaker level, and in the end to the default. */
export interface RetryPolicy {
  /** Retries after the first attempt; `Infinity` is allowed. Default 5. */
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
   * Judges the error: may it be gone a moment later? `undefined` leaves it to the built-in classification.
   * Whether the request may be repeated is decided by `methods` and `idempotencyKey` all the same.
   */
  isRetryable?:
    | ((error: AxiosError, state: RetryState) => boolean | undefined | Promise<boolean | undefined>)
    | undefined;
  /** Response statuses that are transient; replaces the default: 408, 502, 503, 504 (RFC 9110 section 15), 425 (RFC 8470), 429 (RFC 6585). */
  statuses?: readonly number[] | undefined;
  /** Methods that may be repeated without an idempotency key, in any case; replaces the default: GET, HEAD, OPTIONS, TRACE, QUERY, PUT, DELETE (RFC 9110 section 9.2.2). */
  methods?: readonly string[] | undefined;
  /**
   * Makes any method repeatable. `true`: a UUID v4 made once per logical request (none for safe methods, which need
   * none); a string, or a function of the config: that key. Sent on every attempt unchanged; a key header that the
   * caller or an interceptor already set counts the same and is never overwritten. Visible ASCII, spaces only inside, else the
   * request is rejected unsent. After draft-ietf-httpapi-idempotency-key-header. Default false.
   */
  idempotencyKey?: boolean | string | ((config: AxiosRequestConfig) => string) | undefined;
  /** The header that carries the key. Default `Idempotency-Key`. */
  idempotencyKeyHeader?: string | undefined;
  /** A header that tells the server the number of the attempt: 1, 2, ... Default none. */
  attemptHeader?: string | undefined;
  /**
   * The tokens retries draw on: a budget to share between all origins and clients that name it, or `false` for none. Default
   * one `RetryBudget` of 20 tokens per origin and attached instance. One of your own make is best an instance of a
   * class: axios copies plain objects, so those are told apart by their `tryAcquire` function.
   */
  budget?: Budget | false | undefined;
  /**
   * `'fail'` (default): give up at once when there is no token. `'wait'`: park the retry until the origin shows that
   * it recovers, at most `maxQueueTime`.
   */
  whenBudgetEmpty?: 'fail' | 'wait' | undefined;
  /** Milliseconds: the longest one retry stays parked (a request with several may wait as long each time). Default 30 000. */
  maxQueueTime?: number | undefined;
  /**
   * Called before each wait, and awaited. If it throws, retrying stops and what it threw is thrown,
   * with the request's error as `cause`. A signal, `timeBudget` or a detach ends the waiting for it.
   */
  onRetry?: ((event: RetryEvent) => void | Promise<void>) | undefined;
  /**
   * Called once when a logical request ends in failure, and awaited. What it throws is thrown, as with `onRetry`. Not called
   * for errors that have no axios `config`, which are nobody's: an interceptor's own, say.
   */
  onGiveUp?: ((event: GiveUpEvent) => void | Promise<void>) | undefined;
}

/** A policy with nothing left open. */
export interface ResolvedPolicy {
  readonly maxRetries: number;
  readonly backoff: Required<BackoffOptions> | BackoffFunction;
  readonly maxRetryAfter: number;
  readonly timeBudget: number | undefined;
  readonly isRetryable: RetryPolicy['isRetryable'];
  readonly statuses: ReadonlySet<number>;
  /** In upper case. */
  readonly methods: ReadonlySet<string>;
  readonly idempotencyKey: NonNullable<RetryPolicy['idempotencyKey']>;
  readonly idempotencyKeyHeader: string;
  readonly attemptHeader: string | undefined;
  readonly budget: Budget | false | undefined;
  readonly whenBudgetEmpty: 'fail' | 'wait';
  readonly maxQueueTime: number;
  readonly onRetry: RetryPolicy['onRetry'];
  readonly onGiveUp: RetryPolicy['onGiveUp'];
}

const DEFAULTS = {
  maxRetries: 5,
  maxRetryAfter: 60_000,
  statuses: [408, 425, 429, 502, 503, 504],
  // RFC 9110 section 9.2.2, and QUERY of draft-ietf-httpbis-safe-method-w-body.
  methods: ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PUT', 'DELETE'],
  idempotencyKeyHeader: 'Idempotency-Key',
  maxQueueTime: 30_000,
} as const;

const BACKOFF_FIELDS: Readonly<Record<keyof BackoffOptions, Check>> = {
  initialDelay: milliseconds(),
  maxDelay: milliseconds(),
  multiplier: numberFrom(1),
  jitter: oneOf('full', 'equal', 'decorrelated', 'none'),
  random: aFunction,
};

const FIELDS: Readonly<Record<keyof RetryPolicy, Check>> = {
  maxRetries: countOrInfinity,
  backoff: (value, field) => {
    if (typeof value !== 'function') checkFields(value, field, BACKOFF_FIELDS, 'a function');
  },
  maxRetryAfter: numberFrom(0, ' milliseconds', { orInfinity: true }),
  timeBudget: milliseconds({ positive: true }),
  isRetryable: aFunction,
  statuses: arrayOf(
    'statuses from 100 to 599',
    (item) => Number.isInteger(item) && Number(item) >= 100 && Number(item) <= 599,
  ),
  methods: arrayOf('names of HTTP methods', (item) => typeof item === 'string' && /^[A-Za-z-]+$/.test(item)),
  idempotencyKey: (value, field) => {
    if (typeof value !== 'boolean' && typeof value !== 'function') idempotencyKeyValue(value, field);
  },
  idempotencyKeyHeader: headerName,
  attemptHeader: headerName,
  budget: (value, field) => {
    if (value !== false && !isBudget(value)) {
      throw new TypeError(
        `${field} must be false, a RetryBudget, or an object with tryAcquire(), recordSuccess() and refund(); got ${show(value)}`,
      );
    }
  },
  whenBudgetEmpty: oneOf('fail', 'wait'),
  maxQueueTime: milliseconds(),
  onRetry: aFunction,
  onGiveUp: aFunction,
};

/**
 * Resolves levels of policies, weakest first. Mutates none of them.
 * @returns undefined where the strongest level that says anything says `false`.
 * @throws TypeError or RangeError naming the field, its value and what is allowed
 */
export function resolvePolicy(
  levels: readonly (RetryPolicy | false | undefined)[],
): ResolvedPolicy | undefined {
  let merged: RetryPolicy = {};
  let isOn = true;
  for (const level of levels) {
    if (level === undefined) continue;
    isOn = level !== false;
    if (level === false) continue;
    checkFields(level, 'retryPolicy', FIELDS, 'false');
    merged = merge(merged, level);
  }
  return isOn ? complete(merged) : undefined;
}

function isBudget(value: unknown): value is Budget {
  const { tryAcquire, recordSuccess, refund } = (value ?? {}) as Partial<Budget>;
  return [tryAcquire, recordSuccess, refund].every((method) => typeof method === 'function');
}

function merge(weaker: RetryPolicy, stronger: RetryPolicy): RetryPolicy {
  const merged = { ...weaker, ...withoutUndefined(stronger) };
  if (typeof merged.backoff === 'object' && typeof weaker.backoff === 'object') {
    merged.backoff = { ...weaker.backoff, ...withoutUndefined(merged.backoff) };
  }
  return merged;
}

function complete(policy: RetryPolicy): ResolvedPolicy {
  const { backoff } = policy;
  return {
    maxRetries: policy.maxRetries ?? DEFAULTS.maxRetries,
    backoff:
      typeof backoff === 'function' ? backoff : { ...DEFAULT_BACKOFF, ...withoutUndefined(backoff ?? {}) },
    maxRetryAfter: policy.maxRetryAfter ?? DEFAULTS.maxRetryAfter,
    timeBudget: policy.timeBudget,
    isRetryable: policy.isRetryable,
    statuses: new Set(policy.statuses ?? DEFAULTS.statuses),
    methods: new Set((policy.methods ?? DEFAULTS.methods).map((method) => method.toUpperCase())),
    idempotencyKey: policy.idempotencyKey ?? false,
    idempotencyKeyHeader: policy.idempotencyKeyHeader ?? DEFAULTS.idempotencyKeyHeader,
    attemptHeader: policy.attemptHeader,
    budget: policy.budget,
    whenBudgetEmpty: policy.whenBudgetEmpty ?? 'fail',
    maxQueueTime: policy.maxQueueTime ?? DEFAULTS.maxQueueTime,
    onRetry: policy.onRetry,
    onGiveUp: policy.onGiveUp,
  };
}

function withoutUndefined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
