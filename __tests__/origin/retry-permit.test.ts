import axios from 'axios';
import {
  type AttachedRetry,
  attachRetry,
  RetryBudget,
  type RetryPolicy,
  retryStateOf,
} from '../../lib/index';
import { RetryPermit } from '../../lib/origin/retry-permit';
import { RetryQueue } from '../../lib/origin/retry-queue';
import { StopSignal } from '../../lib/timing';
import { deferred, rejectionOf, watch } from '../support/outcome';
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
    const answer = deferred<boolean>();
    const budget = laterAnswers(() => answer.promise);
    const stub = answering(() => 503);
    const { client, retry } = waitingClient(stub, { budget });
    const call = rejectionOf(client.get('/'));
    await untilAskedAgain(budget);
    retry.detach();
    await call;
    answer.fulfil(true);
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
  const answer = deferred();
  const stub = stubAdapter(503, (config) => answer.promise.then(() => respond(config, 200)), 503);
  const { client, retry } = waitingClient(stub, { budget });
  const first = client.get('/');
  while (stub.at.length < 2) await turns(1);
  const second = client.get('/');
  while (retry.budgets()[0]?.parked !== 1) await turns(1);
  answer.fulfil();
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

describe('one permit', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  /** A budget that answers what it is told, one answer after the other, and `false` from then on. */
  function told(...answers: (boolean | Promise<boolean>)[]) {
    const budget = {
      tryAcquire: jest.fn((_kind: string) => answers.shift() ?? false),
      recordSuccess: jest.fn(),
      refund: jest.fn(),
    };
    const queue = new RetryQueue(budget);
    const probeReturned = jest.spyOn(queue, 'probeReturned');
    const park = jest.spyOn(queue, 'park');
    const onError = jest.fn();
    const request = (kind: 'ordinary' | 'after-timeout' | 'patient') =>
      RetryPermit.request({ budget, queue }, kind, onError);
    const patient = async () => (await request('patient')) as RetryPermit;
    return { budget, queue, request, patient, onError, probeReturned, park };
  }

  function interrupters() {
    const controller = new AbortController();
    return { signal: controller.signal, detached: new StopSignal(), abort: () => controller.abort() };
  }

  const ready = (permit: RetryPermit, longest = 1_000, who = interrupters()) =>
    watch(permit.ready(10, longest, who));
  const advance = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  it('is always there where no budget applies, and nothing is done with it', async () => {
    const permit = await RetryPermit.request(undefined, 'ordinary', () => {});
    expect(await permit?.ready(1, 0, interrupters())).toBeUndefined();
    expect(() => {
      permit?.returned(true, 1);
      permit?.returned(false, 1);
      permit?.unused();
    }).not.toThrow();
  });

  it.each(['ordinary', 'after-timeout'] as const)('%s: there is one where there is a token', async (kind) => {
    const { request, budget } = told(true);
    expect(await request(kind)).toBeInstanceOf(RetryPermit);
    expect(await request(kind)).toBeUndefined();
    expect(budget.tryAcquire.mock.calls).toEqual([[kind], [kind]]);
  });

  it('goes at once with the token it has', async () => {
    const { patient, park, budget } = told(true);
    expect(await (await patient()).ready(1, 1_000, interrupters())).toBeUndefined();
    expect(park).not.toHaveBeenCalled();
    expect(budget.tryAcquire).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['at once', true],
    ['later', Promise.resolve(true)],
  ])('goes with a token that has come meanwhile, told %s', async (_when, answer) => {
    const { patient, park, budget } = told(false, answer);
    const permit = await patient();
    const done = ready(permit);
    await advance(0);
    expect(done).toEqual({ status: 'fulfilled', value: undefined });
    expect(park).not.toHaveBeenCalled();
    permit.unused();
    expect(budget.refund.mock.calls).toEqual([['patient']]);
  });

  it.each([
    ['at once', false],
    ['later', Promise.resolve(false)],
  ])('parks where none has come, told %s', async (_when, answer) => {
    const { patient, queue, budget } = told(false, answer);
    const done = ready(await patient());
    await advance(0);
    expect([done.status, queue.parked]).toEqual(['pending', 1]);
    await advance(1_000);
    // Nobody sends without being let go.
    expect(done.status).toBe('fulfilled');
    expect(budget.refund).not.toHaveBeenCalled();
  });

  it('parks for what is left after the budget took its time to answer', async () => {
    const answer = deferred<boolean>();
    const { patient, park } = told(false, answer.promise);
    ready(await patient(), 1_000);
    await advance(300);
    answer.fulfil(false);
    await advance(0);
    expect(park.mock.calls[0]?.slice(0, 2)).toEqual([10, 700]);
  });

  it('does not park once the time is over, the call aborted or the interceptors detached', async () => {
    const never = () => new Promise<boolean>(() => {});
    const { patient, park } = told(false, never(), false, never(), false, never());
    const [aborts, detaches] = [interrupters(), interrupters()];
    const outcomes = [
      ready(await patient(), 500),
      ready(await patient(), 1_000, aborts),
      ready(await patient(), 1_000, detaches),
    ];
    aborts.abort();
    detaches.detached.stop();
    await advance(500);
    expect(outcomes.map(({ value }) => value)).toEqual(['expired', 'aborted', 'detached']);
    expect(park).not.toHaveBeenCalled();
  });

  it.each([true, false])('that comes too late is given back if it is a token: %s', async (granted) => {
    const answer = deferred<boolean>();
    const { patient, budget } = told(false, answer.promise);
    ready(await patient(), 500);
    await advance(500);
    answer.fulfil(granted);
    await advance(0);
    expect(budget.refund.mock.calls).toEqual(granted ? [['patient']] : []);
  });

  it('that is parked expires, and tells what the budget rejected with', async () => {
    const redisDown = new Error('redis is down');
    const { patient, queue, onError } = told(false, false);
    // Another retry, so that this one is not the probe.
    queue.park(10, 5_000, () => {});
    const done = ready(await patient(), 50);
    queue.budgetError = redisDown;
    await advance(49);
    expect(done.status).toBe('pending');
    await advance(1);
    expect(done).toEqual({ status: 'fulfilled', value: 'expired' });
    expect(onError.mock.calls).toEqual([[redisDown]]);
  });

  it('that is parked and expires tells nothing where the budget rejected with nothing', async () => {
    const { patient, onError } = told(false, false);
    const done = ready(await patient(), 50);
    await advance(50);
    expect(done.value).toBe('expired');
    expect(onError).not.toHaveBeenCalled();
  });

  it('that is parked ends with the abort, and leaves the queue', async () => {
    const { patient, queue } = told(false, false);
    const who = interrupters();
    const done = ready(await patient(), 1_000, who);
    await advance(0);
    who.abort();
    await advance(0);
    expect(done.value).toBe('aborted');
    expect(queue.parked).toBe(0);
  });

  it('tells the queue of what the budget rejects with when it is asked first', async () => {
    const redisDown = new Error('redis is down');
    const { request, queue, onError } = told(Promise.reject(redisDown));
    expect(await request('ordinary')).toBeUndefined();
    expect(queue.budgetError).toBe(redisDown);
    expect(onError.mock.calls).toEqual([[redisDown]]);
  });

  describe('that left as the probe', () => {
    async function probe() {
      const lot = told(false, false);
      const permit = await lot.patient();
      const done = ready(permit, 5_000);
      // 100 ms: the rest after an attempt of 10.
      await advance(100);
      expect(done).toEqual({ status: 'fulfilled', value: undefined });
      return { permit, ...lot };
    }

    it.each([true, false])('tells the queue how it went: %s', async (answered) => {
      const { permit, probeReturned, budget } = await probe();
      permit.returned(answered, 42);
      expect(probeReturned.mock.calls).toEqual([[1, answered, 42]]);
      expect(budget.refund).not.toHaveBeenCalled();
    });

    it('tells the queue that it was not sent after all', async () => {
      const { permit, probeReturned, budget } = await probe();
      permit.unused();
      expect(probeReturned.mock.calls).toEqual([[1, false, 0]]);
      expect(budget.refund).not.toHaveBeenCalled();
    });
  });

  describe('with a token', () => {
    it('gives it back when the origin answered', async () => {
      const { request, budget, probeReturned } = told(true);
      (await request('after-timeout'))?.returned(true, 1);
      expect(budget.refund.mock.calls).toEqual([['after-timeout']]);
      expect(probeReturned).not.toHaveBeenCalled();
    });

    it('keeps it when the retry failed', async () => {
      const { request, budget, probeReturned } = told(true);
      (await request('ordinary'))?.returned(false, 1);
      expect(budget.refund).not.toHaveBeenCalled();
      expect(probeReturned).not.toHaveBeenCalled();
    });

    it('keeps it while others are parked', async () => {
      const { request, budget, queue } = told(true);
      const permit = await request('ordinary');
      queue.park(10, 1_000, () => {});
      permit?.returned(true, 1);
      expect(budget.refund).not.toHaveBeenCalled();
    });

    it('gives it back when the retry was not sent, even while others are parked', async () => {
      const { request, budget, queue, probeReturned } = told(true);
      const permit = await request('ordinary');
      queue.park(10, 1_000, () => {});
      permit?.unused();
      expect(budget.refund.mock.calls).toEqual([['ordinary']]);
      expect(probeReturned).not.toHaveBeenCalled();
    });
  });

  it('without a token, given up before it had one, gives none back', async () => {
    const { patient, budget, probeReturned } = told(false);
    const permit = await patient();
    permit.unused();
    permit.returned(true, 1);
    expect(budget.refund).not.toHaveBeenCalled();
    expect(probeReturned).not.toHaveBeenCalled();
  });
});
