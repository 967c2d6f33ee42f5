import { RedisRetryBudget, type RedisRetryBudgetOptions } from '../../lib/redis';
import { deferred, FakeRedis } from './fake-redis';

let redis: FakeRedis;
let changes: (string | undefined)[];
const unhandled = jest.fn();

beforeEach(() => {
  jest.useFakeTimers();
  redis = new FakeRedis();
  changes = [];
  process.on('unhandledRejection', unhandled);
});

afterEach(() => {
  jest.useRealTimers();
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

const make = (options: Partial<RedisRetryBudgetOptions> = {}) =>
  new RedisRetryBudget(redis, {
    key: 'k',
    refillPerSecond: 0,
    onError: (e) => changes.push(e?.message),
    ...options,
  });

const advance = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** What a call gets in the end, and after how many milliseconds. */
async function outcome(answer: boolean | Promise<boolean>): Promise<{ answer: unknown; after: number }> {
  const startedAt = performance.now();
  const settled = Promise.resolve(answer)
    .catch((error: Error) => error.message)
    .then((answer) => ({ answer, after: performance.now() - startedAt }));
  await advance(10_000);
  return settled;
}

const hangs = (): Promise<unknown> => new Promise(() => {});
const refuses = () => Promise.reject(new Error('READONLY'));

/** A budget whose Redis has just failed. */
async function abandoned(options: Partial<RedisRetryBudgetOptions> = {}): Promise<RedisRetryBudget> {
  const budget = make({ localTokens: 2, ...options });
  redis.answer = refuses;
  await budget.tryAcquire();
  return budget;
}

describe('a budget in Redis', () => {
  it('asks Redis for each token, in one command', async () => {
    const budget = make();
    redis.tokens = 1.5;
    expect(await budget.tryAcquire()).toBe(true);
    redis.tokens = 0;
    await advance(100);
    expect(await budget.tryAcquire()).toBe(false);
    expect(redis.asked).toHaveLength(2);
    expect(redis.last).toMatchObject({ key: 'k', takes: true, limit: -1, deposit: 0 });
    expect(changes).toEqual([]);
  });

  it.each([
    ['ordinary', -1],
    ['patient', 1],
    ['after-timeout', 7],
  ] as const)('lets %s retries have up to %d unproven tokens', async (kind, limit) => {
    await make({ maxTimeoutTokens: 7 }).tryAcquire(kind);
    expect(redis.last.limit).toBe(limit);
  });

  it('asks not again within 100 ms whether an empty bucket is empty, unless it has something to deposit', async () => {
    const budget = make();
    redis.tokens = 0;
    await budget.tryAcquire();
    expect([budget.tryAcquire(), redis.asked.length]).toEqual([false, 1]);
    budget.refund();
    expect(await budget.tryAcquire()).toBe(true);
    expect(await budget.tryAcquire()).toBe(false);
    await advance(100);
    await budget.tryAcquire();
    expect(redis.asked).toHaveLength(3);
  });

  it('says how many tokens there are, as last heard, refilled since', async () => {
    const budget = make({ refillPerSecond: 2 });
    expect(budget.tokens).toBe(100);
    redis.tokens = 51;
    await budget.tryAcquire();
    expect(budget.tokens).toBe(50);
    await advance(2_000);
    expect(budget.tokens).toBe(54);
    await advance(1e6);
    expect(budget.tokens).toBe(100);
  });
});

describe('deposits', () => {
  it('never wait for Redis: they are gathered, and sent after 250 ms', async () => {
    const budget = make({ tokensPerSuccess: 0.25 });
    for (let success = 0; success < 4; success++) budget.recordSuccess();
    budget.refund();
    budget.refund('after-timeout');
    await advance(249);
    expect(redis.asked).toHaveLength(0);
    await advance(1);
    expect(redis.asked).toHaveLength(1);
    expect(redis.last).toMatchObject({ takes: false, deposit: 3, proven: 2 });
    await advance(10_000);
    expect(redis.asked).toHaveLength(1);
  });

  it('go with the next retry that asks', async () => {
    const budget = make();
    budget.refund();
    await budget.tryAcquire();
    expect(redis.last).toMatchObject({ takes: true, deposit: 1 });
    await advance(1_000);
    expect(redis.asked).toHaveLength(1);
  });

  it('are proof that the server works also where they bring no token, and never more than the bucket holds', async () => {
    const budget = make({ tokensPerSuccess: 0 });
    budget.recordSuccess();
    await budget.tryAcquire();
    expect(redis.last).toMatchObject({ deposit: 0, proven: 0.1 });
    for (let refund = 0; refund < 500; refund++) budget.refund();
    await budget.tryAcquire();
    expect(redis.last.deposit).toBe(100);
  });

  it('keep no process alive', () => {
    jest.useRealTimers();
    const budget = make();
    const before = process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    budget.recordSuccess();
    expect(process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout')).toHaveLength(
      before,
    );
    return budget.close();
  });

  it('are never sent twice: what may have arrived is lost', async () => {
    const budget = make();
    redis.answer = hangs;
    budget.refund();
    await advance(300);
    expect(redis.last.deposit).toBe(1);
    redis.answer = (asked) => redis.carryOut(asked);
    await advance(2_000);
    budget.recordSuccess();
    await advance(2_000);
    expect(redis.asked.slice(1).map(({ deposit }) => deposit)).toEqual([0]);
  });
});

describe('close', () => {
  it('sends what is gathered, and waits for the answer and for what is on its way', async () => {
    const budget = make();
    const answers = [deferred<string>(), deferred<string>()] as const;
    redis.answer = () => answers[redis.asked.length - 1]?.promise;
    budget.refund();
    await advance(250);
    budget.refund();
    const closed = jest.fn();
    budget.close().then(closed);
    expect(redis.asked).toHaveLength(2);
    answers[1].resolve('0 5 2 0');
    await advance(0);
    expect(closed).not.toHaveBeenCalled();
    answers[0].resolve('0 4 1 0');
    await advance(0);
    expect(closed).toHaveBeenCalled();
  });

  it('waits no longer than the timeout, never rejects, and nothing is gathered or told afterwards', async () => {
    const budget = make();
    redis.answer = hangs;
    budget.refund();
    const closed = jest.fn();
    budget.close().then(closed);
    await advance(50);
    expect(closed).toHaveBeenCalled();
    budget.refund();
    await advance(1_000);
    await budget.close();
    expect(redis.asked).toHaveLength(1);
    expect(changes).toEqual([]);
  });

  it('does not take the answer away from a retry that is waiting for it', async () => {
    const budget = make();
    const answer = deferred<string>();
    redis.answer = () => answer.promise;
    const token = budget.tryAcquire();
    await budget.close();
    answer.resolve('1 5 1 0');
    expect(await token).toBe(true);
  });
});

describe('Redis away', () => {
  it.each<[how: string, answer: () => unknown, message: string | RegExp, after: number]>([
    ['does not answer', hangs, 'Redis did not answer within 50 ms', 50],
    ['refuses', refuses, 'READONLY', 0],
    [
      'makes the client throw',
      () => {
        throw new Error('closed');
      },
      'closed',
      0,
    ],
    ['makes the client reject with nothing', () => Promise.reject(), 'Redis failed: undefined', 0],
    [
      'answers nonsense',
      async () => ['1', '2'],
      /^The Redis client answered 1,2 to EVAL; .* pass client\.v4$/,
      0,
    ],
    ['answers nothing, as a client with callbacks does', () => undefined, /answered undefined/, 0],
  ])('when it %s: the local bucket decides, and then says why not', async (_how, answer, message, after) => {
    const budget = make({ localTokens: 1 });
    redis.answer = answer;
    expect(await outcome(budget.tryAcquire())).toEqual({ answer: true, after });
    expect(await outcome(budget.tryAcquire())).toEqual({
      answer: expect.stringMatching(message),
      after: 0,
    });
    expect(changes).toEqual([expect.stringMatching(message)]);
    expect(budget.budgetError?.message).toMatch(message);
    expect(budget.tokens).toBe(0);
  });

  it('costs 1,000 retries that ask at once no more than the timeout, and they get the local tokens', async () => {
    redis.answer = hangs;
    const budget = make();
    const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => outcome(budget.tryAcquire())));
    expect(outcomes.filter(({ answer }) => answer === true)).toHaveLength(10);
    expect(new Set(outcomes.map(({ after }) => after))).toEqual(new Set([50]));
    expect(changes).toHaveLength(1);
  });

  it('is asked again at most once a second, by retries and successes, and taken at its word in time', async () => {
    const budget = await abandoned();
    for (let ms = 0; ms < 3_000; ms += 10) {
      await outcomeNow(budget.tryAcquire());
      budget.recordSuccess();
      await advance(10);
    }
    expect(redis.asked.map(({ takes }) => takes)).toEqual([true, false, false]);
    redis.answer = (asked) => redis.carryOut(asked);
    await advance(1_000);
    budget.recordSuccess();
    await advance(0);
    expect(changes).toEqual(['READONLY', undefined]);
    expect(budget.budgetError).toBeUndefined();
    redis.tokens = 7;
    expect(await budget.tryAcquire()).toBe(true);
    expect(redis.tokens).toBe(6);
  });

  it('that answers too late is still away', async () => {
    const budget = await abandoned();
    redis.answer = (asked) =>
      new Promise<string>((resolve) => setTimeout(() => resolve(redis.carryOut(asked)), 60));
    for (let second = 0; second < 5; second++) {
      await advance(1_000);
      budget.recordSuccess();
    }
    expect(redis.asked).toHaveLength(6);
    expect(changes).toEqual(['READONLY']);
  });

  it('is asked one question at a time, and anew when one was lost for half a minute', async () => {
    const budget = await abandoned();
    redis.answer = hangs;
    for (let second = 0; second < 59; second++) {
      await advance(1_000);
      budget.recordSuccess();
    }
    expect(redis.asked).toHaveLength(3);
  });

  it('costs no token when a command that waited in a queue is answered at last', async () => {
    const budget = make();
    await budget.tryAcquire();
    const answer = deferred<string>();
    redis.answer = () => answer.promise;
    const local = budget.tryAcquire();
    await advance(50);
    expect(await local).toBe(true);
    answer.resolve('1 98 2 0');
    redis.answer = (asked) => redis.carryOut(asked);
    await advance(2_000);
    expect(changes.at(-1)).toBeUndefined();
    expect(redis.tokens).toBe(100);
  });

  it('keeps what was gathered before, and asks for itself whether it may be sent', async () => {
    const budget = make();
    const answer = deferred<string>();
    redis.answer = () => answer.promise;
    const token = budget.tryAcquire();
    budget.refund();
    answer.reject(new Error('gone'));
    expect(await token).toBe(true);
    redis.answer = (asked) => redis.carryOut(asked);
    await advance(2_000);
    expect(redis.tokens).toBe(101);
  });

  it('has successes and refunds fill the local bucket, a tenth of the fleet’s', async () => {
    const budget = await abandoned({
      localTokens: undefined,
      maxTokens: 20,
      tokensPerSuccess: 0.5,
      refillPerSecond: 10,
    });
    expect(budget.tokens).toBe(1);
    expect(await outcomeNow(budget.tryAcquire())).toBe(true);
    for (let success = 0; success < 2; success++) budget.recordSuccess();
    budget.refund();
    expect(budget.tokens).toBe(2);
    await outcomeNow(budget.tryAcquire());
    await outcomeNow(budget.tryAcquire());
    await advance(500);
    expect(budget.tokens).toBe(0.5);
  });

  it('harms nobody who cannot hear of it', async () => {
    const onError = jest.fn(() => {
      throw new Error('deaf');
    });
    const budget = await abandoned({ onError });
    expect(onError).toHaveBeenCalledTimes(1);
    expect(await outcomeNow(budget.tryAcquire())).toBe(true);
  });
});

const outcomeNow = (answer: boolean | Promise<boolean>) =>
  Promise.resolve(answer).catch((error: Error) => error.message);

describe('options', () => {
  it.each<[object | undefined, string]>([
    [undefined, 'RedisRetryBudget must be an object with any of key, maxTokens,'],
    [
      {},
      'RedisRetryBudget.key must be a string; got undefined; name the dependency, such as "retries:orders"',
    ],
    [{ key: '' }, 'RedisRetryBudget.key must not be empty; got ""; name the dependency'],
    [{ key: 5 }, 'RedisRetryBudget.key must be a string; got 5'],
    [
      { key: 'k', maxTokens: 0 },
      'RedisRetryBudget.maxTokens must be a finite number of at least 1 tokens; got 0',
    ],
    [
      { key: 'k', refillPerSecond: -1 },
      'RedisRetryBudget.refillPerSecond must be a finite number of at least 0 tokens; got -1',
    ],
    [
      { key: 'k', tokensPerSuccess: Number.NaN },
      'RedisRetryBudget.tokensPerSuccess must be a finite number of at least 0 tokens; got NaN',
    ],
    [
      { key: 'k', maxTimeoutTokens: '2' },
      'RedisRetryBudget.maxTimeoutTokens must be a number of tokens; got "2"',
    ],
    [
      { key: 'k', timeout: Number.POSITIVE_INFINITY },
      'RedisRetryBudget.timeout must be a finite number of at least 1 milliseconds; got Infinity',
    ],
    [
      { key: 'k', localTokens: 0.5 },
      'RedisRetryBudget.localTokens must be a finite number of at least 1 tokens; got 0.5',
    ],
    [{ key: 'k', onError: 'log' }, 'RedisRetryBudget.onError must be a function; got "log"'],
    [
      { key: 'k', maxToken: 3 },
      'RedisRetryBudget.maxToken is not an option; did you mean RedisRetryBudget.maxTokens?',
    ],
  ])('%p: %s', (options, message) => {
    expect(() => new RedisRetryBudget(redis, options as RedisRetryBudgetOptions)).toThrow(message);
  });
});
