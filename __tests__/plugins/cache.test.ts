import { type AxiosCacheInstance, setupCache } from 'axios-cache-interceptor';
import { type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { failing, servers, type TestServer } from '../support/server';
import { bodies, clientWith, ORDERS, type Order } from './plugin';

const start = servers();

const cached = (server: TestServer, order: Order, policy?: RetryPolicy) =>
  clientWith(order, server, (client) => setupCache(client as AxiosCacheInstance), policy);

/** Answers that may be served when they are stale, and then fails. */
const staleAfterOne: Parameters<typeof start>[0] = (request, response, count) => {
  response.setHeader('cache-control', 'max-age=0, stale-if-error=60');
  response.setHeader('etag', '"1"');
  failing(200, 503, 503, 503)(request, response, count);
};

describe.each(ORDERS)('axios-cache-interceptor, attached %s', (order) => {
  test('retries happen, and what comes of them is cached once', async () => {
    const server = await start(failing(503, 503));
    const client = cached(server, order);

    const first = await client.get('/');
    const second = await client.get('/');

    expect(first.data).toEqual({ ok: true });
    expect(retryStateOf(first)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(second).toMatchObject({ data: { ok: true }, cached: true });
    expect(retryStateOf(second)).toMatchObject({ outcome: 'succeeded', attempts: 1 });
    expect(server.requests).toHaveLength(3);
  });

  test('a failure is not cached', async () => {
    const server = await start(failing(503, 503));
    const client = cached(server, order);

    const error = await rejectionOf(client.get('/', { retryPolicy: { maxRetries: 1 } }));
    const response = await client.get('/');

    expect(error.response.status).toBe(503);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 2 });
    expect(response.data).toEqual({ ok: true });
    expect(server.requests).toHaveLength(3);
  });

  test('concurrent requests for the same share one way to the server, its retries included', async () => {
    const server = await start(failing(503, 503));
    const client = cached(server, order);

    const responses = await Promise.all([client.get('/'), client.get('/'), client.get('/')]);

    expect(responses.map(({ data }) => data)).toEqual(Array(3).fill({ ok: true }));
    expect(responses.map((response) => retryStateOf(response)?.outcome)).toEqual(Array(3).fill('succeeded'));
    expect(server.requests).toHaveLength(3);
  });

  test('requests that are not cached are retried as ever', async () => {
    const server = await start(failing(503, 503));

    await cached(server, order).put('/', { a: 1 });

    expect(bodies(server)).toEqual(Array(3).fill('{"a":1}'));
  });
});

// Its request part, which is outside, refuses the waiting ones unsent: there is nothing of theirs to repeat.
test('axios-cache-interceptor, attached after: concurrent requests for the same all get the last error', async () => {
  const server = await start(failing(...Array(20).fill(503)));
  const client = cached(server, 'after', { maxRetries: 2 });

  const errors = await Promise.all([1, 2, 3].map(() => rejectionOf(client.get('/'))));

  expect(errors.map((error) => error.response.status)).toEqual([503, 503, 503]);
  expect(server.requests).toHaveLength(3);
});

test('axios-cache-interceptor, attached before: a stale answer is served in place of the first failure', async () => {
  const server = await start(staleAfterOne);
  const client = cached(server, 'before', { maxRetries: 2 });

  await client.get('/');
  const stale = await client.get('/');

  expect(stale).toMatchObject({ data: { ok: true }, cached: true, stale: true });
  expect(server.requests).toHaveLength(2);
});

test('axios-cache-interceptor, attached after: a stale answer is served when the retries have failed', async () => {
  const server = await start(staleAfterOne);
  const client = cached(server, 'after', { maxRetries: 2 });

  await client.get('/');
  const stale = await client.get('/');

  expect(stale).toMatchObject({ data: { ok: true }, cached: true, stale: true });
  expect(server.requests).toHaveLength(1 + 3);
});
