import axios, { AxiosError, type InternalAxiosRequestConfig } from 'axios';
import {
  type AttachedRetry,
  attachRetry,
  type Budget,
  RetryBudget,
  type RetryPolicy,
  retryStateOf,
} from '../../lib/index';
import { rejectionOf, watch } from '../support/outcome';
import { failing, startServer, type TestServer } from '../support/server';

const servers: TestServer[] = [];
const attached: AttachedRetry[] = [];

async function start(...args: Parameters<typeof startServer>): Promise<TestServer> {
  const server = await startServer(...args);
  servers.push(server);
  return server;
}

function clientOf(server: { url: string }, policy: Parameters<typeof attachRetry>[1] = {}) {
  const client = axios.create({ baseURL: server.url });
  const retry = attachRetry(client, { backoff: { initialDelay: 1, maxDelay: 5 }, ...policy });
  attached.push(retry);
  return { client, retry };
}

afterEach(async () => {
  for (const retry of attached.splice(0)) retry.detach();
  for (const server of servers.splice(0)) await server.close();
});

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
  const dead = await start(down);
  const flaky = await start((request, response, count) =>
    failing(...(count % 2 ? [503, 503] : []))(request, response, 1),
  );
  const client = axios.create();
  const retry = attachRetry(client, { backoff: { initialDelay: 0 } });
  await Promise.allSettled(Array.from({ length: 40 }, () => client.get(dead.url)));
  const [ofDead] = retry.budgets();
  expect(ofDead).toEqual({ origin: dead.url, tokens: expect.any(Number), parked: 0 });
  expect(ofDead?.tokens).toBeLessThan(1);
  expect((await client.get(flaky.url)).status).toBe(200);
  expect(retry.budgets()).toHaveLength(2);
});

it('budgets() names the budget of the policy with a star', async () => {
  const server = await start(failing());
  const { retry } = clientOf(server, { budget: new RetryBudget({ maxTokens: 7 }) });
  expect(retry.budgets()).toEqual([{ origin: '*', tokens: 7, parked: 0 }]);
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

it('a retry that may wait takes a token that has come during its backoff', async () => {
  const server = await start(failing(503));
  const budget = new RetryBudget({ maxTokens: 1, refillPerSecond: 0 });
  budget.tryAcquire('patient');
  const { client } = clientOf(server, {
    budget,
    whenBudgetEmpty: 'wait',
    onRetry: () => budget.refund('patient'),
  });
  const response = await client.get('/');
  expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 2 });
  expect(server.requests).toHaveLength(2);
});

it('after timeouts two retries go, and the rest fail fast until successes come', async () => {
  const server = await start(() => {});
  const budget = new RetryBudget();
  const { client } = clientOf(server, { budget });
  const ended = await outcomes(Array.from({ length: 8 }, () => client.get('/', { timeout: 50 })));
  expect(server.requests).toHaveLength(8 + 2);
  expect(ended).toEqual(Array(8).fill('retry-budget-empty'));
  expect(budget.tokens).toBeGreaterThan(97);
});

it('with as many timeout tokens as retries, a request has all its retries after timeouts', async () => {
  const server = await start(() => {});
  const { client } = clientOf(server, { budget: new RetryBudget({ maxTimeoutTokens: 5 }) });
  const error = await rejectionOf(client.get('/', { timeout: 30 }));
  expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 6 });
});

describe("whenBudgetEmpty: 'wait'", () => {
  it('rides out a server that is down for 700 ms: of 200 callers nobody fails, with few requests more', async () => {
    let isDown = true;
    const server = await start((_request, response) => {
      response.statusCode = isDown ? 503 : 200;
      response.end();
    });
    setTimeout(() => {
      isDown = false;
    }, 700);
    const budget = new RetryBudget({ maxTokens: 5 });
    const { client } = clientOf(server, { budget, whenBudgetEmpty: 'wait', backoff: {} });
    const ended = await outcomes(Array.from({ length: 200 }, () => client.get('/')));
    expect(ended.filter((outcome) => outcome !== 'succeeded')).toEqual([]);
    expect(server.requests.length - 200).toBeLessThan(240);
  }, 60_000);

  async function parkOne(policy: Parameters<typeof attachRetry>[1], config = {}) {
    const server = await start(down);
    const budget = new RetryBudget({ maxTokens: 1, refillPerSecond: 0 });
    budget.tryAcquire('patient');
    const { client, retry } = clientOf(server, {
      budget,
      whenBudgetEmpty: 'wait',
      ...policy,
      backoff: () => 0,
    });
    const call = client.get('/', config);
    const watched = watch(call);
    // On a busy machine a time budget may be over before.
    while (watched.status === 'pending' && retry.budgets()[0]?.parked !== 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { server, call, retry, budget, watched };
  }

  it('ends with the last error when maxQueueTime is over', async () => {
    const { call, server, retry } = await parkOne({ maxQueueTime: 20 });
    const error = await rejectionOf(call);
    expect(error.response.status).toBe(503);
    expect(retryStateOf(error)?.outcome).toBe('retry-budget-empty');
    expect(server.requests).toHaveLength(1);
    expect(retry.budgets()[0]?.parked).toBe(0);
  });

  it('ends when the time budget is over', async () => {
    const { call, server } = await parkOne({ timeBudget: 40 });
    expect(retryStateOf(await rejectionOf(call))?.outcome).toBe('time-budget-exceeded');
    expect(server.requests).toHaveLength(1);
  });

  it('ends at once when the caller aborts', async () => {
    const controller = new AbortController();
    const { call, retry, server } = await parkOne({}, { signal: controller.signal });
    controller.abort();
    const error = await rejectionOf(call);
    expect(axios.isCancel(error)).toBe(true);
    expect(retryStateOf(error)?.outcome).toBe('aborted');
    expect(retry.budgets()[0]?.parked).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  it('ends at once, with its last error, when the interceptors are detached', async () => {
    const { call, retry, server } = await parkOne({});
    retry.detach();
    const error = await rejectionOf(call);
    expect(error.response.status).toBe(503);
    expect(retryStateOf(error)?.outcome).toBe('detached');
    expect(server.requests).toHaveLength(1);
  });

  it('counts the time in the queue as delay', async () => {
    const { call } = await parkOne({ maxQueueTime: 30 });
    const state = retryStateOf(await rejectionOf(call));
    expect(state?.totalDelay).toBeGreaterThanOrEqual(29);
    expect(state?.totalDelay).toBeLessThanOrEqual(state?.elapsed ?? 0);
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

/** An adapter that answers attempt after attempt as told: a status, or never. */
function answering(next: (attempt: number) => number | 'never') {
  let attempts = 0;
  return {
    get sent() {
      return attempts;
    },
    adapter: async (config: InternalAxiosRequestConfig) => {
      const status = next(++attempts);
      if (status === 'never') return new Promise<never>(() => {});
      const response = { status, statusText: '', data: '', headers: {}, config, request: {} };
      if (status < 300) return response;
      throw new AxiosError(`status ${status}`, 'ERR_BAD_RESPONSE', config, {}, response as never);
    },
  };
}

function waitingClient(stub: ReturnType<typeof answering>, policy: RetryPolicy) {
  const client = axios.create({ baseURL: 'http://a.test', adapter: stub.adapter });
  const retry = attachRetry(client, { whenBudgetEmpty: 'wait', backoff: () => 0, ...policy });
  attached.push(retry);
  return { client, retry };
}

/** A budget from which a retry that may wait gets nothing until successes have paid. */
function spent(options: ConstructorParameters<typeof RetryBudget>[0] = {}) {
  const budget = new RetryBudget({ refillPerSecond: 0, ...options });
  budget.tryAcquire('patient');
  return budget;
}

const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('a retry that waits for a budget kept elsewhere to answer once more', () => {
  const laterAnswers = (answer: () => Promise<boolean>) => {
    let asked = 0;
    return {
      tryAcquire: () => (++asked === 1 ? false : answer()),
      recordSuccess: jest.fn(),
      refund: jest.fn(),
      get asked() {
        return asked;
      },
    };
  };
  const untilAskedAgain = async (budget: { asked: number }) => {
    while (budget.asked < 2) await turns(1);
  };
  const never = () => new Promise<never>(() => {});

  it('ends at once when the caller aborts', async () => {
    const budget = laterAnswers(never);
    const { client } = waitingClient(
      answering(() => 503),
      { budget },
    );
    const controller = new AbortController();
    const call = rejectionOf(client.get('/', { signal: controller.signal }));
    await untilAskedAgain(budget);
    controller.abort();
    expect(retryStateOf(await call)?.outcome).toBe('aborted');
  });

  it('ends at once when the interceptors are detached', async () => {
    const budget = laterAnswers(never);
    const { client, retry } = waitingClient(
      answering(() => 503),
      { budget },
    );
    const call = rejectionOf(client.get('/'));
    await untilAskedAgain(budget);
    retry.detach();
    expect(retryStateOf(await call)?.outcome).toBe('detached');
  });

  it.each<[string, RetryPolicy]>([
    ['retry-budget-empty', { maxQueueTime: 20 }],
    ['time-budget-exceeded', { timeBudget: 20 }],
  ])('ends as %s when its time is over', async (outcome, policy) => {
    const budget = laterAnswers(never);
    const { client } = waitingClient(
      answering(() => 503),
      { budget, ...policy },
    );
    expect(retryStateOf(await rejectionOf(client.get('/')))?.outcome).toBe(outcome);
  });

  it('gives back a token that comes too late, and sends nothing', async () => {
    let answer: (hasToken: boolean) => void = () => {};
    const budget = laterAnswers(() => new Promise((resolve) => (answer = resolve)));
    const stub = answering(() => 503);
    const { client, retry } = waitingClient(stub, { budget });
    const call = rejectionOf(client.get('/'));
    await untilAskedAgain(budget);
    retry.detach();
    await call;
    answer(true);
    await turns();
    expect(stub.sent).toBe(1);
    expect(budget.refund).toHaveBeenCalledTimes(1);
  });

  it('is told what it rejected with, each time', async () => {
    const redisDown = new Error('redis is down');
    const budget = laterAnswers(() => Promise.reject(redisDown));
    const errors: unknown[] = [];
    const { client } = waitingClient(
      answering(() => 503),
      {
        budget,
        maxQueueTime: 20,
        onGiveUp: ({ budgetError }) => void errors.push(budgetError),
      },
    );
    // The second is parked behind the first, and only the queue asks for it.
    await Promise.allSettled([client.get('/'), turns().then(() => client.get('/'))]);
    expect(errors).toEqual([redisDown, redisDown]);
  });
});

it('nobody overtakes those that are parked, not even where there is a token', async () => {
  const order: string[] = [];
  let isDown = true;
  const stub = answering(() => (isDown ? 503 : 200));
  const budget = spent();
  const { client, retry } = waitingClient(stub, { budget });
  const call = (url: string) => client.get(url).then(() => order.push(url));
  const first = call('/first');
  while (retry.budgets()[0]?.parked !== 1) await turns(1);
  budget.refund('patient');
  const second = call('/second');
  while (stub.sent < 3 && retry.budgets()[0]?.parked !== 2) await turns(1);
  expect(retry.budgets()[0]?.parked).toBe(2);
  isDown = false;
  await Promise.all([first, second]);
  expect(order).toEqual(['/first', '/second']);
});

it('while others are parked, a retry that succeeds does not give its token back', async () => {
  const budget = spent({ tokensPerSuccess: 0.5 });
  const stub = answering((attempt) => (attempt <= 2 ? 503 : 200));
  const { client, retry } = waitingClient(stub, { budget });
  const calls = [client.get('/'), client.get('/')];
  while (retry.budgets()[0]?.parked !== 2) await turns(1);
  const before = budget.tokens;
  await Promise.all(calls);
  // The probe succeeds, and pays half a token; the second leaves as the next probe, and pays half.
  expect(budget.tokens).toBeLessThanOrEqual(before + 1);
});

it('a 404 shows that the origin is there: those that are parked go on and get theirs', async () => {
  const stub = answering((attempt) => (attempt <= 6 ? 503 : 404));
  const { client } = waitingClient(stub, { budget: spent(), maxQueueTime: 5_000 });
  const errors = await Promise.all(Array.from({ length: 6 }, () => rejectionOf(client.get('/'))));
  expect(errors.map(({ response }) => response.status)).toEqual(Array(6).fill(404));
  // Probes after failures would have rested for 50, 100, 200, 400, 800 and 1,600 ms at least.
  expect(Math.max(...errors.map((error) => retryStateOf(error)?.elapsed ?? 0))).toBeLessThan(1_500);
});

it('what the cache had says nothing of the origin', async () => {
  const budget = spent();
  const before = budget.tokens;
  const client = axios.create({
    adapter: async (config) =>
      ({ status: 200, statusText: '', data: '', headers: {}, config, cached: true }) as never,
  });
  attached.push(attachRetry(client, { budget }));
  await client.get('/');
  expect(budget.tokens).toBe(before);
});

it('the time that callbacks take is not taken for the server’s', async () => {
  const stub = answering((attempt) => (attempt === 1 ? 503 : 200));
  const { client } = waitingClient(stub, {
    budget: spent(),
    onRetry: () => new Promise((resolve) => setTimeout(resolve, 200)),
  });
  const response = await client.get('/');
  // 200 ms, and a rest of the probe of 50 to 100; ten times 200 would be two seconds.
  expect(retryStateOf(response)?.elapsed).toBeLessThan(1_500);
});

it('the origin is that of the URL the request really went to, and tells how many are parked', async () => {
  const stub = answering(() => 503);
  const client = axios.create({ baseURL: 'http://a.test', adapter: stub.adapter });
  client.interceptors.request.use((config) => {
    config.baseURL = 'http://b.test';
    return config;
  });
  const retry = attachRetry(client, { whenBudgetEmpty: 'wait', backoff: () => 0 });
  attached.push(retry);
  const calls = Promise.allSettled(Array.from({ length: 3 }, () => client.get('/')));
  while (!retry.budgets()[0]?.parked) await turns(1);
  expect(retry.budgets()).toEqual([
    { origin: 'http://b.test', tokens: expect.any(Number), parked: expect.any(Number) },
  ]);
  expect(retry.budgets()[0]?.parked).toBeGreaterThan(0);
  retry.detach();
  await calls;
});
