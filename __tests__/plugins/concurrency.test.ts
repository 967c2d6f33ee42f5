import type { AxiosInstance } from 'axios';
import { ConcurrencyManager } from 'axios-concurrency';
import { type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { type Answer, failing, servers, type TestServer } from '../support/server';
import { clientWith, ORDERS, type Order } from './plugin';

const start = servers();

const limited = (order: Order, server: TestServer, max: number, policy?: RetryPolicy) =>
  clientWith(order, server, (client: AxiosInstance) => ConcurrencyManager(client, max), policy);

/** Answers a moment later, and counts how many are under way at once. */
function crowdOf(answer: Answer) {
  let running = 0;
  const crowd = { most: 0 };
  const counting: Answer = (request, response, count) => {
    crowd.most = Math.max(crowd.most, ++running);
    setImmediate(() => {
      running--;
      answer(request, response, count);
    });
  };
  return { crowd, counting };
}

describe.each(ORDERS)('axios-concurrency, attached %s', (order) => {
  test('a call that is retried ends, and lets the next one go', async () => {
    const server = await start(failing(503, 503));
    const client = limited(order, server, 1);

    const first = await client.get('/first');
    const second = await client.get('/second');

    expect(retryStateOf(first)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(second.data).toEqual({ ok: true });
    expect(server.requests.map(({ url }) => url)).toEqual(['/first', '/first', '/first', '/second']);
  });

  test('a call that fails for good lets the next one go', async () => {
    const server = await start(failing(503, 503));
    const client = limited(order, server, 1, { maxRetries: 1 });

    const error = await rejectionOf(client.get('/first'));
    const second = await client.get('/second');

    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 2 });
    expect(second.data).toEqual({ ok: true });
  });

  test('never more than its limit are on the wire, retries included', async () => {
    const { crowd, counting } = crowdOf(failing(...Array(6).fill(503)));
    const server = await start(counting);
    const client = limited(order, server, 2);

    const responses = await Promise.all([1, 2, 3, 4, 5, 6].map((id) => client.get(`/${id}`)));

    expect(responses.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(server.requests).toHaveLength(12);
    expect(crowd.most).toBeLessThanOrEqual(2);
  });
});

test('axios-concurrency, attached before: a call that waits for a retry leaves its place to others', async () => {
  const server = await start(failing(503));
  const client: AxiosInstance = limited('before', server, 1, {
    onRetry: async () => {
      await client.get('/second');
    },
  });

  await client.get('/first');

  expect(server.requests.map(({ url }) => url)).toEqual(['/first', '/second', '/first']);
});

test('axios-concurrency, attached after: a call keeps its place until it has ended', async () => {
  const server = await start(failing(503));
  let second: Promise<unknown> | undefined;
  const client: AxiosInstance = limited('after', server, 1, {
    onRetry: () => {
      second = client.get('/second');
    },
  });

  await client.get('/first');
  await second;

  expect(server.requests.map(({ url }) => url)).toEqual(['/first', '/first', '/second']);
});
