import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import axios, { AxiosError, type AxiosInstance, type AxiosRequestConfig } from 'axios';
import axiosRetry, { DEFAULT_OPTIONS, type IAxiosRetryConfig, retryAfter } from 'axios-retry';
import { attachRetry, type RetryEvent, type RetryPolicy, retryStateOf } from '../../lib';
import { makeCertificates } from '../support/certificates';
import { type Answer, closedPort, failing, startServer } from '../support/server';
import { bundledSize } from './bundle';
import { guide } from './guide';
import {
  type Attach,
  abortedInTheWait,
  always,
  bodiesOf,
  budgeted,
  cancelledInTheWait,
  cutOff,
  gapsOf,
  get,
  inTheWait,
  once,
  post,
  put,
  requestsOf,
  reset,
  sideBySide,
  silent,
  soon,
} from './side-by-side';

const theirs =
  (options: IAxiosRetryConfig = {}): Attach =>
  (client) =>
    axiosRetry(client, options);

/** Both, with nothing changed but what a test is about. */
const both = (options: IAxiosRetryConfig = {}, policy: RetryPolicy = {}) => ({
  theirs: theirs(options),
  ours: budgeted(policy),
});

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

guide('axios-retry', ({ option, claim }) => {
  test('no option and no helper of theirs is missing from the guide', () => {
    const text = readFileSync(path.join(__dirname, '../../docs/migrating-from-axios-retry.md'), 'utf8');

    for (const name of [...Object.keys(DEFAULT_OPTIONS), ...Object.keys(axiosRetry)].filter(
      (name) => name !== 'default',
    )) {
      expect(text).toContain(`\`${name}\``);
    }
  });

  option('retries', async () => {
    const seen = await sideBySide(always(503), both({ retries: 2 }, { maxRetries: 2 }), get);

    expect(seen.theirs.requests).toHaveLength(3);
    expect(seen.ours.requests).toHaveLength(3);
    expect(DEFAULT_OPTIONS.retries).toBe(3);
    const byDefault = await sideBySide(always(503), both(), get);
    expect(byDefault.ours.requests).toHaveLength(6);
  });

  option('retryCondition', async () => {
    const teapot = ({ response }: AxiosError) => response?.status === 418;
    const seen = await sideBySide(
      failing(418, 503),
      both(
        { retryCondition: (error) => teapot(error) || axiosRetry.isNetworkOrIdempotentRequestError(error) },
        { isRetryable: (error) => teapot(error) || undefined },
      ),
      get,
    );

    expect(seen.theirs.value).toEqual({ ok: true });
    expect(seen.ours.value).toEqual({ ok: true });
  });

  option('isNetworkError', async () => {
    // Network errors and nothing else.
    const policies = both(
      { retryCondition: axiosRetry.isNetworkError },
      { isRetryable: (error) => (error.response ? false : undefined) },
    );
    expect(await requestsOf(always(503), policies, get)).toEqual({ theirs: 1, ours: 1 });
    expect(await requestsOf(reset, policies, get)).toEqual({ theirs: 4, ours: 6 });
  });

  option('isRetryableError', async () => {
    const policies = both(
      { retryCondition: axiosRetry.isRetryableError },
      { methods: ['GET', 'POST'], statuses: [429, ...range(500, 599)] },
    );
    expect(await requestsOf(failing(500, 429), policies, post)).toEqual({ theirs: 3, ours: 3 });
  });

  option('isSafeRequestError', async () => {
    const policies = both(
      { retryCondition: axiosRetry.isSafeRequestError },
      { methods: ['GET', 'HEAD', 'OPTIONS'] },
    );
    expect(await requestsOf(failing(503), policies, get)).toEqual({ theirs: 2, ours: 2 });
    expect(await requestsOf(failing(503), policies, put)).toEqual({ theirs: 1, ours: 1 });
  });

  option('isIdempotentRequestError', async () => {
    const policies = both(
      { retryCondition: axiosRetry.isIdempotentRequestError },
      { methods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'] },
    );
    expect(await requestsOf(failing(503), policies, put)).toEqual({ theirs: 2, ours: 2 });
    expect(await requestsOf(failing(503), policies, post)).toEqual({ theirs: 1, ours: 1 });
  });

  option('isNetworkOrIdempotentRequestError', async () => {
    const policies = both({ retryCondition: axiosRetry.isNetworkOrIdempotentRequestError });
    expect(await requestsOf(failing(503), policies, put)).toEqual({ theirs: 2, ours: 2 });
    expect(await requestsOf(failing(503), policies, post)).toEqual({ theirs: 1, ours: 1 });
  });

  option('retryDelay', async () => {
    const delay = (retry: number) => 40 * retry;
    const seen = await sideBySide(
      failing(503, 503),
      both({ retryDelay: delay }, { backoff: (retry) => delay(retry) }),
      get,
    );

    for (const [first = 0, second = 0] of [gapsOf(seen.theirs), gapsOf(seen.ours)]) {
      expect(first).toBeGreaterThanOrEqual(39);
      expect(second).toBeGreaterThanOrEqual(79);
    }
  });

  option('exponentialDelay', async () => {
    const backoff = (retry: number) => 2 ** retry * 100 * (1 + 0.2 * Math.random());
    const samples = (delay: (retry: number) => number) =>
      range(1, 5).map((retry) => range(1, 300).map(() => delay(retry)));
    const theirDelays = samples((retry) => axiosRetry.exponentialDelay(retry));
    const ourDelays = samples(backoff);

    for (const [index, base] of [200, 400, 800, 1600, 3200].entries()) {
      for (const delays of [theirDelays[index], ourDelays[index]]) {
        expect(Math.min(...(delays ?? []))).toBeGreaterThanOrEqual(base);
        expect(Math.max(...(delays ?? []))).toBeLessThan(1.2 * base);
        expect(Math.max(...(delays ?? []))).toBeGreaterThan(1.15 * base);
      }
    }
    // Handing the function itself over does not work, and says so: its third argument is not the state.
    const { ours } = await sideBySide(
      always(503),
      both({}, { backoff: axiosRetry.exponentialDelay as unknown as () => number }),
      get,
    );
    expect(ours.error).toBeInstanceOf(RangeError);
    expect(ours.requests).toHaveLength(1);
  });

  option('linearDelay', async () => {
    const seen = await sideBySide(
      failing(503, 503),
      both({ retryDelay: axiosRetry.linearDelay(50) }, { backoff: (retry) => retry * 50 }),
      get,
    );

    for (const [first = 0, second = 0] of [gapsOf(seen.theirs), gapsOf(seen.ours)]) {
      expect(first).toBeGreaterThanOrEqual(49);
      expect(second).toBeGreaterThanOrEqual(99);
    }
  });

  option('shouldResetTimeout', async () => {
    const policies = both(
      { shouldResetTimeout: true, retryCondition: () => true, retries: 1 },
      { maxRetries: 1 },
    );
    const each = await sideBySide(silent, policies, async (client) => client.get('/', { timeout: 200 }));
    for (const { requests, elapsed } of [each.theirs, each.ours]) {
      expect(requests).toHaveLength(2);
      expect(elapsed).toBeGreaterThanOrEqual(395);
    }

    // Failures after 600 ms each, of which a whole of 1,800 ms leaves room for two.
    const whole = await sideBySide(
      (_request, response) => setTimeout(() => response.writeHead(503).end(), 600),
      {
        theirs: (client) => {
          theirs()(client);
          client.defaults.timeout = 1_800;
        },
        ours: budgeted({ timeBudget: 1_800 }),
      },
      get,
    );
    for (const { elapsed, requests } of [whole.theirs, whole.ours]) {
      expect(elapsed).toBeLessThan(2_390);
      expect(requests).toHaveLength(3);
    }
  });

  option('onRetry', async () => {
    const told: Record<string, number[]> = { theirs: [], ours: [] };
    await sideBySide(
      failing(503, 503),
      both(
        { onRetry: async (count) => void told.theirs?.push(count) },
        { onRetry: async ({ retry }) => void told.ours?.push(retry) },
      ),
      get,
    );

    expect(told).toEqual({ theirs: [1, 2], ours: [1, 2] });
  });

  option('onMaxRetryTimesExceeded', async () => {
    const told: Record<string, unknown[]> = { theirs: [], ours: [] };
    await sideBySide(
      always(503),
      both(
        { onMaxRetryTimesExceeded: (_error, count) => void told.theirs?.push(count) },
        {
          maxRetries: 3,
          onGiveUp: ({ reason, state }) => void told.ours?.push(reason, state.retries),
        },
      ),
      get,
    );

    expect(told).toEqual({ theirs: [3], ours: ['retries-exhausted', 3] });
  });

  option('validateResponse', async () => {
    const rejectBusy = (client: AxiosInstance) =>
      client.interceptors.response.use((response) => {
        if (!response.data.busy) return response;
        throw new AxiosError('busy', 'EBUSY', response.config, response.request, response);
      });
    const seen = await sideBySide(
      (_request, response, count) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(`{"busy":${count < 3}}`),
      {
        theirs: theirs({ validateResponse: ({ data }) => !data.busy, retryCondition: () => true }),
        ours: (client) => {
          rejectBusy(client);
          budgeted({ isRetryable: ({ code }) => code === 'EBUSY' || undefined })(client);
        },
      },
      get,
    );

    for (const { value, requests } of [seen.theirs, seen.ours]) {
      expect(value).toEqual({ busy: false });
      expect(requests).toHaveLength(3);
    }
    const judged = await sideBySide(
      (_request, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"busy":true}'),
      {
        theirs: theirs({ validateResponse: ({ data }) => !data.busy, retryCondition: () => true }),
        ours: budgeted({ maxRetries: 3, judge: ({ data }) => data.busy }),
      },
      get,
    );
    expect([judged.theirs.requests.length, judged.ours.requests.length]).toEqual([4, 4]);
    expect(judged.theirs.error.message).toBe('Request failed with status code 200');
    expect(judged.ours.value).toEqual({ busy: true });
  });

  option("config['axios-retry']", async () => {
    const seen = await sideBySide(always(503), both(), (client) =>
      client.get('/', { 'axios-retry': { retries: 1 }, retryPolicy: { maxRetries: 1 } }),
    );

    expect(seen.theirs.requests).toHaveLength(2);
    expect(seen.ours.requests).toHaveLength(2);
  });

  option('retryCount', async () => {
    const seen = await sideBySide(failing(503, 503), both(), (client) => client.get('/'));

    expect(seen.theirs.value?.config['axios-retry']?.retryCount).toBe(2);
    expect(retryStateOf(seen.ours.value)?.retries).toBe(2);
  });

  option('lastRequestTime', async () => {
    const seen = await sideBySide(
      failing(503),
      both({ retryDelay: () => 60 }, { backoff: () => 60 }),
      (client) => client.get('/'),
    );

    expect(typeof seen.theirs.value?.config['axios-retry']?.lastRequestTime).toBe('number');
    expect(retryStateOf(seen.ours.value)?.elapsed).toBeGreaterThanOrEqual(59);
  });

  option('requestInterceptorId', async () => {
    const seen = await sideBySide(
      always(503),
      {
        theirs: (client) => {
          const { requestInterceptorId, responseInterceptorId } = axiosRetry(client);
          client.interceptors.request.eject(requestInterceptorId);
          client.interceptors.response.eject(responseInterceptorId);
        },
        ours: (client) => attachRetry(client).detach(),
      },
      get,
    );

    expect(seen.theirs.requests).toHaveLength(1);
    expect(seen.ours.requests).toHaveLength(1);
  });

  option('retryAfter', async () => {
    let named = 0;
    let event: RetryEvent | undefined;
    await sideBySide(
      once(503, { 'retry-after': '1' }),
      both(
        {
          retryDelay: (_count, error) => {
            named = retryAfter(error);
            return 0;
          },
        },
        {
          onRetry: (given) => {
            event = given;
          },
        },
      ),
      get,
    );

    expect(named).toBe(1_000);
    expect(event).toMatchObject({ delaySource: 'retry-after' });
    expect(event?.delay).toBeGreaterThanOrEqual(1_000);
  });

  option('DEFAULT_OPTIONS', async () => {
    expect(Object.keys(await import('../../lib'))).toEqual(
      expect.arrayContaining(['attachRetry', 'RetryBudget', 'retriesExhausted', 'retryStateOf']),
    );
    expect(Object.keys(await import('../../lib'))).toHaveLength(4);
    expect(DEFAULT_OPTIONS).toMatchObject({ retries: 3, shouldResetTimeout: false, validateResponse: null });
  });

  claim('`isNetworkOrIdempotentRequestError(error) || error.response?.status === 429`', async () => {
    const retryCondition = (error: AxiosError) =>
      axiosRetry.isNetworkOrIdempotentRequestError(error) || error.response?.status === 429;
    for (const status of [429, 503]) {
      expect(await requestsOf(failing(status), both({ retryCondition }), get)).toEqual({
        theirs: 2,
        ours: 2,
      });
    }
    expect(await requestsOf(failing(429), both({ retryCondition }), post)).toEqual({ theirs: 2, ours: 2 });
  });

  claim("`|| error.code === 'ECONNABORTED'`", async () => {
    const retryCondition = (error: AxiosError) =>
      axiosRetry.isNetworkOrIdempotentRequestError(error) || error.code === 'ECONNABORTED';
    const stalling = (_request: unknown, response: ServerResponse, count: number) =>
      count > 1 && response.end('{"ok":true}');
    const policies = both({ retryCondition, shouldResetTimeout: true });
    for (const method of ['get', 'put']) {
      const act = (client: AxiosInstance) => client.request({ method, url: '/', timeout: 200 });
      expect(await requestsOf(stalling, policies, act)).toEqual({ theirs: 2, ours: 2 });
    }
  });

  claim('`error.response?.status >= 500`', async () => {
    const policies = both(
      { retryCondition: ({ response }) => (response?.status ?? 0) >= 500 },
      { statuses: Array.from({ length: 100 }, (_, index) => 500 + index) },
    );
    for (const status of [500, 501, 599]) {
      expect(await requestsOf(failing(status), policies, get)).toEqual({ theirs: 2, ours: 2 });
    }
    expect(await requestsOf(failing(429), policies, get)).toEqual({ theirs: 1, ours: 1 });
  });

  claim('`retryCondition: () => true`', async () => {
    const methods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'PATCH'];
    const policies = both({ retryCondition: () => true }, { isRetryable: () => true, methods });
    for (const act of [get, put, post]) {
      expect(await requestsOf(failing(404), policies, act)).toEqual({ theirs: 2, ours: 2 });
    }
    // What the top of the guide warns of.
    const withoutMethods = both({ retryCondition: () => true }, { isRetryable: () => true });
    expect(await requestsOf(failing(503), withoutMethods, post)).toEqual({ theirs: 2, ours: 1 });
  });

  claim('`retryCondition: isNetworkError`, for POSTs', async () => {
    const retryCondition = axiosRetry.isNetworkError;
    const once: Answer = (request, response, count) =>
      count === 1 ? reset(request, response, count) : response.end('{}');
    for (const policy of [{ idempotencyKey: true }, { methods: ['GET', 'POST'] }]) {
      expect(await requestsOf(once, both({ retryCondition }, policy), post)).toEqual({ theirs: 2, ours: 2 });
    }
  });

  claim('The error is the last attempt’s own AxiosError', async () => {
    const seen = await sideBySide(
      failing(503, 502, 504, 503, 502, 504),
      both({ retries: 2 }, { maxRetries: 2 }),
      get,
    );

    for (const { error } of [seen.theirs, seen.ours]) {
      expect(axios.isAxiosError(error)).toBe(true);
      expect(error.response.status).toBe(504);
    }
  });

  claim('GET, HEAD, OPTIONS, PUT and DELETE are retried, POST and PATCH after a 503 are not', async () => {
    const count = async (method: string) =>
      requestsOf(failing(503), both(), (client) => client.request({ method, url: '/' }));
    for (const method of ['get', 'head', 'options', 'put', 'delete']) {
      expect(await count(method)).toEqual({ theirs: 2, ours: 2 });
    }
    for (const method of ['post', 'patch']) {
      expect(await count(method)).toEqual({ theirs: 1, ours: 1 });
    }
  });

  claim('A refused connection is retried, whatever the method', async () => {
    const port = await closedPort();
    const retries = { theirs: 0, ours: 0 };
    await sideBySide(
      silent,
      both({ onRetry: () => void retries.theirs++ }, { maxRetries: 3, onRetry: () => void retries.ours++ }),
      (client) => client.post(`http://127.0.0.1:${port}/`, {}),
    );

    expect(retries).toEqual({ theirs: 3, ours: 3 });
  });

  claim('Retry-After is honoured by default, in seconds and as a date', async () => {
    const seconds = sideBySide(once(503, { 'retry-after': '1' }), both(), get);
    const date = sideBySide(soon, both(), get);

    for (const [gap] of [gapsOf((await seconds).theirs), gapsOf((await seconds).ours)]) {
      expect(gap).toBeGreaterThanOrEqual(990);
    }
    for (const [gap] of [gapsOf((await date).theirs), gapsOf((await date).ours)]) {
      expect(gap).toBeGreaterThanOrEqual(290);
    }
  });

  claim('A signal that aborts ends the wait at once', async () => {
    const policies = both({ retryDelay: () => 5_000 }, { backoff: () => 5_000 });
    const seen = await sideBySide(always(503), policies, abortedInTheWait);

    for (const { error, elapsed } of [seen.theirs, seen.ours]) {
      expect(error.code).toBe('ERR_CANCELED');
      expect(elapsed).toBeLessThan(1_000);
    }
  });

  claim(
    'Response interceptors registered after attaching run once for each request, not once for each attempt',
    async () => {
      const calls: string[] = [];
      const unwrapping =
        (library: string, attach: Attach): Attach =>
        (client) => {
          attach(client);
          client.interceptors.response.use((response) => {
            calls.push(library);
            return response.data;
          });
        };
      const { theirs, ours } = both();
      const seen = await sideBySide(
        failing(503, 503),
        { theirs: unwrapping('theirs', theirs), ours: unwrapping('ours', ours) },
        (client) => client.get('/'),
      );

      // The second time round, `response` is the data already.
      expect(seen.theirs.error).toBeInstanceOf(TypeError);
      expect(seen.ours.value).toEqual({ ok: true });
      expect(calls.filter((library) => library === 'ours')).toHaveLength(1);
      expect(calls.filter((library) => library === 'theirs')).toHaveLength(3);
    },
  );

  claim('Request interceptors never get their own result again', async () => {
    const { theirs, ours } = both();
    const prefixing =
      (attach: Attach): Attach =>
      (client) => {
        attach(client);
        client.interceptors.request.use((config) => Object.assign(config, { url: `/v1${config.url}` }));
      };
    const seen = await sideBySide(
      failing(503),
      { theirs: prefixing(theirs), ours: prefixing(ours) },
      (client) => client.get('/users'),
    );

    expect(seen.theirs.requests.map(({ url }) => url)).toEqual(['/v1/users', '/v1/v1/users']);
    expect(seen.ours.requests.map(({ url }) => url)).toEqual(['/v1/users', '/v1/users']);
    const seenInside: unknown[] = [];
    await sideBySide(
      failing(503),
      {
        theirs: () => {},
        ours: (client) => {
          client.interceptors.request.use((config) => {
            seenInside.push(config.url);
            return Object.assign(config, { url: `/v1${config.url}` });
          });
          ours(client);
        },
      },
      (client) => client.get('/users'),
    );
    expect(seenInside).toEqual(['/users', '/users']);
  });

  claim('They also get the body as the caller wrote it', async () => {
    const { theirs, ours } = both();
    const stamping =
      (attach: Attach): Attach =>
      (client) => {
        attach(client);
        client.interceptors.request.use((config) =>
          Object.assign(config, { data: { ...config.data, stamp: 1 } }),
        );
      };
    const seen = await sideBySide(failing(503), { theirs: stamping(theirs), ours: stamping(ours) }, put);

    expect(seen.theirs.error.message).toMatch(/^Data after transformation must be a string/);
    expect(bodiesOf(seen.ours)).toEqual(['{"a":1,"stamp":1}', '{"a":1,"stamp":1}']);
  });

  claim('An error is retried though an interceptor took its config', async () => {
    const { theirs, ours } = both();
    const translating =
      (attach: Attach): Attach =>
      (client) => {
        client.interceptors.response.use(null, () => Promise.reject(new Error('our own words')));
        attach(client);
      };
    const policies = { theirs: translating(theirs), ours: translating(ours) };
    expect(await requestsOf(failing(503), policies, get)).toEqual({ theirs: 1, ours: 2 });
  });

  claim('transformRequest runs on each attempt', async () => {
    let signatures = 0;
    const seen = await sideBySide(failing(503), both(), (client) =>
      client.put('/', { a: 1 }, { transformRequest: [(data) => `${JSON.stringify(data)} #${++signatures}`] }),
    );

    expect(new Set(bodiesOf(seen.theirs)).size).toBe(1);
    expect(new Set(bodiesOf(seen.ours)).size).toBe(2);
  });

  claim('A stream is not sent a second time', async () => {
    const seen = await sideBySide(failing(503), both(), async (client) =>
      client.put('/', Readable.from(['the whole file'])),
    );

    expect(seen.theirs.error).toBeUndefined();
    expect(bodiesOf(seen.theirs)).toEqual(['the whole file', '']);
    expect(seen.ours.error.response.status).toBe(503);
    expect(bodiesOf(seen.ours)).toEqual(['the whole file']);
    expect(retryStateOf(seen.ours.error)?.outcome).toBe('body-not-replayable');
  });

  /** An adapter that fails with such an error. */
  const failingWith = (code: string | undefined, message: string) => ({
    adapter: async (config: AxiosRequestConfig) => {
      throw new AxiosError(message, code, config as never, {});
    },
  });
  /** How often it is retried. */
  const retriesOf = async (act: (client: AxiosInstance) => Promise<unknown>) => {
    const retries = { theirs: 0, ours: 0 };
    await sideBySide(
      silent,
      both({ onRetry: () => void retries.theirs++ }, { maxRetries: 3, onRetry: () => void retries.ours++ }),
      act,
    );
    return retries;
  };

  claim('Any error without a response is transient to axios-retry, unknown codes included', async () => {
    const odd = failingWith('EODD', 'odd');
    expect(await retriesOf((client) => client.get('/', odd))).toEqual({ theirs: 3, ours: 0 });
    expect(await retriesOf((client) => client.post('/', {}, odd))).toEqual({ theirs: 3, ours: 0 });
    const bug = {
      adapter: async (config: AxiosRequestConfig) => {
        throw new AxiosError('a bug', undefined, config as never);
      },
    };
    expect(await retriesOf((client) => client.get('/', bug))).toEqual({ theirs: 3, ours: 0 });
  });

  claim('The system’s ETIMEDOUT is retried by both, ECONNABORTED here only', async () => {
    const system = failingWith('ETIMEDOUT', 'connect ETIMEDOUT 192.0.2.1:80');
    expect(await retriesOf((client) => client.get('/', system))).toEqual({ theirs: 3, ours: 3 });
    const timeouts = await retriesOf((client) => client.get('/', { timeout: 100 }));
    expect(timeouts.theirs).toBe(0);
    expect(timeouts.ours).toBeGreaterThan(0);
  });

  claim('A POST to a host that is not found is retried', async () => {
    const nowhere = (method: string) => (client: AxiosInstance) =>
      client.request({ method, url: 'http://nowhere.invalid/' });
    expect(await retriesOf(nowhere('post'))).toEqual({ theirs: 0, ours: 3 });
    expect(await retriesOf(nowhere('get'))).toEqual({ theirs: 3, ours: 3 });
  });

  claim('A POST is not repeated after its connection broke', async () => {
    expect(await requestsOf(reset, both(), post)).toEqual({ theirs: 4, ours: 1 });

    const keyed = await sideBySide(
      (request, response, count) => (count < 3 ? reset(request, response, count) : response.end('{}')),
      both({}, { idempotencyKey: true }),
      post,
    );
    const keys = (seen: typeof keyed.ours) =>
      new Set(seen.requests.map(({ headers }) => headers['idempotency-key']));
    expect(keyed.ours.requests).toHaveLength(3);
    expect(keys(keyed.ours).size).toBe(1);
    expect(keys(keyed.ours)).not.toContain(undefined);
    expect(keys(keyed.theirs)).toEqual(new Set([undefined]));
  });

  claim('Of the statuses, 500 and most others from 501 on are not retried, and 408 and 425 are', async () => {
    const count = (status: number) => requestsOf(failing(status), both(), get);

    for (const status of [429, 502, 503, 504]) expect(await count(status)).toEqual({ theirs: 2, ours: 2 });
    for (const status of [500, 501, 505, 599]) expect(await count(status)).toEqual({ theirs: 2, ours: 1 });
    for (const status of [408, 425]) expect(await count(status)).toEqual({ theirs: 1, ours: 2 });
  });

  claim('Retries are spaced by default', async () => {
    const delays: number[] = [];
    const seen = await sideBySide(
      failing(503, 503, 503),
      {
        theirs: theirs(),
        ours: (client) => attachRetry(client, { onRetry: ({ delay }) => void delays.push(delay) }),
      },
      get,
    );

    expect(DEFAULT_OPTIONS.retryDelay(1, {} as AxiosError)).toBe(0);
    expect(seen.theirs.requests).toHaveLength(4);
    for (const [index, most] of [100, 200, 400].entries()) expect(delays[index]).toBeLessThanOrEqual(most);
    for (const [index, gap] of gapsOf(seen.ours).entries()) {
      expect(gap).toBeGreaterThanOrEqual(Math.floor(delays[index] ?? 0) - 1);
    }
  });

  claim('A delay function of your own does not override the server’s', async () => {
    const seen = await sideBySide(
      once(429, { 'retry-after': '1' }),
      both({ retryDelay: () => 20 }, { backoff: () => 20 }),
      get,
    );

    expect(gapsOf(seen.theirs)[0]).toBeLessThan(900);
    expect(gapsOf(seen.ours)[0]).toBeGreaterThanOrEqual(1_015);
  });

  claim('A wait that is too long ends the request at once', async () => {
    const hour = await sideBySide(always(503, { 'retry-after': '3600' }), both(), abortedInTheWait);
    expect(hour.theirs.error.code).toBe('ERR_CANCELED');
    expect(hour.ours.error.response.status).toBe(503);
    expect(retryStateOf(hour.ours.error)?.outcome).toBe('retry-after-too-long');

    // What 32 bits of milliseconds do not hold makes a timer fire at once.
    const month = always(503, { 'retry-after': '2592000' });
    expect(await requestsOf(month, both(), get)).toEqual({ theirs: 4, ours: 1 });
  });

  claim('A Retry-After date is read by the server’s clock', async () => {
    // The server's clock is an hour slow.
    const seen = await sideBySide(
      (_request, response, count) => {
        const now = Date.now() - 3_600_000;
        if (count > 1) return response.end('{}');
        return response
          .writeHead(503, {
            date: new Date(now).toUTCString(),
            'retry-after': new Date(now + 1_000).toUTCString(),
          })
          .end();
      },
      both(),
      get,
    );

    expect(gapsOf(seen.theirs)[0]).toBeLessThan(900);
    expect(gapsOf(seen.ours)[0]).toBeGreaterThanOrEqual(990);
  });

  claim('More of what servers say is heard', async () => {
    const hints = [
      { 'retry-after-ms': '700' },
      { ratelimit: '"default";r=0;t=1' },
      { 'x-ratelimit-reset': '1' },
    ];
    for (const seen of await Promise.all(hints.map((hint) => sideBySide(once(429, hint), both(), get)))) {
      expect(gapsOf(seen.theirs)[0]).toBeLessThan(650);
      expect(gapsOf(seen.ours)[0]).toBeGreaterThanOrEqual(699);
    }
    const stop = always(503, { 'x-should-retry': 'false' });
    expect(await requestsOf(stop, both(), get)).toEqual({ theirs: 4, ours: 1 });
  });

  claim('Timeouts are retried, a few at a time', async () => {
    const eight = (client: AxiosInstance) =>
      Promise.all(Array.from({ length: 8 }, () => client.get('/', { timeout: 200 }).catch((error) => error)));
    const seen = await sideBySide(silent, both({}, { patience: 1_000 }), eight);

    expect(seen.theirs.requests).toHaveLength(8);
    expect(seen.ours.requests.length).toBeGreaterThan(8);
    expect(seen.ours.requests.length).toBeLessThan(16);
    for (const { value } of [seen.theirs, seen.ours]) {
      expect(value?.map(({ code }) => code)).toEqual(Array(8).fill('ECONNABORTED'));
    }
  });

  claim('A time budget ends a body that never ends', async () => {
    const drip = (_request: unknown, response: ServerResponse) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    };
    const seen = await sideBySide(drip, both(), async (client) =>
      client.get('/', {
        timeout: 200,
        retryPolicy: { timeBudget: 200 },
        signal: AbortSignal.timeout(1_000),
      }),
    );

    expect(seen.theirs.elapsed).toBeGreaterThanOrEqual(990);
    expect(seen.ours.error.code).toBe('ETIMEDOUT');
    expect(seen.ours.elapsed).toBeLessThan(900);
  });

  claim('A response cut off in the middle is retried', async () => {
    const seen = await sideBySide(cutOff, both(), get);

    expect(seen.theirs.error.message).toBe('stream has been aborted');
    expect(seen.ours.value).toEqual({ ok: true });
  });

  claim('What will not go away is not retried', async () => {
    const tooLong = (client: AxiosInstance) => client.get('/', { maxContentLength: 10 });
    const long = (_request: unknown, response: ServerResponse) => response.end('x'.repeat(1_000));
    expect(await requestsOf(long, both(), tooLong)).toEqual({ theirs: 4, ours: 1 });

    const redirected = always(302, { location: '/' });
    const follow = (client: AxiosInstance) => client.get('/', { maxRedirects: 2 });
    expect(await requestsOf(redirected, both(), follow)).toEqual({ theirs: 12, ours: 3 });

    const { selfSigned } = await makeCertificates();
    const server = https.createServer(selfSigned).listen(0, '127.0.0.1');
    const retries = { theirs: 0, ours: 0 };
    const certificates = await sideBySide(
      silent,
      both({ onRetry: () => void retries.theirs++ }, { onRetry: () => void retries.ours++ }),
      (client) => client.get(`https://localhost:${(server.address() as AddressInfo).port}/`),
    );
    server.close();
    for (const { error } of [certificates.theirs, certificates.ours]) {
      expect(error.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    }
    expect(retries).toEqual({ theirs: 3, ours: 0 });
  });

  claim('A cancelled request is over', async () => {
    const retries = { theirs: 0, ours: 0 };
    const policies = both({ onRetry: () => void retries.theirs++ }, { onRetry: () => void retries.ours++ });
    const seen = await sideBySide(silent, policies, async (client) =>
      client.get('/', { signal: AbortSignal.timeout(150) }),
    );

    for (const { error, requests } of [seen.theirs, seen.ours]) {
      expect(error.code).toBe('ERR_CANCELED');
      expect(requests).toHaveLength(1);
    }
    expect(retries).toEqual({ theirs: 3, ours: 0 });
  });

  claim('A cancelToken ends a wait at once, as a signal does', async () => {
    const policies = both({ retryDelay: () => 600 }, { backoff: () => 600 });
    const seen = await sideBySide(always(503), policies, cancelledInTheWait);

    for (const { error } of [seen.theirs, seen.ours]) expect(error.code).toBe('ERR_CANCELED');
    expect(seen.theirs.elapsed).toBeGreaterThanOrEqual(595);
    expect(seen.ours.elapsed).toBeLessThan(550);
  });

  claim('Retries are held while the server fails', async () => {
    const all = (client: AxiosInstance) =>
      Promise.all(Array.from({ length: 200 }, () => client.get('/').catch((error) => error)));
    const failed = ({ value }: { value: { status?: number }[] | undefined }) =>
      value?.filter(({ status }) => status !== 200).length;
    /** Fails for a second from its first request on. */
    const downFor = (): Answer => {
      let since: number | undefined;
      return (_request, response) => {
        since ??= performance.now();
        return response.writeHead(performance.now() - since < 1_000 ? 503 : 200).end();
      };
    };
    const { theirs, ours } = both();
    const [before, here] = await Promise.all([
      sideBySide(always(503), { theirs, ours: () => {} }, all),
      sideBySide(downFor(), { theirs: () => {}, ours }, all),
    ]);
    expect(before.theirs.requests).toHaveLength(800);
    expect(failed(before.theirs)).toBe(200);
    expect(failed(here.ours)).toBe(0);
    expect(here.ours.requests.length).toBeLessThan(500);

    const off = both({}, { maxRetries: 3, patience: 0, budget: false });
    expect((await requestsOf(always(503), off, all)).ours).toBe(800);
  });

  claim('A misspelt option throws', async () => {
    const misspelt = { retriess: 5 } as IAxiosRetryConfig;
    expect(() => axiosRetry(axios.create(), misspelt)).not.toThrow();
    expect(() => attachRetry(axios.create(), { retries: 5 } as RetryPolicy)).toThrow(
      'retryPolicy.retries is not an option; did you mean retryPolicy.maxRetries?',
    );
    expect(() => axiosRetry(axios.create(), { retries: -1 })).not.toThrow();
    expect(() => attachRetry(axios.create(), { maxRetries: -1 })).toThrow(RangeError);
  });

  claim('isRetryable does not decide about the method', async () => {
    const policies = both({ retryCondition: () => true }, { isRetryable: () => true });
    expect(await requestsOf(failing(503), policies, post)).toEqual({ theirs: 2, ours: 1 });
    const allowed = both({ retryCondition: () => true }, { isRetryable: () => true, methods: ['POST'] });
    expect(await requestsOf(failing(503), allowed, post)).toEqual({ theirs: 2, ours: 2 });
  });

  claim(
    'No answer from isRetryable means the built-in one, and an error of its own is not swallowed',
    async () => {
      const nothing = both(
        { retryCondition: (async () => {}) as never },
        { isRetryable: async () => undefined },
      );
      expect(await requestsOf(failing(404), nothing, get)).toEqual({ theirs: 2, ours: 1 });

      const bug = () => Promise.reject(new Error('a bug'));
      const seen = await sideBySide(failing(503), both({ retryCondition: bug }, { isRetryable: bug }), get);
      expect(seen.theirs.error.response.status).toBe(503);
      expect(seen.ours.error.message).toBe('a bug');
      expect(seen.ours.error.cause.response.status).toBe(503);
    },
  );

  claim('onGiveUp is called whenever a request fails for good', async () => {
    const told: Record<string, unknown[]> = { theirs: [], ours: [] };
    const policies = both(
      { onMaxRetryTimesExceeded: () => void told.theirs?.push('called') },
      { onGiveUp: ({ reason }) => void told.ours?.push(reason) },
    );
    await sideBySide(failing(404), policies, get);
    await sideBySide(failing(503), policies, post);

    expect(told).toEqual({ theirs: [], ours: ['not-retryable', 'not-idempotent'] });
  });

  claim('Attaching twice replaces', async () => {
    const twice =
      (attach: Attach): Attach =>
      (client) => {
        attach(client);
        attach(client);
      };
    const told = { theirs: 0, ours: 0 };
    const { theirs, ours } = both(
      { onMaxRetryTimesExceeded: () => void told.theirs++ },
      { maxRetries: 3, onGiveUp: () => void told.ours++ },
    );
    await sideBySide(always(503), { theirs: twice(theirs), ours: twice(ours) }, get);

    expect(told.theirs).toBeGreaterThan(1);
    expect(told.ours).toBe(1);
  });

  claim('Detaching ends the waits', async () => {
    const detach = new WeakMap<AxiosInstance, () => void>();
    const seen = await sideBySide(
      always(503),
      {
        theirs: (client) => {
          const { responseInterceptorId } = axiosRetry(client, { retryDelay: () => 600 });
          detach.set(client, () => client.interceptors.response.eject(responseInterceptorId));
        },
        ours: (client) => {
          const retry = attachRetry(client, { backoff: () => 600 });
          detach.set(client, () => retry.detach());
        },
      },
      async (client) => client.get('/', { validateStatus: inTheWait(() => detach.get(client)?.()) }),
    );

    expect(seen.theirs.requests).toHaveLength(2);
    expect(seen.ours.requests).toHaveLength(1);
    expect(seen.ours.elapsed).toBeLessThan(550);
    expect(retryStateOf(seen.ours.error)?.outcome).toBe('detached');
  });

  describe('where nothing seems to be retried', () => {
    let warnings: unknown[];
    beforeEach(() => {
      Reflect.deleteProperty(globalThis, Symbol.for('axios-retry-budget.told'));
      warnings = [];
      jest.spyOn(console, 'warn').mockImplementation((words) => void warnings.push(words));
    });
    afterEach(() => jest.restoreAllMocks());

    claim('A left-over axios-retry field on a request’s config does nothing here', async () => {
      const none = (client: AxiosInstance) => client.get('/', { 'axios-retry': { retries: 0 } });
      expect(await requestsOf(always(503), both(), none)).toEqual({ theirs: 1, ours: 6 });
      expect(warnings).toEqual([expect.stringContaining('does nothing here')]);
    });

    claim('axios-retry and this library on one instance multiply', async () => {
      const twice = (client: AxiosInstance) => {
        theirs({ retries: 2 })(client);
        budgeted({ maxRetries: 2 })(client);
      };
      const { ours } = await requestsOf(always(503), { theirs: () => {}, ours: twice }, get);
      expect(ours).toBe(9);
      expect(warnings).toEqual([expect.stringContaining('axios-retry is on this instance as well')]);
    });

    claim('Instances made of axios before or after do not inherit it', async () => {
      const onAxios = () => {
        const retry = attachRetry(axios, { backoff: () => 0 });
        afterwards.push(() => retry.detach());
      };
      const afterwards: (() => void)[] = [];
      const fresh = (client: AxiosInstance) =>
        axios.create({ baseURL: client.defaults.baseURL as string }).get('/');
      const seen = await requestsOf(failing(503), { theirs: () => {}, ours: onAxios }, fresh);
      for (const undo of afterwards) undo();
      expect(seen).toEqual({ theirs: 1, ours: 1 });
    });

    claim('There may be two axios in one process', async () => {
      const script = `import esm from 'axios'; import { createRequire } from 'node:module';
        const cjs = createRequire(import.meta.url)('axios'); console.log(esm === (cjs.default ?? cjs));`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
        cwd: __dirname,
      });
      expect(stdout.trim()).toBe('false');
    });
  });

  claim('It works with axios 0.x', async () => {
    const peers = (file: string) =>
      JSON.parse(readFileSync(path.join(__dirname, file), 'utf8')).peerDependencies.axios;
    expect(peers('node_modules/axios-retry/package.json')).toBe('0.x || 1.x');
    expect(peers('../../package.json')).toBe('^1.0.0');
  });

  claim('It is smaller', async () => {
    const theirSize = bundledSize("export { default } from 'axios-retry'");
    const ourSize = bundledSize("export { attachRetry } from '../../lib'");

    expect(theirSize).toBeLessThan(2_000);
    expect(ourSize / theirSize).toBeGreaterThan(4);
    expect(ourSize / theirSize).toBeLessThan(13);
  });

  claim('It can come back earlier than the server said, or when the server said not to', async () => {
    const early = await sideBySide(
      once(503, { 'retry-after': '1', 'x-should-retry': 'false' }),
      both({ retryDelay: () => 0 }, { backoff: () => 0, isRetryable: () => true }),
      get,
    );

    expect(early.theirs.value).toEqual({ ok: true });
    expect(retryStateOf(early.ours.error)?.outcome).toBe('server-said-stop');
  });

  claim('onRetry can change the next attempt’s config', async () => {
    const other = await startServer(failing());
    const seen = await sideBySide(
      always(503),
      both(
        {
          onRetry: (_count, _error, config) => {
            config.baseURL = other.url;
          },
        },
        {
          maxRetries: 2,
          onRetry: ({ error }) => {
            if (error.config) error.config.baseURL = other.url;
          },
        },
      ),
      get,
    );
    expect(seen.theirs.value).toEqual({ ok: true });
    expect(seen.ours.error.response.status).toBe(503);

    // The ways to do it here.
    for (const ours of [
      (client: AxiosInstance) => {
        client.interceptors.request.use((config) => {
          if (config.retryState?.retries) config.baseURL = other.url;
          return config;
        });
        budgeted()(client);
      },
      budgeted({ nextAttempt: () => ({ baseURL: other.url }) }),
    ]) {
      const seen = await sideBySide(always(503), { theirs: () => {}, ours }, get);
      expect(seen.ours.value).toEqual({ ok: true });
    }
    await other.close();
  });

  claim('It retries errors that are not axios’ own', async () => {
    const { theirs, ours } = both({ retryCondition: () => true }, { isRetryable: () => true });
    const throwing =
      (attach: Attach): Attach =>
      (client) => {
        client.interceptors.response.use((response) => {
          if (response.data.ok) return response;
          throw Object.assign(new Error('not yet'), { config: response.config });
        });
        attach(client);
      };
    const seen = await sideBySide(
      (_request, response, count) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(`{"ok":${count > 1}}`),
      { theirs: throwing(theirs), ours: throwing(ours) },
      get,
    );

    expect(seen.theirs.value).toEqual({ ok: true });
    expect(seen.ours.error.message).toBe('not yet');
  });

  claim('It reads a Retry-After that is none by the standard', async () => {
    const seen = await sideBySide(once(503, { 'retry-after': '0.9' }), both(), get);

    expect(gapsOf(seen.theirs)[0]).toBeGreaterThanOrEqual(899);
    expect(gapsOf(seen.ours)[0]).toBeLessThan(800);
  });

  test('the changed import, the before and the after of the guide come to the same', async () => {
    const [dropIn, before, afterwards] = [1, 2, 3].map(
      (block) => require(`./blocks/axios-retry-${block}`).client as AxiosInstance,
    );
    jest.spyOn(console, 'warn').mockImplementation();
    for (const client of [dropIn, before, afterwards] as AxiosInstance[]) {
      const server = await startServer(failing(503, 429));
      expect((await client.get('/orders', { baseURL: server.url })).data).toEqual({ ok: true });
      expect(server.requests).toHaveLength(3);
      await server.close();
    }
  });
});
