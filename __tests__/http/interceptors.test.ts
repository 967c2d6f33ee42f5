import { getEventListeners } from 'node:events';
import axios, {
  type AxiosError,
  type AxiosInstance,
  type AxiosRequestConfig,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
} from 'axios';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { failing, servers } from '../support/server';
import { stoppableClock } from '../support/stoppable-clock';

const start = servers();
const { stop, pass, until } = stoppableClock();
const QUICK: RetryPolicy = { backoff: { initialDelay: 1 }, patience: 0 };

/** A client of a server that answers with these statuses, and with 200 thereafter. */
async function clientOf(...statuses: number[]) {
  const server = await start(failing(...statuses));
  return { server, client: axios.create({ baseURL: server.url }) };
}

describe('response interceptors registered after attachRetry', () => {
  test('run once for a request that needs four attempts', async () => {
    const { server, client } = await clientOf(503, 503, 503);
    attachRetry(client, QUICK);
    const seen: number[] = [];
    client.interceptors.response.use(
      (response) => {
        seen.push(response.status);
        return response.data;
      },
      (error) => {
        seen.push(error.response.status);
        throw error;
      },
    );

    expect(await client.get('/')).toEqual({ ok: true });
    expect(seen).toEqual([200]);
    expect(server.requests).toHaveLength(4);
  });

  test('see only the last error when all attempts fail', async () => {
    const { server, client } = await clientOf(503, 502, 504);
    attachRetry(client, { ...QUICK, maxRetries: 2 });
    const seen: unknown[] = [];
    client.interceptors.response.use(undefined, (error) => {
      seen.push(error.response.status);
      throw error;
    });

    const error = await rejectionOf(client.get('/'));

    expect(seen).toEqual([504]);
    expect(error.response.status).toBe(504);
    expect(server.requests).toHaveLength(3);
  });

  test('can turn the last error into a value, as without retries', async () => {
    const { client } = await clientOf(503, 503, 503);
    attachRetry(client, { ...QUICK, maxRetries: 1 });
    client.interceptors.response.use(undefined, () => 'a fallback');

    expect(await client.get('/')).toBe('a fallback');
  });

  test('run in their order, one seeing what the one before returned', async () => {
    const { client } = await clientOf(503);
    attachRetry(client, QUICK);
    client.interceptors.response.use((response) => response.data);
    client.interceptors.response.use((data) => ({ wrapped: data }) as never);

    expect(await client.get('/')).toEqual({ wrapped: { ok: true } });
  });
});

describe('response interceptors registered before attachRetry', () => {
  test('run once for each attempt', async () => {
    const { client } = await clientOf(503, 502);
    const seen: number[] = [];
    client.interceptors.response.use(
      (response) => {
        seen.push(response.status);
        return response;
      },
      (error) => {
        seen.push(error.response.status);
        throw error;
      },
    );
    attachRetry(client, QUICK);

    await client.get('/');

    expect(seen).toEqual([503, 502, 200]);
  });

  test('may strip the response to its data', async () => {
    const { server, client } = await clientOf(503, 502);
    client.interceptors.response.use((response) => response.data);
    attachRetry(client, QUICK);

    expect(await client.get('/')).toEqual({ ok: true });
    expect(server.requests).toHaveLength(3);
  });

  test('may strip the response to its data when the first attempt succeeds', async () => {
    const { server, client } = await clientOf();
    client.interceptors.response.use((response) => response.data);
    attachRetry(client, QUICK);

    expect(await client.get('/')).toEqual({ ok: true });
    expect(server.requests).toHaveLength(1);
  });

  test('may throw an error of their own, and the answer itself decides whether it is retried', async () => {
    const { server, client } = await clientOf(503, 502, 409, 503);
    class Mapped extends Error {}
    let runs = 0;
    client.interceptors.response.use(undefined, (error) => {
      runs++;
      throw new Mapped(`status ${error.response.status}`);
    });
    attachRetry(client, QUICK);

    const error = await rejectionOf(client.get('/'));

    expect(error).toBeInstanceOf(Mapped);
    expect(error.message).toBe('status 409');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-retryable', attempts: 3 });
    expect(runs).toBe(3);
    expect(server.requests).toHaveLength(3);
  });

  test('may add to the error, which is then retried', async () => {
    const { server, client } = await clientOf(503, 503);
    client.interceptors.response.use(undefined, (error) => {
      error.message = `seen: ${error.message}`;
      throw error;
    });
    attachRetry(client, { ...QUICK, maxRetries: 1 });

    const error = await rejectionOf(client.get('/'));

    expect(error.message).toBe('seen: Request failed with status code 503');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 2 });
    expect(server.requests).toHaveLength(2);
  });

  test('may turn a failure into a value, which is then not retried', async () => {
    const { server, client } = await clientOf(503);
    client.interceptors.response.use(undefined, (error) => error.response);
    attachRetry(client, QUICK);

    expect(await client.get('/')).toMatchObject({ status: 503 });
    expect(server.requests).toHaveLength(1);
  });

  test('may turn a success into a failure, which is then judged like any other', async () => {
    const server = await start((_request, response, count) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ready: count === 3 }));
    });
    const client = axios.create({ baseURL: server.url });
    client.interceptors.response.use((response) => {
      if (response.data.ready) return response;
      const { config, request } = response;
      throw new axios.AxiosError('not ready', 'NOT_READY', config, request, response);
    });
    attachRetry(client, { ...QUICK, isRetryable: (error) => error.code === 'NOT_READY' || undefined });

    const response = await client.get('/');

    expect(response.data).toEqual({ ready: true });
    expect(retryStateOf(response)).toMatchObject({ attempts: 3, outcome: 'succeeded' });
  });
});

/** Re-sends with a fresh token what was refused for want of one. Counts its refreshes. */
function refreshTokens(client: AxiosInstance, token: { value: string }) {
  const refresher = { refreshes: 0 };
  client.interceptors.request.use((config) => {
    config.headers.set('Authorization', `Bearer ${token.value}`);
    return config;
  });
  client.interceptors.response.use(undefined, async (error: AxiosError) => {
    if (error.response?.status !== 401 || !error.config) throw error;
    refresher.refreshes++;
    token.value = 'fresh';
    return client.request(error.config);
  });
  return refresher;
}

/** Answers 401 to a stale token; otherwise fails with these statuses, one after the other, then answers 200. */
function startGuarded(...statuses: number[]) {
  return start(({ headers }, response) => {
    const status = headers.authorization === 'Bearer fresh' ? (statuses.shift() ?? 200) : 401;
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"ok":true}');
  });
}

describe.each(['before', 'after'])('a token refresher registered %s attachRetry', (position) => {
  async function guarded(policy: RetryPolicy, ...statuses: number[]) {
    const server = await startGuarded(...statuses);
    const client = axios.create({ baseURL: server.url });
    if (position === 'after') attachRetry(client, { ...QUICK, ...policy });
    const refresher = refreshTokens(client, { value: 'stale' });
    if (position === 'before') attachRetry(client, { ...QUICK, ...policy });
    const statusesSent = () => server.requests.map(({ headers }) => headers.authorization?.slice(7));
    return { server, client, refresher, statusesSent };
  }

  test('refreshes once, and the re-sent request is retried', async () => {
    const { client, refresher, statusesSent } = await guarded({}, 503, 503);

    const response = await client.put('/', { a: 1 });

    expect(response.data).toEqual({ ok: true });
    expect(refresher.refreshes).toBe(1);
    expect(statusesSent()).toEqual(['stale', 'fresh', 'fresh', 'fresh']);
    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded' });
  });

  test('sends the same body each time', async () => {
    const { client, server } = await guarded({}, 503, 503);

    await client.put('/', { a: 1 });

    expect(server.requests.map(({ body, headers }) => [body.toString(), headers['content-type']])).toEqual(
      Array(4).fill(['{"a":1}', 'application/json']),
    );
  });

  test('makes no more retries than maxRetries', async () => {
    const { client, statusesSent } = await guarded({ maxRetries: 2 }, ...Array(20).fill(503));

    const error = await rejectionOf(client.get('/'));

    expect(error.response.status).toBe(503);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', retries: 2 });
    expect(statusesSent()).toEqual(['stale', 'fresh', 'fresh', 'fresh']);
  });

  test('works under a time budget', async () => {
    const { client, refresher, statusesSent } = await guarded({ timeBudget: 60_000 }, 503);

    const response = await client.get('/');

    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded' });
    expect(response.config.signal).toBeUndefined();
    expect(response.config.timeout).toBe(0);
    expect(refresher.refreshes).toBe(1);
    expect(statusesSent()).toEqual(['stale', 'fresh', 'fresh']);
  });

  test('leaves nothing of the time budget behind when the re-sent request succeeds', async () => {
    const { client, statusesSent } = await guarded({ timeBudget: 60_000 });
    const { signal } = new AbortController();

    const response = await client.get('/', { signal, timeout: 40_000 });

    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded' });
    expect(response.config.signal).toBe(signal);
    expect(response.config.timeout).toBe(40_000);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(statusesSent()).toEqual(['stale', 'fresh']);
  });

  test('is ended by the time budget when the re-sent request hangs', async () => {
    const server = await start(({ headers }, response) => {
      if (headers.authorization !== 'Bearer fresh') response.writeHead(401).end();
    });
    const client = axios.create({ baseURL: server.url });
    stop();
    if (position === 'after') attachRetry(client, { ...QUICK, timeBudget: 30_000 });
    refreshTokens(client, { value: 'stale' });
    if (position === 'before') attachRetry(client, { ...QUICK, timeBudget: 30_000 });

    const call = rejectionOf(client.get('/'));
    await until(() => server.requests.length >= 2);
    await pass(30_000);
    const error = await call;

    expect(error.code).toBe('ETIMEDOUT');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'time-budget-exceeded' });
    expect(server.requests).toHaveLength(2);
  });

  test('also works when the token goes stale between two attempts', async () => {
    const token = { value: 'fresh' };
    const server = await start(({ headers }, response, count) => {
      const known = headers.authorization === 'Bearer fresh' && count !== 2;
      const status = known ? (count === 1 ? 503 : 200) : 401;
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"ok":true}');
    });
    const client = axios.create({ baseURL: server.url });
    if (position === 'after') attachRetry(client, QUICK);
    const refresher = refreshTokens(client, token);
    if (position === 'before') attachRetry(client, QUICK);

    expect((await client.get('/')).data).toEqual({ ok: true });
    expect(refresher.refreshes).toBe(1);
    expect(server.requests).toHaveLength(3);
  });

  test('may give up itself', async () => {
    const server = await start((_request, response) => response.writeHead(401).end());
    const client = axios.create({ baseURL: server.url });
    if (position === 'after') attachRetry(client, QUICK);
    client.interceptors.response.use(undefined, (error: AxiosError) => {
      throw Object.assign(error, { message: 'logged out' });
    });
    if (position === 'before') attachRetry(client, QUICK);

    const error = await rejectionOf(client.get('/'));

    expect(error.message).toBe('logged out');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-retryable', attempts: 1 });
    expect(server.requests).toHaveLength(1);
  });
});

test('re-sending the config of an error that was given up on is a new logical request', async () => {
  const { server, client } = await clientOf(503, 503, 503);
  attachRetry(client, { ...QUICK, maxRetries: 1, timeBudget: 60_000 });
  const { signal } = new AbortController();

  const error = await rejectionOf(client.put('/', { a: 1 }, { signal, timeout: 30_000 }));
  expect(error.config.signal).toBe(signal);
  expect(error.config.timeout).toBe(30_000);
  const response = await client.request(error.config);

  expect(response.config.signal).toBe(signal);
  expect(response.config.timeout).toBe(30_000);
  expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 2 });
  expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 2 });
  expect(server.requests.map(({ body }) => body.toString())).toEqual(Array(4).fill('{"a":1}'));
});

test('re-sending the config of a response is a new logical request', async () => {
  const { server, client } = await clientOf(503, 200, 503);
  attachRetry(client, { ...QUICK, timeBudget: 60_000 });

  const first = await client.get('/');
  const second = await client.request(first.config);

  expect(retryStateOf(second)).not.toBe(retryStateOf(first));
  expect(retryStateOf(first)).toMatchObject({ outcome: 'succeeded', attempts: 2 });
  expect(retryStateOf(second)).toMatchObject({ outcome: 'succeeded', attempts: 2 });
  expect(server.requests).toHaveLength(4);
});

test('re-sending the config through a client without retries is not retried', async () => {
  const { server, client } = await clientOf(503, 503, 503);
  attachRetry(client, { ...QUICK, maxRetries: 1 });

  const error = await rejectionOf(client.get('/'));
  const again = await rejectionOf(axios.create().request(error.config));

  expect(again.response.status).toBe(503);
  expect(server.requests).toHaveLength(3);
});

describe('request interceptors', () => {
  test.each([
    ['before', 'each attempt', 3],
    ['after', 'each call', 1],
  ])(
    'registered %s attachRetry run once for %s, on what the caller asked for',
    async (position, _each, times) => {
      const { server, client } = await clientOf(503, 503);
      if (position === 'after') attachRetry(client, QUICK);
      let runs = 0;
      client.interceptors.request.use((config) => {
        runs++;
        config.url = `/prefix${config.url}`;
        return config;
      });
      if (position === 'before') attachRetry(client, QUICK);

      await client.get('/a');

      expect(runs).toBe(times);
      expect(server.requests.map(({ url }) => url)).toEqual(Array(3).fill('/prefix/a'));
    },
  );

  test.each(
    ['before', 'after'].flatMap((position) =>
      [true, false].map((synchronous) => ({ position, synchronous })),
    ),
  )(
    'that change headers, params, data and transforms in place ($position attachRetry, synchronous: $synchronous) leave nothing to the next attempt',
    async ({ position, synchronous }) => {
      const { server, client } = await clientOf(503, 503);
      if (position === 'after') attachRetry(client, QUICK);
      client.interceptors.request.use(
        (config) => {
          config.headers.set('X-Count', `${config.headers.get('X-Count') ?? ''}i`);
          config.headers.delete('X-Deleted');
          config.params.count += 'i';
          config.params.deep.count += 'i';
          config.params.list.push('i');
          config.data.count += 'i';
          config.data.deep.count += 'i';
          config.data.list.push('i');
          (config.transformRequest as unknown[]).push((body: string) => `${body}i`);
          return config;
        },
        undefined,
        { synchronous },
      );
      if (position === 'before') attachRetry(client, QUICK);

      await client.put(
        '/',
        { count: '', deep: { count: '' }, list: [] },
        { headers: { 'X-Deleted': '1' }, params: { count: '', deep: { count: '' }, list: [] } },
      );

      const seen = server.requests.map(({ url, headers, body }) => ({
        url: decodeURIComponent(url),
        count: headers['x-count'],
        deleted: headers['x-deleted'],
        body: body.toString(),
      }));
      expect(seen).toEqual(
        Array(3).fill({
          url: '/?count=i&deep[count]=i&list[]=i',
          count: 'i',
          deleted: undefined,
          body: '{"count":"i","deep":{"count":"i"},"list":["i"]}i',
        }),
      );
    },
  );

  const MUTABLE: Record<string, [() => AxiosRequestConfig, (config: InternalAxiosRequestConfig) => void]> = {
    'params as URLSearchParams': [
      () => ({ params: new URLSearchParams('a=1') }),
      ({ params }) => params.append('b', '2'),
    ],
    'a body of URLSearchParams': [
      () => ({ data: new URLSearchParams('a=1') }),
      ({ data }) => data.append('b', '2'),
    ],
    'a body of FormData': [
      () => {
        const data = new FormData();
        data.append('a', '1');
        return { data };
      },
      ({ data }) => data.append('b', '2'),
    ],
  };

  test.each(Object.entries(MUTABLE))(
    'that change %s in place leave nothing to the next attempt',
    async (_name, [configOf, change]) => {
      const { server, client } = await clientOf(503, 503);
      client.interceptors.request.use((config) => {
        change(config);
        return config;
      });
      attachRetry(client, QUICK);

      await client.request({ url: '/', method: 'put', ...configOf() });

      const sizes = server.requests.map(({ url, body }) => url.length + body.length);
      expect(sizes).toEqual(Array(3).fill(sizes[0]));
    },
  );

  test('give every attempt a fresh signature', async () => {
    const { server, client } = await clientOf(503, 503);
    let serial = 0;
    client.interceptors.request.use(async (config) => {
      await Promise.resolve();
      config.headers.set('X-Signature', `${++serial}:${JSON.stringify(config.data)}`);
      return config;
    });
    attachRetry(client, QUICK);

    await client.put('/', { a: 1 });

    expect(server.requests.map(({ headers }) => headers['x-signature'])).toEqual([
      '1:{"a":1}',
      '2:{"a":1}',
      '3:{"a":1}',
    ]);
  });

  test('may return a new config', async () => {
    const { server, client } = await clientOf(503, 503);
    attachRetry(client, QUICK);
    client.interceptors.request.use((config) => ({ ...config, url: `/new${config.url}` }));

    const response = await client.get('/a');

    expect(server.requests.map(({ url }) => url)).toEqual(Array(3).fill('/new/a'));
    expect(retryStateOf(response)).toMatchObject({ attempts: 3, outcome: 'succeeded' });
  });

  test('that throw end the request with their own error, nothing sent and nothing retried', async () => {
    const { server, client } = await clientOf();
    attachRetry(client, QUICK);
    client.interceptors.request.use(() => {
      throw new Error('no token');
    });

    expect(await rejectionOf(client.get('/'))).toMatchObject({ message: 'no token' });
    expect(server.requests).toHaveLength(0);
  });

  test('that throw before a retry end the request with their own error', async () => {
    const { server, client } = await clientOf(503, 503);
    let runs = 0;
    client.interceptors.request.use((config) => {
      if (++runs === 2) throw new Error('no token');
      return config;
    });
    attachRetry(client, QUICK);
    const giveUps: unknown[] = [];

    const error = await rejectionOf(
      client.get('/', { retryPolicy: { onGiveUp: ({ reason }) => void giveUps.push(reason) } }),
    );

    expect(error).toMatchObject({ message: 'no token' });
    expect(giveUps).toEqual(['not-retryable']);
    expect(server.requests).toHaveLength(1);
  });

  test('that make a request of their own with the same client disturb nothing', async () => {
    const server = await start(({ url }, response) => {
      const failed = server.requests.filter((request) => request.url === url).length < 3;
      response.writeHead(failed ? 503 : 200).end(url);
    });
    const client = axios.create({ baseURL: server.url });
    client.interceptors.request.use(async (config) => {
      if (config.url === '/token') return config;
      const { data } = await client.get('/token');
      config.headers.set('X-Token', data);
      return config;
    });
    attachRetry(client, QUICK);
    const seen: string[] = [];
    client.interceptors.response.use((response) => {
      seen.push(response.data);
      return response;
    });

    const response = await client.get('/data');

    expect(response.data).toBe('/data');
    expect(retryStateOf(response)).toMatchObject({ attempts: 3 });
    expect(
      server.requests.filter(({ url }) => url === '/data').map(({ headers }) => headers['x-token']),
    ).toEqual(Array(3).fill('/token'));
    // Three tokens were asked for, one for each attempt, and one response came of it all.
    expect(seen).toEqual(['/token', '/token', '/token', '/data']);
  });
});

test('concurrent requests of one client keep to themselves', async () => {
  const failures: Record<string, number> = { '/0': 0, '/1': 1, '/2': 2, '/3': 3, '/4': 4 };
  const server = await start(({ url }, response) => {
    const left = failures[url] ?? 0;
    failures[url] = left - 1;
    response.writeHead(left > 0 ? 503 : 200).end(url);
  });
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, QUICK);
  const after: string[] = [];
  client.interceptors.response.use((response) => {
    after.push(response.data);
    return response;
  });

  const responses = await Promise.all(Object.keys(failures).map((url) => client.get(url)));

  expect(responses.map((response) => [response.data, retryStateOf(response)?.retries])).toEqual([
    ['/0', 0],
    ['/1', 1],
    ['/2', 2],
    ['/3', 3],
    ['/4', 4],
  ]);
  expect(after.sort()).toEqual(['/0', '/1', '/2', '/3', '/4']);
});

test('two requests that share one config object do not share their state', async () => {
  const { server, client } = await clientOf(503, 503, 503);
  attachRetry(client, QUICK);
  const config = { method: 'get', url: '/', params: { a: 1 } };
  const before = structuredClone(config);

  const [first, second] = (await Promise.all([client.request(config), client.request(config)])) as [
    AxiosResponse,
    AxiosResponse,
  ];

  expect(retryStateOf(first)).not.toBe(retryStateOf(second));
  expect((retryStateOf(first)?.retries ?? 0) + (retryStateOf(second)?.retries ?? 0)).toBe(3);
  expect(server.requests).toHaveLength(5);
  expect(config).toEqual(before);
});
