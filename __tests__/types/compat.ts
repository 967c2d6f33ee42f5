/** What axios-retry's users write, with one import changed. Compiled by .ci/check-package. */
import axios, { type AxiosError } from 'axios';
import axiosRetry, {
  exponentialDelay,
  type IAxiosRetryConfig,
  type IAxiosRetryReturn,
  isNetworkError,
  retryAfter,
} from 'axios-retry-budget/compat';

const options: IAxiosRetryConfig = {
  retries: 3,
  shouldResetTimeout: true,
  retryDelay: exponentialDelay,
  retryCondition: (error) =>
    axiosRetry.isNetworkOrIdempotentRequestError(error) || error.response?.status === 429,
  onRetry: (count, error, config) => console.warn(count, error.message, config.url),
  onMaxRetryTimesExceeded: async (error: AxiosError, count: number) => console.error(error.message, count),
  validateResponse: null,
};
const client = axios.create();
const ids: IAxiosRetryReturn = axiosRetry(client, options);
client.interceptors.response.eject(ids.responseInterceptorId);
axiosRetry(axios, { retryDelay: axiosRetry.linearDelay(50), retryCondition: isNetworkError });
axiosRetry(axios.create(), { retryDelay: (_count, error) => retryAfter(error) + 10 });
axiosRetry(axios.create(), {}, { maxRetryAfter: 1_000 });

client.get('/', { 'axios-retry': { retries: 0 }, retryPolicy: false }).then(({ config }) => {
  const count: number | undefined = config['axios-retry']?.retryCount;
  return count;
});

// @ts-expect-error: no such option
axiosRetry(client, { retriess: 3 });
