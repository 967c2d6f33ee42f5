/**
 * axiosRetry: axios-retry's signature on top of attachRetry.
 */
import { attach, type Dialect, type RetryableInstance } from '../attach-retry';
import type { GiveUpEvent } from '../policy/events';
import { type ResolvedPolicy, resolvePolicy } from '../policy/policy';
import type { RetryPolicy } from '../policy/retry-policy';
import { Call } from './call';
import { exponentialDelay, linearDelay } from './delays';
import type { IAxiosRetryConfig } from './options';
import {
  isIdempotentRequestError,
  isNetworkError,
  isNetworkOrIdempotentRequestError,
  isRetryableError,
  isSafeRequestError,
} from './predicates';

/** What `axiosRetry` returns: ejecting either interceptor ends retrying. */
export interface IAxiosRetryReturn {
  /** For `instance.interceptors.request.eject`. */
  requestInterceptorId: number;
  /** For `instance.interceptors.response.eject`. */
  responseInterceptorId: number;
}

/** The function, with its helpers on it. */
export interface AxiosRetry {
  /**
   * Has all requests of an axios instance retried as axios-retry would. Calling it again for the same instance replaces
   * the earlier options.
   *
   * @param axiosInstance an axios instance, or `axios` itself
   * @param axiosRetryConfig overrides of the defaults
   * @param retryPolicy what this library can do beyond axios-retry, in its own words; it overrides what the options say
   * @throws TypeError or RangeError if the policy is not allowed, or it is no axios instance
   */
  (
    axiosInstance: RetryableInstance,
    axiosRetryConfig?: IAxiosRetryConfig,
    retryPolicy?: RetryPolicy,
  ): IAxiosRetryReturn;
  /** No response, and a code that is neither a timeout nor hopeless. */
  isNetworkError(error: unknown): boolean;
  /** No response and no timeout, or a status of 429 or from 500 to 599. */
  isRetryableError: typeof isRetryableError;
  /** The same, of a GET, HEAD or OPTIONS. */
  isSafeRequestError: typeof isSafeRequestError;
  /** The same, of a GET, HEAD, OPTIONS, PUT or DELETE. */
  isIdempotentRequestError: typeof isIdempotentRequestError;
  /** What is retried unless you say otherwise. */
  isNetworkOrIdempotentRequestError: typeof isNetworkOrIdempotentRequestError;
  /** Doubles from retry to retry, and adds up to a fifth of it at random. */
  exponentialDelay: typeof exponentialDelay;
  /** Makes a delay that grows by the same amount from retry to retry. */
  linearDelay: typeof linearDelay;
}

/** Whether a request may be sent twice is the condition's to say, so no method is excluded. */
const METHODS = [
  'GET HEAD OPTIONS TRACE QUERY PUT DELETE POST PATCH LINK UNLINK PURGE',
  'PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH',
].flatMap((names) => names.split(' '));

/** What axios-retry has no word for: no budget, and a response that axios is content with is good. */
const AS_BEFORE: RetryPolicy = { methods: METHODS, retryAccepted: false, patience: 0, budget: false };

export const axiosRetry: AxiosRetry = (axiosInstance, axiosRetryConfig, retryPolicy) => {
  const { ids } = attach(axiosInstance, retryPolicy, dialectOf(axiosRetryConfig, retryPolicy));
  return { requestInterceptorId: ids.request, responseInterceptorId: ids.response };
};
axiosRetry.isNetworkError = isNetworkError;
axiosRetry.isRetryableError = isRetryableError;
axiosRetry.isSafeRequestError = isSafeRequestError;
axiosRetry.isIdempotentRequestError = isIdempotentRequestError;
axiosRetry.isNetworkOrIdempotentRequestError = isNetworkOrIdempotentRequestError;
axiosRetry.exponentialDelay = exponentialDelay;
axiosRetry.linearDelay = linearDelay;

function dialectOf(options: IAxiosRetryConfig | undefined, ofAttach: RetryPolicy | undefined): Dialect {
  const asBefore = resolvePolicy([AS_BEFORE]);
  return (config, resolve) => {
    const call = new Call(config as never, options);
    if (!ofAttach && config.retryPolicy === undefined) return asBefore && underCall(asBefore, call);
    const { maxRetries, callbacks } = call;
    const resolved = resolve({ ...AS_BEFORE, maxRetries, ...callbacks });
    return resolved && withEndOf(callbacks, resolved);
  };
}

/** The policy of a call that says nothing in this library's own words: quicker than resolving one each time. */
function underCall(policy: ResolvedPolicy, call: Call): ResolvedPolicy {
  return {
    ...policy,
    ...(call.callbacks as Partial<ResolvedPolicy>),
    resendsStale: false,
    get maxRetries() {
      return call.maxRetries;
    },
  };
}

/** A call has to hear of its end, also where somebody else wants to. */
function withEndOf({ onGiveUp: end }: RetryPolicy, resolved: ResolvedPolicy): ResolvedPolicy {
  const { onGiveUp } = resolved;
  const both = async (event: GiveUpEvent) => {
    await onGiveUp?.(event);
    await end?.(event);
  };
  return { ...resolved, onGiveUp: onGiveUp === end ? end : both, resendsStale: false };
}
