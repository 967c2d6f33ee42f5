import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import axios, { type AxiosError, type AxiosInstance } from 'axios';
import * as rax from 'retry-axios';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
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
  (options: rax.RetryConfig = {}): Attach =>
  (client) => {
    client.defaults.raxConfig = { retryDelay: 1, ...options };
    return rax.attach(client);
  };

/** Both, with short waits and nothing else changed but what a test is about. */
const both = (options: rax.RetryConfig = {}, policy: RetryPolicy = {}) => ({
  theirs: theirs(options),
  ours: budgeted(policy),
});

/** Puts an interceptor behind the library, or before it. */
const withInterceptor = (
  { theirs, ours }: { theirs: Attach; ours: Attach },
  use: (client: AxiosInstance) => unknown,
  place: 'before' | 'behind',
) => {
  const add =
    (attach: Attach): Attach =>
    (client) => {
      if (place === 'before') use(client);
      attach(client);
      if (place === 'behind') use(client);
    };
  return { theirs: add(theirs), ours: add(ours) };
};

guide('retry-axios', ({ option, claim }) => {
  test('no option and no export of theirs is missing from the guide', () => {
    const text = readFileSync(path.join(__dirname, '../../docs/migrating-from-retry-axios.md'), 'utf8');
    const types = readFileSync(path.join(__dirname, 'node_modules/retry-axios/build/src/index.d.ts'), 'utf8');
    const options = /interface RetryConfig \{(.*?)^\}/ms.exec(types)?.[1] ?? '';
    const names = [...options.matchAll(/^ {4}(\w+)\?:/gm)].map(([, name]) => name ?? '');

    expect(names).toHaveLength(15);
    for (const name of [...names, ...Object.keys(rax)]) expect(text).toContain(`\`${name}\``);
  });

  option('attach', async () => {
    expect(await requestsOf(failing(503), both(), get)).toEqual({ theirs: 2, ours: 2 });
  });

  option('detach', async () => {
    const seen = await requestsOf(
      failing(503),
      {
        theirs: (client) => rax.detach(rax.attach(client), client),
        ours: (client) => attachRetry(client).detach(),
      },
      get,
    );

    expect(seen).toEqual({ theirs: 1, ours: 1 });
  });

  option('raxConfig', async () => {
    const perRequest = await requestsOf(always(503), both(), (client) =>
      client.get('/', { raxConfig: { retry: 1 }, retryPolicy: { maxRetries: 1 } }),
    );
    expect(perRequest).toEqual({ theirs: 2, ours: 2 });

    const inDefaults = await requestsOf(
      always(503),
      withInterceptor(
        both(),
        ({ defaults }) => {
          defaults.raxConfig = { retry: 2, retryDelay: 1 };
          defaults.retryPolicy = { maxRetries: 2 };
        },
        'behind',
      ),
      get,
    );
    expect(inDefaults).toEqual({ theirs: 3, ours: 3 });
  });

  option('retry', async () => {
    expect(await requestsOf(always(503), both({ retry: 2 }, { maxRetries: 2 }), get)).toEqual({
      theirs: 3,
      ours: 3,
    });
    expect(await requestsOf(always(503), both(), get)).toEqual({ theirs: 4, ours: 6 });
  });

  option('retryDelay', async () => {
    const formula = (retry: number) => ((2 ** retry - 1) / 2) * 600;
    const seen = await sideBySide(failing(503, 503), both({ retryDelay: 600 }, { backoff: formula }), get);

    for (const gaps of [gapsOf(seen.theirs), gapsOf(seen.ours)]) {
      for (const [index, least] of [300, 900].entries()) {
        expect(gaps[index]).toBeGreaterThanOrEqual(least - 1);
        expect(gaps[index]).toBeLessThan(least + 600);
      }
    }
  });

  option('backoffType', async () => {
    const fixed = { initialDelay: 60, multiplier: 1, jitter: 'none' } as const;
    const [constant, linear] = await Promise.all([
      sideBySide(failing(503, 503), both({ backoffType: 'static', retryDelay: 60 }, { backoff: fixed }), get),
      sideBySide(
        failing(503),
        both({ backoffType: 'linear', retryDelay: 1 }, { backoff: (retry) => retry * 1_000 }),
        get,
      ),
    ]);

    for (const gap of [...gapsOf(constant.theirs), ...gapsOf(constant.ours)]) {
      expect(gap).toBeGreaterThanOrEqual(59);
      expect(gap).toBeLessThan(900);
    }
    for (const gap of [...gapsOf(linear.theirs), ...gapsOf(linear.ours)])
      expect(gap).toBeGreaterThanOrEqual(999);
  });

  option('jitter', async () => {
    // Of equal jitter the least is half.
    const seen = await sideBySide(
      failing(503),
      both({ jitter: 'equal', retryDelay: 400 }, { backoff: { initialDelay: 200, jitter: 'equal' } }),
      get,
    );

    for (const [gap] of [gapsOf(seen.theirs), gapsOf(seen.ours)]) {
      expect(gap).toBeGreaterThanOrEqual(99);
      expect(gap).toBeLessThan(900);
    }
  });

  option('maxRetryDelay', async () => {
    const policies = both(
      { retryDelay: 10_000, maxRetryDelay: 50 },
      { backoff: { initialDelay: 5_000, maxDelay: 50, jitter: 'none' } },
    );
    const [capped, named] = await Promise.all([
      sideBySide(failing(503), policies, get),
      sideBySide(once(503, { 'retry-after': '1' }), policies, get),
    ]);

    for (const [gap] of [gapsOf(capped.theirs), gapsOf(capped.ours)]) {
      expect(gap).toBeGreaterThanOrEqual(49);
      expect(gap).toBeLessThan(4_000);
    }
    for (const [gap] of [gapsOf(named.theirs), gapsOf(named.ours)]) expect(gap).toBeGreaterThanOrEqual(990);
  });

  option('httpMethodsToRetry', async () => {
    const policies = both({ httpMethodsToRetry: ['POST'] }, { methods: ['POST'] });
    expect(await requestsOf(failing(503), policies, post)).toEqual({ theirs: 2, ours: 2 });
    expect(await requestsOf(failing(503), policies, get)).toEqual({ theirs: 1, ours: 1 });
  });

  option('statusCodesToRetry', async () => {
    const policies = both({ statusCodesToRetry: [[418, 419]] }, { statuses: [418, 419] });
    expect(await requestsOf(failing(418, 419), policies, get)).toEqual({ theirs: 3, ours: 3 });
    expect(await requestsOf(failing(503), policies, get)).toEqual({ theirs: 1, ours: 1 });
  });

  option('shouldRetry', async () => {
    const teapot = ({ response }: AxiosError) => response?.status === 418;
    const policies = both(
      { shouldRetry: (error) => teapot(error) || rax.shouldRetryRequest(error) },
      { isRetryable: (error) => teapot(error) || undefined },
    );
    expect(await requestsOf(failing(418, 503), policies, get)).toEqual({ theirs: 3, ours: 3 });
    expect(await requestsOf(failing(404), policies, get)).toEqual({ theirs: 1, ours: 1 });
  });

  option('shouldRetryRequest', async () => {
    const policies = both(
      { shouldRetry: (error) => error.response?.status !== 502 && rax.shouldRetryRequest(error) },
      { isRetryable: (error) => (error.response?.status === 502 ? false : undefined) },
    );
    expect(await requestsOf(failing(503, 502), policies, get)).toEqual({ theirs: 2, ours: 2 });
  });

  option('onError', async () => {
    const order: Record<string, string[]> = { theirs: [], ours: [] };
    const policies = both(
      { onError: () => void order.theirs?.push('told') },
      { onRetry: () => void order.ours?.push('told') },
    );
    const answering = (library: string) =>
      failingThen(() => {
        order[library]?.push('request');
      });
    await sideBySide(answering('theirs'), { theirs: policies.theirs, ours: () => {} }, get);
    await sideBySide(answering('ours'), { theirs: () => {}, ours: policies.ours }, get);

    // The request that has no library is there as well.
    expect(order.theirs?.slice(-2)).toEqual(['told', 'request']);
    expect(order.ours?.slice(-2)).toEqual(['told', 'request']);
  });

  option('onRetryAttempt', async () => {
    const seen = await sideBySide(
      failing(503, 503),
      withInterceptor(
        both({
          onRetryAttempt: async ({ config }) => void config?.headers.set('X-Token', 'fresh'),
        }),
        (client) =>
          client.interceptors.request.use((config) => {
            if (config.retryState?.retries) config.headers.set('X-Token', 'fresh');
            return config;
          }),
        'before',
      ),
      get,
    );

    for (const { requests } of [seen.theirs, seen.ours]) {
      expect(requests.map(({ headers }) => headers['x-token'])).toEqual([undefined, 'fresh', 'fresh']);
    }
  });

  option('checkRetryAfter', async () => {
    const seen = await sideBySide(once(503, { 'retry-after': '1' }), both(), get);

    for (const [gap] of [gapsOf(seen.theirs), gapsOf(seen.ours)]) expect(gap).toBeGreaterThanOrEqual(999);
  });

  option('maxRetryAfter', async () => {
    const policies = both({ maxRetryAfter: 1_500 }, { maxRetryAfter: 1_500 });
    const seen = await sideBySide(always(503, { 'retry-after': '2' }), policies, get);

    for (const { error, requests } of [seen.theirs, seen.ours]) {
      expect(error.response.status).toBe(503);
      expect(requests).toHaveLength(1);
    }
    const fiveMinutes = always(503, { 'retry-after': '300' });
    const byDefault = await sideBySide(fiveMinutes, { theirs: () => {}, ours: budgeted() }, get);
    expect(retryStateOf(byDefault.ours.error)?.outcome).toBe('retry-after-too-long');
  });

  option('currentRetryAttempt', async () => {
    const seen = await sideBySide(always(503), both({ retry: 2 }, { maxRetries: 2 }), get);

    expect(rax.getConfig(seen.theirs.error)?.currentRetryAttempt).toBe(2);
    expect(retryStateOf(seen.ours.error)?.retries).toBe(2);
  });

  option('retriesRemaining', async () => {
    const left: Record<string, (number | undefined)[]> = { theirs: [], ours: [] };
    await sideBySide(
      always(503),
      both(
        { onRetryAttempt: async (error) => void left.theirs?.push(rax.getConfig(error)?.retriesRemaining) },
        { maxRetries: 3, onRetry: ({ retry }) => void left.ours?.push(3 - retry) },
      ),
      get,
    );

    expect(left).toEqual({ theirs: [2, 1, 0], ours: [2, 1, 0] });
  });

  option('errors', async () => {
    const seen = await sideBySide(failing(503, 502, 504), both({ retry: 2 }, { maxRetries: 2 }), get);

    expect(rax.getConfig(seen.theirs.error)?.errors?.map(({ response }) => response?.status)).toEqual([
      503, 502, 504,
    ]);
    expect(retryStateOf(seen.ours.error)?.failures.map(({ status }) => status)).toEqual([503, 502, 504]);
  });

  option('getConfig', async () => {
    const seen = await sideBySide(failing(503), both(), (client) => client.get('/'));

    expect(rax.getConfig(seen.theirs.value as never)?.currentRetryAttempt).toBe(1);
    expect(retryStateOf(seen.ours.value)?.retries).toBe(1);
  });

  claim('The error is the last attempt’s own AxiosError', async () => {
    const seen = await sideBySide(failing(503, 502, 504), both({ retry: 2 }, { maxRetries: 2 }), get);

    for (const { error } of [seen.theirs, seen.ours]) {
      expect(axios.isAxiosError(error)).toBe(true);
      expect(error.response.status).toBe(504);
    }
  });

  claim('GET, HEAD, OPTIONS, PUT and DELETE are retried, POST and PATCH are not', async () => {
    const count = (method: string) =>
      requestsOf(failing(503), both(), (client) => client.request({ method, url: '/' }));
    for (const method of ['get', 'head', 'options', 'put', 'delete']) {
      expect(await count(method)).toEqual({ theirs: 2, ours: 2 });
    }
    for (const method of ['post', 'patch']) expect(await count(method)).toEqual({ theirs: 1, ours: 1 });
    expect(await requestsOf(reset, both(), post)).toEqual({ theirs: 1, ours: 1 });
  });

  claim(
    'Retry-After is honoured in seconds and as a date, and a request that is told too long a wait ends at once',
    async () => {
      const { theirs, ours } = await sideBySide(soon, both(), get);
      for (const [gap] of [gapsOf(theirs), gapsOf(ours)]) expect(gap).toBeGreaterThanOrEqual(290);

      expect(await requestsOf(always(503, { 'retry-after': '3600' }), both(), get)).toEqual({
        theirs: 1,
        ours: 1,
      });
    },
  );

  claim('axios’ timeout is for each attempt', async () => {
    const seen = await sideBySide(silent, both({ retry: 1 }, { maxRetries: 1 }), async (client) =>
      client.get('/', { timeout: 200 }),
    );

    for (const { error, elapsed, requests } of [seen.theirs, seen.ours]) {
      expect(error.code).toBe('ECONNABORTED');
      expect(requests).toHaveLength(2);
      expect(elapsed).toBeGreaterThanOrEqual(395);
    }
  });

  claim('Cancelled requests are not retried', async () => {
    const seen = await sideBySide(silent, both(), async (client) =>
      client.get('/', { signal: AbortSignal.timeout(150) }),
    );

    for (const { error, requests } of [seen.theirs, seen.ours]) {
      expect(error.code).toBe('ERR_CANCELED');
      expect(requests).toHaveLength(1);
    }
  });

  claim('What a callback throws ends the request and reaches the caller', async () => {
    const stop = () => Promise.reject(new Error('stop'));
    const seen = await sideBySide(failing(503), both({ onError: stop }, { onRetry: stop }), get);

    for (const { error, requests } of [seen.theirs, seen.ours]) {
      expect(error.message).toBe('stop');
      expect(requests).toHaveLength(1);
    }
  });

  claim(
    'Response interceptors registered after attaching run once for each request, not once for each attempt',
    async () => {
      const seen = await sideBySide(
        failing(503, 503),
        withInterceptor(
          both(),
          (client) => client.interceptors.response.use((response) => response.data),
          'behind',
        ),
        (client) => client.get('/'),
      );

      // The second time round, `response` is the data already.
      expect(seen.theirs.error).toBeInstanceOf(TypeError);
      expect(seen.ours.value).toEqual({ ok: true });
    },
  );

  claim('Request interceptors never get their own result again', async () => {
    const seen = await sideBySide(
      failing(503),
      withInterceptor(
        both(),
        (client) =>
          client.interceptors.request.use((config) => Object.assign(config, { url: `/v1${config.url}` })),
        'behind',
      ),
      (client) => client.get('/users'),
    );

    expect(seen.theirs.requests.map(({ url }) => url)).toEqual(['/v1/users', '/v1/v1/users']);
    expect(seen.ours.requests.map(({ url }) => url)).toEqual(['/v1/users', '/v1/users']);
  });

  claim('Nor do transformRequest and the body', async () => {
    const stamping = await sideBySide(
      failing(503),
      withInterceptor(
        both(),
        (client) =>
          client.interceptors.request.use((config) =>
            Object.assign(config, { data: { ...config.data, stamp: 1 } }),
          ),
        'behind',
      ),
      put,
    );
    expect(bodiesOf(stamping.ours)).toEqual(['{"a":1,"stamp":1}', '{"a":1,"stamp":1}']);
    // The string, spread into its characters (and cut at the first attempt's Content-Length).
    expect(bodiesOf(stamping.theirs)[1]).toMatch(/^\{"0":"\{"/);

    const wrapping = await sideBySide(failing(503), both(), async (client) =>
      client.put('/', 'secret', { transformRequest: [(data) => Buffer.from(data).toString('base64')] }),
    );
    expect(bodiesOf(wrapping.ours)).toEqual(['c2VjcmV0', 'c2VjcmV0']);
    expect(bodiesOf(wrapping.theirs).slice(0, 2)).toEqual(['c2VjcmV0', expect.stringMatching(/^YzJW/)]);
  });

  claim('A stream is not sent a second time', async () => {
    const seen = await sideBySide(failing(503), both(), async (client) =>
      client.put('/', Readable.from(['the whole file'])),
    );

    expect(seen.theirs.error).toBeUndefined();
    expect(bodiesOf(seen.theirs)).toEqual(['the whole file', '']);
    expect(bodiesOf(seen.ours)).toEqual(['the whole file']);
    expect(retryStateOf(seen.ours.error)?.outcome).toBe('body-not-replayable');
  });

  claim('A refused connection is retried, whatever the method', async () => {
    const port = await closedPort();
    const retries = { theirs: 0, ours: 0 };
    await sideBySide(
      silent,
      both({ onError: () => void retries.theirs++ }, { maxRetries: 3, onRetry: () => void retries.ours++ }),
      (client) => client.post(`http://127.0.0.1:${port}/`, {}),
    );

    expect(retries).toEqual({ theirs: 0, ours: 3 });
  });

  claim('A POST can be given a key', async () => {
    const seen = await sideBySide(
      failing(503, 503),
      both({ httpMethodsToRetry: ['POST'] }, { idempotencyKey: true }),
      post,
    );
    const keys = ({ requests }: typeof seen.ours) =>
      new Set(requests.map(({ headers }) => headers['idempotency-key']));

    expect(seen.theirs.requests).toHaveLength(3);
    expect(seen.ours.requests).toHaveLength(3);
    expect(keys(seen.theirs)).toEqual(new Set([undefined]));
    expect([...keys(seen.ours)]).toEqual([expect.stringMatching(/^[\da-f-]{36}$/)]);
  });

  claim('Of the statuses, 500 and most others from 501 on are not retried, and 408 and 425 are', async () => {
    const count = (status: number) => requestsOf(failing(status), both(), get);

    for (const status of [429, 502, 503, 504]) expect(await count(status)).toEqual({ theirs: 2, ours: 2 });
    for (const status of [500, 501, 505, 599]) expect(await count(status)).toEqual({ theirs: 2, ours: 1 });
    for (const status of [408, 425]) expect(await count(status)).toEqual({ theirs: 1, ours: 2 });
  });

  claim('Timeouts are retried a few at a time', async () => {
    const eight = (client: AxiosInstance) =>
      Promise.all(Array.from({ length: 8 }, () => client.get('/', { timeout: 200 }).catch((error) => error)));
    const seen = await sideBySide(silent, both({}, { patience: 1_000 }), eight);

    expect(seen.theirs.requests).toHaveLength(32);
    expect(seen.ours.requests.length).toBeGreaterThan(8);
    expect(seen.ours.requests.length).toBeLessThan(16);
    for (const { value } of [seen.theirs, seen.ours]) {
      expect(value?.map(({ code }) => code)).toEqual(Array(8).fill('ECONNABORTED'));
    }
  });

  claim('What will not go away is not retried', async () => {
    const tooLong = await requestsOf(
      (_request, response) => response.end('x'.repeat(1_000)),
      both(),
      (client) => client.get('/', { maxContentLength: 10 }),
    );
    expect(tooLong).toEqual({ theirs: 4, ours: 1 });

    const redirected = await requestsOf(always(302, { location: '/' }), both(), (client) =>
      client.get('/', { maxRedirects: 2 }),
    );
    expect(redirected).toEqual({ theirs: 12, ours: 3 });
  });

  claim('A response cut off in the middle is retried', async () => {
    const seen = await sideBySide(cutOff, both(), get);

    expect(seen.theirs.error.message).toBe('stream has been aborted');
    expect(seen.ours.value).toEqual({ ok: true });
  });

  claim('Delays are spread by default', async () => {
    const seen = await sideBySide(
      failing(...Array(20).fill(503)),
      {
        theirs: theirs({ retryDelay: 400 }),
        ours: (client) => attachRetry(client, { backoff: { initialDelay: 200 }, patience: 0, budget: false }),
      },
      (client) => Promise.all(Array.from({ length: 20 }, (_, index) => client.get(`/${index}`))),
    );
    const delaysOf = ({ requests }: typeof seen.ours) =>
      requests.slice(20).map(({ url, at }) => at - (requests.find((first) => first.url === url)?.at ?? 0));

    // Each of theirs is 200. Of 20 samples of [0, 200], once in 2 million times fewer than five are below 150.
    expect(delaysOf(seen.theirs).filter((delay) => delay < 199)).toEqual([]);
    expect(delaysOf(seen.ours).filter((delay) => delay < 150).length).toBeGreaterThanOrEqual(5);
  });

  claim('The backoff is added to what the server says', async () => {
    const seen = await sideBySide(
      once(503, { 'retry-after': '1' }),
      both({ backoffType: 'static', retryDelay: 500 }, { backoff: () => 500 }),
      get,
    );

    expect(gapsOf(seen.theirs)[0]).toBeGreaterThanOrEqual(999);
    expect(gapsOf(seen.theirs)[0]).toBeLessThan(1_450);
    expect(gapsOf(seen.ours)[0]).toBeGreaterThanOrEqual(1_499);
  });

  claim('A Retry-After of 0, in the past or malformed does not end the request', async () => {
    const values = ['0', 'Wed, 21 Oct 2015 07:28:00 GMT', 'soon'];
    for (const value of values) {
      expect(await requestsOf(once(503, { 'retry-after': value }), both(), get)).toEqual({
        theirs: 1,
        ours: 2,
      });
    }
  });

  claim('A Retry-After date is read by the server’s clock', async () => {
    // The server's clock is an hour slow.
    const seen = await sideBySide(
      (_request, response, count) => {
        const now = Date.now() - 3_600_000;
        if (count > 1) return response.end('{"ok":true}');
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

    expect(seen.theirs.error.response.status).toBe(503);
    expect(seen.ours.value).toEqual({ ok: true });
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

  claim('A signal or cancelToken ends a wait at once', async () => {
    const policies = both({ backoffType: 'static', retryDelay: 600 }, { backoff: () => 600 });
    for (const act of [abortedInTheWait, cancelledInTheWait]) {
      const { theirs, ours } = await sideBySide(always(503), policies, act);
      expect(theirs.error.code).toBe('ERR_CANCELED');
      expect(theirs.elapsed).toBeGreaterThanOrEqual(595);
      expect(ours.error.code).toBe('ERR_CANCELED');
      expect(ours.elapsed).toBeLessThan(550);
    }
  });

  claim('There is a limit for the whole request', async () => {
    const seen = await sideBySide(silent, both(), async (client) =>
      client.get('/', { timeout: 200, retryPolicy: { timeBudget: 300 } }),
    );

    expect(seen.theirs.elapsed).toBeGreaterThanOrEqual(790);
    expect(seen.ours.elapsed).toBeLessThan(750);
    expect(retryStateOf(seen.ours.error)?.outcome).toBe('time-budget-exceeded');
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

  claim('isRetryable does not decide about the method', async () => {
    const policies = both({ shouldRetry: () => true }, { isRetryable: () => true });
    expect(await requestsOf(failing(503), policies, post)).toEqual({ theirs: 2, ours: 1 });
  });

  claim('isRetryable may return a promise', async () => {
    const never = async () => false;
    const policies = both({ shouldRetry: never as never }, { isRetryable: never });
    expect(await requestsOf(failing(503), policies, get)).toEqual({ theirs: 2, ours: 1 });
  });

  claim('Methods may be written in any case', async () => {
    const policies = both({ httpMethodsToRetry: ['get'] }, { methods: ['get'] });
    expect(await requestsOf(failing(503), policies, get)).toEqual({ theirs: 1, ours: 2 });
  });

  claim('A misspelt option, or one that makes no sense, throws', async () => {
    const misspelt = { retries: 5 } as rax.RetryConfig;
    expect(await requestsOf(always(503), { theirs: theirs(misspelt), ours: () => {} }, get)).toEqual({
      theirs: 4,
      ours: 1,
    });
    expect(() => attachRetry(axios.create(), { retry: 5 } as RetryPolicy)).toThrow(
      'retryPolicy.retry is not an option; did you mean retryPolicy.maxRetries?',
    );
    expect(() => attachRetry(axios.create(), { maxRetries: '5' as never })).toThrow(TypeError);
  });

  claim('The wait begins when onRetry is done', async () => {
    const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 400));
    const seen = await sideBySide(
      failing(503),
      both({ backoffType: 'static', retryDelay: 400, onError: slow }, { backoff: () => 400, onRetry: slow }),
      get,
    );

    expect(gapsOf(seen.theirs)[0]).toBeLessThan(780);
    expect(gapsOf(seen.ours)[0]).toBeGreaterThanOrEqual(798);
  });

  claim('A callback that takes its time does no harm when the server names too long a wait', async () => {
    const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
    const answer = always(503, { 'retry-after': '3600' });
    const { ours } = await sideBySide(answer, both({}, { onRetry: slow, onGiveUp: slow }), get);
    expect(ours.error.response.status).toBe(503);

    // In a process of its own, because it does not survive.
    const server = await startServer(answer);
    const script = `
      const axios = require('axios');
      require('retry-axios').attach(axios);
      axios.get('${server.url}', { raxConfig: { onError: () => new Promise((resolve) => setTimeout(resolve, 20)) } })
        .catch(() => console.log('caught'));`;
    const exited = await promisify(execFile)(process.execPath, ['-e', script], { cwd: __dirname }).catch(
      (error) => error,
    );
    await server.close();
    expect(exited.code).toBe(1);
    expect(exited.stdout).toBe('');
    expect(exited.stderr).toContain('Request failed with status code 503');
  });

  claim('Detaching ends the waits', async () => {
    const detach = new WeakMap<AxiosInstance, () => void>();
    const seen = await sideBySide(
      always(503),
      {
        theirs: (client) => {
          const id = theirs({ backoffType: 'static', retryDelay: 600 })(client) as number;
          detach.set(client, () => rax.detach(id, client));
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

    claim('A left-over raxConfig does nothing here', async () => {
      const none = (client: AxiosInstance) => client.get('/', { raxConfig: { retry: 0 } });
      expect(await requestsOf(always(503), both(), none)).toEqual({ theirs: 1, ours: 6 });
      expect(warnings).toEqual([expect.stringContaining('does nothing here')]);
    });

    claim('retry-axios and this library on one instance multiply', async () => {
      for (const place of ['before', 'behind'] as const) {
        Reflect.deleteProperty(globalThis, Symbol.for('axios-retry-budget.told'));
        warnings = [];
        const two = withInterceptor(
          { theirs: () => {}, ours: budgeted({ maxRetries: 2 }) },
          (client) => rax.attach(client),
          place,
        );
        const { ours } = await requestsOf(always(503), two, (client) =>
          client.get('/', { raxConfig: { retry: 2, retryDelay: 1 } }),
        );
        expect(ours).toBe(9);
        expect(warnings).toContainEqual(expect.stringContaining('retry-axios is on this instance as well'));
      }
    });
  });

  claim('It is smaller', async () => {
    const theirSize = bundledSize("export { attach } from 'retry-axios'");
    const ourSize = bundledSize("export { attachRetry } from '../../lib'");

    expect(theirSize).toBeLessThan(1_500);
    expect(ourSize / theirSize).toBeGreaterThan(6);
    expect(ourSize / theirSize).toBeLessThan(22);
  });

  claim('It declares no limit on the version of axios', async () => {
    const peers = (file: string) =>
      JSON.parse(readFileSync(path.join(__dirname, file), 'utf8')).peerDependencies.axios;
    expect(peers('node_modules/retry-axios/package.json')).toBe('*');
    expect(peers('../../package.json')).toBe('^1.0.0');
  });

  claim('It has a callback between the wait and the retry', async () => {
    let toldAt = 0;
    const seen = await sideBySide(
      failing(503),
      both({
        backoffType: 'static',
        retryDelay: 200,
        onRetryAttempt: async () => {
          toldAt = performance.now();
        },
      }),
      get,
    );

    expect(toldAt - (seen.theirs.requests[0]?.at ?? 0)).toBeGreaterThanOrEqual(195);
  });

  claim('Its callbacks can change the next attempt’s config', async () => {
    const other = await startServer(failing());
    const change = (error: AxiosError) => {
      if (error.config) error.config.baseURL = other.url;
    };
    const seen = await sideBySide(
      always(503),
      both({ onError: change }, { maxRetries: 2, onRetry: ({ error }) => change(error) }),
      get,
    );
    await other.close();

    expect(seen.theirs.value).toEqual({ ok: true });
    expect(seen.ours.error.response.status).toBe(503);
  });

  claim('It keeps every error whole', async () => {
    const bodies: unknown[] = [];
    const seen = await sideBySide(
      (_request, response, count) => response.writeHead(503).end(`failure ${count}`),
      both({ retry: 1 }, { maxRetries: 1, onRetry: ({ error }) => void bodies.push(error.response?.data) }),
      get,
    );

    expect(rax.getConfig(seen.theirs.error)?.errors?.map(({ response }) => response?.data)).toEqual([
      'failure 1',
      'failure 2',
    ]);
    expect(JSON.stringify(retryStateOf(seen.ours.error))).not.toContain('failure 1');
    expect(bodies).toEqual(['failure 1']);
  });

  claim('It can ignore Retry-After', async () => {
    const seen = await sideBySide(
      once(503, { 'retry-after': '1' }),
      both({ checkRetryAfter: false }, { backoff: () => 0 }),
      get,
    );

    expect(gapsOf(seen.theirs)[0]).toBeLessThan(900);
    expect(gapsOf(seen.ours)[0]).toBeGreaterThanOrEqual(999);
  });

  claim('It takes ranges of statuses', async () => {
    const range = both({ statusCodesToRetry: [[500, 599]] });
    expect((await requestsOf(failing(507), range, get)).theirs).toBe(2);
    expect(() => attachRetry(axios.create(), { statuses: [[500, 599]] as never })).toThrow(RangeError);
  });

  claim('It retries errors that are not axios’ own', async () => {
    const seen = await sideBySide(
      (_request, response, count) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(`{"ok":${count > 1}}`),
      withInterceptor(
        both({}, { isRetryable: () => true }),
        (client) =>
          client.interceptors.response.use((response) => {
            if (response.data.ok) return response;
            throw Object.assign(new Error('not yet'), { config: response.config });
          }),
        'before',
      ),
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

  test('the before and the after of the guide come to the same', async () => {
    jest.spyOn(console, 'warn').mockImplementation();
    for (const block of [1, 2]) {
      const { client } = require(`./blocks/retry-axios-${block}`) as { client: AxiosInstance };
      const server = await startServer(failing(503, 423));
      expect((await client.get('/orders', { baseURL: server.url })).data).toEqual({ ok: true });
      expect(server.requests).toHaveLength(3);
      await server.close();
    }
  });

  test('the policy of the guide that is nearest to theirs', async () => {
    const { attachAsBefore } = require('./blocks/retry-axios-3') as { attachAsBefore: Attach };
    const nearest = { theirs: theirs({ retryDelay: 100 }), ours: attachAsBefore };

    const down = await sideBySide(always(500), nearest, get);
    for (const seen of [down.theirs, down.ours]) {
      expect(seen.requests).toHaveLength(4);
      for (const [index, least] of [50, 150, 350].entries()) {
        expect(gapsOf(seen)[index]).toBeGreaterThanOrEqual(least - 1);
        expect(gapsOf(seen)[index]).toBeLessThan(least + 700);
      }
    }
    expect(await requestsOf(failing(408), nearest, get)).toEqual({ theirs: 1, ours: 1 });
    const timeout = (client: AxiosInstance) => client.get('/', { timeout: 200 });
    expect(await requestsOf(silent, nearest, timeout)).toEqual({ theirs: 4, ours: 4 });
  });
});

/** Fails once, and tells when a request arrives. */
function failingThen(arrived: () => void): ReturnType<typeof failing> {
  const answer = failing(503);
  return (request, response, count) => {
    arrived();
    return answer(request, response, count);
  };
}
