/**
 * How long to wait before a retry when the server did not say.
 * The jitters are those of Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
import type { AxiosError } from 'axios';
import type { RetryState } from './retry-state';

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

export const DEFAULT_BACKOFF: Required<BackoffOptions> = {
  initialDelay: 100,
  maxDelay: 30_000,
  multiplier: 2,
  jitter: 'full',
  random: () => Math.random(),
};

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
