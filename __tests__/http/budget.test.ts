import axios from 'axios';
import { type AttachedRetry, attachRetry, type Budget, RetryBudget, retryStateOf } from '../../lib/index';
import { rejectionOf } from '../support/outcome';
import { failing, startServer, type TestServer } from '../support/server';
import { stoppableClock } from '../support/stoppable-clock';

const servers: TestServer[] = [];
const attached: AttachedRetry[] = [];

async function start(...args: Parameters<typeof startServer>): Promise<TestServer> {
  const server = await startServer(...args);
  servers.push(server);
  return server;
}

function clientOf(server: { url: string }, policy: Parameters<typeof attachRetry>[1] = {}) {
  const client = axios.create({ baseURL: server.url });
  const retry = attachRetry(client, { backoff: { initialDelay: 1, maxDelay: 5 }, patience: 0, ...policy });
  attached.push(retry);
  return { client, retry };
}

afterEach(async () => {
  for (const retry of attached.splice(0)) retry.detach();
  for (const server of servers.splice(0)) await server.close();
});

const { stop, freezeAt, pass, until } = stoppableClock();
const down = failing(...Array(10_000).fill(503));
const outcomes = async (promises: Promise<unknown>[]) => {
  const settled = await Promise.allSettled(promises);
  return settled.map(
    (result) => retryStateOf(result.status === 'fulfilled' ? result.value : result.reason)?.outcome,
  );
};

it('10 callers with 3 tokens send exactly 13 requests, and fail fast', async () => {
  const server = await start(down);
  const { client } = clientOf(server, { budget: new RetryBudget({ maxTokens: 3, refillPerSecond: 0 }) });
  const ended = await outcomes(Array.from({ length: 10 }, () => client.get('/')));
  expect(server.requests).toHaveLength(13);
  expect(ended.filter((outcome) => outcome === 'retry-budget-empty')).toHaveLength(10);
});

it('an empty budget gives back the last error, and sends nothing', async () => {
  const server = await start(down);
  const budget = new RetryBudget({ maxTokens: 1, refillPerSecond: 0 });
  budget.tryAcquire();
  const { client } = clientOf(server, { budget });
  const error = await rejectionOf(client.get('/'));
  expect(server.requests).toHaveLength(1);
  expect(error.response.status).toBe(503);
  expect(retryStateOf(error)).toMatchObject({ outcome: 'retry-budget-empty', attempts: 1 });
});

it('a dead origin does not drain the budget of a healthy one', async () => {
  // Nothing is refilled meanwhile.
  freezeAt(performance.now());
  const dead = await start(down);
  const flaky = await start((request, response, count) =>
    failing(...(count % 2 ? [503, 503] : []))(request, response, 1),
  );
  const client = axios.create();
  const retry = attachRetry(client, { backoff: { initialDelay: 0 }, patience: 0 });
  await Promise.allSettled(Array.from({ length: 40 }, () => client.get(dead.url)));
  const [ofDead] = retry.origins();
  expect(ofDead).toMatchObject({ origin: dead.url, tokens: expect.any(Number), held: 0 });
  expect(ofDead?.tokens).toBeLessThan(1);
  expect((await client.get(flaky.url)).status).toBe(200);
  expect(retry.origins()).toHaveLength(2);
});

it('origins() tells the tokens of the budget that the policy names', async () => {
  const server = await start(failing(503));
  const { retry, client } = clientOf(server, {
    budget: new RetryBudget({ maxTokens: 7, refillPerSecond: 0 }),
  });
  await client.get('/');
  expect(retry.origins()).toMatchObject([{ origin: server.url, tokens: 7 }]);
});

it('one budget can be shared by several clients', async () => {
  const server = await start(down);
  const budget = new RetryBudget({ maxTokens: 4, refillPerSecond: 0 });
  const clients = [clientOf(server, { budget }), clientOf(server, { budget })];
  await Promise.allSettled(clients.map(({ client }) => client.get('/')));
  expect(server.requests).toHaveLength(2 + 4);
});

it('budget: false switches it off', async () => {
  const server = await start(down);
  const { client } = clientOf(server, { budget: false, backoff: { initialDelay: 0 } });
  await Promise.allSettled(Array.from({ length: 50 }, () => client.get('/')));
  expect(server.requests).toHaveLength(50 * 6);
});

it('a retry that succeeds gives its token back, and every success deposits a part of one', async () => {
  const server = await start(failing(503));
  const budget = new RetryBudget({ maxTokens: 10, refillPerSecond: 0, tokensPerSuccess: 0.5 });
  budget.tryAcquire();
  budget.tryAcquire();
  const { client } = clientOf(server, { budget });
  await client.get('/');
  expect(budget.tokens).toBe(8.5);
  await client.get('/');
  expect(budget.tokens).toBe(9);
});

it('a retry that is aborted in its wait gives its token back', async () => {
  const server = await start(down);
  const budget = new RetryBudget({ maxTokens: 5, refillPerSecond: 0 });
  const controller = new AbortController();
  const { client } = clientOf(server, { budget, backoff: () => 60_000, onRetry: () => controller.abort() });
  const error = await rejectionOf(client.get('/', { signal: controller.signal }));
  expect(retryStateOf(error)?.outcome).toBe('aborted');
  expect(budget.tokens).toBe(5);
});

it('a retry that onRetry calls off gives its token back', async () => {
  const server = await start(down);
  const budget = new RetryBudget({ maxTokens: 5, refillPerSecond: 0 });
  const { client } = clientOf(server, {
    budget,
    onRetry: () => {
      throw new Error('enough');
    },
  });
  expect((await rejectionOf(client.get('/'))).message).toBe('enough');
  expect(budget.tokens).toBe(5);
});

describe('after timeouts', () => {
  beforeEach(stop);

  it('two retries go, and the rest fail fast until successes come', async () => {
    const server = await start(() => {});
    const budget = new RetryBudget({ refillPerSecond: 0 });
    const { client } = clientOf(server, { budget });
    const ended = outcomes(Array.from({ length: 8 }, () => client.get('/', { timeout: 30_000 })));
    await until(() => server.requests.length >= 8);
    await pass(30_000);
    await until(() => server.requests.length >= 8 + 2);
    await pass(30_000);
    expect(await ended).toEqual(Array(8).fill('retry-budget-empty'));
    expect(server.requests).toHaveLength(8 + 2);
    expect(budget.tokens).toBe(100 - 2);
  });

  it('a request has all its retries with as many timeout tokens', async () => {
    const server = await start(() => {});
    const { client } = clientOf(server, { budget: new RetryBudget({ maxTimeoutTokens: 5 }) });
    const call = rejectionOf(client.get('/', { timeout: 30_000 }));
    for (let attempt = 1; attempt <= 6; attempt++) {
      await until(() => server.requests.length >= attempt);
      await pass(30_000);
    }
    expect(retryStateOf(await call)).toMatchObject({ outcome: 'retries-exhausted', attempts: 6 });
  });
});

describe('a budget kept elsewhere', () => {
  const elsewhere = (
    tryAcquire: () => Promise<boolean>,
  ): Budget & { recordSuccess: jest.Mock; refund: jest.Mock } => ({
    tryAcquire,
    recordSuccess: jest.fn(),
    refund: jest.fn(),
  });

  it('is awaited, told of successes, and refunded', async () => {
    const server = await start(failing(503));
    const budget = elsewhere(async () => true);
    const { client } = clientOf(server, { budget });
    await client.get('/');
    expect(budget.refund).toHaveBeenCalledTimes(1);
    expect(budget.recordSuccess).toHaveBeenCalledTimes(1);
  });

  it('may say no', async () => {
    const server = await start(down);
    const { client } = clientOf(server, { budget: elsewhere(async () => false) });
    expect(retryStateOf(await rejectionOf(client.get('/')))?.outcome).toBe('retry-budget-empty');
    expect(server.requests).toHaveLength(1);
  });

  it('that rejects counts as empty, is reported through onGiveUp, and never replaces the request’s own error', async () => {
    const server = await start(down);
    const redisDown = new Error('redis is down');
    const onGiveUp = jest.fn();
    const { client } = clientOf(server, { budget: elsewhere(() => Promise.reject(redisDown)), onGiveUp });
    const error = await rejectionOf(client.get('/'));
    expect(error.response.status).toBe(503);
    expect(onGiveUp).toHaveBeenCalledTimes(1);
    expect(onGiveUp.mock.calls[0][0]).toMatchObject({ reason: 'retry-budget-empty' });
    expect(onGiveUp.mock.calls[0][0].budgetError).toBe(redisDown);
    expect(onGiveUp.mock.calls[0][0].error).toBe(error);
  });

  it('works from a request’s own config, which axios copies', async () => {
    const server = await start(failing(503));
    const budget = elsewhere(async () => true);
    const { client } = clientOf(server);
    await client.get('/', { retryPolicy: { budget } });
    expect(budget.refund).toHaveBeenCalledTimes(1);
  });
});
