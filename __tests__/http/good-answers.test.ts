/** Answers that axios calls good: retryAccepted, judge, nextAttempt, and onSettled, which hears of every end. */
import axios from 'axios';
import { attachRetry, type RetryEvent, type RetryPolicy, retryStateOf, type SettledEvent } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { closedPort, failing, servers, type TestServer } from '../support/server';

const start = servers();
const QUICK: RetryPolicy = { backoff: () => 0, patience: 0 };

function clientOf(server: TestServer, policy: RetryPolicy = {}, config = {}) {
  const client = axios.create({ baseURL: server.url, ...config });
  attachRetry(client, { ...QUICK, ...policy });
  return client;
}

describe('a transient status that validateStatus accepts', () => {
  const accepting = { validateStatus: () => true };

  test('is retried with nothing but attachRetry', async () => {
    const server = await start(failing(503, 429));
    const response = await clientOf(server, {}, accepting).get('/');
    expect(response.status).toBe(200);
    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
  });

  test('resolves at last, as it would have', async () => {
    const server = await start(failing(503, 503, 503));
    const giveUps: unknown[] = [];
    const onGiveUp: RetryPolicy['onGiveUp'] = ({ reason, error }) => giveUps.push(reason, String(error));
    const response = await clientOf(server, { maxRetries: 2, onGiveUp }, accepting).get('/');
    expect(response.status).toBe(503);
    expect(response.data).toEqual({ error: 503 });
    expect(retryStateOf(response)).toMatchObject({ outcome: 'retries-exhausted', attempts: 3 });
    expect(giveUps).toEqual(['retries-exhausted', 'AxiosError: Request failed with status code 503']);
  });

  test('rejects with what an inside interceptor makes of it', async () => {
    const server = await start(failing(503, 503));
    const client = axios.create({ baseURL: server.url, ...accepting });
    client.interceptors.response.use((response) => {
      if (response.status >= 400) throw new Error(`own ${response.status}`);
      return response;
    });
    attachRetry(client, { ...QUICK, maxRetries: 1 });
    const error = await rejectionOf(client.get('/'));
    expect(error.message).toBe('own 503');
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 2 });
  });

  test('is good enough for a POST without a key, which resolves at once', async () => {
    const server = await start(failing(503));
    const response = await clientOf(server, {}, accepting).post('/', {});
    expect(response.status).toBe(503);
    expect(retryStateOf(response)).toMatchObject({ outcome: 'not-idempotent', attempts: 1 });
  });

  test('is left alone with retryAccepted: false', async () => {
    const server = await start(failing(503));
    const response = await clientOf(server, { retryAccepted: false }, accepting).get('/');
    expect(response.status).toBe(503);
    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 1 });
  });

  test('does what the server asks: x-should-retry', async () => {
    const server = await start((_request, response) =>
      response.writeHead(503, { 'x-should-retry': 'false' }).end(),
    );
    const response = await clientOf(server, {}, accepting).get('/');
    expect(retryStateOf(response)).toMatchObject({ outcome: 'server-said-stop', attempts: 1 });
  });
});

describe('judge', () => {
  /** Answers 202 the first `times`, then 200. */
  const polled = (times: number) =>
    start((_request, response, count) => response.writeHead(count <= times ? 202 : 200).end(`${count}`));

  test('makes a transient failure of a good response, which resolves when retries end', async () => {
    const server = await polled(9);
    const events: RetryEvent[] = [];
    const client = clientOf(server, {
      maxRetries: 2,
      judge: ({ status }) => status === 202,
      onRetry: (event) => events.push(event),
    });
    const response = await client.get('/');
    expect(response.data).toBe(3);
    expect(retryStateOf(response)).toMatchObject({ outcome: 'retries-exhausted', attempts: 3 });
    expect(events.map(({ error }) => [error.response?.status, axios.isAxiosError(error)])).toEqual([
      [202, true],
      [202, true],
    ]);
  });

  test('is asked of every good response and of no other, with the state, and may take its time', async () => {
    const server = await start(failing(503, 200, 404));
    const asked: unknown[] = [];
    const client = clientOf(server, {
      judge: async ({ status }, { attempts }) => {
        asked.push([status, attempts]);
        return undefined;
      },
    });
    expect((await client.get('/')).status).toBe(200);
    await rejectionOf(client.get('/'));
    expect(asked).toEqual([[200, 2]]);
  });

  test('says "not yet": waits that long, draws on no budget, and counts as a retry', async () => {
    const server = await polled(2);
    const delays: unknown[] = [];
    const client = clientOf(server, {
      backoff: () => 60_000,
      judge: ({ status }) => (status === 202 ? { after: 3 } : undefined),
      budget: { tryAcquire: () => false, recordSuccess() {}, refund() {} },
      onRetry: ({ delay, delaySource }) => delays.push([delay, delaySource]),
    });
    const response = await client.get('/');
    expect(response.data).toBe(3);
    expect(delays).toEqual([
      [3, 'judge'],
      [3, 'judge'],
    ]);
    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', retries: 2 });
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5', undefined])(
    'may not say "not yet" for %p milliseconds',
    async (after) => {
      const client = clientOf(await polled(9), { judge: () => ({ after }) as never });
      const error = await rejectionOf(client.get('/'));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toMatch(/^retryPolicy\.judge must return .*\{ after: .*got after: /);
    },
  );

  test('that throws ends the call with what it threw', async () => {
    const thrown = new Error('judge is ill');
    const client = clientOf(await polled(0), {
      judge: () => {
        throw thrown;
      },
    });
    expect(await rejectionOf(client.get('/'))).toBe(thrown);
  });

  test('does not repeat a POST without a key', async () => {
    const server = await polled(9);
    const response = await clientOf(server, { judge: () => true }).post('/', {});
    expect(retryStateOf(response)).toMatchObject({ outcome: 'not-idempotent' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('nextAttempt', () => {
  const SECRETS = { Authorization: 'Bearer a', Cookie: 'a=1', 'Proxy-Authorization': 'Basic a' };
  const secretsOf = ({ requests }: TestServer) =>
    requests.map(({ headers }) => [headers.authorization, headers.cookie, headers['proxy-authorization']]);

  test('lays over the coming attempt only, and merges headers one by one', async () => {
    const server = await start(failing(503, 503));
    const seen: unknown[] = [];
    const client = clientOf(server, {
      nextAttempt: ({ retry }) => {
        seen.push(retry);
        return retry === 1 ? { params: { page: 2 }, headers: { 'x-b': 'changed' } } : undefined;
      },
    });
    await client.get('/', { params: { page: 1 }, headers: { 'X-A': 'a', 'X-B': 'b' } });
    expect(seen).toEqual([1, 2]);
    expect(server.requests.map(({ url, headers }) => [url, headers['x-a'], headers['x-b']])).toEqual([
      ['/?page=1', 'a', 'b'],
      ['/?page=2', 'a', 'changed'],
      ['/?page=1', 'a', 'b'],
    ]);
  });

  test('to another origin carries no credentials of the first, wherever they come from', async () => {
    const first = await start(failing(503));
    const second = await start(failing());
    const client = clientOf(
      first,
      { nextAttempt: () => ({ baseURL: second.url }) },
      { auth: { username: 'u', password: 'p' } },
    );
    Object.assign(client.defaults.headers.common, { Cookie: 'default=1' });
    const { Cookie: _, ...headers } = SECRETS;
    await client.get('/', { headers: { ...headers, 'X-Kept': '1' } });
    expect(secretsOf(first)).toEqual([[expect.any(String), 'default=1', 'Basic a']]);
    expect(secretsOf(second)).toEqual([[undefined, undefined, undefined]]);
    expect(second.requests[0]?.headers['x-kept']).toBe('1');
  });

  test('to another origin carries the credentials that it returns itself', async () => {
    const first = await start(failing(503));
    const second = await start(failing());
    const client = clientOf(first, {
      nextAttempt: () => ({ baseURL: second.url, headers: { authorization: 'Bearer b' } }),
    });
    await client.get('/', { headers: SECRETS });
    expect(secretsOf(second)).toEqual([['Bearer b', undefined, undefined]]);
  });

  test('to the same origin keeps them', async () => {
    const server = await start(failing(503));
    await clientOf(server, { nextAttempt: () => ({ url: '/other' }) }).get('/', { headers: SECRETS });
    expect(secretsOf(server)).toEqual(Array(2).fill(['Bearer a', 'a=1', 'Basic a']));
  });

  test('to another origin draws on the budget of that origin', async () => {
    const first = await start(failing(...Array(99).fill(503)));
    const second = await start(failing(...Array(99).fill(503)));
    const client = axios.create({ baseURL: first.url });
    const retry = attachRetry(client, {
      ...QUICK,
      maxRetries: 1,
      nextAttempt: () => ({ baseURL: second.url }),
    });
    await rejectionOf(client.get('/'));
    expect(retry.origins().map(({ origin, tokens }) => [origin, Math.round(tokens ?? 0)])).toEqual([
      [first.url, 20],
      [second.url, 19],
    ]);
  });

  test.each([null, 5, 'http://b', new Map()])('must return an object; %p ends the call', async (made) => {
    const client = clientOf(await start(failing(503)), { nextAttempt: () => made as never });
    const call = client.get('/');
    if (made === null) return expect((await call).status).toBe(200);
    expect((await rejectionOf(call)).message).toMatch(/^retryPolicy\.nextAttempt must return an object/);
  });
});

describe('onSettled', () => {
  test('hears once of every call, however it ends', async () => {
    const server = await start(failing(503, 200, 404));
    const events: SettledEvent[] = [];
    const client = clientOf(server, { onSettled: (event) => events.push(event) });
    const response = await client.get('/');
    const error = await rejectionOf(client.get('/'));
    expect(events.map(({ state }) => [state.outcome, state.attempts])).toEqual([
      ['succeeded', 2],
      ['not-retryable', 1],
    ]);
    expect(events[0]?.response).toBe(response);
    expect(events[1]?.error).toBe(error);
    expect(JSON.stringify(events)).not.toMatch(/headers/);
  });

  test('is awaited, after onGiveUp, and what it throws is thrown', async () => {
    const log: string[] = [];
    const thrown = new Error('metrics are down');
    const client = clientOf(await start(failing(404)), {
      onGiveUp: () => void log.push('onGiveUp'),
      onSettled: async () => {
        await Promise.resolve();
        log.push('onSettled');
        throw thrown;
      },
    });
    const error = await rejectionOf(client.get('/'));
    expect(error).toBe(thrown);
    expect(log).toEqual(['onGiveUp', 'onSettled']);
    expect(retryStateOf(error.cause)).toMatchObject({ outcome: 'not-retryable' });
  });
});

test('a wait that is too long is told in milliseconds, on the state and on the event', async () => {
  const server = await start((_request, response) => response.writeHead(503, { 'Retry-After': '120' }).end());
  const events: unknown[] = [];
  const client = clientOf(server, { onGiveUp: (event) => events.push(event.retryAfter) });
  const state = retryStateOf(await rejectionOf(client.get('/')));
  expect(state).toMatchObject({ outcome: 'retry-after-too-long', retryAfter: 120_000 });
  expect(events).toEqual([120_000]);
});

test('a refused connection to another origin is a failure of that origin', async () => {
  const first = await start(failing(503, 200));
  const port = await closedPort();
  const client = clientOf(first, {
    nextAttempt: ({ retry }) => (retry === 1 ? { baseURL: `http://127.0.0.1:${port}` } : undefined),
  });
  const response = await client.get('/');
  expect(retryStateOf(response)?.failures.map(({ status, code }) => status ?? code)).toEqual([
    503,
    'ECONNREFUSED',
  ]);
});

test('an adapter may answer with a config of its own making: the state of the call is found all the same', async () => {
  const client = clientOf({ url: 'http://server.test' } as TestServer);
  const response = await client.get('/', {
    adapter: async ({ url }) => ({
      status: 200,
      statusText: 'OK',
      data: 'fine',
      headers: {},
      config: { url } as never,
    }),
  });
  expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 1 });
});
