/** The public names of axios-retry-budget/compat: those of axios-retry 4.5. */
import '../axios-augmentation';
import { axiosRetry } from './axios-retry';

export type { AxiosRetry, IAxiosRetryReturn } from './axios-retry';
export { exponentialDelay, linearDelay, retryAfter } from './delays';
export {
  DEFAULT_OPTIONS,
  type IAxiosRetryConfig,
  type IAxiosRetryConfigExtended,
  namespace,
} from './options';
export {
  isIdempotentRequestError,
  isNetworkError,
  isNetworkOrIdempotentRequestError,
  isRetryableError,
  isSafeRequestError,
} from './predicates';
export default axiosRetry;
