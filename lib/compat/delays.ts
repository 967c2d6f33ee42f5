/**
 * axios-retry's delays: milliseconds before a retry. What the server names in Retry-After is the least in all of them.
 */
import type { AxiosError } from 'axios';

/**
 * The wait that a response names in Retry-After, in milliseconds; 0 where it names none.
 * Numbers are read as generously as axios-retry reads them, dates by the client's clock.
 */
export function retryAfter(error?: AxiosError): number {
  const header: unknown = error?.response?.headers?.['retry-after'];
  const ms = Number(header) * 1_000 || (Date.parse(String(header)) || 0) - Date.now();
  return Math.max(0, ms);
}

/** At once, or when the server said. */
export function noDelay(_retryNumber = 0, error?: AxiosError): number {
  return retryAfter(error);
}

/**
 * Doubles from retry to retry, and adds up to a fifth of it at random.
 * @param retryNumber 1 for the first retry: twice the factor
 * @param delayFactor in milliseconds
 */
export function exponentialDelay(retryNumber = 0, error?: AxiosError, delayFactor = 100): number {
  const delay = Math.max(2 ** retryNumber * delayFactor, retryAfter(error));
  return delay + delay * 0.2 * Math.random();
}

/**
 * Makes a delay that grows by the same amount from retry to retry.
 * @param delayFactor that amount, in milliseconds
 */
export function linearDelay(
  delayFactor = 100,
): (retryNumber: number, error: AxiosError | undefined) => number {
  return (retryNumber = 0, error = undefined) => Math.max(retryNumber * delayFactor, retryAfter(error));
}
