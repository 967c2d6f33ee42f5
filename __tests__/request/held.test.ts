/** Calls at the gate of their origin: held, let go, given up, cancelled. On jest's clock. */
import axios, { type AxiosRequestConfig, type InternalAxiosRequestConfig } from 'axios';
import { attachRetry, type Budget, RetryBudget, type RetryPolicy, retryStateOf } from '../../lib';
import { watch } from '../support/outcome';
import { seededRandom } from '../support/storm';
import { HANG, type Step, stubAdapter } from '../support/stub-adapter';

const ORIGIN = 'http://api.test';

beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockImplementation(seededRandom(1));
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const advance = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** A client of an origin that answers as it is told at the time. */
function clientOf(policy: RetryPolicy = {}) {
  const origin = { answer: 503 as Step };
  const stub = stubAdapter(
    ...Array.from(
      { length: 10_000 },
      () => (config: InternalAxiosRequestConfig) => stubAdapter(origin.answer).adapter(config),
    ),
  );
  const client = axios.create({ baseURL: ORIGIN, adapter: stub.adapter, timeout: 1_000 });
  const retry = attachRetry(client, policy);
  const get = ({ url = '/', ...config }: AxiosRequestConfig = {}) => watch(client.get(url, config));
  const gets = (count: number, config?: AxiosRequestConfig) =>
    Array.from({ length: count }, () => get(config));
  return { client, stub, origin, retry, get, gets, report: () => retry.origins()[0] };
}

/** Twenty calls have failed, and are held. */
async function down(policy: RetryPolicy = {}) {
  const made = clientOf(policy);
  const calls = made.gets(20);
  await advance(1_000);
  expect(made.report()).toMatchObject({ state: 'failing' });
  expect(made.report()?.held).toBeGreaterThan(10);
  return { ...made, calls };
}

const outcomeOf = (call: { value: unknown }) => retryStateOf(call.value)?.outcome;

describe('a call to an origin one of whose endpoints is broken', () => {
  /** Three hundred calls to the broken one are held; those elsewhere are well. */
  async function broken() {
    const made = clientOf();
    const answers: Record<string, Step> = { '/broken': 503, '/good': 200 };
    let elsewhere: Step = 200;
    made.origin.answer = (config) => stubAdapter(answers[String(config.url)] ?? elsewhere).adapter(config);
    made.gets(300, { url: '/broken' });
    await advance(1_000);
    /** Calls to a good endpoint, one each ten milliseconds. */
    const goods = async (ms: number) => {
      for (let at = 0; at < ms; at += 10) {
        made.get({ url: '/good' });
        await advance(10);
      }
    };
    await goods(400);
    expect(made.report()?.held).toBeGreaterThan(0);
    const failNow = (failure: Step = 503) => {
      elsewhere = failure;
    };
    return { ...made, goods, failNow, recover: () => failNow(200) };
  }

  test('that fails once is sent again when its backoff is over, whoever is held', async () => {
    const { get, goods, failNow, recover, report } = await broken();
    failNow();
    const call = get({ url: '/unlucky' });
    await advance(0);
    recover();
    await goods(300);
    expect(retryStateOf(call.value)).toMatchObject({ outcome: 'succeeded', retries: 1, totalHeld: 0 });
    expect(report()?.held).toBeGreaterThan(0);
  });

  test('that fails twice stands in line with the others', async () => {
    const { get, goods, failNow } = await broken();
    let times = 2;
    failNow((config) => stubAdapter(times-- > 0 ? 503 : 200).adapter(config));
    const call = get({ url: '/unlucky' });
    await goods(600);
    expect([call.status, times]).toEqual(['pending', 0]);
    await goods(10_000);
    expect(retryStateOf(call.value)?.totalHeld).toBeGreaterThan(0);
  });

  test('that failed later than the last success stands in line, however long it took', async () => {
    const { get, goods, failNow, recover } = await broken();
    failNow(async (config) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return stubAdapter(503).adapter(config);
    });
    const call = get({ url: '/slow' });
    await goods(490);
    recover();
    await advance(300);
    expect(call.status).toBe('pending');
  });

  test('that failed at another origin stands in line', async () => {
    const { get, goods, failNow, recover } = await broken();
    failNow();
    const call = get({
      url: 'http://other.test/unlucky',
      retryPolicy: { nextAttempt: () => ({ url: `${ORIGIN}/unlucky` }) },
    });
    await advance(0);
    recover();
    await goods(150);
    expect(call.status).toBe('pending');
  });
});

describe('retries while an origin is down', () => {
  test('are held, few are sent, and all are served when it is back', async () => {
    const { origin, calls, stub } = await down();
    await advance(2_000);
    const sent = stub.at.length;
    expect(sent).toBeLessThan(20 + 20);
    origin.answer = 200;
    await advance(5_000);
    expect(calls.map(outcomeOf)).toEqual(Array(20).fill('succeeded'));
    for (const { value } of calls) {
      const state = retryStateOf(value);
      expect(state?.totalHeld).toBeGreaterThan(0);
      expect(state?.totalDelay).toBeGreaterThanOrEqual(state?.totalHeld ?? 0);
    }
    expect(jest.getTimerCount()).toBe(0);
  });

  test('fail when patience is over, each with the last error of its own, and those after that at once', async () => {
    const { calls, get, report, origin } = await down();
    await advance(10_000);
    expect(calls.map(outcomeOf).filter((outcome) => outcome === 'origin-down').length).toBeGreaterThan(10);
    expect(calls.map(({ status }) => status)).toEqual(Array(20).fill('rejected'));
    expect(report()).toMatchObject({ state: 'given-up', held: 0 });

    const late = get();
    await advance(0);
    expect(outcomeOf(late)).toBe('origin-down');
    expect(retryStateOf(late.value)).toMatchObject({ attempts: 1, totalDelay: 0 });

    // Each first attempt is the probe: the first success ends it.
    origin.answer = 200;
    const probe = get();
    await advance(0);
    expect(outcomeOf(probe)).toBe('succeeded');
    expect(report()).toMatchObject({ state: 'well' });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('are held for ever with endless patience, as long as maxQueueTime allows in all', async () => {
    const { calls } = await down({
      patience: Number.POSITIVE_INFINITY,
      maxQueueTime: 60_000,
      maxRetries: 50,
    });
    await advance(50_000);
    expect(calls.some(({ status }) => status === 'pending')).toBe(true);
    await advance(30_000);
    expect(calls.map(outcomeOf)).toEqual(Array(20).fill('held-too-long'));
    for (const { value } of calls) expect(retryStateOf(value)?.totalHeld).toBeLessThan(60_100);
  });

  test('are held no more than maxHeld at once; one more fails at once', async () => {
    const { gets, report } = clientOf({ maxHeld: 5 });
    const calls = gets(20);
    await advance(1_000);
    expect(report()?.held).toBeLessThanOrEqual(5);
    expect(calls.map(outcomeOf).filter((outcome) => outcome === 'queue-full').length).toBeGreaterThan(8);
  });

  test('with patience: 0 are never held: the bucket decides', async () => {
    const { gets, stub, report } = clientOf({ patience: 0 });
    const calls = gets(40);
    await advance(60_000);
    expect(stub.at).toHaveLength(40 + 20);
    expect(calls.map(outcomeOf)).toEqual(Array(40).fill('retry-budget-empty'));
    expect(report()).toMatchObject({ held: 0, tokens: expect.any(Number) });
  });
});

describe('what its caller cancels says nothing about the origin', () => {
  test('five cancelled retries cost a budget no token', async () => {
    const budget = new RetryBudget({ maxTokens: 5, refillPerSecond: 0 });
    const { origin, get } = clientOf({ budget, patience: 0, backoff: () => 10 });
    for (let count = 0; count < 5; count++) {
      origin.answer = 503;
      const controller = new AbortController();
      const call = get({ signal: controller.signal });
      await advance(5);
      origin.answer = HANG;
      await advance(10);
      controller.abort();
      await advance(0);
      expect(outcomeOf(call)).toBe('aborted');
    }
    expect(budget.tokens).toBe(5);
  });

  test('a cancelled probe doubles no rest, and the next goes in its place', async () => {
    const { origin, stub, gets, report } = clientOf();
    const controllers: AbortController[] = [];
    for (let count = 0; count < 20; count++) {
      const controller = new AbortController();
      controllers.push(controller);
      gets(1, { signal: controller.signal });
    }
    await advance(1_000);
    const before = report()?.window;
    origin.answer = HANG;
    const sent = stub.at.length;
    while (stub.at.length === sent) await advance(10);
    // Whoever is out is cancelled, with all others but one.
    for (const controller of controllers.slice(1)) controller.abort();
    await advance(0);
    expect(report()?.window).toBe(before);
    origin.answer = 200;
    await advance(5_000);
    expect(report()).toMatchObject({ state: 'well', held: 0 });
  });

  test('a held call is cancelled at once, and nothing of it is left', async () => {
    const { get, report, retry } = await down();
    const controller = new AbortController();
    const call = get({ signal: controller.signal });
    await advance(200);
    const { held = 0 } = report() ?? {};
    controller.abort();
    await advance(0);
    expect(outcomeOf(call)).toBe('aborted');
    expect(axios.isCancel(call.value)).toBe(true);
    expect(report()?.held).toBe(held - 1);
    retry.detach();
    await advance(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('a held call ends with its time budget', async () => {
    const { get } = await down();
    const call = get({ retryPolicy: { timeBudget: 700 } });
    await advance(700);
    expect(outcomeOf(call)).toBe('time-budget-exceeded');
    expect(retryStateOf(call.value)?.elapsed).toBeLessThanOrEqual(701);
  });

  test('held calls end at once, with their last error, when the interceptors are detached', async () => {
    const { calls, retry } = await down();
    retry.detach();
    await advance(0);
    const held = calls.filter(({ status }) => status === 'rejected');
    expect(held.length).toBeGreaterThan(10);
    for (const call of held) expect(outcomeOf(call)).toBe('detached');
  });
});

describe('first attempts', () => {
  /** The origin takes requests and answers none, and one call has found out. */
  async function stalled(policy: RetryPolicy = {}) {
    const made = clientOf(policy);
    made.get();
    made.origin.answer = HANG;
    await advance(3_000);
    const first = made.get();
    await advance(1_001);
    expect(made.report()).toMatchObject({ state: 'stalled' });
    return { ...made, first };
  }

  test('are held while the origin stalls, count as no attempt, and are served when it is back', async () => {
    const { gets, stub, origin } = await stalled();
    const sent = stub.at.length;
    const calls = gets(20);
    await advance(100);
    expect(stub.at.length).toBeLessThanOrEqual(sent + 1);
    origin.answer = 200;
    await advance(6_000);
    expect(calls.map(outcomeOf)).toEqual(Array(20).fill('succeeded'));
    expect(calls.map(({ value }) => retryStateOf(value)?.attempts).every((attempts) => attempts === 1)).toBe(
      true,
    );
    expect(retryStateOf(calls.at(-1)?.value)?.totalHeld).toBeGreaterThan(0);
  });

  test('know how long they were held', async () => {
    const { get, origin } = await stalled();
    const startedAt = performance.now();
    const call = get();
    origin.answer = 200;
    while (call.status === 'pending') await advance(10);
    const took = performance.now() - startedAt;
    const { totalHeld = 0, attempts } = retryStateOf(call.value) ?? {};
    expect(attempts).toBe(1);
    expect(totalHeld).toBeGreaterThan(0);
    expect(totalHeld).toBeLessThanOrEqual(took);
  });

  test('are held no more than maxHeld at once, retries included; one more is sent', async () => {
    const { gets, stub, report } = await stalled({ maxHeld: 4 });
    const { held: before = 0 } = report() ?? {};
    expect(before).toBeLessThan(4);
    const sent = stub.at.length;
    gets(6);
    await advance(0);
    expect(report()?.held).toBe(4);
    expect(stub.at.length - sent).toBe(6 - (4 - before));
  });

  test('that are held run no inside interceptor and no adapter before they are let go', async () => {
    const log: string[] = [];
    const stub = stubAdapter(HANG, HANG, HANG, HANG);
    const client = axios.create({ baseURL: ORIGIN, adapter: stub.adapter, timeout: 1_000 });
    client.interceptors.request.use((config) => {
      log.push(`inside ${config.url}`);
      return config;
    });
    attachRetry(client);
    client.interceptors.request.use((config) => {
      log.push(`outside ${config.url}`);
      return config;
    });
    watch(client.get('/first'));
    await advance(1_001);
    watch(client.get('/held'));
    await advance(0);
    expect(log).toEqual(['outside /first', 'inside /first', 'outside /held']);
    await advance(30_000);
    expect(log.filter((line) => line === 'inside /held').length).toBeGreaterThan(0);
  });

  test('are sent when patience ends: held, never refused', async () => {
    const { get, stub } = await stalled();
    const call = get();
    const sent = stub.at.length;
    await advance(15_000);
    expect(stub.at.length).toBeGreaterThan(sent);
    expect(retryStateOf(call.value)?.attempts).toBeGreaterThanOrEqual(1);
  });

  test('that are cancelled while held were never sent', async () => {
    const { get, stub } = await stalled();
    const controller = new AbortController();
    const sent = stub.at.length;
    const call = get({ signal: controller.signal });
    await advance(50);
    controller.abort();
    await advance(0);
    expect(axios.isCancel(call.value)).toBe(true);
    expect(call.value).toMatchObject({ config: { url: '/' } });
    expect(retryStateOf(call.value)).toMatchObject({ outcome: 'aborted', attempts: 0, retries: 0 });
    expect(stub.at.length).toBe(sent);
  });

  test('whose time budget is over while held were never sent', async () => {
    const { get, stub } = await stalled();
    const sent = stub.at.length;
    const call = get({ retryPolicy: { timeBudget: 50 } });
    await advance(51);
    expect(call.value).toMatchObject({ code: 'ETIMEDOUT' });
    expect(outcomeOf(call)).toBe('time-budget-exceeded');
    expect(retryStateOf(call.value)?.attempts).toBe(0);
    expect(stub.at.length).toBe(sent);
  });

  test('with holdNewCalls: false are neither held nor evidence of a stall', async () => {
    const { get, stub, origin, report } = clientOf({ holdNewCalls: false });
    origin.answer = HANG;
    get();
    await advance(1_001);
    expect(report()).toMatchObject({ state: 'failing' });
    const sent = stub.at.length;
    get();
    await advance(0);
    expect(stub.at.length).toBe(sent + 1);
  });

  test('are never held by refusals, each of which is a probe', async () => {
    const { get, stub } = await down();
    const sent = stub.at.length;
    get();
    await advance(0);
    expect(stub.at.length).toBe(sent + 1);
  });
});

describe('a wait that the server names', () => {
  const limited: Step = { status: 429, headers: { 'retry-after': '2' } };

  test('holds the retries of the other calls as well, and no patience runs out on it', async () => {
    const { get, stub, origin, report } = clientOf({ backoff: () => 1, patience: 1_000 });
    origin.answer = limited;
    get();
    await advance(0);
    origin.answer = 503;
    const other = get();
    await advance(1_900);
    expect(report()).toMatchObject({ state: 'rate-limited' });
    expect(stub.at).toHaveLength(2);
    origin.answer = 200;
    await advance(1_000);
    expect(outcomeOf(other)).toBe('succeeded');
  });

  test("holds first attempts where the policy says 'rate-limited'", async () => {
    const { get, stub, origin } = clientOf({ holdNewCalls: 'rate-limited', backoff: () => 1 });
    origin.answer = limited;
    get();
    await advance(0);
    origin.answer = 200;
    const held = get();
    const other = get({ retryPolicy: { holdNewCalls: 'stalled' } });
    await advance(100);
    expect([held.status, other.status]).toEqual(['pending', 'fulfilled']);
    await advance(3_000);
    expect(held.status).toBe('fulfilled');
    expect(stub.at).toHaveLength(4);
  });

  test('is not waited for longer than maxRetryAfter by anybody', async () => {
    const { get, origin, report } = clientOf({ maxRetryAfter: 500, backoff: () => 1 });
    origin.answer = { status: 503, headers: { 'retry-after': '3600' } };
    expect(outcomeOf(await flushed(get()))).toBe('retry-after-too-long');
    await advance(500);
    expect(report()?.state).not.toBe('rate-limited');
  });

  async function flushed<T>(call: T): Promise<T> {
    await advance(0);
    return call;
  }
});

describe('a budget beside the gate', () => {
  test('is drawn on by each retry; one without a token is held until there is one', async () => {
    const budget = new RetryBudget({ maxTokens: 1, refillPerSecond: 0, tokensPerSuccess: 0 });
    budget.tryAcquire();
    const { get, origin, stub } = clientOf({ budget, backoff: () => 1 });
    const call = get();
    await advance(10);
    origin.answer = 200;
    // Signs of life: patience does not run out.
    for (let second = 0; second < 15; second++) {
      get();
      await advance(1_000);
    }
    expect(call.status).toBe('pending');
    const sent = stub.at.length;
    budget.refund();
    await advance(1_500);
    expect(outcomeOf(call)).toBe('succeeded');
    expect(stub.at.length).toBe(sent + 1);
    expect(budget.tokens).toBe(1);
  });

  test('that is empty ends the call when patience is over', async () => {
    const budget = new RetryBudget({ maxTokens: 1, refillPerSecond: 0, tokensPerSuccess: 0 });
    budget.tryAcquire();
    const { get } = clientOf({ budget, patience: 2_000 });
    const call = get();
    await advance(2_200);
    expect(outcomeOf(call)).toBe('origin-down');
    expect(retryStateOf(call.value)?.attempts).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('that is empty lets the gate probe all the same', async () => {
    const budget: Budget = { tryAcquire: () => false, recordSuccess() {}, refund() {} };
    const { gets, origin } = clientOf({ budget });
    const calls = gets(20);
    await advance(3_000);
    origin.answer = 200;
    await advance(4_000);
    expect(calls.map(outcomeOf)).toContain('succeeded');
  });

  test.each([0, 10_000])(
    'that never answers is waited for as long as maxQueueTime, with patience: %d',
    async (patience) => {
      const never = () => new Promise<boolean>(() => {});
      const budget: Budget = { tryAcquire: never, recordSuccess() {}, refund() {} };
      const { get } = clientOf({ budget, patience, maxQueueTime: 3_000 });
      const call = get();
      await advance(3_200);
      expect(outcomeOf(call)).toBe('retry-budget-empty');
    },
  );

  test('that failed once and then says no is not reported as failed', async () => {
    const answers = [() => Promise.reject(new Error('away')), async () => false];
    const events: unknown[] = [];
    const { get } = clientOf({
      budget: { tryAcquire: () => answers.shift()?.() ?? false, recordSuccess() {}, refund() {} },
      patience: 0,
      onGiveUp: ({ budgetError }) => events.push(budgetError),
    });
    get();
    await advance(0);
    get();
    await advance(0);
    expect(events).toEqual([new Error('away'), undefined]);
  });

  test('is one for each of two clients whose plain objects share a function', async () => {
    const make = () => ({ left: 2, tryAcquire, recordSuccess() {}, refund() {} });
    function tryAcquire(this: { left: number }) {
      return this.left-- > 0;
    }
    const clients = [make(), make()].map((budget) => clientOf({ budget, patience: 0, backoff: () => 0 }));
    for (const { get } of clients) get();
    await advance(10);
    for (const { get } of clients) get({ retryPolicy: { maxRetries: 9 } });
    await advance(10);
    expect(clients.map(({ stub }) => stub.at.length)).toEqual([4, 4]);
  });
});

describe('reset()', () => {
  test('gives a fresh state: nothing is known, and what is held goes', async () => {
    const { retry, report, origin, calls } = await down();
    origin.answer = 200;
    retry.reset(ORIGIN);
    expect(report()).toBeUndefined();
    await advance(3_000);
    expect(calls.map(outcomeOf)).toEqual(Array(20).fill('succeeded'));
  });
});

test('a time budget counts what interceptors outside take', async () => {
  const { client } = clientOf({ timeBudget: 500 });
  client.defaults.adapter = stubAdapter(HANG).adapter;
  client.interceptors.request.use(async (config) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return config;
  });
  const call = watch(client.get('/'));
  await advance(499);
  expect(call.status).toBe('pending');
  await advance(2);
  expect(outcomeOf(call)).toBe('time-budget-exceeded');
});

test('a lone call outlasts three seconds of refusals with its five retries', async () => {
  const { get, origin } = clientOf();
  const call = get();
  await advance(3_000);
  expect(call.status).toBe('pending');
  origin.answer = 200;
  await advance(5_000);
  expect(outcomeOf(call)).toBe('succeeded');
});
