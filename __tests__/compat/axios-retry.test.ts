/** What is not seen from outside beside axios-retry's own, which is in __tests__/migration/compat.test.ts. */
import axios, { AxiosError, type AxiosInstance } from 'axios';
import { attachRetry, RetryBudget, type RetryPolicy, retryStateOf } from '../../lib';
import axiosRetry, { DEFAULT_OPTIONS, type IAxiosRetryConfig, namespace } from '../../lib/compat';
import { rejectionOf } from '../support/outcome';
import { HANG, type Step, stubAdapter } from '../support/stub-adapter';

function clientOf(steps: Step[], options?: IAxiosRetryConfig, policy?: RetryPolicy) {
  const stub = stubAdapter(...steps);
  const client = axios.create({ adapter: stub.adapter, baseURL: 'https://a.example.com' });
  return { stub, client, ids: axiosRetry(client, options, policy) };
}

const handlersOf = ({ interceptors }: AxiosInstance) =>
  [interceptors.request, interceptors.response].map(
    (manager) => (manager as unknown as { handlers: unknown[] }).handlers.filter(Boolean).length,
  );

test('retries as often as told, at once, whatever the method where the condition says so', async () => {
  const { client, stub } = clientOf([503, 'ECONNRESET', 500], { retryCondition: () => true });
  const response = await client.post('/', {});
  expect(stub.configs).toHaveLength(4);
  expect(response.config[namespace]).toMatchObject({ retries: 3, retryCount: 3 });
  expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', retries: 3 });
});

test('by default three times, and no POST after a status', async () => {
  const get = clientOf(Array(9).fill(503));
  await rejectionOf(get.client.get('/'));
  const post = clientOf(Array(9).fill(503));
  await rejectionOf(post.client.post('/'));
  expect([get.stub.configs.length, post.stub.configs.length]).toEqual([4, 1]);
  expect(DEFAULT_OPTIONS.retries).toBe(3);
});

test('the state is the same on all configs, and is not the caller’s', async () => {
  const { client, stub } = clientOf([503, 503]);
  const options = { retries: 2 };
  const { config } = await client.get('/', { [namespace]: options });
  for (const sent of stub.configs) expect(sent[namespace]).toBe(config[namespace]);
  expect(options).toEqual({ retries: 2 });
  expect(config[namespace]?.lastRequestTime).toBeGreaterThan(Date.now() - 5_000);
});

test('puts one pair of interceptors on, of which either ends it when ejected', async () => {
  const { client, stub, ids } = clientOf([503]);
  expect(handlersOf(client)).toEqual([1, 1]);
  client.interceptors.request.eject(ids.requestInterceptorId);
  await rejectionOf(client.get('/'));
  expect(stub.configs).toHaveLength(1);
  client.interceptors.response.eject(ids.responseInterceptorId);
  expect(handlersOf(client)).toEqual([0, 0]);
});

test('replaces attachRetry on the same instance, and the other way round', async () => {
  const { client, stub } = clientOf(Array(99).fill(503), { retries: 1 });
  attachRetry(client, { maxRetries: 2, backoff: () => 0 });
  axiosRetry(client, { retries: 4 });
  await rejectionOf(client.get('/'));
  expect(stub.configs).toHaveLength(5);
  expect(handlersOf(client)).toEqual([1, 1]);
});

test('takes nothing but an instance, and no policy that is not allowed', () => {
  expect(() => axiosRetry({} as never)).toThrow(/needs an axios instance/);
  expect(() => axiosRetry(axios.create(), {}, { maxRetries: -1 })).toThrow(RangeError);
});

describe('in this library’s words', () => {
  test('a third argument overrides what the options say', async () => {
    const budget = new RetryBudget({ maxTokens: 1 });
    const { client, stub } = clientOf(Array(9).fill(503), { retries: 8 }, { budget, maxRetries: 2 });
    expect(retryStateOf(await rejectionOf(client.get('/')))?.outcome).toBe('retry-budget-empty');
    expect(stub.configs).toHaveLength(2);
  });

  test('a request’s retryPolicy overrides both, and the instance’s', async () => {
    const { client, stub } = clientOf(Array(9).fill(503), { retries: 8 }, { maxRetries: 5 });
    client.defaults.retryPolicy = { maxRetries: 4, attemptHeader: 'X-Attempt' };
    await rejectionOf(client.get('/', { retryPolicy: { maxRetries: 1 } }));
    expect(stub.configs.map(({ headers }) => headers['X-Attempt'])).toEqual(['1', '2']);
  });

  test('without a third argument as well', async () => {
    const { client, stub } = clientOf(Array(9).fill(503), { retries: 2 });
    await rejectionOf(client.get('/', { retryPolicy: { attemptHeader: 'X-Attempt' } }));
    expect(stub.configs.map(({ headers }) => headers['X-Attempt'])).toEqual(['1', '2', '3']);
  });

  test('the gate where it is asked for', async () => {
    jest.useFakeTimers();
    const { client, stub } = clientOf(Array(999).fill(503), { retries: 99 }, { patience: 2_000 });
    const ended = rejectionOf(client.get('/'));
    await jest.advanceTimersByTimeAsync(30_000);
    jest.useRealTimers();
    expect(retryStateOf(await ended)?.outcome).toBe('origin-down');
    expect(stub.configs.length).toBeLessThan(30);
  });

  test('false switches it off', async () => {
    const { client, stub } = clientOf([503]);
    await rejectionOf(client.get('/', { retryPolicy: false }));
    expect(stub.configs).toHaveLength(1);
  });

  test('onGiveUp is told as well, before the options’ own callback', async () => {
    const told: unknown[] = [];
    const { client } = clientOf(
      Array(9).fill(503),
      { retries: 1, onMaxRetryTimesExceeded: (_error, count) => void told.push(count) },
      { onGiveUp: ({ reason }) => void told.push(reason) },
    );
    await rejectionOf(client.get('/'));
    expect(told).toEqual(['retries-exhausted', 1]);
  });
});

test('what axios is content with is good, whatever its status', async () => {
  const { client, stub } = clientOf([503]);
  expect((await client.get('/', { validateStatus: () => true })).status).toBe(503);
  expect(stub.configs).toHaveLength(1);
});

describe('beside a third argument', () => {
  test('the options’ own callback is told once', async () => {
    const onMaxRetryTimesExceeded = jest.fn();
    const { client } = clientOf(Array(9).fill(503), { retries: 1, onMaxRetryTimesExceeded }, { patience: 0 });
    await rejectionOf(client.get('/'));
    expect(onMaxRetryTimesExceeded).toHaveBeenCalledTimes(1);
  });

  test('nothing is sent again without being asked', async () => {
    const stale: Step = async (config) => {
      throw new AxiosError('socket hang up', 'ECONNRESET', config, { reusedSocket: true });
    };
    const { client, stub } = clientOf([stale], { retryCondition: () => false }, { patience: 0 });
    await rejectionOf(client.put('/', {}));
    expect(stub.configs).toHaveLength(1);
  });
});

describe('timeout', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** What becomes of a GET, and the timeouts that its attempts were sent with. */
  async function timeoutsOf(steps: Step[], options: IAxiosRetryConfig, timeout: number) {
    const timeouts: unknown[] = [];
    const { adapter } = stubAdapter(...steps);
    const client = axios.create({
      adapter: (config) => {
        timeouts.push(config.timeout);
        return adapter(config);
      },
    });
    axiosRetry(client, options);
    const ended = client.get('/', { timeout }).catch((reason) => reason);
    await jest.advanceTimersByTimeAsync(10_000);
    return { timeouts, ended: await ended };
  }

  /** Fails after that many milliseconds. */
  const slow =
    (ms: number): Step =>
    async (config) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      throw new AxiosError('reset', 'ECONNRESET', config, {});
    };

  test('is shared by all attempts and waits', async () => {
    const options = { retryDelay: (retry: number) => 20 * retry };
    const { timeouts, ended } = await timeoutsOf([slow(30), 503, HANG], options, 200);
    expect(timeouts).toEqual([200, 150, 110]);
    expect(ended).toMatchObject({ code: 'ECONNABORTED', message: 'timeout of 110ms exceeded' });
    expect(ended.config[namespace].retryCount).toBe(2);
  });

  test('but for what onRetry takes, as with axios-retry', async () => {
    const onRetry = () => new Promise<void>((resolve) => setTimeout(resolve, 500));
    const { timeouts } = await timeoutsOf([slow(30), slow(30)], { onRetry, retryDelay: () => 1 }, 200);
    expect(timeouts).toEqual([200, 169, 138]);
  });

  test('is never less than a millisecond, as none would be no timeout', async () => {
    const { timeouts } = await timeoutsOf([503], { retryDelay: () => 99.5 }, 100);
    expect(timeouts).toEqual([100, 1]);
  });

  test('is each attempt’s with shouldResetTimeout', async () => {
    const options = { retryDelay: () => 20, shouldResetTimeout: true };
    expect((await timeoutsOf([503, 503], options, 300)).timeouts).toEqual([300, 300, 300]);
  });

  test('a wait that would take the rest of it is not waited, whoever named it', async () => {
    for (const [step, delay] of [
      [503, 150],
      [{ status: 503, headers: { 'retry-after-ms': '150' } }, 0],
    ] as const) {
      const { timeouts, ended } = await timeoutsOf([step], { retryDelay: () => delay }, 150);
      expect(timeouts).toEqual([150]);
      expect(retryStateOf(ended)).toMatchObject({ outcome: 'time-budget-exceeded', retries: 0 });
      expect(ended.config[namespace].retryCount).toBe(1);
    }
  });

  test('may be changed by onRetry', async () => {
    const onRetry: IAxiosRetryConfig['onRetry'] = (_count, _error, config) => {
      config.timeout = 5_000;
    };
    expect((await timeoutsOf([503], { onRetry }, 300)).timeouts).toEqual([300, 5_000]);
  });
});

describe('waits', () => {
  test('are the longer one of the delay’s and the server’s', async () => {
    const asked = (ms: string) => ({ status: 503, headers: { 'retry-after-ms': ms } });
    const delays: number[] = [];
    const onRetry = ({ delay }: { delay: number }) => void delays.push(delay);
    const { client } = clientOf([asked('30'), asked('10')], { retryDelay: () => 20 }, { onRetry });
    await client.get('/');
    expect(delays).toEqual([30, 20]);
  });

  test('one of more than maxRetryAfter ends it', async () => {
    const { client } = clientOf([{ status: 503, headers: { 'retry-after': '61' } }]);
    expect(retryStateOf(await rejectionOf(client.get('/')))?.outcome).toBe('retry-after-too-long');
  });
});

describe('validateResponse', () => {
  test('refuses as axios would, with its code, and the state', async () => {
    for (const [status, code] of [
      [418, 'ERR_BAD_REQUEST'],
      [500, 'ERR_BAD_RESPONSE'],
    ] as const) {
      const { client } = clientOf([status], { retries: 0, validateResponse: () => false });
      const error = (await rejectionOf(client.get('/'))) as AxiosError;
      expect(error).toMatchObject({ code, message: `Request failed with status code ${status}` });
      expect(error.response?.status).toBe(status);
      expect(retryStateOf(error)?.outcome).toBe('retries-exhausted');
      expect(error.cause).toBeUndefined();
    }
  });

  test('of the request’s own', async () => {
    const { client, stub } = clientOf([404, 503, 404]);
    const validateResponse = ({ status }: { status: number }) => status === 404;
    expect((await client.get('/', { [namespace]: { validateResponse } })).status).toBe(404);
    expect((await client.get('/', { [namespace]: { validateResponse } })).status).toBe(404);
    expect(stub.configs).toHaveLength(3);
  });

  test('has the last word: what it likes is good', async () => {
    const { client, stub } = clientOf([503], { validateResponse: () => true });
    expect((await client.get('/')).status).toBe(503);
    expect(stub.configs).toHaveLength(1);
  });

  test('has nothing to say of an abort', async () => {
    const controller = new AbortController();
    const { client } = clientOf([503], {
      validateResponse: ({ status }) => status < 300,
      retryDelay: () => 5_000,
      onRetry: () => void setTimeout(() => controller.abort(), 5),
    });
    expect(await rejectionOf(client.get('/', { signal: controller.signal }))).toMatchObject({
      code: 'ERR_CANCELED',
    });
  });
});

test('options that an interceptor inside puts in place of ours count', async () => {
  const stub = stubAdapter(...Array(9).fill(503));
  const client = axios.create({ adapter: stub.adapter });
  client.interceptors.request.use((config) => ({ ...config, [namespace]: { retries: 2 } }));
  axiosRetry(client, { retries: 5 });
  const error = (await rejectionOf(client.get('/'))) as AxiosError;
  expect(stub.configs).toHaveLength(3);
  expect(error.config?.[namespace]).toMatchObject({ retries: 2, retryCount: 2 });
});

test('nothing is sent again without being asked: not even what went out on a connection that the server had closed', async () => {
  const stale: Step = async (config) => {
    throw new AxiosError('socket hang up', 'ECONNRESET', config, { reusedSocket: true });
  };
  for (const send of ['post', 'put'] as const) {
    const { client, stub } = clientOf([stale], { retryCondition: () => false });
    await rejectionOf(client[send]('/', {}));
    expect(stub.configs).toHaveLength(1);
  }
  const byDefault = clientOf([stale]);
  const { config } = await byDefault.client.post('/', {});
  expect(config[namespace]?.retryCount).toBe(1);
});

test('a budget that is a plain object is the same one on every request', async () => {
  let tokens = 2;
  const budget = {
    tryAcquire: () => tokens-- > 0,
    recordSuccess() {},
    refund() {},
  };
  const { client, stub } = clientOf(Array(9).fill(503));
  client.defaults.retryPolicy = { budget };
  await rejectionOf(client.get('/'));
  expect(stub.configs).toHaveLength(3);
});

test('an error without a config is retried, and its callbacks get the original’s', async () => {
  const stub = stubAdapter(async () => {
    throw new AxiosError('bare', 'ECONNRESET');
  });
  const client = axios.create({ adapter: stub.adapter });
  const configs: unknown[] = [];
  axiosRetry(client, { onRetry: (_count, _error, config) => void configs.push(config.url) });
  expect((await client.get('/orders')).status).toBe(200);
  expect(configs).toEqual(['/orders']);
});

test.each([
  ['promised', async () => true, 2],
  ['promised to be false', async () => false, 1],
  ['promised to be nothing', (async () => {}) as never, 2],
  ['a promise that is rejected with nothing', () => Promise.reject(), 1],
  ['null', () => null as never, 2],
  ['nothing', (() => {}) as never, 1],
])('a condition that is %s', async (_what, retryCondition, attempts) => {
  const { client, stub } = clientOf([503], { retryCondition });
  await client.get('/').catch(() => {});
  expect(stub.configs).toHaveLength(attempts);
});

test('no retries, a part of one, and none left of those of an earlier call', async () => {
  for (const [retries, attempts] of [
    [0, 1],
    [-1, 1],
    [Number.NaN, 1],
    [1.5, 3],
  ] as const) {
    const { client, stub } = clientOf(Array(9).fill(503), { retries });
    const error = await rejectionOf(client.get('/'));
    expect(stub.configs).toHaveLength(attempts);
    await rejectionOf(client.request(error.config));
    expect(stub.configs).toHaveLength(attempts + 1);
  }
});
