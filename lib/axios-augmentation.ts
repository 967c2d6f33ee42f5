/**
 * Makes `retryPolicy` and `retryState` known to axios' config type.
 * No type parameters here: axios gave `AxiosRequestConfig` a second one in 1.2x, and a declaration
 * without any merges with both.
 */
import type {} from 'axios';
import type { RetryState } from './policy/events';
import type { RetryPolicy } from './policy/retry-policy';

declare module 'axios' {
  interface AxiosRequestConfig {
    /** Overrides `attachRetry`'s policy for this request (or, on `defaults`, this instance); `false`: no retries. */
    retryPolicy?: RetryPolicy | false;
    /** Set by axios-retry-budget; read it with `retryStateOf(responseOrError)`. */
    readonly retryState?: RetryState;
  }
}
