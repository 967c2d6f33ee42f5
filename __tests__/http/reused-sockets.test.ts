/** Kept-alive connections that the server closes while the next request is on its way to it. */
import http, { type ClientRequest } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import axios, { type AxiosRequestConfig } from 'axios';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { OK, rawServers } from '../support/raw-server';

const startRaw = rawServers();

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** An agent that says when a connection is about to be used again: documented by Node for the like. */
class TellingAgent extends http.Agent {
  onReuse = () => {};

  constructor() {
    super({ keepAlive: true });
    closing.push(() => this.destroy());
  }

  override reuseSocket(socket: Socket, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    this.onReuse();
  }
}

/** A server that closes its idle connections at the very moment at which the client uses one again, as often as told. */
async function startClosing(times: number, statuses: readonly number[] = []) {
  const received: string[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push(`${request.method} ${body}`.trim());
      response.writeHead(statuses[received.length - 1] ?? 200).end('fine');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => void server.close());
  const httpAgent = new TellingAgent();
  httpAgent.onReuse = () => {
    if (times-- > 0) server.closeIdleConnections();
  };
  const { port } = server.address() as AddressInfo;
  const client = axios.create({ baseURL: `http://127.0.0.1:${port}`, httpAgent });
  return { client, received };
}

/** Nothing of it is asked, for what is sent again is no retry. */
const NOT_ASKED: RetryPolicy = {
  maxRetries: 0,
  isRetryable: () => fail('isRetryable'),
  backoff: () => fail('backoff'),
  nextAttempt: () => fail('nextAttempt'),
  onRetry: () => fail('onRetry'),
  budget: { tryAcquire: () => fail('budget'), recordSuccess: () => {}, refund: () => fail('refund') },
};

function fail(what: string): never {
  throw new Error(`${what} is asked`);
}

describe('a connection that the server closes just as it is used again', () => {
  test.each<[string, AxiosRequestConfig]>([
    ['a GET', {}],
    ['a GET that follows no redirects', { maxRedirects: 0 }],
    ['a PUT, body and all', { method: 'put', data: { a: 1 } }],
    ['a POST with a key', { method: 'post', data: { a: 1 }, retryPolicy: { idempotencyKey: true } }],
    ['a request under a time budget', { retryPolicy: { timeBudget: 10_000 } }],
  ])('costs %s nothing: it is sent again at once, and no retry is used up', async (_what, config) => {
    const { client, received } = await startClosing(1);
    attachRetry(client, NOT_ASKED);
    await client.get('/');

    const response = await client.request(config);

    expect(response.data).toBe('fine');
    expect(response.request.reusedSocket).toBe(false);
    expect(received).toHaveLength(2);
    expect(received[1]).toBe(config.data ? `${config.method?.toUpperCase()} {"a":1}` : 'GET');
    expect(retryStateOf(response)).toMatchObject({
      outcome: 'succeeded',
      attempts: 2,
      totalDelay: 0,
      failures: [{ attempt: 1, delay: 0, delaySource: 'reused-socket' }],
    });
  });

  test('fails a POST: the server may have had it', async () => {
    const { client, received } = await startClosing(1);
    attachRetry(client, { maxRetries: 3 });
    await client.get('/');

    const error = await rejectionOf(client.post('/', { a: 1 }));

    expect(['ECONNRESET', 'EPIPE']).toContain(error.code);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-idempotent', attempts: 1 });
    expect(received).toEqual(['GET']);
  });

  test('fails a PUT whose body can be read only once', async () => {
    const { client, received } = await startClosing(1);
    attachRetry(client, { maxRetries: 3 });
    await client.get('/');

    const error = await rejectionOf(client.put('/', Readable.from(['once']), { maxRedirects: 0 }));

    expect(retryStateOf(error)).toMatchObject({ outcome: 'body-not-replayable', attempts: 1 });
    expect(received).toEqual(['GET']);
  });

  test('costs a retry nothing either', async () => {
    const { client, received } = await startClosing(1, [503]);
    const retries: number[] = [];
    attachRetry(client, { maxRetries: 1, backoff: () => 0, onRetry: ({ retry }) => retries.push(retry) });

    const response = await client.get('/');

    expect(received).toHaveLength(2);
    expect(retries).toEqual([1]);
    expect(retryStateOf(response)).toMatchObject({
      outcome: 'succeeded',
      attempts: 3,
      failures: [{ status: 503 }, { delaySource: 'reused-socket' }],
    });
  });

  test('fails whatever is sent where retrying is switched off altogether', async () => {
    const { client, received } = await startClosing(1);
    attachRetry(client, false);
    await client.get('/');

    expect(['ECONNRESET', 'EPIPE']).toContain((await rejectionOf(client.get('/'))).code);
    expect(received).toHaveLength(1);
  });
});

test('a request that was sent again once is not a second time: from then on it is retried', async () => {
  let closes = false;
  const server = await startRaw((socket) => (closes ? socket.resetAndDestroy() : socket.write(OK)));
  const httpAgent = new http.Agent({ keepAlive: true });
  closing.push(() => httpAgent.destroy());
  const client = axios.create({ baseURL: server.url, httpAgent });
  const retries: number[] = [];
  attachRetry(client, { maxRetries: 2, backoff: (retry) => retries.push(retry) });
  // Two connections, so that what is sent again finds one as stale.
  await Promise.all([client.get('/'), client.get('/')]);
  closes = true;

  const error = await rejectionOf(client.get('/'));

  expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 4 });
  expect(retries).toEqual([1, 2]);
  expect(server.count).toBe(2 + 4);
});

test('a fresh connection that is reset is a failure as any other', async () => {
  const server = await startRaw((socket) => socket.resetAndDestroy());
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, { maxRetries: 1, backoff: () => 0 });

  expect(retryStateOf(await rejectionOf(client.get('/')))).toMatchObject({
    outcome: 'retries-exhausted',
    attempts: 2,
  });
});

test('a connection that is reset in the middle of its second answer is one, too', async () => {
  const server = await startRaw((socket, count) =>
    count === 1
      ? socket.write(OK)
      : socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () =>
          setImmediate(() => socket.resetAndDestroy()),
        ),
  );
  const httpAgent = new http.Agent({ keepAlive: true });
  closing.push(() => httpAgent.destroy());
  const client = axios.create({ baseURL: server.url, httpAgent });
  attachRetry(client, { maxRetries: 0 });
  await client.get('/');

  expect(retryStateOf(await rejectionOf(client.get('/')))).toMatchObject({ attempts: 1 });
});

test('an attempt that the caller has aborted meanwhile is not sent again', async () => {
  const controller = new AbortController();
  const { client, received } = await startClosing(1);
  client.interceptors.response.use(undefined, (error) => {
    controller.abort();
    throw error;
  });
  attachRetry(client, { maxRetries: 3 });
  await client.get('/');

  const error = await rejectionOf(client.get('/', { signal: controller.signal }));

  expect(axios.isCancel(error)).toBe(true);
  expect(received).toHaveLength(1);
});
