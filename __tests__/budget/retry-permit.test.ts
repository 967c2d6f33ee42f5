import axios from 'axios';
import {
  type AttachedRetry,
  attachRetry,
  RetryBudget,
  type RetryPolicy,
  retryStateOf,
} from '../../lib/index';
import { rejectionOf } from '../support/outcome';
import { respond, type Step, type StubAdapter, stubAdapter } from '../support/stub-adapter';

const attached: AttachedRetry[] = [];
afterEach(() => {
  for (const retry of attached.splice(0)) retry.detach();
});

/** An adapter that answers each attempt, counted from 1, with a status. */
function answering(next: (attempt: number) => number): StubAdapter {
  const stub: StubAdapter = stubAdapter(
    ...Array<Step>(100).fill(async (config) => respond(config, next(stub.at.length))),
  );
  return stub;
}

function waitingClient(stub: StubAdapter, policy: RetryPolicy) {
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
    expect(stub.at.length).toBe(1);
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
  while (stub.at.length < 3 && retry.budgets()[0]?.parked !== 2) await turns(1);
  expect(retry.budgets()[0]?.parked).toBe(2);
  isDown = false;
  await Promise.all([first, second]);
  expect(order).toEqual(['/first', '/second']);
});

it('while others are parked, a retry that succeeds does not give its token back', async () => {
  const budget = new RetryBudget({ maxTokens: 5, refillPerSecond: 0, tokensPerSuccess: 0 });
  let answer: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const stub = stubAdapter(503, (config) => held.then(() => respond(config, 200)), 503);
  const { client, retry } = waitingClient(stub, { budget });
  const first = client.get('/');
  while (stub.at.length < 2) await turns(1);
  const second = client.get('/');
  while (retry.budgets()[0]?.parked !== 1) await turns(1);
  answer();
  await first;
  // It would have let the second one leave.
  expect([budget.tokens, retry.budgets()[0]?.parked]).toEqual([4, 1]);
  await second;
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
