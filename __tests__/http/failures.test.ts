import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import http from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios from 'axios';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { OK, rawServers } from '../support/raw-server';
import { closedPort, failing, servers, startServer, type TestServer } from '../support/server';
import { stoppableClock } from '../support/stoppable-clock';

const start = servers();
const { stop, pass, until, settling } = stoppableClock();
const startRaw = rawServers();
const QUICK: RetryPolicy = { backoff: { initialDelay: 1 }, patience: 0 };

describe('statuses', () => {
  test.each([408, 425, 429, 502, 503, 504])('%d is retried', async (status) => {
    const server = await start(failing(status, status));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    const response = await client.get('/');

    expect(response.data).toEqual({ ok: true });
    expect(retryStateOf(response)).toMatchObject({
      outcome: 'succeeded',
      attempts: 3,
      retries: 2,
      failures: [
        { attempt: 1, status, delaySource: 'backoff' },
        { attempt: 2, status, delaySource: 'backoff' },
      ],
    });
    expect(server.requests).toHaveLength(3);
  });

  test.each([400, 401, 403, 404, 409, 422, 500, 501, 507])('%d is not', async (status) => {
    const server = await start(failing(status));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    const error = await rejectionOf(client.get('/'));

    expect(error.response).toMatchObject({ status, data: { error: status } });
    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-retryable', attempts: 1 });
    expect(server.requests).toHaveLength(1);
  });

  test('five retries are made, and the sixth failure is the caller’s', async () => {
    const server = await start((_request, response, count) => response.writeHead(503).end(`answer ${count}`));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    const error = await rejectionOf(client.get('/'));

    expect(error.response.data).toBe('answer 6');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 6, retries: 5 });
    expect(server.requests).toHaveLength(6);
  });

  test('a validateStatus of the caller decides what is a failure', async () => {
    const server = await start(failing(503));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    const response = await client.get('/', {
      validateStatus: () => true,
      retryPolicy: { retryAccepted: false },
    });

    expect(response.status).toBe(503);
    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 1 });
    expect(server.requests).toHaveLength(1);
  });

  test('a body that does not parse is not retried', async () => {
    const server = await start((_request, response) => response.end('not json'));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    const error = await rejectionOf(
      client.get('/', { responseType: 'json', transitional: { silentJSONParsing: false } }),
    );

    expect(error.name).toBe('SyntaxError');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-retryable', attempts: 1 });
    expect(server.requests).toHaveLength(1);
  });

  test('a 503 whose body does not parse is a 503', async () => {
    const server = await start((_request, response, count) =>
      count < 3 ? response.writeHead(503).end('<html>') : response.end('{"ok":true}'),
    );
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    const response = await client.get('/', {
      responseType: 'json',
      transitional: { silentJSONParsing: false },
    });

    expect(response.data).toEqual({ ok: true });
    expect(retryStateOf(response)).toMatchObject({
      attempts: 3,
      failures: [{ status: 503 }, { status: 503 }],
    });
  });

  test('a response over maxContentLength is not retried', async () => {
    const server = await start((_request, response) => response.end('x'.repeat(100)));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    const error = await rejectionOf(client.get('/', { maxContentLength: 10 }));

    expect(error.message).toContain('maxContentLength');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-retryable', attempts: 1 });
  });

  test('too many redirects are not retried', async () => {
    const server = await start((_request, response) => response.writeHead(302, { location: '/' }).end());
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    const error = await rejectionOf(client.get('/', { maxRedirects: 2 }));

    expect(error.code).toBe('ERR_FR_TOO_MANY_REDIRECTS');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-retryable', attempts: 1 });
    expect(server.requests).toHaveLength(3);
  });
});

describe.each(['http', 'fetch'])('connection trouble under the %s adapter:', (adapter) => {
  const BREAKS: Record<string, (socket: Socket) => unknown> = {
    'a connection closed without an answer': (socket) => socket.end(),
    'a connection reset without an answer': (socket) => socket.resetAndDestroy(),
    'a connection closed in the middle of the headers': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'),
    'a response cut off in the middle of its body': (socket) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly so much'),
    'a chunked response cut off': (socket) =>
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
    'a response reset in the middle of its body': (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly so much', () =>
        setImmediate(() => socket.resetAndDestroy()),
      ),
  };

  test.each(Object.entries(BREAKS))('%s is retried', async (_name, break_) => {
    const server = await startRaw((socket, count) => (count < 3 ? break_(socket) : socket.write(OK)));
    const client = axios.create({ baseURL: server.url, adapter });
    attachRetry(client, QUICK);

    const response = await client.get('/');

    expect(response.data).toEqual({ ok: true });
    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(server.count).toBe(3);
  });

  test.each(Object.entries(BREAKS))('%s is not retried for a POST', async (_name, break_) => {
    const server = await startRaw((socket) => break_(socket));
    const client = axios.create({ baseURL: server.url, adapter });
    attachRetry(client, QUICK);

    const error = await rejectionOf(client.post('/', { a: 1 }));

    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-idempotent', attempts: 1 });
    expect(server.count).toBe(1);
  });

  test('an attempt that times out is retried', async () => {
    const server = await startRaw((socket, count) => count > 1 && socket.write(OK));
    const client = axios.create({ baseURL: server.url, adapter, timeout: 30_000 });
    attachRetry(client, QUICK);

    stop();
    const call = client.get('/');
    await until(() => server.count >= 1);
    await pass(30_000);
    const response = await settling(call);

    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 2 });
    expect(server.count).toBe(2);
  });

  test.each(['get', 'post'])(
    'a refused connection is retried for a %s, until somebody listens',
    async (method) => {
      const port = await closedPort();
      const client = axios.create({ baseURL: `http://127.0.0.1:${port}`, adapter });
      let server: TestServer | undefined;
      attachRetry(client, {
        ...QUICK,
        onRetry: async ({ retry }) => {
          if (retry === 3) server = await startServer(failing(), port);
        },
      });
      try {
        const response = await client.request({
          url: '/',
          method,
          ...(method === 'post' && { data: { a: 1 } }),
        });

        expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 4 });
        expect(server?.requests.map(({ body }) => body.toString())).toEqual([
          method === 'post' ? '{"a":1}' : '',
        ]);
      } finally {
        await server?.close();
      }
    },
  );

  test('a refused connection is retried for a POST that follows no redirects', async () => {
    const client = axios.create({
      baseURL: `http://127.0.0.1:${await closedPort()}`,
      adapter,
      maxRedirects: 0,
    });
    attachRetry(client, { ...QUICK, maxRetries: 2 });

    expect(retryStateOf(await rejectionOf(client.post('/', { a: 1 })))).toMatchObject({
      outcome: 'retries-exhausted',
      attempts: 3,
    });
  });

  test('a POST whose redirect leads to a refused connection is not repeated', async () => {
    const port = await closedPort();
    const server = await start((_request, response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end(),
    );
    const client = axios.create({ baseURL: server.url, adapter });
    attachRetry(client, QUICK);

    const error = await rejectionOf(client.post('/', { a: 1 }));

    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-idempotent', attempts: 1 });
    expect(server.requests).toHaveLength(1);
  });

  test('the caller’s abort of a running attempt is not retried', async () => {
    const controller = new AbortController();
    const server = await startRaw(() => controller.abort());
    const client = axios.create({ baseURL: server.url, adapter });
    attachRetry(client, QUICK);

    const error = await rejectionOf(client.get('/', { signal: controller.signal }));

    expect(axios.isCancel(error)).toBe(true);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'aborted', attempts: 1 });
    expect(server.count).toBe(1);
  });
});

describe('a request that may not be sent twice', () => {
  test.each(['post', 'patch'])('%s is not repeated on 503', async (method) => {
    const server = await start(failing(503));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    const error = await rejectionOf(client.request({ url: '/', method, data: { a: 1 } }));

    expect(error.response.status).toBe(503);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-idempotent', attempts: 1 });
    expect(server.requests).toHaveLength(1);
  });

  describe.each(['http', 'fetch'])('over the %s adapter', (adapter) => {
    test.each([425, 429])(
      'is repeated on %i, for it was turned away, after the wait that was named',
      async (status) => {
        const server = await start((_request, response, count) =>
          response.writeHead(count < 3 ? status : 200, { 'retry-after-ms': '30' }).end(),
        );
        const client = axios.create({ baseURL: server.url, adapter });
        attachRetry(client, { backoff: () => 0 });

        const response = await client.post('/', { a: 1 });

        expect(retryStateOf(response)).toMatchObject({
          outcome: 'succeeded',
          failures: [
            { status, delay: 30, delaySource: 'retry-after-ms' },
            { status, delay: 30, delaySource: 'retry-after-ms' },
          ],
        });
        expect(server.requests.map(({ body }) => body.toString())).toEqual(Array(3).fill('{"a":1}'));
      },
    );
  });

  test('is repeated on 429 where axios is content with every status', async () => {
    const server = await start(failing(429));
    const client = axios.create({ baseURL: server.url, validateStatus: () => true });
    attachRetry(client, QUICK);

    expect((await client.post('/', { a: 1 })).data).toEqual({ ok: true });
    expect(server.requests).toHaveLength(2);
  });

  test('is not repeated on 429 where a 303 led to it: the POST was processed, what was turned away is a GET', async () => {
    const server = await start(({ method }, response) =>
      response.writeHead(method === 'POST' ? 303 : 429, { location: '/result' }).end(),
    );
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    const error = await rejectionOf(client.post('/', { a: 1 }));

    expect(error.response.status).toBe(429);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-idempotent', attempts: 1 });
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
  });

  test('is repeated where a unix socket is not there yet', async () => {
    const socketPath = join(await mkdtemp(join(tmpdir(), 'retry-')), 'socket');
    const bodies: string[] = [];
    const server = http.createServer((request, response) => {
      request.on('data', (chunk) => bodies.push(String(chunk)));
      request.on('end', () => response.end());
    });
    const client = axios.create({ socketPath, baseURL: 'http://unix' });
    attachRetry(client, {
      ...QUICK,
      onRetry: () => once(server.listen(socketPath), 'listening'),
    });
    try {
      expect(retryStateOf(await client.post('/', { a: 1 }))).toMatchObject({ attempts: 2 });
      expect(bodies).toEqual(['{"a":1}']);
    } finally {
      server.close();
    }
  });

  test.each(['POST', 'post', 'Post'])('is repeated when methods allows %s', async (method) => {
    const server = await start(failing(503));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, { ...QUICK, methods: [method] });

    expect((await client.post('/', { a: 1 })).data).toEqual({ ok: true });
    expect(server.requests).toHaveLength(2);
  });

  test('isRetryable does not make it one', async () => {
    const server = await start(failing(503));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, { ...QUICK, isRetryable: () => true });

    expect(retryStateOf(await rejectionOf(client.post('/')))).toMatchObject({ outcome: 'not-idempotent' });
    expect(server.requests).toHaveLength(1);
  });

  test('x-should-retry: true does not make it one', async () => {
    const server = await start((_request, response) =>
      response.writeHead(503, { 'X-Should-Retry': 'true' }).end(),
    );
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    expect(retryStateOf(await rejectionOf(client.post('/')))).toMatchObject({ outcome: 'not-idempotent' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('x-should-retry', () => {
  test('false stops what would have been retried', async () => {
    const server = await start((_request, response) =>
      response.writeHead(503, { 'X-Should-Retry': 'false' }).end(),
    );
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, { ...QUICK, isRetryable: () => true });

    const error = await rejectionOf(client.get('/'));

    expect(error.response.status).toBe(503);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'server-said-stop', attempts: 1 });
    expect(server.requests).toHaveLength(1);
  });

  test('true has a status retried that otherwise would not be', async () => {
    const server = await start((_request, response, count) =>
      response.writeHead(count < 3 ? 409 : 200, { 'X-Should-Retry': 'TRUE' }).end(),
    );
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);

    expect(retryStateOf(await client.get('/'))).toMatchObject({ outcome: 'succeeded', attempts: 3 });
  });

  test('true does not overrule isRetryable', async () => {
    const server = await start((_request, response) =>
      response.writeHead(503, { 'X-Should-Retry': 'true' }).end(),
    );
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, { ...QUICK, isRetryable: () => false });

    expect(retryStateOf(await rejectionOf(client.get('/')))).toMatchObject({ outcome: 'not-retryable' });
  });
});

test.each(['http', 'fetch'])(
  'a body that is cut off where the connection closes anyway is sent for again over the %s adapter',
  async (adapter) => {
    const server = await startRaw((socket, count) =>
      socket.end(count < 3 ? 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nshort' : OK),
    );
    const client = axios.create({ baseURL: server.url, adapter });
    attachRetry(client, QUICK);

    expect((await client.get('/')).data).toEqual({ ok: true });
    expect(server.count).toBe(3);
  },
);
