import { getEventListeners, once, setMaxListeners } from 'node:events';
import http from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import axios, { type AxiosInstance, type AxiosRequestConfig } from 'axios';
import { attachRetry, RetryBudget, type RetryPolicy } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { failing, type ReceivedRequest, servers } from '../support/server';
import { type Measurement, soak } from '../support/soak';

const start = servers();
const QUICK: RetryPolicy = { backoff: { initialDelay: 1 }, patience: 0 };

const agents: http.Agent[] = [];
afterEach(() => {
  for (const agent of agents.splice(0)) agent.destroy();
});

/** An agent that keeps its one connection, and has everything else wait for it. */
function oneSocket(): http.Agent {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(agent);
  return agent;
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** A server whose first answers are failures with a body that never ends. */
function startUnending(failures: number) {
  return start((_request, response, count) => {
    response.writeHead(count <= failures ? 503 : 200);
    response.write(`answer ${count}`);
    if (count > failures) response.end();
  });
}

describe('a failed attempt lets go of its connection', () => {
  test('with responseType stream and an agent of one socket, retries do not starve', async () => {
    const server = await startUnending(3);
    const client = axios.create({ baseURL: server.url, httpAgent: oneSocket() });
    attachRetry(client, QUICK);

    const { data } = await client.get('/', { responseType: 'stream' });

    expect(await textOf(data)).toBe('answer 4');
    expect(server.requests).toHaveLength(4);
  });

  test('neither do other requests that wait for the same socket', async () => {
    const server = await startUnending(5);
    const client = axios.create({ baseURL: server.url, httpAgent: oneSocket(), responseType: 'stream' });
    attachRetry(client, QUICK);

    const texts = await Promise.all(
      Array.from({ length: 5 }, async () => textOf((await client.get('/')).data)),
    );

    expect(texts).toHaveLength(5);
    expect(server.requests).toHaveLength(10);
  });

  test('neither do they while a retry waits', async () => {
    const server = await startUnending(1);
    const client = axios.create({ baseURL: server.url, httpAgent: oneSocket(), responseType: 'stream' });
    const controller = new AbortController();
    const retrying = new Promise<void>((resolve) => {
      attachRetry(client, {
        backoff: () => 60_000,
        onRetry: () => setImmediate(resolve) as unknown as undefined,
      });
    });

    const waiting = client.get('/', { signal: controller.signal });
    await retrying;
    expect(await textOf((await client.get('/')).data)).toBe('answer 2');

    controller.abort();
    expect(axios.isCancel(await rejectionOf(waiting))).toBe(true);
  });

  test.each(['json', 'text', 'arraybuffer'] as const)(
    'with responseType %s the body is drained, so that all attempts share one connection',
    async (responseType) => {
      const server = await start(failing(503, 429, 502));
      const client = axios.create({ baseURL: server.url, httpAgent: oneSocket(), responseType });
      attachRetry(client, QUICK);

      await client.get('/');

      expect(server.requests).toHaveLength(4);
      expect(new Set(server.requests.map(({ socket }) => socket.remotePort)).size).toBe(1);
    },
  );

  const UNREAD: Record<string, AxiosRequestConfig> = {
    'a stream under the http adapter': { responseType: 'stream', adapter: 'http' },
    'a stream under the fetch adapter': { responseType: 'stream', adapter: 'fetch' },
    'a stream with a progress callback': { responseType: 'stream', onDownloadProgress: () => {} },
    'a stream under a time budget': { responseType: 'stream', retryPolicy: { timeBudget: 60_000 } },
    // axios wraps it in a generator, which hears of its end only when the next chunk comes.
    'a stream with a maxContentLength': { responseType: 'stream', maxContentLength: 1_000 },
  };

  test.each(Object.entries(UNREAD))('%s that nobody reads is let go', async (_name, config) => {
    await expectToLetGo(config);
  });

  // The same over fetch, where nothing is known of what is wrapped.
  const WRAPPED: Record<string, AxiosRequestConfig> = {
    'a stream under the fetch adapter with a progress callback': {
      responseType: 'stream',
      adapter: 'fetch',
      onDownloadProgress: () => {},
    },
    'a stream under the fetch adapter with a timeout': {
      responseType: 'stream',
      adapter: 'fetch',
      timeout: 60_000,
    },
  };

  test.failing.each(Object.entries(WRAPPED))(
    '%s that nobody reads is let go, also when it stalls',
    async (_name, config) => {
      await expectToLetGo(config);
    },
    300,
  );

  async function expectToLetGo(config: AxiosRequestConfig): Promise<void> {
    const server = await startUnending(2);
    const client = axios.create({ baseURL: server.url, ...config });
    const closed: Promise<unknown>[] = [];
    attachRetry(client, {
      ...QUICK,
      onRetry: () => {
        const { socket } = server.requests.at(-1) as ReceivedRequest;
        closed.push(once(socket, 'close'));
      },
    });

    const { data } = await client.get('/');

    expect(await textOf(data)).toBe('answer 3');
    expect(closed).toHaveLength(2);
    await Promise.all(closed);
  }
});

test('50 calls whose streams have a maxContentLength, each failed twice, hold no socket at the end', async () => {
  const failures = new Map<string, number>();
  const server = await start(({ url }, response) => {
    const failed = failures.get(url) ?? 0;
    failures.set(url, failed + 1);
    response.writeHead(failed < 2 ? 503 : 200);
    response.write(`answer ${failed}`);
    if (failed === 2) response.end();
  });
  const httpAgent = new http.Agent({ keepAlive: true });
  agents.push(httpAgent);
  const config: AxiosRequestConfig = { responseType: 'stream', maxContentLength: 1_000, httpAgent };
  const client = axios.create({ baseURL: server.url, ...config });
  attachRetry(client, { ...QUICK, budget: false });

  const texts = await Promise.all(
    Array.from({ length: 50 }, async (_, n) => textOf((await client.get(`/${n}`)).data)),
  );
  const inUse = () => Object.values(httpAgent.sockets).flat().length;
  for (let turns = 0; turns < 100 && inUse() > 0; turns++)
    await new Promise((resolve) => setImmediate(resolve));

  expect(new Set(texts)).toEqual(new Set(['answer 2']));
  expect(server.requests).toHaveLength(150);
  expect(inUse()).toBe(0);
});

test('a compressed stream that nobody reads is let go', async () => {
  const server = await start((_request, response, count) => {
    const body = gzipSync(`answer ${count}`);
    response.writeHead(count === 1 ? 503 : 200, { 'content-encoding': 'gzip' });
    if (count === 1) response.write(body.subarray(0, 10));
    else response.end(body);
  });
  const client = axios.create({ baseURL: server.url, httpAgent: oneSocket() });
  attachRetry(client, QUICK);

  const { data } = await client.get('/', { responseType: 'stream' });

  expect(await textOf(data)).toBe('answer 2');
});

describe('nothing stays on the caller’s signal', () => {
  const ADAPTERS = ['http', 'fetch'];

  const ENDINGS: Record<string, (client: AxiosInstance, config: AxiosRequestConfig) => Promise<unknown>> = {
    'after a success': (client, config) => client.get('/?fail=2', config),
    'after giving up': (client, config) => rejectionOf(client.get('/?fail=9', config)),
    'after a failure that is not retried': (client, config) =>
      rejectionOf(client.post('/?fail=9', {}, config)),
    'after a stream was read': async (client, config) =>
      textOf((await client.get('/?fail=2', { ...config, responseType: 'stream' })).data),
    'under a time budget': (client, config) =>
      client.get('/?fail=2', { ...config, retryPolicy: { timeBudget: 10_000 } }),
    'after the time budget is over': (client, config) =>
      rejectionOf(client.get('/?hang', { ...config, retryPolicy: { timeBudget: 50 } })),
    'at a gate': (client, config) => client.get('/?fail=2', { ...config, retryPolicy: { patience: 60_000 } }),
  };

  describe.each(ADAPTERS)('under the %s adapter', (adapter) => {
    test.each(Object.entries(ENDINGS))('%s', async (_name, send) => {
      const failures = new Map<string, number>();
      const server = await start(({ url }, response) => {
        if (url.includes('hang')) return;
        const left = failures.get(url) ?? Number(/fail=(\d)/.exec(url)?.[1]);
        failures.set(url, left - 1);
        response.writeHead(left > 0 ? 503 : 200).end('{}');
      });
      const client = axios.create({ baseURL: server.url, adapter });
      attachRetry(client, { ...QUICK, maxRetries: 3 });
      const { signal } = new AbortController();

      await send(client, { signal });

      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    });
  });

  test('nor on the cancel token', async () => {
    const server = await start(failing(503, 503));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);
    const { token } = axios.CancelToken.source();

    await client.get('/', { cancelToken: token });

    expect((token as unknown as { _listeners?: unknown[] })._listeners ?? []).toHaveLength(0);
  });
});

describe('timers', () => {
  /** Timers that are running, those that do not keep the process alive included. */
  function countTimers() {
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    const running = new Set<unknown>();
    globalThis.setTimeout = ((callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const timer = set(() => {
        running.delete(timer);
        callback(...args);
      }, ms);
      running.add(timer);
      return timer;
    }) as typeof setTimeout;
    globalThis.clearTimeout = (timer) => {
      running.delete(timer);
      clear(timer);
    };
    restorers.push(() => {
      globalThis.setTimeout = set;
      globalThis.clearTimeout = clear;
    });
    return running;
  }

  const restorers: (() => void)[] = [];
  afterEach(() => {
    for (const restore of restorers.splice(0)) restore();
  });

  const POLICIES: Record<string, RetryPolicy> = {
    'with the defaults': {},
    'under a time budget': { timeBudget: 60_000 },
    'with a gate': { patience: 60_000 },
    'with a gate and a budget': {
      patience: 60_000,
      maxQueueTime: 500,
      budget: new RetryBudget({ maxTokens: 1 }),
    },
  };

  test.each(Object.entries(POLICIES))('none is left %s', async (_name, policy) => {
    const server = await start(failing(503, 503, 200, 503, 404, 503, 503, 503));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, { ...QUICK, maxRetries: 2, ...policy });
    const timers = countTimers();

    await Promise.allSettled([client.get('/'), client.get('/'), client.get('/')]);

    expect(server.requests.length).toBeGreaterThan(3);
    expect([...timers]).toEqual([]);
  });

  const WITHOUT_CONFIG: Record<string, (client: AxiosInstance) => unknown> = {
    'the adapter rejects with': (client) => {
      client.defaults.adapter = () => Promise.reject(new Error('no config'));
    },
    'the adapter throws': (client) => {
      client.defaults.adapter = () => {
        throw new Error('no config');
      };
    },
    'an inside response interceptor makes of a failure': (client) =>
      client.interceptors.response.use(undefined, () => Promise.reject(new Error('no config'))),
    'an inside request interceptor throws': (client) =>
      client.interceptors.request.use(() => {
        throw new Error('no config');
      }),
    'a body’s transform throws': (client) => {
      client.defaults.transformRequest = [
        () => {
          throw new Error('no config');
        },
      ];
    },
  };

  test.each(Object.entries(WITHOUT_CONFIG))(
    'none is left under a time budget by an error without a config, which %s',
    async (_who, break_) => {
      const server = await start(failing(404));
      const client = axios.create({ baseURL: server.url });
      break_(client);
      attachRetry(client, { ...QUICK, timeBudget: 60_000 });
      const timers = countTimers();

      expect((await rejectionOf(client.get('/'))).message).toBe('no config');

      expect([...timers]).toEqual([]);
    },
  );

  test.each(Object.entries(POLICIES))('none is left after an abort in mid-wait %s', async (_name, policy) => {
    const server = await start((_request, response) => response.writeHead(503).end());
    const client = axios.create({ baseURL: server.url });
    const controller = new AbortController();
    attachRetry(client, {
      ...policy,
      backoff: () => 30_000,
      onRetry: () => void setImmediate(() => controller.abort()),
    });
    const timers = countTimers();

    await rejectionOf(client.get('/', { signal: controller.signal }));

    expect([...timers]).toEqual([]);
  });
});

test('300 requests of a keep-alive agent, each retried, use no more sockets than run at once', async () => {
  const failedOnce = new Set<string>();
  const sockets = new Set<unknown>();
  const server = await start(({ url, socket }, response) => {
    sockets.add(socket);
    const fails = !failedOnce.has(url);
    failedOnce.add(url);
    response.writeHead(fails ? 503 : 200).end('{}');
  });
  const httpAgent = new http.Agent({ keepAlive: true });
  agents.push(httpAgent);
  const client = axios.create({ baseURL: server.url, httpAgent });
  attachRetry(client, QUICK);
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  let sent = 0;

  const work = async () => {
    while (sent < 300) await client.get(`/${sent++}`, { signal });
  };
  await Promise.all(Array.from({ length: 10 }, work));

  expect(server.requests).toHaveLength(600);
  expect(sockets.size).toBeLessThanOrEqual(10);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('nothing of a request that is over is kept: state, response, errors, body', async () => {
  const server = await start((_request, response, count) => {
    response
      .writeHead(count % 3 === 0 ? 200 : 503, { 'content-type': 'application/json' })
      .end('{"ok":true}');
  });
  const client = axios.create({ baseURL: server.url, httpAgent: oneSocket() });
  const kept: WeakRef<object>[] = [];
  const watch = (...objects: unknown[]) => {
    for (const object of objects) kept.push(new WeakRef(object as object));
  };
  attachRetry(client, {
    ...QUICK,
    timeBudget: 60_000,
    budget: false,
    onRetry: ({ error, state }) => watch(error, state, error.response, error.config),
  });
  const { signal } = new AbortController();
  const send = async () => {
    const data = { order: 1 };
    const response = await client.put('/', data, { signal });
    watch(data, response, response.data, response.config);
  };

  for (let i = 0; i < 50; i++) await send();
  server.requests.length = 0;
  const gc = garbageCollector();
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }

  expect(kept).toHaveLength(50 * 12);
  // The last request may still hang on its kept-alive socket.
  expect(kept.filter((reference) => reference.deref() !== undefined).length).toBeLessThanOrEqual(12);
});

describe('a stream that came of a retry under a time budget', () => {
  const ADAPTERS = ['http', 'fetch'];
  const CALLS = 40;

  async function startFailingOnce() {
    const failed = new Set<string>();
    return start(({ url }, response) => {
      const fails = !failed.has(url);
      failed.add(url);
      response.writeHead(fails ? 503 : 200).end('x');
    });
  }

  test.each(ADAPTERS)('is collected when nobody holds it any more, over %s', async (adapter) => {
    const server = await startFailingOnce();
    const client = axios.create({ baseURL: server.url, adapter, responseType: 'stream' });
    attachRetry(client, { ...QUICK, timeBudget: 600_000, budget: false });
    const { signal } = new AbortController();
    setMaxListeners(0, signal);
    const streams: WeakRef<object>[] = [];
    const read = async (n: number) => {
      const { data } = await client.get(`/${n}`, { signal });
      streams.push(new WeakRef(data));
      expect(await textOf(data)).toBe('x');
    };

    for (let n = 0; n < CALLS; n++) await read(n);
    const uncollected = () => streams.filter((stream) => stream.deref()).length;
    // The last of them may hang on a kept-alive socket, or on the stack.
    await collected(() => uncollected() <= 3 && listenersOf(signal) <= 3);

    expect(server.requests).toHaveLength(2 * CALLS);
    expect(uncollected()).toBeLessThanOrEqual(3);
    expect(listenersOf(signal)).toBeLessThanOrEqual(3);
  });

  const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

  /** Collects garbage until that is so, or it is clear that nobody is going to let go. */
  async function collected(isSo: () => boolean): Promise<void> {
    const gc = garbageCollector();
    for (let turns = 0; turns < 50 && !isSo(); turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      gc();
    }
  }
});

// Timers as well in `npm run test:soak`; here jest has some of its own.
test('a short soak: neither heap, sockets nor listeners grow', async () => {
  const measurements = await soak({ requests: 900, measurements: 3, gc: garbageCollector() });

  const [first, , last] = measurements as [Measurement, Measurement, Measurement];
  expect(last.attempts).toBe(1_800);
  // 600 requests of which only the config stayed would be more than 1 MB.
  expect(last.heap - first.heap).toBeLessThan(1);
  for (const { sockets, listeners } of measurements) {
    expect(sockets).toBeLessThan(100);
    expect(listeners).toBe(0);
  }
});

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
