/**
 * A policy's fields, their defaults, how levels merge, and what is refused.
 */
import type { Budget } from './budget';
import type { BackoffFunction, BackoffOptions, HoldNewCalls, RetryPolicy } from './retry-policy';
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

/** A policy with nothing left open. */
export interface ResolvedPolicy {
  readonly maxRetries: number;
  readonly backoff: Required<BackoffOptions> | BackoffFunction;
  readonly maxRetryAfter: number;
  readonly timeBudget: number | undefined;
  readonly isRetryable: RetryPolicy['isRetryable'];
  readonly statuses: ReadonlySet<number>;
  readonly retryAccepted: boolean;
  readonly judge: RetryPolicy['judge'];
  readonly nextAttempt: RetryPolicy['nextAttempt'];
  /** In lower case, as axios writes them on configs. */
  readonly methods: ReadonlySet<string>;
  readonly idempotencyKey: NonNullable<RetryPolicy['idempotencyKey']>;
  readonly idempotencyKeyHeader: string;
  readonly attemptHeader: string | undefined;
  readonly budget: Budget | false | undefined;
  readonly patience: number;
  readonly maxQueueTime: number;
  readonly maxHeld: number;
  readonly holdNewCalls: HoldNewCalls;
  readonly onRetry: RetryPolicy['onRetry'];
  readonly onGiveUp: RetryPolicy['onGiveUp'];
  readonly onSettled: RetryPolicy['onSettled'];
  readonly observer: RetryPolicy['observer'];
  /** False where a dialect has all methods repeated: nothing is sent again then before it is asked. */
  readonly resendsStale?: false;
}

export const DEFAULT_BACKOFF: Required<BackoffOptions> = {
  initialDelay: 100,
  maxDelay: 30_000,
  multiplier: 2,
  jitter: 'full',
  random: () => Math.random(),
};

const DEFAULTS = {
  maxRetries: 5,
  maxRetryAfter: 60_000,
  statuses: [408, 425, 429, 502, 503, 504],
  // RFC 9110 section 9.2.2, and QUERY of draft-ietf-httpbis-safe-method-w-body.
  methods: ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PUT', 'DELETE'],
  idempotencyKeyHeader: 'Idempotency-Key',
  patience: 10_000,
  maxQueueTime: 30_000,
  maxHeld: 10_000,
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
  retryAccepted: oneOf(true, false),
  judge: aFunction,
  nextAttempt: aFunction,
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
  patience: numberFrom(0, ' milliseconds', { orInfinity: true }),
  maxQueueTime: milliseconds(),
  maxHeld: countOrInfinity,
  holdNewCalls: oneOf('stalled', 'rate-limited', false),
  onRetry: aFunction,
  onGiveUp: aFunction,
  onSettled: aFunction,
  observer: (value, field) => checkFields(value, field, { settled: aFunction, run: aFunction }),
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
    retryAccepted: policy.retryAccepted ?? true,
    judge: policy.judge,
    nextAttempt: policy.nextAttempt,
    methods: new Set((policy.methods ?? DEFAULTS.methods).map((method) => method.toLowerCase())),
    idempotencyKey: policy.idempotencyKey ?? false,
    idempotencyKeyHeader: policy.idempotencyKeyHeader ?? DEFAULTS.idempotencyKeyHeader,
    attemptHeader: policy.attemptHeader,
    budget: policy.budget,
    patience: policy.patience ?? DEFAULTS.patience,
    maxQueueTime: policy.maxQueueTime ?? DEFAULTS.maxQueueTime,
    maxHeld: policy.maxHeld ?? DEFAULTS.maxHeld,
    holdNewCalls: policy.holdNewCalls ?? 'stalled',
    onRetry: policy.onRetry,
    onGiveUp: policy.onGiveUp,
    onSettled: policy.onSettled,
    observer: policy.observer,
  };
}

function withoutUndefined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
