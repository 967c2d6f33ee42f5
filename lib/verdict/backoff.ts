/**
 * How long to wait before a retry when the server did not say.
 * The jitters are those of Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
import type { AxiosError } from 'axios';
import type { RetryState } from '../policy/events';
import type { BackoffFunction, BackoffOptions } from '../policy/retry-policy';
import { show } from '../policy/validation';

/**
 * The delay before retry number `retry` (from 1), in milliseconds.
 * @param previous the delay before the retry before, in milliseconds; undefined before the first
 */
export function backoffDelay(
  { initialDelay, maxDelay, multiplier, jitter, random }: Required<BackoffOptions>,
  retry: number,
  previous: number | undefined,
): number {
  const between = (low: number, high: number) => low + random() * (high - low);
  if (jitter === 'decorrelated') {
    const lowest = Math.min(initialDelay, maxDelay);
    // Kept finite: 0 * Infinity is NaN.
    const highest = Math.min(Number.MAX_VALUE, 3 * (previous ?? lowest));
    return Math.min(maxDelay, between(lowest, Math.max(lowest, highest)));
  }
  // A power overflows to Infinity at retry 1,025, which min() takes care of, but not of 0 * Infinity.
  const base = initialDelay === 0 ? 0 : Math.min(maxDelay, initialDelay * multiplier ** (retry - 1));
  if (jitter === 'none') return base;
  return jitter === 'equal' ? between(base / 2, base) : between(0, base);
}

/**
 * A sample of whichever kind of backoff a policy has.
 * @throws RangeError where the user's function, or source of randomness, makes no number of milliseconds
 */
export function sampleBackoff(
  backoff: Required<BackoffOptions> | BackoffFunction,
  retry: number,
  previous: number | undefined,
  error: AxiosError,
  state: RetryState,
): number {
  const isFunction = typeof backoff === 'function';
  const delay: unknown = isFunction ? backoff(retry, error, state) : backoffDelay(backoff, retry, previous);
  // An async function's: that it is none is the error to tell, not what it rejects with.
  if (delay instanceof Promise) delay.catch(() => {});
  if (isDelay(delay)) return delay;
  throw new RangeError(
    isFunction
      ? `retryPolicy.backoff must return a finite number of milliseconds of at least 0; got ${show(delay)}`
      : `retryPolicy.backoff.random must return a number from 0 to 1; it made a delay of ${show(delay)} ms`,
  );
}

/** A finite number of milliseconds, 0 or more. */
export function isDelay(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;
}
