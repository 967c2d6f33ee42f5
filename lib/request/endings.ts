/**
 * What a caller gets when a logical request ends without success, and how errors are tied together.
 */
import axios, { type AxiosError, type InternalAxiosRequestConfig } from 'axios';
import { show } from '../policy/validation';
import type { CancelTokenLike } from '../timing';
import { causesOf, type SentConfig } from '../verdict/classify';
import type { Finding } from '../verdict/finding';

/** What the inside interceptors made of an attempt's answer. */
export type Ended =
  | { readonly value: unknown }
  /** `isOutOfTime`: it was made here, because the time budget ended the attempt. */
  | { readonly error: unknown; readonly isOutOfTime?: boolean };

/** Why an attempt was not good. */
export interface Failure {
  readonly finding: Finding;
  /** What the user's callbacks are told. */
  readonly error: AxiosError;
  /** Milliseconds after which to ask again, where the user said "not yet". */
  readonly after?: number | undefined;
}

/** What the caller gets whose signal or token ended a wait: axios' own, the failure that was to be retried as its cause. */
export function canceledError(
  { config, request }: { config: object; request: unknown },
  token: CancelTokenLike | undefined,
  cause: unknown,
): unknown {
  const reason = token?.reason as Error | undefined;
  // axios' typings give CanceledError the parameters of AxiosError; these are the ones it has.
  const CanceledError = axios.CanceledError as unknown as new (
    message: string | undefined,
    config: unknown,
    request: unknown,
  ) => Error;
  return withCause(new CanceledError(reason?.message, config, request), cause);
}

/** What the caller gets when the time budget ended an attempt: a timeout, for nobody cancelled anything. */
export function timeBudgetError(
  error: unknown,
  timeBudget: number | undefined,
  attempt: number,
  fallbackConfig: object,
): unknown {
  const { config = fallbackConfig, request } = (error ?? {}) as Partial<AxiosError>;
  const message = `time budget of ${timeBudget} ms exceeded in attempt ${attempt}`;
  const timeout = new axios.AxiosError(message, 'ETIMEDOUT', config as InternalAxiosRequestConfig, request);
  return withCause(timeout, error);
}

/** What the caller gets when the time budget ended an attempt just as its own timeout would have: that, as axios says it. */
export function timeoutError(error: unknown, timeout: number, sent: SentConfig & object): unknown {
  const { request } = (error ?? {}) as Partial<AxiosError>;
  const isFetch = typeof (request as { redirect?: unknown } | undefined)?.redirect === 'string';
  const hasClearCode = isFetch || sent.transitional?.clarifyTimeoutError;
  const message = (!isFetch && sent.timeoutErrorMessage) || `timeout of ${timeout}ms exceeded`;
  const code = hasClearCode ? 'ETIMEDOUT' : 'ECONNABORTED';
  return withCause(new axios.AxiosError(message, code, sent as InternalAxiosRequestConfig, request), error);
}

/** What a callback of the policy threw, as the caller gets it: an Error, with the request's as its cause. */
export function asError(thrown: unknown, cause: unknown): unknown {
  const what = () => new Error(`a callback of retryPolicy threw what is no Error: ${show(thrown)}`);
  return withCause(isError(thrown) ? thrown : what(), cause);
}

/** Of any realm: an iframe's, or jest's. */
function isError(thrown: unknown): boolean {
  const tag = Object.prototype.toString.call(thrown);
  return thrown instanceof Error || tag === '[object Error]' || tag === '[object DOMException]';
}

/** The causes that were put here. One error may be thrown for call after call, and what was the cause once is no longer. */
const CAUSES = new WeakMap<Error, unknown>();

/** Not enumerable, as axios sets it: whoever serialises an error does not get its cause's sockets as well. */
export function withCause(error: unknown, cause: unknown): unknown {
  if (!(error instanceof Error) || !Object.isExtensible(error)) return error;
  if (error.cause !== undefined && error.cause !== CAUSES.get(error)) return error;
  // What a callback threw may be the request's error or one of its causes.
  if (!causesOf(cause).some((known) => known === error)) {
    Object.defineProperty(error, 'cause', { value: cause, writable: true, configurable: true });
    CAUSES.set(error, cause);
  }
  return error;
}

/** An event whose errors are not enumerable: an AxiosError holds the request's headers, and events get logged. */
export function withHidden<Event extends object, Hidden extends object>(
  event: Event,
  hidden: Hidden,
): Event & Hidden {
  for (const [key, value] of Object.entries(hidden)) Object.defineProperty(event, key, { value });
  return event as Event & Hidden;
}
