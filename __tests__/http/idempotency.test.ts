import { createServer, type Server } from 'node:http';
import axios, { type AxiosRequestConfig, type InternalAxiosRequestConfig } from 'axios';
import {
  type AttachedRetry,
  attachRetry,
  type RetryPolicy,
  retriesExhausted,
  retryStateOf,
} from '../../lib/index';
import { rejectionOf } from '../support/outcome';
import { type Answer, closedPort, failing, startServer, type TestServer } from '../support/server';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(answer: Answer): Promise<TestServer> {
  const server = await startServer(answer);
  closers.push(server.close);
  return server;
}

function clientOf(url: string, policy: RetryPolicy = {}, config: AxiosRequestConfig = {}) {
  const client = axios.create({ baseURL: url, ...config });
  const retry: AttachedRetry = attachRetry(client, { patience: 0, backoff: { initialDelay: 1 }, ...policy });
  closers.push(async () => retry.detach());
  return client;
}

const keysOf = (server: TestServer, header = 'idempotency-key') =>
  server.requests.map(({ headers }) => headers[header]);

describe('an idempotency key', () => {
  it('makes a POST repeatable: a UUID v4, the same on every attempt, and on the state', async () => {
    const server = await start(failing(503, 503, 503));
    const client = clientOf(server.url);
    const response = await client.post('/', { a: 1 }, { retryPolicy: { idempotencyKey: true } });
    const keys = keysOf(server);
    expect(keys).toHaveLength(4);
    expect(keys[0]).toMatch(UUID_V4);
    expect(new Set(keys).size).toBe(1);
    expect(retryStateOf(response)?.idempotencyKey).toBe(keys[0]);
    expect(server.requests.map(({ body }) => body.toString())).toEqual(Array(4).fill('{"a":1}'));
  });

  it('is a UUID v4 also where there is no global crypto: in Node 18 and React Native', async () => {
    const server = await start(failing(503));
    const client = clientOf(server.url, { idempotencyKey: true });
    const crypto = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
    Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
    try {
      await Promise.all([client.post('/'), client.post('/')]);
    } finally {
      if (crypto) Object.defineProperty(globalThis, 'crypto', crypto);
    }
    const keys = keysOf(server);
    for (const key of keys) expect(key).toMatch(UUID_V4);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(2);
  });

  it('differs between requests, also when they share one config object', async () => {
    const server = await start(failing(503));
    const client = clientOf(server.url);
    const config: AxiosRequestConfig = { retryPolicy: { idempotencyKey: true } };
    await client.post('/', {}, config);
    await client.post('/', {}, config);
    await client.request({ ...config, method: 'post', url: '/' });
    const [first, again, second, third] = keysOf(server);
    expect(again).toBe(first);
    expect(new Set([first, second, third]).size).toBe(3);
    expect(config).toEqual({ retryPolicy: { idempotencyKey: true } });
  });

  it('is made for every method that changes something, and not for a GET', async () => {
    const server = await start(failing());
    const client = clientOf(server.url, { idempotencyKey: true });
    await client.post('/');
    await client.patch('/');
    await client.put('/');
    await client.delete('/');
    await client.get('/');
    expect(keysOf(server).map(Boolean)).toEqual([true, true, true, true, false]);
  });

  it('may be a string or a function of the config, sent as it is (the IETF draft’s quotes included)', async () => {
    const server = await start(failing(503));
    const client = clientOf(server.url);
    await client.post('/', {}, { retryPolicy: { idempotencyKey: '"8e03978e-40d5"' } });
    const makeKey = jest.fn((config: AxiosRequestConfig) => `order-${config.data.id}`);
    await client.post('/', { id: 7 }, { retryPolicy: { idempotencyKey: makeKey } });
    expect(keysOf(server)).toEqual(['"8e03978e-40d5"', '"8e03978e-40d5"', 'order-7']);
    expect(makeKey).toHaveBeenCalledTimes(1);
  });

  it('is asked of the function once, however many attempts there are', async () => {
    const server = await start(failing(503, 503));
    const makeKey = jest.fn(() => `key-${Math.random()}`);
    await clientOf(server.url, { idempotencyKey: makeKey }).post('/');
    expect(makeKey).toHaveBeenCalledTimes(1);
    expect(new Set(keysOf(server)).size).toBe(1);
  });

  it('goes into the header that the policy names', async () => {
    const server = await start(failing(503));
    const client = clientOf(server.url, { idempotencyKey: true, idempotencyKeyHeader: 'X-Request-Key' });
    await client.post('/');
    expect(keysOf(server, 'x-request-key')[1]).toMatch(UUID_V4);
    expect(keysOf(server)).toEqual([undefined, undefined]);
  });

  it('is never put in place of the caller’s own, in any case', async () => {
    const server = await start(failing(503));
    const client = clientOf(server.url, { idempotencyKey: true });
    const response = await client.post('/', {}, { headers: { 'IDEMPOTENCY-KEY': 'mine' } });
    expect(keysOf(server)).toEqual(['mine', 'mine']);
    expect(retryStateOf(response)?.idempotencyKey).toBe('mine');
  });

  it('that the caller set himself makes a POST repeatable without any option', async () => {
    const server = await start(failing(503));
    const response = await clientOf(server.url).post('/', {}, { headers: { 'idempotency-key': 'mine' } });
    expect(keysOf(server)).toEqual(['mine', 'mine']);
    expect(retryStateOf(response)?.idempotencyKey).toBe('mine');
  });

  it('that a request interceptor makes anew on each attempt stays the first attempt’s', async () => {
    const server = await start(failing(503, 503));
    const client = axios.create({ baseURL: server.url });
    let made = 0;
    client.interceptors.request.use((config) => {
      config.headers.set('Idempotency-Key', `key-${++made}`);
      return config;
    });
    attachRetry(client, { patience: 0, backoff: { initialDelay: 1 } });
    await client.post('/');
    expect(made).toBe(3);
    expect(keysOf(server)).toEqual(['key-1', 'key-1', 'key-1']);
  });

  it('stays the same when a token refresher re-sends the failed request', async () => {
    const server = await start((request, response, count) =>
      count === 1 ? failing(401)(request, response, 1) : failing(503)(request, response, count - 1),
    );
    const client = clientOf(server.url, { idempotencyKey: true });
    client.interceptors.response.use(undefined, (error) =>
      error.response?.status === 401 ? client.request(error.config) : Promise.reject(error),
    );
    await client.post('/');
    expect(server.requests).toHaveLength(3);
    expect(new Set(keysOf(server)).size).toBe(1);
  });

  it.each([
    ['an empty string', '', RangeError],
    ['a line break', 'a\r\nX-Admin: true', RangeError],
    ['a trailing space', 'key ', RangeError],
    ['what is not ASCII', 'schlüssel', RangeError],
    ['a number', 7 as never, TypeError],
  ])('is refused before anything is sent if it is or has %s', async (_, key, type) => {
    const server = await start(failing());
    const client = clientOf(server.url);
    const given = await rejectionOf(client.post('/', {}, { retryPolicy: { idempotencyKey: key } }));
    expect(given).toBeInstanceOf(type);
    expect(given.message).toMatch(/^retryPolicy\.idempotencyKey must be .*; got /);
    const returned = await rejectionOf(client.post('/', {}, { retryPolicy: { idempotencyKey: () => key } }));
    expect(returned).toBeInstanceOf(type);
    expect(returned.message).toMatch(/^what retryPolicy\.idempotencyKey returned must be .*; got /);
    expect(server.requests).toHaveLength(0);
  });

  it('whose function throws stops the request before anything is sent', async () => {
    const server = await start(failing());
    const broken = new Error('no key today');
    const policy: RetryPolicy = {
      idempotencyKey: () => {
        throw broken;
      },
    };
    expect(await rejectionOf(clientOf(server.url, policy).post('/'))).toBe(broken);
    expect(server.requests).toHaveLength(0);
  });

  it('leaves a synchronous chain of request interceptors synchronous', async () => {
    const server = await start(failing());
    const client = clientOf(server.url, { idempotencyKey: true });
    const order: string[] = [];
    client.interceptors.request.use(
      (config) => {
        order.push('interceptor');
        return config;
      },
      null,
      { synchronous: true },
    );
    const call = client.post('/');
    order.push('after the call');
    await call;
    expect(order).toEqual(['interceptor', 'after the call']);
  });
});

describe('a POST without a key', () => {
  it('is sent once', async () => {
    const server = await start(failing(503));
    const error = await rejectionOf(clientOf(server.url).post('/', {}));
    expect(retryStateOf(error)?.outcome).toBe('not-idempotent');
    expect(server.requests).toHaveLength(1);
  });

  describe.each(['http', 'fetch'] as const)('over the %s adapter', (adapter) => {
    it('is sent again when the connection was refused: it cannot have been processed', async () => {
      const port = await closedPort();
      let server: TestServer | undefined;
      const open = async () => {
        server ??= await startServer(failing(), port);
      };
      const client = clientOf(`http://127.0.0.1:${port}`, { onRetry: open }, { adapter });
      const response = await client.post('/', { a: 1 });
      closers.push(async () => server?.close());
      expect(response.data).toEqual({ ok: true });
      expect(retryStateOf(response)?.attempts).toBe(2);
      expect(server?.requests).toHaveLength(1);
      expect(server?.requests[0]?.body.toString()).toBe('{"a":1}');
    });

    it('is sent again until it arrives at a port that opens only after the second retry', async () => {
      const port = await closedPort();
      let server: TestServer | undefined;
      const onRetry = async ({ retry }: { retry: number }) => {
        if (retry === 3) server = await startServer(failing(), port);
      };
      const client = clientOf(`http://127.0.0.1:${port}`, { onRetry }, { adapter });
      const response = await client.post('/', { a: 1 });
      closers.push(async () => server?.close());
      expect(response.data).toEqual({ ok: true });
      expect(retryStateOf(response)?.attempts).toBe(4);
      expect(server?.requests.map(({ body }) => body.toString())).toEqual(['{"a":1}']);
    });

    it('is sent again when the name was not resolved', async () => {
      const client = clientOf('http://no-such-host.invalid', { maxRetries: 2 }, { adapter });
      const error = await rejectionOf(client.post('/', {}));
      expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 3 });
    });

    it('is sent once when its answer redirected to a host that is down', async () => {
      const port = await closedPort();
      const server = await start((_request, response) => {
        response.writeHead(303, { location: `http://127.0.0.1:${port}/` });
        response.end();
      });
      const error = await rejectionOf(clientOf(server.url, {}, { adapter }).post('/', {}));
      expect(retryStateOf(error)?.outcome).toBe('not-idempotent');
      expect(server.requests).toHaveLength(1);
    });
  });
});

describe('attemptHeader', () => {
  it('tells the server the number of the attempt', async () => {
    const server = await start(failing(503, 503));
    await clientOf(server.url, { attemptHeader: 'X-Attempt' }).get('/');
    expect(keysOf(server, 'x-attempt')).toEqual(['1', '2', '3']);
  });

  it('is off by default', async () => {
    const server = await start(failing(503));
    await clientOf(server.url).get('/');
    expect(server.requests.map(({ rawHeaders }) => rawHeaders.join())).not.toContain('ttempt');
    expect(server.requests[1]?.rawHeaders).toEqual(server.requests[0]?.rawHeaders);
  });
});

describe('retriesExhausted', () => {
  const failWith = async (answer: Answer, policy: RetryPolicy = {}, method = 'get') => {
    const server = await start(answer);
    return rejectionOf(clientOf(server.url, { maxRetries: 2, ...policy }).request({ method }));
  };
  const down = failing(503, 503, 503);
  const saying = (header: string, value: string): Answer => {
    return (_request, response) => response.writeHead(503, { [header]: value }).end();
  };

  it('is true for a failure that has been retried', async () => {
    const error = await failWith(down);
    expect(retriesExhausted(error)).toBe(true);
    expect(retriesExhausted(retryStateOf(error))).toBe(true);
  });

  it('is true where the server below, or the budget, said that there be no more retries', async () => {
    expect(retriesExhausted(await failWith(saying('x-should-retry', 'false')))).toBe(true);
    expect(retriesExhausted(await failWith(saying('retry-after', '3600')))).toBe(true);
    const budget = { tryAcquire: () => false, recordSuccess() {}, refund() {} };
    expect(retriesExhausted(await failWith(down, { budget }))).toBe(true);
  });

  it('is false for a failure that nobody retried, and for anything else', async () => {
    expect(retriesExhausted(await failWith(failing(404)))).toBe(false);
    expect(retriesExhausted(await failWith(down, {}, 'post'))).toBe(false);
    expect(retriesExhausted(await failWith(down, { maxRetries: 0 }))).toBe(false);
    expect(retriesExhausted(await failWith(down, { timeBudget: 1, backoff: () => 10 }))).toBe(false);
    expect(retriesExhausted(new Error('boom'))).toBe(false);
    expect(retriesExhausted(undefined)).toBe(false);
  });
});

describe('three services in a row, the last one down', () => {
  /** A service that calls the one below, and reports its failure as 502. */
  async function service(below: string, policy: RetryPolicy | false): Promise<Server & { url: string }> {
    const client = axios.create({ baseURL: below });
    closers.push(async () => attachment.detach());
    const attachment = attachRetry(
      client,
      policy && { patience: 0, backoff: { initialDelay: 1 }, maxRetries: 2, ...policy },
    );
    const server = createServer(async (_request, response) => {
      try {
        response.end((await client.get('/')).data);
      } catch (error) {
        response.writeHead(502, retriesExhausted(error) ? { 'x-should-retry': 'false' } : {}).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    return Object.assign(server, { url: `http://127.0.0.1:${(server.address() as { port: number }).port}` });
  }

  it('sends C what one layer alone would send, not the product of all', async () => {
    const c = await start(failing(...Array(100).fill(503)));
    const b = await service(c.url, {});
    const a = await service(b.url, {});
    const error = await rejectionOf(clientOf(a.url, { maxRetries: 2 }).get('/'));
    expect(retryStateOf(error)?.outcome).toBe('server-said-stop');
    expect(c.requests).toHaveLength(3);
  });
});

// Registered before attachRetry, they run after it: axios runs request interceptors in reverse order.
describe('request interceptors that run after ours', () => {
  function clientWith(
    url: string,
    intercept: (config: InternalAxiosRequestConfig) => void,
    policy: RetryPolicy,
  ) {
    const client = axios.create({ baseURL: url });
    client.interceptors.request.use((config) => {
      intercept(config);
      return config;
    });
    attachRetry(client, { patience: 0, backoff: { initialDelay: 1 }, ...policy });
    return client;
  }

  it.each<[string, RetryPolicy]>([
    ['with a policy that wants a key', { idempotencyKey: true }],
    ['without', {}],
  ])('may set a key, which is then the one of all attempts, %s', async (_name, policy) => {
    const server = await start(failing(503, 503));
    let count = 0;
    const client = clientWith(
      server.url,
      (config) => {
        config.headers['idempotency-KEY'] = `key-${++count}`;
      },
      policy,
    );
    const response = await client.post('/', {});
    expect(keysOf(server)).toEqual(['key-1', 'key-1', 'key-1']);
    expect(retryStateOf(response)?.idempotencyKey).toBe('key-1');
  });

  it('cannot lose the key on the way', async () => {
    const server = await start(failing(503));
    const client = clientWith(
      server.url,
      (config) => {
        delete config.headers['Idempotency-Key'];
        config.transformRequest = [(data) => JSON.stringify(data)];
      },
      { idempotencyKey: true },
    );
    const { idempotencyKey } = retryStateOf(await client.post('/', {})) ?? {};
    expect(idempotencyKey).toEqual(expect.any(String));
    expect(keysOf(server)).toEqual([idempotencyKey, idempotencyKey]);
  });

  it('may make a POST of a GET, which is then sent once', async () => {
    const server = await start(failing(503));
    const client = clientWith(
      server.url,
      (config) => {
        config.method = 'post';
      },
      {},
    );
    const error = await rejectionOf(client.get('/'));
    expect(retryStateOf(error)?.outcome).toBe('not-idempotent');
    expect(server.requests.map(({ method }) => method)).toEqual(['POST']);
  });
});
