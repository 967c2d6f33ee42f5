/** Interceptors in pairs: registered before attachRetry inside, once per attempt; registered after it outside, once per call. */
import axios, { AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { rawServers } from '../support/raw-server';
import { failing, servers } from '../support/server';
import { stoppableClock } from '../support/stoppable-clock';

const start = servers();
const { stop, pass, until, settling } = stoppableClock();
const startRaw = rawServers();
const QUICK: RetryPolicy = { backoff: () => 0, patience: 0 };
const POSITIONS = ['before', 'after'] as const;

/** A client with these interceptors, registered before or after attachRetry. */
function clientWith(
  url: string,
  position: (typeof POSITIONS)[number],
  register: (client: AxiosInstance) => void,
  policy: RetryPolicy = {},
) {
  const client = axios.create({ baseURL: url });
  if (position === 'before') register(client);
  attachRetry(client, { ...QUICK, ...policy });
  if (position === 'after') register(client);
  return client;
}

/** Logs what each part of a pair is called for. */
function logging(log: string[], name: string) {
  return (client: AxiosInstance) => {
    client.interceptors.request.use((config) => {
      log.push(`${name} request`);
      return config;
    });
    client.interceptors.response.use(
      (response) => {
        log.push(`${name} ${response.status}`);
        return response;
      },
      (error) => {
        log.push(`${name} ${error.response.status}`);
        throw error;
      },
    );
  };
}

/** As lodash has it: instances of classes are cloned as well, but for what is private in them. */
function cloneDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneDeep) as T;
  const clone = Object.create(Object.getPrototypeOf(value));
  for (const [key, field] of Object.entries(value)) clone[key] = cloneDeep(field);
  return clone;
}

describe('a pair of interceptors', () => {
  test('that comes or goes between two calls is there or not in the next', async () => {
    const server = await start(failing());
    const log: string[] = [];
    const client = clientWith(server.url, 'after', logging(log, 'first'));
    await client.get('/');
    // As many as before.
    client.interceptors.request.eject(1);
    client.interceptors.response.eject(1);
    logging(log, 'second')(client);
    await client.get('/');
    logging(log, 'third')(client);
    await client.get('/');
    expect(log).toEqual([
      ...['first request', 'first 200'],
      ...['second request', 'second 200'],
      ...['third request', 'second request', 'second 200', 'third 200'],
    ]);
  });

  test('runs once per attempt inside, and once per call outside', async () => {
    const server = await start(failing(503, 502));
    const log: string[] = [];
    const client = axios.create({ baseURL: server.url });
    logging(log, 'inside')(client);
    attachRetry(client, QUICK);
    logging(log, 'outside')(client);

    await client.get('/');

    const attempt = (status: number) => ['inside request', `inside ${status}`];
    expect(log).toEqual([
      'outside request',
      ...attempt(503),
      ...attempt(502),
      ...attempt(200),
      'outside 200',
    ]);
  });

  test('stays a pair where axios runs request interceptors in the order of their registration', async () => {
    const server = await start(failing(503));
    const log: string[] = [];
    const client = axios.create({
      baseURL: server.url,
      transitional: { legacyInterceptorReqResOrdering: false } as object,
    });
    for (const name of ['inside 1', 'inside 2']) logging(log, name)(client);
    attachRetry(client, QUICK);
    for (const name of ['outside 1', 'outside 2']) logging(log, name)(client);

    await client.get('/');

    expect(log.filter((line) => line.endsWith('request'))).toEqual([
      'outside 1 request',
      'outside 2 request',
      'inside 1 request',
      'inside 2 request',
      'inside 1 request',
      'inside 2 request',
    ]);
  });

  test.each(POSITIONS)(
    'that counts pending requests ends at 0, registered %s attachRetry',
    async (position) => {
      const server = await start(failing(503, 503));
      let pending = 0;
      const down = () => {
        pending--;
      };
      const client = clientWith(server.url, position, ({ interceptors }) => {
        interceptors.request.use((config) => {
          pending++;
          return config;
        });
        interceptors.response.use(
          (response) => {
            down();
            return response;
          },
          (error) => {
            down();
            throw error;
          },
        );
      });

      await client.get('/');

      expect(pending).toBe(0);
      expect(server.requests).toHaveLength(3);
    },
  );
});

describe('what an inside interceptor makes of an answer', () => {
  class Mapped extends Error {}
  const mapping = ({ interceptors }: AxiosInstance) => {
    interceptors.response.use(undefined, (error) => {
      throw new Mapped(`mapped ${error.response?.status ?? error.code}`);
    });
  };

  test('may be an error without a config: retried, and the caller gets the last one', async () => {
    const server = await start(failing(503, 502, 503));
    const client = clientWith(server.url, 'before', mapping, { maxRetries: 2 });

    const error = await rejectionOf(client.get('/'));

    expect(error).toBeInstanceOf(Mapped);
    expect(error.message).toBe('mapped 503');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 3 });
    expect(retryStateOf(error)?.failures.map(({ status }) => status)).toEqual([503, 502, 503]);
    expect(server.requests).toHaveLength(3);
  });

  test('may be a translated message: timeouts are retried', async () => {
    const server = await start((_request, response, count) => {
      if (count > 2) response.end('{}');
    });
    const client = clientWith(server.url, 'before', ({ interceptors }) => {
      interceptors.response.use(undefined, (error) => {
        error.message = 'Zeitüberschreitung';
        error.code = 'ERR_TRANSLATED';
        throw error;
      });
    });

    stop();
    const call = client.get('/', { timeout: 30_000 });
    for (const attempt of [1, 2]) {
      await until(() => server.requests.length >= attempt);
      await pass(30_000);
    }

    expect((await settling(call)).status).toBe(200);
    expect(server.requests).toHaveLength(3);
  });

  test('may be a translated message: cut bodies are retried', async () => {
    let sent = 0;
    const server = await startRaw((socket) => {
      const body = ++sent < 3 ? '{"half":' : '{"a":1}\r\n   ';
      socket.end(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n${body}`);
    });
    const client = clientWith(server.url, 'before', ({ interceptors }) => {
      interceptors.response.use(undefined, (error) => {
        error.message = '通信が切断されました';
        throw error;
      });
    });

    expect((await client.get('/')).data).toEqual({ a: 1 });
    expect(sent).toBe(3);
  });

  test('may be the cancelling of its own finished request: the answer came first, and counts', async () => {
    const server = await start(failing(503, 503, 503));
    const pending = new Map<string, (message: string) => void>();
    const client = clientWith(
      server.url,
      'before',
      ({ interceptors }) => {
        interceptors.request.use((config) => {
          config.cancelToken = new axios.CancelToken((cancel) => pending.set(String(config.url), cancel));
          return config;
        });
        interceptors.response.use(undefined, (error) => {
          pending.get(error.config.url)?.('done');
          throw error;
        });
      },
      { maxRetries: 2 },
    );

    const error = await rejectionOf(client.get('/'));

    expect(error.response?.status).toBe(503);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 3 });
  });
});

describe('what an inside interceptor makes of the config', () => {
  test.each(POSITIONS)('may be a deep clone, registered %s attachRetry', async (position) => {
    const server = await start(failing(503, 503));
    const client = clientWith(server.url, position, ({ interceptors }) => {
      interceptors.request.use((config) => {
        return cloneDeep(config);
      });
    });

    const response = await client.get('/');

    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(server.requests).toHaveLength(3);
  });

  test.each(POSITIONS)('may be frozen, registered %s attachRetry', async (position) => {
    const server = await start(failing(503));
    const client = clientWith(
      server.url,
      position,
      ({ interceptors }) => {
        interceptors.request.use((config) => Object.freeze({ ...config }) as InternalAxiosRequestConfig);
      },
      { timeBudget: 10_000, idempotencyKey: true },
    );

    expect(retryStateOf(await client.put('/', { a: 1 }))).toMatchObject({ attempts: 2 });
    expect(server.requests.map(({ body }) => body.toString())).toEqual(['{"a":1}', '{"a":1}']);
  });

  test('a signal that it puts on an attempt ends with that attempt', async () => {
    const server = await start(failing(503));
    const aborts: AbortController[] = [];
    const client = clientWith(
      server.url,
      'before',
      ({ interceptors }) => {
        interceptors.request.use((config) => {
          const controller = new AbortController();
          aborts.push(controller);
          config.signal = controller.signal;
          return config;
        });
      },
      // The first attempt's signal fires in the wait: that attempt is long over.
      { backoff: () => 5, onRetry: () => aborts[0]?.abort() },
    );

    expect(retryStateOf(await client.get('/'))).toMatchObject({ outcome: 'succeeded', attempts: 2 });
  });

  test('a transform of its own leaves the time budget hard', async () => {
    const server = await start(() => {});
    const client = clientWith(
      server.url,
      'before',
      ({ interceptors }) => {
        interceptors.request.use((config) => {
          config.transformRequest = [(data) => data];
          return config;
        });
      },
      { timeBudget: 30_000 },
    );

    stop();
    const call = rejectionOf(client.get('/', { timeout: 60_000 }));
    await until(() => server.requests.length >= 1);
    await pass(30_000);
    const error = await call;

    expect(error.code).toBe('ETIMEDOUT');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'time-budget-exceeded', attempts: 1 });
  });
});

describe('a chain that is not bound to the attached instance is left alone', () => {
  /** Two services; the retries of one must never go to the other, nor carry its credentials. */
  async function twoServices() {
    const server = await start(failing(503, 503, 503));
    const first = axios.create({ baseURL: 'http://127.0.0.1:9', headers: { Authorization: 'Bearer first' } });
    attachRetry(first, QUICK);
    return { server, first };
  }

  test('where somebody copied our handlers to another instance', async () => {
    const { server, first } = await twoServices();
    const second = axios.create({ baseURL: server.url });
    for (const side of ['request', 'response'] as const) {
      const [from, to] = [first, second].map(
        (client) => client.interceptors[side] as unknown as { handlers: unknown[] },
      );
      if (from && to) to.handlers = [...from.handlers];
    }

    const error = await rejectionOf(second.get('/'));

    expect(error.response.status).toBe(503);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test('where two instances share their managers', async () => {
    const { server, first } = await twoServices();
    const second = new axios.Axios({ ...axios.defaults, baseURL: server.url, headers: {} } as never);
    second.interceptors = first.interceptors;

    const error = await rejectionOf(second.get('/'));

    expect(error.response.status).toBe(503);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(retryStateOf(error)).toBeUndefined();
  });
});

describe('an instance', () => {
  test('may be axios itself', async () => {
    const server = await start(failing(503, 503));
    const retry = attachRetry(axios, QUICK);
    try {
      expect(retryStateOf(await axios.get(server.url))).toMatchObject({ attempts: 3 });
      expect(retryStateOf(await axios(server.url))).toMatchObject({ attempts: 1 });
      expect(retryStateOf(await axios.create().get(server.url))).toBeUndefined();
    } finally {
      retry.detach();
    }
    expect(axios.defaults).not.toHaveProperty('retryState');
  });

  test('made from an attached one has no retries, and may have its own', async () => {
    const server = await start(failing(503, 503, 503));
    const parent = axios.create({ baseURL: server.url });
    attachRetry(parent, QUICK);
    const child = (parent as unknown as { create(config: object): AxiosInstance }).create({});

    expect((await rejectionOf(child.get('/'))).response.status).toBe(503);
    attachRetry(child, QUICK);
    expect(retryStateOf(await child.get('/'))).toMatchObject({ attempts: 3 });
    expect(retryStateOf(await parent.get('/'))).toMatchObject({ attempts: 1 });
  });

  test('whose request was patched to unwrap answers a retried get as one that was not', async () => {
    const server = await start(failing(503));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);
    let outside = 0;
    client.interceptors.response.use((response) => {
      outside++;
      return response;
    });
    const request = client.request.bind(client);
    client.request = (async (config: object) => (await request(config)).data) as never;

    expect((await client.get('/')).data).toEqual({ ok: true });
    expect(await client.request({ url: '/' })).toEqual({ ok: true });
    expect(outside).toBe(2);
  });

  test('whose defaults were given to another instance is known all the same', async () => {
    const server = await start(failing(503, 200, 503));
    const first = axios.create({ baseURL: server.url });
    attachRetry(first, QUICK);
    const second = axios.create();
    attachRetry(second, QUICK);
    Object.assign(second.defaults, first.defaults);

    expect(retryStateOf(await second.get('/'))).toMatchObject({ attempts: 2 });
    expect(retryStateOf(await second.get('/'))).toMatchObject({ attempts: 2 });
  });

  test('whose response interceptors were cleared says so on the state', async () => {
    const server = await start(failing(503));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);
    client.interceptors.response.clear();

    const error = await rejectionOf(client.get('/'));

    expect(retryStateOf(error)).toMatchObject({ outcome: 'detached', attempts: 1 });
    expect(server.requests).toHaveLength(1);
  });

  test('whose interceptors were cleared while a retry waits ends it with its last error', async () => {
    const server = await start(failing(503, 503));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, { ...QUICK, isRetryable: () => void client.interceptors.request.clear() });

    const error = await rejectionOf(client.get('/'));

    expect(error.response.status).toBe(503);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'detached' });
    expect(server.requests).toHaveLength(1);
  });
});

test.each<[string, object]>([
  ['a response', { response: { status: 503, headers: {} } }],
  ['a code', { code: 'ECONNRESET' }],
])('an error of a mock that is no AxiosError is retried for its %s', async (_what, fields) => {
  let sent = 0;
  const client = axios.create({
    adapter: (config) => {
      if (++sent < 3)
        return Promise.reject(Object.assign(new Error('mocked'), { config, request: {} }, fields));
      return Promise.resolve({ status: 200, statusText: 'OK', data: {}, headers: {}, config });
    },
  });
  attachRetry(client, QUICK);

  expect(retryStateOf(await client.get('/'))).toMatchObject({ outcome: 'succeeded', attempts: 3 });
});

test('an error that an inside interceptor makes of a good answer is judged by itself', async () => {
  const server = await start(failing());
  const client = clientWith(server.url, 'before', ({ interceptors }) => {
    let seen = 0;
    interceptors.response.use((response) => {
      if (++seen > 2) return response;
      throw new AxiosError('cut', 'ECONNRESET', response.config, response.request);
    });
  });

  expect(retryStateOf(await client.get('/'))).toMatchObject({ outcome: 'succeeded', attempts: 3 });
});
