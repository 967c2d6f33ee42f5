import type { RedisRetryBudget, RedisRetryBudgetOptions } from '../../lib/redis';
import { advance, deferred, hangs, withFakeRedis } from './fake-redis';

const fleet = withFakeRedis();
const refuses = () => Promise.reject(new Error('READONLY'));

/** A budget whose Redis has just failed. */
async function abandoned(options: Partial<RedisRetryBudgetOptions> = {}): Promise<RedisRetryBudget> {
  const budget = fleet.make({ localTokens: 2, ...options });
  fleet.redis.answer = refuses;
  await budget.tryAcquire();
  return budget;
}

/** What a call gets in the end, and after how many milliseconds. */
async function outcome(answer: boolean | Promise<boolean>): Promise<{ answer: unknown; after: number }> {
  const startedAt = performance.now();
  const settled = outcomeNow(answer).then((answer) => ({ answer, after: performance.now() - startedAt }));
  await advance(10_000);
  return settled;
}

const outcomeNow = (answer: boolean | Promise<boolean>): Promise<unknown> =>
  Promise.resolve(answer).catch((error: Error) => error.message);

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
    ['answers half of it', async () => '1 8', /^The Redis client answered 1 8 to EVAL/, 0],
    ['makes the client reject with nothing', () => Promise.reject(), 'Redis failed: undefined', 0],
    [
      'answers nonsense',
      async () => ['1', '2'],
      /^The Redis client answered 1,2 to EVAL; .* pass client\.v4$/,
      0,
    ],
    ['answers nothing, as a client with callbacks does', () => undefined, /answered undefined/, 0],
  ])('when it %s: the local bucket decides, and then says why not', async (_how, answer, message, after) => {
    const budget = fleet.make({ localTokens: 1 });
    fleet.redis.answer = answer;
    expect(await outcome(budget.tryAcquire())).toEqual({ answer: true, after });
    expect(await outcome(budget.tryAcquire())).toEqual({
      answer: expect.stringMatching(message),
      after: 0,
    });
    expect(fleet.changes).toEqual([expect.stringMatching(message)]);
    expect(budget.budgetError?.message).toMatch(message);
    expect(budget.tokens).toBe(0);
  });

  it('costs 1,000 retries that ask at once no more than the timeout, and they get the local tokens', async () => {
    fleet.redis.answer = hangs;
    const budget = fleet.make();
    const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => outcome(budget.tryAcquire())));
    expect(outcomes.filter(({ answer }) => answer === true)).toHaveLength(10);
    expect(new Set(outcomes.map(({ after }) => after))).toEqual(new Set([50]));
    expect(fleet.changes).toHaveLength(1);
  });

  it('is asked again at most once a second, by retries and successes, and taken at its word in time', async () => {
    const budget = await abandoned();
    for (let ms = 0; ms < 3_000; ms += 10) {
      await outcomeNow(budget.tryAcquire());
      budget.recordSuccess();
      await advance(10);
    }
    expect(fleet.redis.asked.map(({ takes }) => takes)).toEqual([true, false, false]);
    fleet.redis.answer = (asked) => fleet.redis.carryOut(asked);
    await advance(1_000);
    budget.recordSuccess();
    await advance(0);
    expect(fleet.changes).toEqual(['READONLY', undefined]);
    expect(budget.budgetError).toBeUndefined();
    fleet.redis.tokens = 7;
    expect(await budget.tryAcquire()).toBe(true);
    expect(fleet.redis.tokens).toBe(6);
  });

  it('is asked again a second after it failed, and not sooner', async () => {
    const budget = await abandoned();
    await advance(999);
    budget.recordSuccess();
    expect(fleet.redis.asked).toHaveLength(1);
    await advance(1);
    budget.recordSuccess();
    expect(fleet.redis.asked).toHaveLength(2);
  });

  it('says what the client rejected with where that was no error', async () => {
    const budget = fleet.make();
    fleet.redis.answer = () => Promise.reject('closed');
    await budget.tryAcquire();
    expect(budget.budgetError).toMatchObject({ message: 'Redis failed: "closed"', cause: 'closed' });
  });

  it('leaves a process its share of the fleet’s retries after a timeout, at least one', async () => {
    const budget = await abandoned({ maxTokens: 100, localTokens: 50, maxTimeoutTokens: 4 });
    const ask = () => outcomeNow(budget.tryAcquire('after-timeout'));
    expect([await ask(), await ask(), await ask()]).toEqual([true, true, 'READONLY']);
    budget.refund('after-timeout');
    expect(await ask()).toBe(true);
    const small = await abandoned({ maxTokens: 100, localTokens: 50, maxTimeoutTokens: 1 });
    expect(await outcomeNow(small.tryAcquire('after-timeout'))).toBe(true);
  });

  it('that answers too late is still away', async () => {
    const budget = await abandoned();
    fleet.redis.answer = (asked) =>
      new Promise<string>((resolve) => setTimeout(() => resolve(fleet.redis.carryOut(asked)), 60));
    for (let second = 0; second < 5; second++) {
      await advance(1_000);
      budget.recordSuccess();
    }
    expect(fleet.redis.asked).toHaveLength(6);
    expect(fleet.changes).toEqual(['READONLY']);
  });

  it('is asked one question at a time, and anew when one was lost for half a minute', async () => {
    const budget = await abandoned();
    fleet.redis.answer = hangs;
    for (let second = 0; second < 59; second++) {
      await advance(1_000);
      budget.recordSuccess();
    }
    expect(fleet.redis.asked).toHaveLength(3);
  });

  it('costs no token when a command that waited in a queue is answered at last', async () => {
    const budget = fleet.make();
    await budget.tryAcquire();
    const answer = deferred<string>();
    fleet.redis.answer = () => answer.promise;
    const local = budget.tryAcquire();
    await advance(50);
    expect(await local).toBe(true);
    answer.resolve('1 98 2 0');
    fleet.redis.answer = (asked) => fleet.redis.carryOut(asked);
    await advance(2_000);
    expect(fleet.changes.at(-1)).toBeUndefined();
    expect(fleet.redis.tokens).toBe(100);
  });

  it('keeps what was gathered before, and asks for itself whether it may be sent', async () => {
    const budget = fleet.make();
    const answer = deferred<string>();
    fleet.redis.answer = () => answer.promise;
    const token = budget.tryAcquire();
    budget.refund();
    answer.reject(new Error('gone'));
    expect(await token).toBe(true);
    fleet.redis.answer = (asked) => fleet.redis.carryOut(asked);
    await advance(2_000);
    expect(fleet.redis.tokens).toBe(101);
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
