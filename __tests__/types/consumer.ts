/**
 * A consumer's code, compiled by `.ci/check-package` against the packed tarball, as an ES module and as
 * CommonJS, under node16 and bundler resolution, with `strict` and without `skipLibCheck`.
 */
import axios, { Axios, type AxiosInstance, type AxiosRequestConfig } from 'axios';
import {
  type AttachedRetry,
  attachRetry,
  type Budget,
  type GiveUpReason,
  RetryBudget,
  type RetryPolicy,
  type RetryState,
  retriesExhausted,
  retryStateOf,
} from 'axios-retry-budget';

const client: AxiosInstance = axios.create();
const handle: AttachedRetry = attachRetry(client);
attachRetry(axios);
attachRetry(new Axios({}));
handle.detach();
handle.origins().map(({ origin, tokens, held }) => [origin, (tokens ?? 0).toFixed(), held.toFixed()]);
handle.reset();

const elsewhere: Budget = {
  tryAcquire: async (kind) => kind === 'ordinary',
  recordSuccess() {},
  refund() {},
};
const policy: RetryPolicy = {
  maxRetries: 3,
  backoff: { jitter: 'decorrelated', maxDelay: 1_000 },
  statuses: [503],
  methods: ['GET'],
  idempotencyKey: (config) => `${config.method}-1`,
  isRetryable: async (error, state) => (error.code === 'EXOTIC' ? state.attempts < 3 : undefined),
  budget: elsewhere,
  patience: 5_000,
  onRetry: ({ retry, delay, delaySource, error }) => console.log(retry + delay, delaySource, error.code),
  onGiveUp: async ({ reason }) => {
    const known: GiveUpReason = reason;
    console.log(known);
  },
};
attachRetry(client, policy);
attachRetry(client, false);
attachRetry(client, { budget: new RetryBudget({ maxTokens: 5 }), backoff: (retry) => retry * 100 });

client.defaults.retryPolicy = { timeBudget: 3_000 };
axios.create({ retryPolicy: false });
const config: AxiosRequestConfig<{ a: number }> = { data: { a: 1 }, retryPolicy: { maxRetries: 1 } };
client.request(config);
client.get<string>('/', { retryPolicy: policy }).then((response) => {
  const state: RetryState | undefined = retryStateOf(response);
  const onConfig: RetryState | undefined = response.config.retryState;
  console.log(state?.failures[0]?.delaySource, onConfig?.outcome === 'succeeded', retriesExhausted(state));
});

// @ts-expect-error: a wrong option is a compile error
attachRetry(client, { retries: 3 });
// @ts-expect-error
attachRetry(client, { maxRetries: '3' });
// @ts-expect-error
client.get('/', { retryPolicy: { backoff: { jitter: 'some' } } });
// @ts-expect-error
client.get('/', { retryPolicy: true });
// @ts-expect-error
attachRetry({});
// @ts-expect-error
new RetryBudget({ capacity: 5 });
// @ts-expect-error: what happened is read, not written
(retryStateOf(new Error('boom')) as RetryState).attempts = 0;
