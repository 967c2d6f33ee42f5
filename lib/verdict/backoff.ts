/**
 * How long to wait before a retry when the server did not say.
 * The jitters are those of Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
import type { BackoffOptions } from '../policy/retry-policy';

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
