import { getEventListeners, setMaxListeners } from 'node:events';
import axios, { type AxiosRequestConfig, type InternalAxiosRequestConfig } from 'axios';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { rawServers } from '../support/raw-server';
import { failing, servers } from '../support/server';
import { stoppableClock } from '../support/stoppable-clock';

const start = servers();
const startRaw = rawServers();
const QUICK: RetryPolicy = { backoff: { initialDelay: 1 }, patience: 0 };

describe.each(['http', 'fetch'])('a time budget under the %s adapter', (adapter) => {
  const { stop, pass, until, settling } = stoppableClock();
  beforeEach(stop);

  test('aborts a body that drips, with ETIMEDOUT and not as a cancellation', async () => {
    const closed: Promise<unknown>[] = [];
    const server = await startRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
      const dripping = setInterval(() => socket.write('.'), 5);
      closed.push(
        new Promise((resolve) => socket.once('close', resolve)).then(() => clearInterval(dripping)),
      );
    });
    const client = axios.create({ baseURL: server.url, adapter, timeout: 60_000 });
    attachRetry(client, { ...QUICK, timeBudget: 30_000 });
    let drops = 0;

    const call = rejectionOf(client.get('/', { onDownloadProgress: () => drops++ }));
    await until(() => drops > 0);
    await pass(30_000);
    const error = await call;

    expect(error).toMatchObject({ isAxiosError: true, code: 'ETIMEDOUT' });
    expect(axios.isCancel(error)).toBe(false);
    expect(error.message).toBe('time budget of 30000 ms exceeded in attempt 1');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'time-budget-exceeded', attempts: 1 });
    expect(server.count).toBe(1);
    await Promise.all(closed);
  });

  test('aborts a hanging retry', async () => {
    const server = await startRaw(
      (socket, count) =>
        count === 1 &&
        socket.end('HTTP/1.1 503 Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
    );
    const client = axios.create({ baseURL: server.url, adapter });
    attachRetry(client, { ...QUICK, timeBudget: 30_000 });

    const call = rejectionOf(client.get('/'));
    await until(() => server.count >= 2);
    await pass(30_000);
    const error = await call;

    expect(error).toMatchObject({
      code: 'ETIMEDOUT',
      message: 'time budget of 30000 ms exceeded in attempt 2',
    });
    expect(axios.isCancel(error)).toBe(false);
    expect(error.config).toMatchObject({ url: '/', baseURL: server.url, timeout: 0 });
    expect(retryStateOf(error)).toMatchObject({
      outcome: 'time-budget-exceeded',
      attempts: 2,
      failures: [{ status: 503 }, { code: 'ETIMEDOUT' }],
    });
  });

  test('leaves a request alone that ends in time', async () => {
    const server = await start(failing(503, 503));
    const client = axios.create({ baseURL: server.url, adapter });
    attachRetry(client, { ...QUICK, timeBudget: 60_000 });
    const { signal } = new AbortController();

    const response = await settling(client.get('/', { signal, timeout: 30_000 }));

    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(response.config.signal).toBe(signal);
    expect(response.config.timeout).toBe(30_000);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('leaves the caller’s abort a cancellation', async () => {
    const controller = new AbortController();
    const server = await startRaw(() => controller.abort());
    const client = axios.create({ baseURL: server.url, adapter });
    attachRetry(client, { ...QUICK, timeBudget: 60_000 });

    const error = await rejectionOf(client.get('/', { signal: controller.signal }));

    expect(axios.isCancel(error)).toBe(true);
    expect(error.config.signal).toBe(controller.signal);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'aborted', attempts: 1 });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('leaves an attempt’s own timeout what it is', async () => {
    const server = await startRaw(() => {});
    const client = axios.create({ baseURL: server.url, adapter, timeout: 30_000 });
    attachRetry(client, { ...QUICK, maxRetries: 1, timeBudget: 100_000 });

    const call = rejectionOf(client.get('/'));
    for (const attempt of [1, 2]) {
      await until(() => server.count >= attempt);
      await pass(30_000);
    }
    const error = await call;

    expect(error.message).toBe('timeout of 30000ms exceeded');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 2 });
    expect(server.count).toBe(2);
  });

  const SAID: Record<string, AxiosRequestConfig> = {
    'by itself': {},
    'in words of the caller': { timeoutErrorMessage: 'too slow' },
    'with the clearer code': { transitional: { clarifyTimeoutError: true } },
    'of a stream': { responseType: 'stream' },
  };

  test.each(Object.entries(SAID))(
    'as long as axios’ timeout leaves that what it is, %s',
    async (_how, config) => {
      const server = await startRaw(() => {});
      const bare = axios.create({ baseURL: server.url, adapter, timeout: 30_000, ...config });
      const client = axios.create({ baseURL: server.url, adapter, timeout: 30_000, ...config });
      attachRetry(client, { ...QUICK, timeBudget: 30_000 });

      const calls = [bare, client].map((each) => rejectionOf(each.get('/')));
      await until(() => server.count >= 2);
      await pass(30_000);
      const [{ name, code, message }, error] = await Promise.all(calls);

      expect({ name: error.name, code: error.code, message: error.message }).toEqual({ name, code, message });
      expect(axios.isCancel(error)).toBe(false);
      expect(error.config).toMatchObject({ url: '/', timeout: 30_000 });
      expect(retryStateOf(error)).toMatchObject({
        outcome: 'time-budget-exceeded',
        attempts: 1,
        failures: [{ code, message }],
      });
    },
  );

  test('that ends before axios’ timeout says so', async () => {
    const server = await startRaw(() => {});
    const client = axios.create({ baseURL: server.url, adapter, timeout: 30_001 });
    attachRetry(client, { ...QUICK, timeBudget: 30_000 });

    const call = rejectionOf(client.get('/'));
    await until(() => server.count >= 1);
    await pass(60_000);

    expect((await call).message).toBe('time budget of 30000 ms exceeded in attempt 1');
  });

  test('that ends a retry whose timeout is longer than what is left says so', async () => {
    const server = await startRaw((socket, count) => {
      if (count === 1)
        socket.end('HTTP/1.1 503 Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
    const client = axios.create({ baseURL: server.url, adapter, timeout: 30_000 });
    attachRetry(client, { backoff: () => 5, timeBudget: 30_000 });

    const call = rejectionOf(client.get('/'));
    await until(() => server.count >= 2);
    await pass(60_000);

    expect((await call).message).toBe('time budget of 30000 ms exceeded in attempt 2');
  });
});

test('a response whose data has a pipe() and is no stream, as of RxJS, resolves under a time budget', async () => {
  const server = await start(failing());
  const observable = { pipe: (...operators: unknown[]) => operators };
  const client = axios.create({ baseURL: server.url, transformResponse: () => observable });
  attachRetry(client, { timeBudget: 60_000 });

  expect((await client.get('/')).data).toBe(observable);
});

describe('a time budget', () => {
  const { stop, pass, until } = stoppableClock();
  beforeEach(stop);

  test('ends an attempt whose request interceptor hangs, if it is a retry', async () => {
    const server = await start(failing(503));
    const client = axios.create({ baseURL: server.url });
    let runs = 0;
    client.interceptors.request.use((config) => (++runs === 1 ? config : new Promise(() => {})));
    attachRetry(client, { ...QUICK, timeBudget: 30_000 });

    const call = rejectionOf(client.get('/'));
    await until(() => runs >= 2);
    await pass(30_000);
    const error = await call;

    expect(error.code).toBe('ETIMEDOUT');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'time-budget-exceeded', attempts: 2 });
    expect(server.requests).toHaveLength(1);
  });
});

describe('the caller’s abort during a wait', () => {
  const LONG_WAIT: RetryPolicy = { backoff: { initialDelay: 1e6, maxDelay: 1e6, jitter: 'none' } };

  test('by signal ends the request at once, with no further attempt', async () => {
    const server = await start(failing(503));
    const client = axios.create({ baseURL: server.url });
    const controller = new AbortController();
    attachRetry(client, { ...LONG_WAIT, onRetry: () => void setImmediate(() => controller.abort()) });

    const error = await rejectionOf(client.get('/', { signal: controller.signal }));

    expect(axios.isCancel(error)).toBe(true);
    expect(error).toBeInstanceOf(axios.CanceledError);
    expect(error.cause.response.status).toBe(503);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'aborted', attempts: 1 });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(server.requests).toHaveLength(1);
  });

  test('by cancel token ends the request at once, with its message', async () => {
    const server = await start(failing(503));
    const client = axios.create({ baseURL: server.url });
    const { token, cancel } = axios.CancelToken.source();
    attachRetry(client, { ...LONG_WAIT, onRetry: () => void setImmediate(() => cancel('enough')) });

    const error = await rejectionOf(client.get('/', { cancelToken: token }));

    expect(axios.isCancel(error)).toBe(true);
    expect(error.message).toBe('enough');
    expect(error.cause.response.status).toBe(503);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'aborted', attempts: 1 });
    expect(server.requests).toHaveLength(1);
  });

  test('one signal for many requests ends them all', async () => {
    const server = await start((_request, response) => response.writeHead(503).end());
    const client = axios.create({ baseURL: server.url });
    const controller = new AbortController();
    // axios' http adapter adds one for each running attempt.
    setMaxListeners(0, controller.signal);
    let waiting = 0;
    attachRetry(client, {
      ...LONG_WAIT,
      onRetry: () => {
        if (++waiting === 20) setImmediate(() => controller.abort());
      },
    });

    const errors = await Promise.all(
      Array.from({ length: 20 }, () => rejectionOf(client.get('/', { signal: controller.signal }))),
    );

    expect(errors.every((error) => axios.isCancel(error))).toBe(true);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(server.requests).toHaveLength(20);
  });
});

test('detaching during a wait ends the request with its last error, and the client is as it was', async () => {
  const server = await start((_request, response) => response.writeHead(503).end());
  const client = axios.create({ baseURL: server.url });
  const retry = attachRetry(client, {
    backoff: () => 1e6,
    onRetry: () => void setImmediate(() => retry.detach()),
  });

  const error = await rejectionOf(client.get('/'));

  expect(error.response.status).toBe(503);
  expect(retryStateOf(error)).toMatchObject({ outcome: 'detached', attempts: 1 });
  expect(retryStateOf(await rejectionOf(client.get('/')))).toBeUndefined();
  expect(server.requests).toHaveLength(2);
});

test.each([1, 2])('detaching during attempt %d lets it end by itself', async (running) => {
  const server = await start((_request, response, count) => {
    if (count === running) retry.detach();
    response.writeHead(503).end();
  });
  const client = axios.create({ baseURL: server.url });
  const retry = attachRetry(client, QUICK);
  let seen = 0;
  client.interceptors.response.use(undefined, (error) => {
    seen++;
    throw error;
  });

  const error = await rejectionOf(client.get('/'));

  expect(error.response.status).toBe(503);
  expect(retryStateOf(error)).toMatchObject({ outcome: 'detached', attempts: running });
  expect(seen).toBe(1);
  expect(server.requests).toHaveLength(running);
});

test('an attempt that was running when it was detached may still succeed', async () => {
  const server = await start((_request, response, count) => {
    if (count === 2) retry.detach();
    response.writeHead(count === 1 ? 503 : 200).end('{"ok":true}');
  });
  const client = axios.create({ baseURL: server.url });
  const retry = attachRetry(client, QUICK);

  const response = await client.get('/');

  expect(response.data).toEqual({ ok: true });
  expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 2 });
});

test('Retry-After in milliseconds, seconds and none is waited out before the next attempt', async () => {
  const server = await start((_request, response, count) => {
    if (count === 1) response.setHeader('Retry-After-Ms', '30');
    if (count === 2) response.setHeader('Retry-After', '0');
    response.writeHead(count < 4 ? 503 : 200).end();
  });
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, { backoff: () => 1 });

  const state = retryStateOf(await client.get('/'));

  expect(state?.failures.map(({ delay, delaySource }) => [delay, delaySource])).toEqual([
    [31, 'retry-after-ms'],
    [1, 'backoff'],
    [1, 'backoff'],
  ]);
});

describe('a time budget beside request interceptors', () => {
  const { stop, pass, until } = stoppableClock();
  beforeEach(stop);
  const startSilent = () => start(() => {});
  function clientWith(
    url: string,
    intercept: (config: InternalAxiosRequestConfig) => void,
    policy: RetryPolicy,
  ) {
    const client = axios.create({ baseURL: url });
    attachRetry(client, { ...QUICK, ...policy });
    client.interceptors.request.use((config) => {
      intercept(config);
      return config;
    });
    return client;
  }

  test('leaves them to set a signal where there is none', async () => {
    const server = await startSilent();
    const page = new AbortController();
    const client = clientWith(
      server.url,
      (config) => {
        config.signal ??= page.signal;
      },
      { timeBudget: 30_000 },
    );

    const call = rejectionOf(client.get('/'));
    await until(() => server.requests.length >= 1);
    page.abort();
    const error = await call;

    expect(axios.isCancel(error)).toBe(true);
    expect(getEventListeners(page.signal, 'abort')).toHaveLength(0);
  });

  test('leaves them to set a timeout where there is none', async () => {
    const server = await startSilent();
    const client = clientWith(
      server.url,
      (config) => {
        config.timeout ||= 30_000;
      },
      { timeBudget: 60_000, maxRetries: 0 },
    );

    const call = rejectionOf(client.get('/'));
    await until(() => server.requests.length >= 1);
    await pass(30_000);

    expect(await call).toMatchObject({ message: 'timeout of 30000ms exceeded' });
  });

  test('holds where they set a signal of their own', async () => {
    const server = await startSilent();
    const client = clientWith(
      server.url,
      (config) => {
        config.signal = new AbortController().signal;
      },
      { timeBudget: 30_000 },
    );

    const call = rejectionOf(client.get('/'));
    await until(() => server.requests.length >= 1);
    await pass(30_000);

    expect(await call).toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('leaves no listener where they fail', async () => {
    const { signal } = new AbortController();
    const client = clientWith(
      'http://127.0.0.1',
      () => {
        throw new Error('no token');
      },
      { timeBudget: 30_000 },
    );

    await rejectionOf(client.get('/', { signal }));

    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('ends the request once they have taken longer than it', async () => {
    const server = await start(failing());
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, { ...QUICK, timeBudget: 20 });
    client.interceptors.request.use(async (config) => {
      await pass(60);
      return config;
    });

    const error = await rejectionOf(client.get('/'));

    expect(error).toMatchObject({ code: 'ETIMEDOUT' });
    expect(retryStateOf(error)).toMatchObject({ outcome: 'time-budget-exceeded', attempts: 1 });
    expect(server.requests).toHaveLength(0);
  });
});

test('a signal that an outside request interceptor sets ends a wait, too', async () => {
  const server = await start(failing(503));
  const client = axios.create({ baseURL: server.url });
  const pending: AbortController[] = [];
  attachRetry(client, {
    backoff: () => 60_000,
    onRetry: () => void setImmediate(() => pending[0]?.abort()),
  });
  client.interceptors.request.use((config) => {
    const controller = new AbortController();
    pending.push(controller);
    config.signal = controller.signal;
    return config;
  });

  const error = await rejectionOf(client.get('/'));

  expect(axios.isCancel(error)).toBe(true);
  expect(retryStateOf(error)).toMatchObject({ outcome: 'aborted', attempts: 1 });
  expect(getEventListeners((pending[0] as AbortController).signal, 'abort')).toHaveLength(0);
});

test('the caller’s abort ends a stream of the fetch adapter, time budget or not', async () => {
  const server = await startRaw((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
    const dripping = setInterval(() => socket.write('.'), 5);
    socket.once('close', () => clearInterval(dripping));
  });
  const client = axios.create({ baseURL: server.url, adapter: 'fetch', responseType: 'stream' });
  attachRetry(client, { ...QUICK, timeBudget: 30_000 });
  const controller = new AbortController();
  const { data } = await client.get('/', { signal: controller.signal });

  const reading = (async () => {
    for await (const _chunk of data) controller.abort();
  })();

  expect(await rejectionOf(reading)).toMatchObject({
    name: expect.stringMatching(/CanceledError|AbortError/),
  });
});
