/**
 * What may be said of a {@link RedisRetryBudget}: fields, defaults, checks.
 */
import { aFunction, type Check, checkFields, numberFrom, show } from '../policy/validation';
import type { OnRedisChange } from './redis-watch';

/** What the fleet's bucket holds, how it fills, and how long Redis is waited for. Only `key` is required. */
export interface RedisRetryBudgetOptions {
  /** The key in Redis that holds the bucket: one for each dependency, the same in all processes. Nothing else may use it. */
  key: string;
  /** Tokens the bucket holds at most, and at first; a retry takes one. Default 100, for the whole fleet. */
  maxTokens?: number | undefined;
  /** Tokens per second that come back with time alone, for the whole fleet. Default 0.1. */
  refillPerSecond?: number | undefined;
  /** Tokens a success deposits. Default 0.1: in the long run one retry for ten successes. */
  tokensPerSuccess?: number | undefined;
  /**
   * Of the tokens, how many retries after a timeout may take until they succeed or successes have paid for them,
   * `tokensPerSuccess` each, at least 0.1 (see `RetryKind`). Default 2, for the whole fleet.
   */
  maxTimeoutTokens?: number | undefined;
  /** Milliseconds a retry waits for Redis at most; then the local bucket decides. Default 50. */
  timeout?: number | undefined;
  /**
   * Tokens of the bucket that decides in this process while Redis does not. It refills with time, by a share of
   * `refillPerSecond` as large as its share of `maxTokens`, and with the successes that this process sees meanwhile.
   * Default `maxTokens / 10`, at least 1.
   */
  localTokens?: number | undefined;
  /**
   * Called once with what went wrong when the local bucket takes over, and once with `undefined` when Redis decides
   * again. What it throws is ignored.
   */
  onError?: ((error: Error | undefined) => unknown) | undefined;
}

const aKey: Check = (value, field) => {
  const example = 'name the dependency, such as "retries:orders"';
  if (typeof value !== 'string')
    throw new TypeError(`${field} must be a string; got ${show(value)}; ${example}`);
  if (value === '') throw new RangeError(`${field} must not be empty; got ""; ${example}`);
};

const FIELDS: Readonly<Record<keyof RedisRetryBudgetOptions, Check>> = {
  key: aKey,
  maxTokens: numberFrom(1, ' tokens'),
  refillPerSecond: numberFrom(0, ' tokens'),
  tokensPerSuccess: numberFrom(0, ' tokens'),
  maxTimeoutTokens: numberFrom(1, ' tokens'),
  timeout: numberFrom(1, ' milliseconds'),
  localTokens: numberFrom(1, ' tokens'),
  onError: aFunction,
};

/** The options as they apply. */
export interface Settings {
  readonly key: string;
  readonly maxTokens: number;
  readonly refillPerSecond: number;
  readonly tokensPerSuccess: number;
  readonly maxTimeoutTokens: number;
  readonly timeout: number;
  readonly localTokens: number;
  readonly onError: OnRedisChange;
}

/** @throws TypeError or RangeError naming an option that is not allowed, its value and the fix */
export function settingsOf(options: RedisRetryBudgetOptions): Settings {
  checkFields(options, 'RedisRetryBudget', FIELDS);
  aKey(options.key, 'RedisRetryBudget.key');
  const maxTokens = options.maxTokens ?? 100;
  return {
    key: options.key,
    maxTokens,
    refillPerSecond: options.refillPerSecond ?? 0.1,
    tokensPerSuccess: options.tokensPerSuccess ?? 0.1,
    maxTimeoutTokens: options.maxTimeoutTokens ?? 2,
    timeout: options.timeout ?? 50,
    localTokens: options.localTokens ?? Math.max(1, maxTokens / 10),
    onError: options.onError ?? (() => {}),
  };
}
