import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import axios, {
  AxiosError,
  type AxiosRequestConfig,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
} from 'axios';
import {
  attachRetry,
  type GiveUpEvent,
  RetryBudget,
  type RetryEvent,
  type RetryPolicy,
  type RetryState,
  retryStateOf,
} from '../../lib';
import { StopSignal } from '../../lib/timing';
import { rejectionOf, watch } from '../support/outcome';
import { DEAF, HANG, respond, type Step, stubAdapter } from '../support/stub-adapter';

/** Delays of 100, 200, 400 ... milliseconds. */
const EVEN: RetryPolicy = { backoff: { jitter: 'none' }, budget: false, patience: 0 };

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

function clientOf(policy: RetryPolicy, ...steps: Step[]) {
  const stub = stubAdapter(...steps);
  const client = axios.create({ adapter: stub.adapter });
  const retry = attachRetry(client, { ...EVEN, ...policy });
  return { client, stub, retry };
}

/** Lets all promises settle that need no timer. */
const flush = () => jest.advanceTimersByTimeAsync(0);

/** Sends a GET, lets all the time pass that it needs, and returns what became of it. */
async function get(client: { get(url: string, config?: AxiosRequestConfig): Promise<unknown> }, config = {}) {
  const watched = watch(client.get('/', config));
  await jest.runAllTimersAsync();
  expect(watched.status).not.toBe('pending');
  // biome-ignore lint/suspicious/noExplicitAny: a response, an error, or what an interceptor made of it.
  const value = watched.value as any;
  return { status: watched.status, value, state: retryStateOf(value) };
}

/** Policies with something that is awaited and never answers. */
const never = () => new Promise<never>(() => {});
const NEVER_ANSWERING: [string, RetryPolicy][] = [
  ['onRetry', { onRetry: never }],
  ['isRetryable', { isRetryable: never }],
  ['budget', { budget: { tryAcquire: never, recordSuccess: () => {}, refund: () => {} } }],
];

describe('delays', () => {
  test('double from initialDelay on', async () => {
    const { client, stub } = clientOf({}, 503, 503, 503, 503);

    const { state } = await get(client);

    expect(stub.at).toEqual([0, 100, 300, 700, 1500]);
    expect(state).toMatchObject({ outcome: 'succeeded', attempts: 5, totalDelay: 1500, elapsed: 1500 });
    expect(state?.failures.map(({ delay }) => delay)).toEqual([100, 200, 400, 800]);
  });

  test('have full jitter unless told otherwise', async () => {
    const random = jest.fn().mockReturnValueOnce(0.25).mockReturnValueOnce(0.75).mockReturnValueOnce(0);
    const { client, stub } = clientOf({ backoff: { initialDelay: 100, random } }, 503, 503, 503);

    await get(client);

    expect(stub.at).toEqual([0, 25, 175, 175]);
  });

  test('with decorrelated jitter grow from the delay before', async () => {
    const { client, stub } = clientOf(
      { backoff: { initialDelay: 100, maxDelay: 500, jitter: 'decorrelated', random: () => 0.5 } },
      503,
      503,
      503,
      503,
    );

    await get(client);

    // 100 + 0.5 * (3 * previous - 100): 200, 350, then 575 cut to 500, and again.
    expect(stub.at).toEqual([0, 200, 550, 1050, 1550]);
  });

  test('come from a function that is given the number of the retry, the error and the state', async () => {
    const calls: unknown[] = [];
    const { client, stub } = clientOf(
      {
        backoff: (retry, error, state) => {
          calls.push([retry, error.response?.status, state.retries]);
          return retry * 10;
        },
      },
      503,
      502,
      429,
    );

    await get(client);

    expect(calls).toEqual([
      [1, 503, 0],
      [2, 502, 1],
      [3, 429, 2],
    ]);
    expect(stub.at).toEqual([0, 10, 30, 60]);
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, undefined, '10', Promise.resolve(10)])(
    'of %p from a function end the request with a RangeError',
    async (delay) => {
      const { client, stub } = clientOf({ backoff: () => delay as number }, 503);

      const { value } = await get(client);

      expect(value).toBeInstanceOf(RangeError);
      expect(value.message).toMatch(/^retryPolicy\.backoff must return a finite number of milliseconds/);
      expect(value.cause).toBe(stub.errors[0]);
      expect(retryStateOf(value.cause)).toMatchObject({ outcome: 'aborted', attempts: 1 });
      expect(stub.at).toEqual([0]);
    },
  );

  test('of 0 are no delays', async () => {
    const { client, stub } = clientOf({ backoff: () => 0 }, 503, 503);

    await get(client);

    expect(stub.at).toEqual([0, 0, 0]);
  });

  test('longer than a timer can hold are waited out', async () => {
    const month = 30 * 24 * 3_600_000;
    const { client, stub } = clientOf({ backoff: () => month }, 503);

    await get(client);

    expect(stub.at).toEqual([0, month]);
  });
});

describe('Retry-After', () => {
  const retryAfter = (value: string, status = 503): Step => ({ status, headers: { 'Retry-After': value } });

  test('is waited out, and the backoff’s sample on top of it', async () => {
    const { client, stub } = clientOf({ backoff: { random: () => 0.5 } }, retryAfter('2'), retryAfter('3'));

    const { state } = await get(client);

    expect(stub.at).toEqual([0, 2_050, 5_150]);
    expect(state?.failures).toMatchObject([
      { delay: 2_050, delaySource: 'retry-after' },
      { delay: 3_100, delaySource: 'retry-after' },
    ]);
  });

  test('is honoured as a date on the server’s clock, however wrong ours is', async () => {
    const date = 'Wed, 21 Oct 2015 07:28:00 GMT';
    const later = 'Wed, 21 Oct 2015 07:28:07 GMT';
    const { client, stub } = clientOf(
      { backoff: () => 1 },
      { status: 503, headers: { date, 'retry-after': later } },
    );

    await get(client);

    expect(stub.at).toEqual([0, 7_001]);
  });

  test.each([408, 425, 429, 502, 503, 504])('is honoured with status %d', async (status) => {
    const { client, stub } = clientOf({ backoff: () => 1 }, retryAfter('2', status));

    await get(client);

    expect(stub.at).toEqual([0, 2_001]);
  });

  test('is not cut to the backoff’s maxDelay', async () => {
    const { client, stub } = clientOf({ backoff: { maxDelay: 10, jitter: 'none' } }, retryAfter('2'));

    await get(client);

    expect(stub.at).toEqual([0, 2_010]);
  });

  test('does not make the backoff after it longer or shorter', async () => {
    const { client, stub } = clientOf(
      { backoff: { jitter: 'decorrelated', initialDelay: 100, random: () => 0.5 } },
      retryAfter('2'),
      503,
    );

    await get(client);

    expect(stub.at).toEqual([0, 2_200, 2_550]);
  });

  test.each(['-5', '1.5', 'soon', '', '0'])('of "%s" is no word from the server', async (value) => {
    const { client, stub } = clientOf({}, retryAfter(value));

    const { state } = await get(client);

    expect(stub.at).toEqual([0, 100]);
    expect(state?.failures[0]).toMatchObject({ delaySource: 'backoff' });
  });

  test('of maxRetryAfter is honoured', async () => {
    const { client, stub } = clientOf({ backoff: () => 1 }, retryAfter('60'));

    await get(client);

    expect(stub.at).toEqual([0, 60_001]);
  });

  test('beyond maxRetryAfter has the request given up on at once', async () => {
    const { client, stub } = clientOf({}, retryAfter('61'));

    const watched = watch(client.get('/'));
    await flush();

    expect(watched.value).toBe(stub.errors[0]);
    expect(retryStateOf(watched.value)).toMatchObject({ outcome: 'retry-after-too-long', elapsed: 0 });
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([
    [0, '1', 'retry-after-too-long'],
    [Number.POSITIVE_INFINITY, '86400', 'succeeded'],
  ])('with a maxRetryAfter of %d and %s seconds: %s', async (maxRetryAfter, seconds, outcome) => {
    const { client } = clientOf({ maxRetryAfter }, retryAfter(seconds));

    expect((await get(client)).state).toMatchObject({ outcome });
  });
});

describe('a time budget', () => {
  const BUDGET: RetryPolicy = { timeBudget: 250 };

  test('lets no wait begin that would end past it', async () => {
    const onRetry = jest.fn();
    const { client, stub } = clientOf({ ...BUDGET, onRetry }, 503, 503, 503);

    const watched = watch(client.get('/'));
    await jest.advanceTimersByTimeAsync(100);

    // The second wait would be 200, of which 150 are left. The caller learns it now, and nobody else of a retry.
    expect(watched.value).toBe(stub.errors[1]);
    expect(onRetry).toHaveBeenCalledTimes(1);
    expect(retryStateOf(watched.value)).toMatchObject({
      outcome: 'time-budget-exceeded',
      attempts: 2,
      elapsed: 100,
      totalDelay: 100,
    });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('lets no wait begin that would end exactly with it', async () => {
    const { client, stub } = clientOf({ timeBudget: 100 }, 503);

    expect((await get(client)).state).toMatchObject({ outcome: 'time-budget-exceeded', elapsed: 0 });
    expect(stub.at).toEqual([0]);
  });

  test('lets no wait begin that the server names and that would end past it', async () => {
    const { client, stub } = clientOf(BUDGET, { status: 503, headers: { 'retry-after': '1' } });

    const { value, state } = await get(client);

    expect(value).toBe(stub.errors[0]);
    expect(state).toMatchObject({ outcome: 'time-budget-exceeded', elapsed: 0, totalDelay: 0 });
  });

  test('aborts a first attempt that hangs', async () => {
    const { client, stub } = clientOf(BUDGET, HANG);

    const { value, state } = await get(client);

    expect(value).toMatchObject({
      isAxiosError: true,
      code: 'ETIMEDOUT',
      message: 'time budget of 250 ms exceeded in attempt 1',
    });
    expect(axios.isCancel(value)).toBe(false);
    expect(Object.getOwnPropertyDescriptor(value, 'cause')).toEqual({
      value: stub.errors[0],
      enumerable: false,
      writable: true,
      configurable: true,
    });
    expect(state).toMatchObject({
      outcome: 'time-budget-exceeded',
      attempts: 1,
      elapsed: 250,
      totalDelay: 0,
      failures: [{ attempt: 1, code: 'ETIMEDOUT', message: value.message }],
    });
  });

  test.each<Step>([HANG, DEAF])(
    'aborts a retry that hangs, whether the adapter obeys or not (%p)',
    async (step) => {
      const { client, stub } = clientOf(BUDGET, 503, step);

      const { value, state } = await get(client);

      expect(value).toMatchObject({ code: 'ETIMEDOUT' });
      expect(axios.isCancel(value)).toBe(false);
      expect(stub.at).toEqual([0, 100]);
      expect(state).toMatchObject({
        outcome: 'time-budget-exceeded',
        attempts: 2,
        elapsed: 250,
        totalDelay: 100,
      });
    },
  );

  // axios hands a first attempt to us only when it is over.
  test.failing('ends a first attempt whose adapter does not obey', async () => {
    const { client } = clientOf(BUDGET, DEAF);

    expect((await get(client)).value).toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('cuts the timeout of each attempt to what is left, and leaves a shorter one alone', async () => {
    const { client, stub } = clientOf({ timeBudget: 2_500 }, HANG, HANG, HANG);

    const { value, state } = await get(client, { timeout: 1_000 });

    expect(stub.at).toEqual([0, 1_100, 2_300]);
    expect(value.code).toBe('ETIMEDOUT');
    expect(state).toMatchObject({ outcome: 'time-budget-exceeded', elapsed: 2_500 });
    expect(stub.errors.slice(0, 2)).toMatchObject(Array(2).fill({ message: 'timeout of 1000ms exceeded' }));
  });

  test('becomes the timeout of attempts that have none, never 0', async () => {
    const timeouts: unknown[] = [];
    const record: Step = (config) => {
      timeouts.push(config.timeout);
      return Promise.resolve().then(() => respond(config, 503));
    };
    const { client } = clientOf({ timeBudget: 100.0001, backoff: () => 50 }, record, record, record, record);

    const { state } = await get(client);

    expect(timeouts).toEqual([101, 51, 1]);
    expect(state).toMatchObject({ outcome: 'time-budget-exceeded', attempts: 3 });
  });

  test('of less than a millisecond is one of a millisecond', async () => {
    const { client, stub } = clientOf({ timeBudget: 0.1 }, HANG);

    expect((await get(client)).value.code).toBe('ETIMEDOUT');
    expect(stub.errors).toHaveLength(1);
  });

  test('gives the caller’s signal and timeout back with the error', async () => {
    const { client } = clientOf(BUDGET, 503, HANG);
    const { signal } = new AbortController();

    const { value } = await get(client, { signal, timeout: 7_000 });

    expect(value.config.signal).toBe(signal);
    expect(value.config.timeout).toBe(7_000);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('counts the time that callbacks take', async () => {
    const { client, stub } = clientOf(
      { ...BUDGET, onRetry: () => new Promise((resolve) => setTimeout(resolve, 200)) },
      503,
      HANG,
    );

    const { value, state } = await get(client);

    // The wait of 100 ms would end at 300.
    expect(value.response.status).toBe(503);
    expect(state).toMatchObject({ outcome: 'time-budget-exceeded', elapsed: 200, totalDelay: 0 });
    expect(stub.at).toEqual([0]);
  });

  test.each(NEVER_ANSWERING)('ends the waiting for %s', async (_name, policy) => {
    const { client, stub } = clientOf({ ...BUDGET, ...policy }, 503);

    const { value, state } = await get(client);

    expect(value.response.status).toBe(503);
    expect(state).toMatchObject({ outcome: 'time-budget-exceeded', elapsed: 250 });
    expect(stub.at).toEqual([0]);
    expect(jest.getTimerCount()).toBe(0);
  });

  /** The process is busy for 300 ms, in which no timer fires. */
  const block = () => jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 300);

  test('has run out for a POST whose timeout comes with it, and is not about what may be repeated', async () => {
    const late: Step = async (config) => {
      block();
      throw new AxiosError('timeout of 250ms exceeded', 'ECONNABORTED', config, {});
    };
    const { client } = clientOf(BUDGET, late);

    const error = await rejectionOf(client.post('/'));

    jest.restoreAllMocks();
    expect(error).toMatchObject({ code: 'ETIMEDOUT', cause: { code: 'ECONNABORTED' } });
    expect(retryStateOf(error)).toMatchObject({ outcome: 'time-budget-exceeded' });
  });

  test('has run out where a callback answers too late, whatever it answers', async () => {
    const isRetryable = async () => {
      block();
      return false;
    };
    const { client } = clientOf({ ...BUDGET, isRetryable }, 503);

    const error = await rejectionOf(client.get('/'));

    jest.restoreAllMocks();
    expect(retryStateOf(error)).toMatchObject({ outcome: 'time-budget-exceeded' });
  });

  test('starts anew for the re-sent config of the error', async () => {
    const { client, stub } = clientOf(BUDGET, HANG, 503);

    const { value } = await get(client);
    const watched = watch(client.request(value.config));
    await jest.runAllTimersAsync();

    expect(watched.status).toBe('fulfilled');
    expect(retryStateOf(watched.value)).toMatchObject({ attempts: 2, outcome: 'succeeded' });
    expect(stub.at).toEqual([0, 250, 350]);
  });
});

describe('a callback or a budget that is being waited for', () => {
  test.each(NEVER_ANSWERING)('does not keep the caller’s abort waiting: %s', async (_name, policy) => {
    const controller = new AbortController();
    const { client, stub } = clientOf(policy, 503);
    const watched = watch(client.get('/', { signal: controller.signal }));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(watched.status).toBe('pending');

    controller.abort();
    await flush();

    expect(axios.isCancel(watched.value)).toBe(true);
    expect((watched.value as Error).cause).toBe(stub.errors[0]);
    expect(retryStateOf(watched.value)).toMatchObject({ outcome: 'aborted', attempts: 1, elapsed: 1_000 });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each(NEVER_ANSWERING)('does not keep a detach waiting: %s', async (_name, policy) => {
    const { client, stub, retry } = clientOf(policy, 503);
    const watched = watch(client.get('/'));
    await flush();

    retry.detach();
    await flush();

    expect(watched.value).toBe(stub.errors[0]);
    expect(retryStateOf(watched.value)).toMatchObject({ outcome: 'detached' });
  });

  test('may fail after the request is over, unheard', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const { client } = clientOf(
      {
        timeBudget: 100,
        backoff: () => 10,
        onRetry: () => new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 1_000)),
      },
      503,
    );

    const { state } = await get(client);
    await new Promise((resolve) => setImmediate(resolve));

    expect(state).toMatchObject({ outcome: 'time-budget-exceeded', elapsed: 100 });
    expect(unhandled).not.toHaveBeenCalled();
    process.off('unhandledRejection', unhandled);
  });

  test('gives the token back that comes after the request is over', async () => {
    const budget = {
      tryAcquire: () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1_000)),
      recordSuccess: jest.fn(),
      refund: jest.fn(),
    };
    const { client, stub } = clientOf({ timeBudget: 100, backoff: () => 10, budget }, 503);

    const { state } = await get(client);

    expect(state).toMatchObject({ outcome: 'time-budget-exceeded', elapsed: 100 });
    expect(stub.at).toEqual([0]);
    expect(budget.refund).toHaveBeenCalledTimes(1);
  });

  test('may be a budget that has no token when the request is over, and nothing is left unhandled', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const budget = {
      tryAcquire: () => new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1_000)),
      recordSuccess: jest.fn(),
      refund: jest.fn(),
    };
    const { client } = clientOf({ timeBudget: 100, backoff: () => 10, budget }, 503);

    await get(client);
    await new Promise((resolve) => setImmediate(resolve));

    expect(unhandled).not.toHaveBeenCalled();
    expect(budget.refund).not.toHaveBeenCalled();
    process.off('unhandledRejection', unhandled);
  });

  test('gives the token back if onRetry is never answered', async () => {
    const budget = new RetryBudget({ maxTokens: 3, refillPerSecond: 0 });
    const { client } = clientOf({ timeBudget: 100, backoff: () => 10, budget, onRetry: never }, 503);

    await get(client);

    expect(budget.tokens).toBe(3);
  });
});

describe('the budget', () => {
  const told = () => ({
    tryAcquire: jest.fn((_kind: string) => true),
    recordSuccess: jest.fn(),
    refund: jest.fn(),
  });

  test.each<[string, Step[], string[]]>([
    ['succeeds', [503, 200], ['ordinary']],
    ['is answered with what is nobody’s to retry', [503, 404], ['ordinary']],
    ['fails with a status that is transient', [503, 503], []],
    ['gets no answer', [503, 'ECONNRESET'], []],
  ])('gets the token of a retry back that %s, and only then', async (_what, steps, refunds) => {
    const budget = told();
    const { client } = clientOf({ budget, maxRetries: 1 }, ...steps);
    await get(client);
    expect(budget.refund.mock.calls.flat()).toEqual(refunds);
  });

  test('is told whether a retry follows a timeout', async () => {
    const budget = told();
    const { client } = clientOf({ budget }, 503, HANG, 200);
    await get(client, { timeout: 50 });
    expect(budget.tryAcquire.mock.calls.flat()).toEqual(['ordinary', 'after-timeout']);
  });

  test('of an origin is filled by successes, and there is none of an origin that never failed', async () => {
    const { client, retry } = clientOf({ budget: undefined, maxRetries: 1 }, 200, 503, 503);
    const url = 'http://a.test/';
    await get(client, { url });
    expect(retry.origins()).toEqual([]);
    await get(client, { url });
    const tokens = () => retry.origins()[0]?.tokens ?? 0;
    const before = tokens();
    expect(before).toBeCloseTo(19, 1);
    await get(client, { url });
    await get(client, { url });
    expect(tokens() - before).toBeCloseTo(0.2);
  });
});

describe('after the end of a request there are no timers and no listeners left', () => {
  const ENDS: Record<string, [RetryPolicy, ...Step[]]> = {
    'succeeded at once': [{}, 200],
    'succeeded after retries': [{}, 503, 503],
    'not-retryable': [{}, 404],
    'retries-exhausted': [{ maxRetries: 1 }, 503, 503],
    'a callback that throws': [
      {
        onRetry: () => {
          throw new Error('enough');
        },
      },
      503,
    ],
    'an attempt that timed out': [{ maxRetries: 0 }, HANG],
  };
  test('waits that are over do not listen for the detaching any more', async () => {
    const subscribe = jest.spyOn(StopSignal.prototype, 'subscribe');
    const unsubscribe = jest.spyOn(StopSignal.prototype, 'unsubscribe');
    const { client } = clientOf({}, 503, 503);

    await get(client);

    expect(subscribe.mock.calls.length).toBeGreaterThanOrEqual(2);
    expect(unsubscribe.mock.calls).toEqual(subscribe.mock.calls);
    jest.restoreAllMocks();
  });

  for (const timeBudget of [undefined, 60_000]) {
    test.each(Object.entries(ENDS))(`%s (time budget: ${timeBudget})`, async (_name, [policy, ...steps]) => {
      const { client } = clientOf({ ...policy, timeBudget }, ...steps);
      const { signal } = new AbortController();
      const { token } = axios.CancelToken.source();

      const watched = watch(client.get('/', { signal, cancelToken: token, timeout: 100 }));
      await jest.advanceTimersByTimeAsync(1_000);

      expect(watched.status).not.toBe('pending');
      expect(jest.getTimerCount()).toBe(0);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
      expect((token as unknown as { _listeners?: unknown[] })._listeners ?? []).toHaveLength(0);
    });
  }

  test('an earlier interceptor that strips the response (time budget: 60000)', async () => {
    const stub = stubAdapter(200);
    const client = axios.create({ adapter: stub.adapter });
    client.interceptors.response.use((response) => response.data);
    attachRetry(client, { timeBudget: 60_000 });
    const { signal } = new AbortController();

    await client.get('/', { signal });

    expect(jest.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('an earlier interceptor that throws its own error (time budget: 60000)', async () => {
    const stub = stubAdapter(404);
    const client = axios.create({ adapter: stub.adapter });
    client.interceptors.response.use(undefined, () => {
      throw new Error('own');
    });
    attachRetry(client, { timeBudget: 60_000 });
    const { signal } = new AbortController();

    await rejectionOf(client.get('/', { signal }));

    expect(jest.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('the caller’s abort', () => {
  test.each([undefined, 60_000])(
    'by signal ends a wait at once with axios’ CanceledError, nothing left behind (time budget: %s)',
    async (timeBudget) => {
      const { client, stub } = clientOf({ timeBudget }, 503, 502);
      const controller = new AbortController();
      const { signal } = controller;

      const watched = watch(client.get('/', { signal }));
      await jest.advanceTimersByTimeAsync(150);
      expect(watched.status).toBe('pending');
      controller.abort();
      await flush();

      expect(watched.status).toBe('rejected');
      const error = watched.value as { cause: unknown; config: AxiosRequestConfig };
      expect(error).toBeInstanceOf(axios.CanceledError);
      expect(axios.isCancel(error)).toBe(true);
      expect(error).toMatchObject({ code: 'ERR_CANCELED', message: 'canceled' });
      expect(error.cause).toBe(stub.errors[1]);
      expect(Object.keys(error)).not.toContain('cause');
      expect(error.config.signal).toBe(signal);
      expect(retryStateOf(error)).toMatchObject({
        outcome: 'aborted',
        attempts: 2,
        elapsed: 150,
        failures: [{ status: 503 }, { status: 502 }],
      });
      expect(jest.getTimerCount()).toBe(0);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    },
  );

  const controller = new AbortController();
  const source = axios.CancelToken.source();
  test.each<[string, AxiosRequestConfig, () => void]>([
    ['signal', { signal: controller.signal }, () => controller.abort()],
    ['cancel token', { cancelToken: source.token }, () => source.cancel('enough')],
  ])('through a %s that an interceptor set ends a wait, too', async (_what, fields, abort) => {
    const { client, stub } = clientOf({}, 503);
    client.interceptors.request.use((config) => Object.assign(config, fields));
    const watched = watch(client.get('/'));
    await flush();
    abort();
    await flush();
    expect(axios.isCancel(watched.value)).toBe(true);
    expect(stub.at).toHaveLength(1);
  });

  test('by cancel token ends a wait at once with axios’ CanceledError, nothing left behind', async () => {
    const { client, stub } = clientOf({}, 503);
    const { token, cancel } = axios.CancelToken.source();

    const watched = watch(client.get('/', { cancelToken: token }));
    await jest.advanceTimersByTimeAsync(50);
    expect((token as unknown as { _listeners: unknown[] })._listeners).toHaveLength(1);
    cancel('no longer needed');
    await flush();

    expect(axios.isCancel(watched.value)).toBe(true);
    expect(watched.value).toMatchObject({ message: 'no longer needed', cause: stub.errors[0] });
    expect(retryStateOf(watched.value)).toMatchObject({ outcome: 'aborted', attempts: 1, elapsed: 50 });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('by a signal of another make, which can only be asked, is heard before the next attempt', async () => {
    const { client, stub } = clientOf({}, 503);
    // An instance, because axios copies plain objects.
    const signal = new (class Signal {
      aborted = false;
    })();

    const watched = watch(client.get('/', { signal, adapter: stub.adapter }));
    await jest.advanceTimersByTimeAsync(50);
    signal.aborted = true;
    await jest.runAllTimersAsync();

    expect(axios.isCancel(watched.value)).toBe(true);
    expect(stub.at).toEqual([0]);
  });

  test('in onRetry lets no wait begin', async () => {
    const controller = new AbortController();
    const { client, stub } = clientOf({ onRetry: () => controller.abort() }, 503);

    const watched = watch(client.get('/', { signal: controller.signal }));
    await flush();

    expect(axios.isCancel(watched.value)).toBe(true);
    expect(retryStateOf(watched.value)).toMatchObject({ outcome: 'aborted', elapsed: 0, totalDelay: 0 });
    expect(stub.at).toEqual([0]);
  });

  test('by cancel token in onRetry lets no wait begin either', async () => {
    const { token, cancel } = axios.CancelToken.source();
    const { client, stub } = clientOf({ onRetry: () => cancel() }, 503);

    const watched = watch(client.get('/', { cancelToken: token }));
    await flush();

    expect(axios.isCancel(watched.value)).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
    expect(stub.at).toEqual([0]);
  });

  test.each([undefined, 60_000])(
    'before the request is sent leaves it unsent (time budget: %s)',
    async (timeBudget) => {
      const { client, stub } = clientOf({ timeBudget });

      const { value, state } = await get(client, { signal: AbortSignal.abort() });

      expect(axios.isCancel(value)).toBe(true);
      expect(state).toMatchObject({ outcome: 'aborted' });
      expect(stub.at).toEqual([]);
    },
  );

  test.each([undefined, 60_000])(
    'during a retry is that attempt’s own cancellation (time budget: %s)',
    async (timeBudget) => {
      const { client, stub } = clientOf({ timeBudget }, 503, HANG);
      const controller = new AbortController();

      const watched = watch(client.get('/', { signal: controller.signal }));
      await jest.advanceTimersByTimeAsync(150);
      controller.abort();
      await flush();

      expect(watched.value).toBe(stub.errors[1]);
      expect(axios.isCancel(watched.value)).toBe(true);
      expect(retryStateOf(watched.value)).toMatchObject({ outcome: 'aborted', attempts: 2, elapsed: 150 });
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
      expect(jest.getTimerCount()).toBe(0);
    },
  );

  test('listens to the signal no more than once at a time, however many retries', async () => {
    const { client } = clientOf({ maxRetries: 30, backoff: () => 10 }, ...Array(30).fill(503));
    const { signal } = new AbortController();
    const counts = new Set<number>();
    const onRetry = () => void setTimeout(() => counts.add(getEventListeners(signal, 'abort').length), 5);

    await get(client, { signal, retryPolicy: { onRetry } });

    expect([...counts]).toEqual([1]);
  });
});

describe('what comes back', () => {
  const throwing = () => {
    throw new Error('callback');
  };
  interface End {
    policy?: RetryPolicy;
    steps: Step[];
    config?: AxiosRequestConfig;
    state: Partial<RetryState>;
  }
  const ENDS: Record<string, End> = {
    'not-retryable': {
      steps: [503, 404],
      state: {
        attempts: 2,
        totalDelay: 100,
        elapsed: 100,
        failures: [{ attempt: 1 }, { attempt: 2 }] as never,
      },
    },
    'not-idempotent': {
      steps: [503],
      config: { method: 'post' },
      state: { attempts: 1, totalDelay: 0, elapsed: 0 },
    },
    'body-not-replayable': {
      steps: [503],
      config: { data: { file: { pipe() {} } }, transformRequest: () => '' },
      state: { attempts: 1, totalDelay: 0, elapsed: 0 },
    },
    'retries-exhausted': {
      policy: { maxRetries: 2 },
      steps: [503, 'ECONNRESET', 504],
      state: { attempts: 3, totalDelay: 300, elapsed: 300 },
    },
    'time-budget-exceeded': {
      policy: { timeBudget: 350 },
      steps: [503, 503, 503],
      state: { attempts: 3, totalDelay: 300, elapsed: 300 },
    },
    'retry-after-too-long': {
      steps: [503, { status: 429, headers: { 'retry-after': '3600' } }],
      state: { attempts: 2, totalDelay: 100, elapsed: 100 },
    },
    'server-said-stop': {
      steps: [503, { status: 503, headers: { 'x-should-retry': 'false' } }],
      state: { attempts: 2, totalDelay: 100, elapsed: 100 },
    },
  };

  test.each(Object.entries(ENDS))(
    '%s: the last attempt’s own error, with the state of the request',
    async (reason, { policy, steps, config, state: expected }) => {
      const events: GiveUpEvent[] = [];
      const { client, stub } = clientOf(
        { ...policy, onGiveUp: (event) => void events.push(event) },
        ...steps,
      );

      const { value, state } = await get({ get: (url) => client.request({ url, ...config }) });

      expect(value).toBe(stub.errors.at(-1));
      expect(state).toMatchObject({ ...expected, outcome: reason });
      expect(state?.retries).toBe(stub.at.length - 1);
      expect(state?.failures).toHaveLength(stub.at.length);
      expect(events).toMatchObject([{ reason }]);
      expect(events[0]?.state).toBe(state);
      expect(events[0]?.error).toBe(value);
    },
  );

  test('a response carries the state of its request', async () => {
    const { client } = clientOf({}, 503, 'ECONNRESET');

    const { value, state } = await get(client);

    expect(value.data).toEqual({ status: 200 });
    expect(value.config.retryState).toBe(state);
    expect(JSON.parse(JSON.stringify(state))).toEqual({
      attempts: 3,
      retries: 2,
      elapsed: 300,
      totalDelay: 300,
      totalHeld: 0,
      outcome: 'succeeded',
      failures: [
        {
          attempt: 1,
          status: 503,
          code: 'ERR_BAD_RESPONSE',
          message: 'Request failed with status code 503',
          delay: 100,
          delaySource: 'backoff',
        },
        {
          attempt: 2,
          code: 'ECONNRESET',
          message: 'failed with ECONNRESET',
          delay: 200,
          delaySource: 'backoff',
        },
      ],
    });
  });

  test('elapsed runs while the request is pending and stands still when it is settled', async () => {
    let state: RetryState | undefined;
    const { client } = clientOf(
      {
        onRetry: (event) => {
          state = event.state;
        },
      },
      503,
    );

    const watched = watch(client.get('/'));
    await jest.advanceTimersByTimeAsync(40);
    expect(state).toMatchObject({ outcome: 'pending', elapsed: 40, attempts: 1, retries: 0 });
    await jest.advanceTimersByTimeAsync(60);
    expect(watched.status).toBe('fulfilled');
    await jest.advanceTimersByTimeAsync(5_000);
    expect(state).toMatchObject({ outcome: 'succeeded', elapsed: 100, attempts: 2, retries: 1 });
  });

  test.each([
    ['the caller aborts the wait', 'aborted'],
    ['the wait is detached', 'detached'],
    ['onRetry throws', 'aborted'],
  ])('the failure that ended the request has no delay when %s', async (how, outcome) => {
    const controller = new AbortController();
    const { client, retry } = clientOf(how === 'onRetry throws' ? { onRetry: throwing } : {}, 503, 503);
    let state: RetryState | undefined;

    const watched = watch(
      client.get('/', {
        signal: controller.signal,
        retryPolicy: {
          onGiveUp: (event) => {
            state = event.state;
          },
        },
      }),
    );
    await jest.advanceTimersByTimeAsync(50);
    if (outcome === 'detached') retry.detach();
    else controller.abort();
    await flush();

    expect(watched.status).toBe('rejected');
    expect(state).toMatchObject({ outcome, failures: [{ attempt: 1, status: 503 }] });
    expect(state?.failures[0]).not.toHaveProperty('delay');
  });

  test('no request has a state where retrying is switched off, or was never attached', async () => {
    const { client } = clientOf({}, 503, 200);

    expect((await get(client, { retryPolicy: false })).state).toBeUndefined();
    expect((await get(client, { retryPolicy: false })).state).toBeUndefined();
    expect((await get(axios.create({ adapter: stubAdapter(503).adapter }))).state).toBeUndefined();
    expect(retryStateOf(undefined)).toBeUndefined();
    expect(retryStateOf(new Error())).toBeUndefined();
  });
});

describe('serialised', () => {
  const SECRET = 'Bearer hunter2';
  const config = { headers: { Authorization: SECRET }, data: 'hunter2' };
  const occurrences = (text: string | undefined) => text?.split('hunter2').length ?? 0;

  test('an error with retries says no more of the caller’s secrets than one without', async () => {
    const plain = await rejectionOf(axios.create({ adapter: stubAdapter(503).adapter }).get('/', config));
    const { client } = clientOf({}, 503, 'ECONNRESET', 503, 503, 503, 503);

    const { value } = await get(client, config);

    for (const serialise of [JSON.stringify, (error: typeof value) => JSON.stringify(error.toJSON())]) {
      expect(occurrences(serialise(value))).toBe(occurrences(serialise(plain)));
      const { retryState } = JSON.parse(serialise(value)).config;
      expect(retryState).toEqual(JSON.parse(JSON.stringify(retryStateOf(value))));
      expect(retryState).toMatchObject({ outcome: 'retries-exhausted', attempts: 6 });
      expect(JSON.stringify(retryState)).not.toContain('hunter2');
    }
  });

  test('an error whose headers axios redacts keeps its state', async () => {
    const { client } = clientOf({ maxRetries: 1 }, 503, 503);

    const { value } = await get(client, { headers: { Authorization: SECRET }, redact: ['authorization'] });

    expect(JSON.stringify(value)).not.toContain('hunter2');
    expect(JSON.parse(JSON.stringify(value)).config.retryState).toMatchObject({ attempts: 2 });
  });

  test.each(['ETIMEDOUT', 'ERR_CANCELED'])(
    'an error of ours (%s) does not drag its cause along',
    async (code) => {
      const controller = new AbortController();
      const { client } = clientOf({ timeBudget: 250 }, 503, HANG);

      const watched = watch(client.get('/', { signal: controller.signal }));
      await jest.advanceTimersByTimeAsync(50);
      if (code === 'ERR_CANCELED') controller.abort();
      await jest.runAllTimersAsync();

      expect(watched.value).toMatchObject({ code });
      expect(JSON.parse(JSON.stringify(watched.value))).not.toHaveProperty('cause');
    },
  );

  test('the events of onRetry and onGiveUp tell the state and no header', async () => {
    const events: (RetryEvent | GiveUpEvent)[] = [];
    const record = (event: RetryEvent | GiveUpEvent) => void events.push(event);
    const { client } = clientOf({ maxRetries: 1, onRetry: record, onGiveUp: record }, 503, 503);

    const { state } = await get(client, config);

    expect(JSON.stringify(events)).not.toContain('hunter2');
    const about = { method: 'GET', origin: 'unknown', state: JSON.parse(JSON.stringify(state)) };
    expect(JSON.parse(JSON.stringify(events))).toEqual([
      { ...about, retry: 1, delay: 100, delaySource: 'backoff' },
      { ...about, reason: 'retries-exhausted' },
    ]);
    expect({ ...events[0] }).not.toHaveProperty('error');
  });
});

describe('callbacks', () => {
  test('are asked in their order, and the chain behind them goes on last', async () => {
    const log: string[] = [];
    const noted = (name: string, step: number): Step => {
      return async (config: InternalAxiosRequestConfig): Promise<AxiosResponse> => {
        log.push(name);
        return respond(config, step);
      };
    };
    const { client } = clientOf(
      {
        maxRetries: 1,
        isRetryable: () => {
          log.push('isRetryable');
          return undefined;
        },
        backoff: () => log.push('backoff'),
        onRetry: () => void log.push('onRetry'),
        onGiveUp: () => void log.push('onGiveUp'),
      },
      noted('attempt 1', 503),
      noted('attempt 2', 503),
    );
    client.interceptors.response.use(undefined, (error) => {
      log.push('interceptor');
      throw error;
    });

    await get(client);

    expect(log).toEqual([
      'attempt 1',
      'isRetryable',
      'backoff',
      'onRetry',
      'attempt 2',
      'onGiveUp',
      'interceptor',
    ]);
  });

  test('onRetry is told what is to come, before the wait', async () => {
    const seen: object[] = [];
    const { client, stub } = clientOf(
      {
        onRetry: (event) => {
          const { retry, delay, delaySource, state } = event;
          seen.push({ retry, delay, delaySource, attempts: state.attempts, at: performance.now() - start });
          expect(event.error).toBe(stub.errors.at(-1));
        },
      },
      503,
      { status: 429, headers: { 'retry-after': '1' } },
    );
    const start = performance.now();

    await get(client);

    expect(seen).toEqual([
      { retry: 1, delay: 100, delaySource: 'backoff', attempts: 1, at: 0 },
      { retry: 2, delay: 1_200, delaySource: 'retry-after', attempts: 2, at: 100 },
    ]);
  });

  test('onRetry is awaited before the wait begins', async () => {
    const { client, stub } = clientOf(
      { onRetry: () => new Promise((resolve) => setTimeout(resolve, 1_000)) },
      503,
    );

    const { state } = await get(client);

    expect(stub.at).toEqual([0, 1_100]);
    expect(state).toMatchObject({ totalDelay: 100, elapsed: 1_100 });
  });

  test('onGiveUp is awaited before the caller gets the error', async () => {
    const { client } = clientOf(
      { onGiveUp: () => new Promise((resolve) => setTimeout(resolve, 1_000)) },
      404,
    );

    const watched = watch(client.get('/'));
    await jest.advanceTimersByTimeAsync(999);
    expect(watched.status).toBe('pending');
    await jest.advanceTimersByTimeAsync(1);
    expect(watched.status).toBe('rejected');
  });

  test('onGiveUp is not called for what succeeds, nor where retrying is switched off', async () => {
    const onGiveUp = jest.fn();
    const { client } = clientOf({ onGiveUp }, 503, 200, 404);

    await get(client);
    await get(client, { retryPolicy: false });

    expect(onGiveUp).not.toHaveBeenCalled();
  });

  const boom = () => new Error('boom');
  const CALLBACKS: Record<string, (error: unknown) => RetryPolicy> = {
    'onRetry that throws': (error) => ({
      onRetry: () => {
        throw error;
      },
    }),
    'onRetry that rejects': (error) => ({ onRetry: () => Promise.reject(error) }),
    'onGiveUp that throws': (error) => ({
      maxRetries: 0,
      onGiveUp: () => {
        throw error;
      },
    }),
    'onGiveUp that rejects': (error) => ({ maxRetries: 0, onGiveUp: () => Promise.reject(error) }),
    'isRetryable that throws': (error) => ({
      isRetryable: () => {
        throw error;
      },
    }),
    'isRetryable that rejects': (error) => ({ isRetryable: () => Promise.reject(error) }),
    'backoff that throws': (error) => ({
      backoff: () => {
        throw error;
      },
    }),
  };

  describe.each(Object.entries(CALLBACKS))('%s', (name, policyOf) => {
    const outcome = name.startsWith('onGiveUp') ? 'retries-exhausted' : 'aborted';

    test('ends the request with its error, the request’s own as the cause', async () => {
      const thrown = boom();
      const { client, stub } = clientOf(policyOf(thrown), 503);

      const { value } = await get(client);

      expect(value).toBe(thrown);
      expect(value.cause).toBe(stub.errors[0]);
      expect(Object.keys(value)).toEqual([]);
      expect(retryStateOf(value.cause)).toMatchObject({ outcome, attempts: 1, failures: [{ attempt: 1 }] });
      expect(stub.at).toEqual([0]);
      expect(jest.getTimerCount()).toBe(0);
    });

    test('leaves the failure of the attempt in the state', async () => {
      const { client, stub } = clientOf(policyOf(boom()), 503);

      await get(client);

      expect(retryStateOf(stub.errors[0])?.failures).toMatchObject([{ attempt: 1, status: 503 }]);
    });

    test('keeps the cause that its error has', async () => {
      const cause = boom();
      const thrown = new Error('outer', { cause });
      const { client } = clientOf(policyOf(thrown), 503);

      expect((await get(client)).value).toBe(thrown);
      expect(thrown.cause).toBe(cause);
    });

    test.each(['a word', 5, { code: 'NO' }, ...(name.startsWith('isRetryable') ? [] : [undefined, null])])(
      'that is no error but %p becomes one, so that the request’s own is not lost',
      async (thrown) => {
        const { client, stub } = clientOf(policyOf(thrown), 503);

        const { value, state } = await get(client);

        expect(value).toBeInstanceOf(Error);
        expect(value.message).toMatch(/^a callback of retryPolicy threw what is no Error: ./);
        expect(value.cause).toBe(stub.errors[0]);
        expect(retryStateOf(value.cause)).toMatchObject({ outcome });
        if (!name.startsWith('onGiveUp')) expect(state).toMatchObject({ outcome });
      },
    );

    test('may throw one and the same error for several calls: each finds its own request’s as the cause', async () => {
      const thrown = boom();
      const { client, stub } = clientOf(policyOf(thrown), 503, 502);

      for (const call of [0, 1]) {
        const { value } = await get(client);

        expect(value).toBe(thrown);
        expect(value.cause).toBe(stub.errors[call]);
      }
    });

    test('may throw an error of another realm', async () => {
      const thrown = runInNewContext('new Error("foreign")');
      const { client } = clientOf(policyOf(thrown), 503);

      expect((await get(client)).value).toBe(thrown);
    });

    // A cause cannot be defined on it, and the attempt to do so would hide it.
    test('may throw a frozen error', async () => {
      const thrown = Object.freeze(boom());
      const { client } = clientOf(policyOf(thrown), 503);

      expect((await get(client)).value).toBe(thrown);
    });

    test('may throw the request’s own error', async () => {
      const own = { error: undefined as unknown };
      const rethrow = (error: unknown) => {
        own.error = error;
        throw error;
      };
      const policy: RetryPolicy = {
        'onRetry that throws': { onRetry: ({ error }: RetryEvent) => rethrow(error) },
        'onRetry that rejects': { onRetry: async ({ error }: RetryEvent) => rethrow(error) },
        'onGiveUp that throws': { maxRetries: 0, onGiveUp: ({ error }: GiveUpEvent) => rethrow(error) },
        'onGiveUp that rejects': {
          maxRetries: 0,
          onGiveUp: async ({ error }: GiveUpEvent) => rethrow(error),
        },
        'isRetryable that throws': { isRetryable: rethrow },
        'isRetryable that rejects': { isRetryable: async (error: unknown) => rethrow(error) },
        'backoff that throws': { backoff: (_retry: number, error: unknown) => rethrow(error) },
      }[name] as RetryPolicy;
      const { client, stub } = clientOf(policy, 503);

      const { value } = await get(client);

      expect(value).toBe(stub.errors[0]);
      expect(value.cause).toBeUndefined();
    });
  });

  test('onGiveUp hears of what another callback threw', async () => {
    const thrown = boom();
    const events: GiveUpEvent[] = [];
    const { client } = clientOf(
      { onRetry: () => Promise.reject(thrown), onGiveUp: (event) => void events.push(event) },
      503,
    );

    await get(client);

    expect(events).toMatchObject([{ reason: 'aborted' }]);
    expect(events[0]?.error).toBe(thrown);
  });
});

describe('isRetryable', () => {
  test.each([
    ['true', 500, () => true, 'succeeded'],
    ['a promise of true', 500, async () => true, 'succeeded'],
    ['false', 503, () => false, 'not-retryable'],
    ['a promise of false', 503, async () => false, 'not-retryable'],
    ['undefined', 503, () => undefined, 'succeeded'],
    ['undefined', 500, () => undefined, 'not-retryable'],
    ['a promise of undefined', 503, async () => undefined, 'succeeded'],
    ['a promise of undefined', 500, async () => undefined, 'not-retryable'],
  ])('of %s about a %d', async (_what, status, isRetryable, outcome) => {
    const { client } = clientOf({ isRetryable }, status);

    expect((await get(client)).state).toMatchObject({ outcome });
  });

  // axios-retry's way to say no.
  test.each([
    ['rejects with nothing', () => Promise.reject()],
    ['rejects with null', () => Promise.reject(null)],
    [
      'throws nothing',
      () => {
        throw undefined;
      },
    ],
  ])('that %s says no', async (_how, isRetryable) => {
    const { client, stub } = clientOf({ isRetryable }, 503);

    const { value, state } = await get(client);

    expect(value).toBe(stub.errors[0]);
    expect(state).toMatchObject({ outcome: 'not-retryable', attempts: 1 });
  });

  test('is given the error and the state', async () => {
    const calls: unknown[] = [];
    const { client, stub } = clientOf(
      {
        isRetryable: (error, state) => {
          calls.push([stub.errors.indexOf(error), state.attempts]);
          return true;
        },
      },
      404,
      500,
    );

    await get(client);

    expect(calls).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  test('is not asked when no retry is left, and the outcome tells of what it said before', async () => {
    const isRetryable = jest.fn(() => true);
    const { client } = clientOf({ isRetryable, maxRetries: 2 }, 404, 404, 404);

    expect((await get(client)).state).toMatchObject({ outcome: 'retries-exhausted', attempts: 3 });
    expect(isRetryable).toHaveBeenCalledTimes(2);
  });

  test('that agreed with us before has overruled nothing', async () => {
    const isRetryable = jest.fn(() => true);
    const { client } = clientOf({ isRetryable, maxRetries: 1 }, 503, 404);

    expect((await get(client)).state).toMatchObject({ outcome: 'not-retryable', attempts: 2 });
    expect(isRetryable).toHaveBeenCalledTimes(1);
  });

  test('is not asked about a cancellation, nor about an error that is none of the request’s', async () => {
    const isRetryable = jest.fn(() => true);
    const { client } = clientOf({ isRetryable });
    await get(client, { signal: AbortSignal.abort() });
    client.interceptors.request.use(() => Promise.reject(new Error('no token')));
    await get(client);

    expect(isRetryable).not.toHaveBeenCalled();
  });
});

describe('x-should-retry', () => {
  test.each([
    ['false', 503, 'server-said-stop'],
    ['true', 409, 'succeeded'],
    ['True', 500, 'succeeded'],
    ['perhaps', 503, 'succeeded'],
    ['perhaps', 500, 'not-retryable'],
  ])('%s with a %d: %s', async (value, status, outcome) => {
    const { client } = clientOf({}, { status, headers: { 'X-Should-Retry': value } });

    expect((await get(client)).state).toMatchObject({ outcome });
  });
});

describe('maxRetries', () => {
  test.each([0, 1, 3])('of %d makes as many retries', async (maxRetries) => {
    const { client, stub } = clientOf({ maxRetries }, ...Array(9).fill(503));

    const { state } = await get(client);

    expect(state).toMatchObject({ outcome: 'retries-exhausted', retries: maxRetries });
    expect(stub.at).toHaveLength(maxRetries + 1);
  });

  test('of Infinity makes thousands of retries in a loop that does not grow the stack', async () => {
    jest.useRealTimers();
    const retries = 6_000;
    const depths = new Set<number>();
    const measure = () => {
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = Number.POSITIVE_INFINITY;
      depths.add(new Error().stack?.split('\n').length ?? 0);
      Error.stackTraceLimit = stackTraceLimit;
    };
    // A timer of 0 takes a millisecond, six thousand of them too long.
    const setTimeout = jest.spyOn(globalThis, 'setTimeout').mockImplementation(((callback: () => void) => {
      queueMicrotask(callback);
    }) as never);
    let calls = 0;
    const client = axios.create({
      adapter: async (config) => {
        if (++calls > 10 && calls % 1_000 === 0) measure();
        if (calls === 10) measure();
        return respond(config, calls <= retries ? 503 : 200);
      },
    });
    attachRetry(client, {
      maxRetries: Number.POSITIVE_INFINITY,
      budget: false,
      patience: 0,
      backoff: () => 0,
    });
    try {
      const response = await client.get('/');

      expect(retryStateOf(response)).toMatchObject({ retries, outcome: 'succeeded' });
      expect(depths.size).toBe(1);
    } finally {
      setTimeout.mockRestore();
    }
  });
});

test('detaching ends a wait at once with the last error, nothing left behind', async () => {
  const { client, stub, retry } = clientOf({ timeBudget: 60_000 }, 503, 502);
  const { signal } = new AbortController();

  const watched = watch(client.get('/', { signal }));
  await jest.advanceTimersByTimeAsync(150);
  expect(watched.status).toBe('pending');
  retry.detach();
  await flush();

  expect(watched.value).toBe(stub.errors[1]);
  expect(retryStateOf(watched.value)).toMatchObject({ outcome: 'detached', attempts: 2, elapsed: 150 });
  expect(jest.getTimerCount()).toBe(0);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('what failed earlier is garbage while the request goes on', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const earlier: WeakRef<object>[] = [];
  let calls = 0;
  const client = axios.create({ adapter: async (config) => respond(config, ++calls <= 10 ? 503 : 200) });
  attachRetry(client, {
    ...EVEN,
    maxRetries: 10,
    onRetry: ({ error }) => void earlier.push(new WeakRef(error)),
  });

  const watched = watch(client.get('/'));
  await jest.advanceTimersByTimeAsync(100 + 200 + 400 + 800 + 50);
  expect(watched.status).toBe('pending');
  collectGarbage();

  expect(earlier).toHaveLength(5);
  // The first is an argument of the loop, which V8 keeps; the last may be what the caller gets.
  expect(earlier.slice(1, -1).map((error) => error.deref())).toEqual(Array(3).fill(undefined));
  await jest.runAllTimersAsync();
});

test('an interceptor may reject a retry with nothing at all', async () => {
  const stub = stubAdapter(503, 409);
  const client = axios.create({ adapter: stub.adapter });
  client.interceptors.response.use(undefined, (error) =>
    Promise.reject(error.response.status === 409 ? undefined : error),
  );
  const states: RetryState[] = [];
  attachRetry(client, { ...EVEN, onGiveUp: ({ state }) => void states.push(state) });

  expect(await get(client)).toMatchObject({ status: 'rejected', value: undefined });
  expect(states).toMatchObject([
    { outcome: 'not-retryable', attempts: 2, failures: [{ status: 503 }, { attempt: 2 }] },
  ]);
});

test('the stream of a failed response may object to being destroyed', async () => {
  const stream = new Readable({ read() {}, destroy: (_error, done) => done(new Error('destroyed')) });
  const { client } = clientOf({}, { status: 503, data: stream });

  expect((await get(client)).state).toMatchObject({ outcome: 'succeeded', attempts: 2 });
  expect(stream.destroyed).toBe(true);
});

test('a web stream of a failed response may be locked', async () => {
  const stream = new ReadableStream();
  stream.getReader();
  const { client } = clientOf({}, { status: 503, data: stream });

  expect((await get(client)).state).toMatchObject({ outcome: 'succeeded', attempts: 2 });
});

test('requests that share one config object, and time, do not share their state', async () => {
  const { client, stub } = clientOf({}, 503, 503, 503);
  const config = { retryPolicy: { maxRetries: 5 } };

  const [first, second] = [watch(client.get('/', config)), watch(client.get('/', config))];
  await jest.runAllTimersAsync();

  expect(stub.at).toEqual([0, 0, 100, 100, 300]);
  expect(retryStateOf(first.value)).toMatchObject({ attempts: 3, elapsed: 300 });
  expect(retryStateOf(second.value)).toMatchObject({ attempts: 2, elapsed: 100 });
  expect(config).toEqual({ retryPolicy: { maxRetries: 5 } });
});

describe('an axios error of another request, thrown by an interceptor, is not taken for this one’s', () => {
  const otherError = () =>
    rejectionOf(axios.create({ adapter: stubAdapter(503).adapter, timeout: 1 }).get('/other'));

  test('where it stands in for the sending of a retry', async () => {
    const other = await otherError();
    const stub = stubAdapter(503, 503);
    const client = axios.create({ adapter: stub.adapter });
    let runs = 0;
    client.interceptors.request.use((config) => {
      if (++runs === 2) throw other;
      return config;
    });
    attachRetry(client);

    const { value } = await get(client);

    expect(value).toBe(other);
    expect(stub.at).toEqual([0]);
    expect(retryStateOf(value)).toMatchObject({ outcome: 'not-retryable', attempts: 2 });
  });

  test('where it stands in for a good answer', async () => {
    const other = await otherError();
    const stub = stubAdapter(200, 200);
    const client = axios.create({ adapter: stub.adapter });
    client.interceptors.response.use(() => Promise.reject(other));
    attachRetry(client);

    const { value } = await get(client);

    expect(value).toBe(other);
    expect(stub.at).toEqual([0]);
    expect(retryStateOf(value)).toMatchObject({ outcome: 'not-retryable', attempts: 1 });
  });
});

test('a random source that makes no number ends the request with a RangeError that names it', async () => {
  const stub = stubAdapter(503, 200);
  const client = axios.create({ adapter: stub.adapter });
  attachRetry(client, { backoff: { random: () => Number.NaN } });

  const error = await rejectionOf(client.get('/'));

  expect(error).toBeInstanceOf(RangeError);
  expect(error.message).toMatch(/^retryPolicy\.backoff\.random must return a number from 0 to 1/);
});

test('a wait too long for any number gives up as too long, whatever is allowed', async () => {
  const stub = stubAdapter({ status: 503, headers: { 'retry-after': '9'.repeat(400) } });
  const client = axios.create({ adapter: stub.adapter });
  attachRetry(client, { maxRetryAfter: Number.POSITIVE_INFINITY });

  expect(retryStateOf(await rejectionOf(client.get('/')))?.outcome).toBe('retry-after-too-long');
});

test('no wait is begun that ends with the time budget, fractions of a millisecond included', async () => {
  const stub = stubAdapter(503, 200);
  const client = axios.create({ adapter: stub.adapter });
  attachRetry(client, { timeBudget: 7, backoff: () => 6.5 });

  const error = await rejectionOf(client.get('/'));

  expect(retryStateOf(error)).toMatchObject({ outcome: 'time-budget-exceeded', attempts: 1 });
});

test('no attempt is begun with no time left, however long the process slept in the wait', async () => {
  const { client, stub } = clientOf({ timeBudget: 400 }, 503);
  const watched = watch(client.get('/'));
  await flush();
  const { now } = performance;
  // A laptop's lid, or an event loop that was blocked.
  jest.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 1_000);

  await jest.runAllTimersAsync();
  jest.restoreAllMocks();

  expect(retryStateOf(watched.value)).toMatchObject({ outcome: 'time-budget-exceeded', attempts: 1 });
  expect(stub.at).toEqual([0]);
});

test('a cause that a callback throws makes no circle', async () => {
  const reset = new Error('reset');
  const { client } = clientOf(
    {
      onRetry: ({ error }) => {
        error.cause = reset;
        throw reset;
      },
    },
    503,
  );

  expect((await get(client)).value).toBe(reset);
  expect(reset.cause).toBeUndefined();
});

test('an asynchronous backoff is refused by name, and what it rejects with is not left unhandled', async () => {
  const unhandled = jest.fn();
  process.on('unhandledRejection', unhandled);
  const backoff = (async () => {
    throw new Error('boom');
  }) as unknown as () => number;
  const { client } = clientOf({ backoff }, 503);

  const { value } = await get(client);
  await new Promise((resolve) => setImmediate(resolve));

  expect(value.message).toContain('retryPolicy.backoff must return a finite number');
  expect(unhandled).not.toHaveBeenCalled();
  process.off('unhandledRejection', unhandled);
});
