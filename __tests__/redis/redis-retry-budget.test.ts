import { RedisRetryBudget, type RedisRetryBudgetOptions } from '../../lib/redis';
import { advance, deferred, FakeRedis, hangs, withFakeRedis } from './fake-redis';

const fleet = withFakeRedis();

describe('a budget in Redis', () => {
  it('asks Redis for each token, in one command', async () => {
    const budget = fleet.make();
    fleet.redis.tokens = 1.5;
    expect(await budget.tryAcquire()).toBe(true);
    fleet.redis.tokens = 0;
    await advance(100);
    expect(await budget.tryAcquire()).toBe(false);
    expect(fleet.redis.asked).toHaveLength(2);
    expect(fleet.redis.last).toMatchObject({ key: 'k', takes: true, limit: -1, deposit: 0 });
    expect(fleet.changes).toEqual([]);
  });

  it.each([
    ['ordinary', -1],
    ['after-timeout', 7],
  ] as const)('lets %s retries have up to %d unproven tokens', async (kind, limit) => {
    await fleet.make({ maxTimeoutTokens: 7 }).tryAcquire(kind);
    expect(fleet.redis.last.limit).toBe(limit);
  });

  it('asks not again within 100 ms whether an empty bucket is empty, unless it has something to deposit', async () => {
    const budget = fleet.make();
    fleet.redis.tokens = 0;
    await budget.tryAcquire();
    expect([budget.tryAcquire(), fleet.redis.asked.length]).toEqual([false, 1]);
    budget.refund();
    expect(await budget.tryAcquire()).toBe(true);
    expect(await budget.tryAcquire()).toBe(false);
    await advance(100);
    await budget.tryAcquire();
    expect(fleet.redis.asked).toHaveLength(3);
  });

  it('says how many tokens there are, as last heard, refilled since', async () => {
    const budget = fleet.make({ refillPerSecond: 2 });
    expect(budget.tokens).toBe(100);
    fleet.redis.tokens = 51;
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
    const budget = fleet.make({ tokensPerSuccess: 0.25 });
    for (let success = 0; success < 4; success++) budget.recordSuccess();
    budget.refund();
    budget.refund('after-timeout');
    budget.refund('after-timeout');
    await advance(249);
    expect(fleet.redis.asked).toHaveLength(0);
    await advance(1);
    expect(fleet.redis.asked).toHaveLength(1);
    expect(fleet.redis.last).toMatchObject({ takes: false, deposit: 4, proven: 3 });
    await advance(10_000);
    expect(fleet.redis.asked).toHaveLength(1);
  });

  it('go with the next retry that asks', async () => {
    const budget = fleet.make();
    budget.refund();
    await budget.tryAcquire();
    expect(fleet.redis.last).toMatchObject({ takes: true, deposit: 1 });
    await advance(1_000);
    expect(fleet.redis.asked).toHaveLength(1);
  });

  it('are proof that the server works also where they bring no token, and never more than the bucket holds', async () => {
    const budget = fleet.make({ tokensPerSuccess: 0 });
    budget.recordSuccess();
    await budget.tryAcquire();
    expect(fleet.redis.last).toMatchObject({ deposit: 0, proven: 0.1 });
    for (let refund = 0; refund < 500; refund++) budget.refund();
    await budget.tryAcquire();
    expect(fleet.redis.last.deposit).toBe(100);
  });

  it('keep no process alive', () => {
    jest.useRealTimers();
    const budget = fleet.make();
    const before = process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    budget.recordSuccess();
    expect(process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout')).toHaveLength(
      before,
    );
    return budget.close();
  });

  it('are never sent twice: what may have arrived is lost', async () => {
    const budget = fleet.make();
    fleet.redis.answer = hangs;
    budget.refund();
    await advance(300);
    expect(fleet.redis.last.deposit).toBe(1);
    fleet.redis.answer = (asked) => fleet.redis.carryOut(asked);
    await advance(2_000);
    budget.recordSuccess();
    await advance(2_000);
    expect(fleet.redis.asked.slice(1).map(({ deposit }) => deposit)).toEqual([0]);
  });
});

describe('close', () => {
  it('sends what is gathered, and waits for the answer and for what is on its way', async () => {
    const budget = fleet.make();
    const answers = [deferred<string>(), deferred<string>()] as const;
    fleet.redis.answer = () => answers[fleet.redis.asked.length - 1]?.promise;
    budget.refund();
    await advance(250);
    budget.refund();
    const closed = jest.fn();
    budget.close().then(closed);
    expect(fleet.redis.asked).toHaveLength(2);
    answers[1].resolve('0 5 2 0');
    await advance(0);
    expect(closed).not.toHaveBeenCalled();
    answers[0].resolve('0 4 1 0');
    await advance(0);
    expect(closed).toHaveBeenCalled();
  });

  it('waits no longer than the timeout, never rejects, and nothing is gathered or told afterwards', async () => {
    const budget = fleet.make();
    fleet.redis.answer = hangs;
    budget.refund();
    const closed = jest.fn();
    budget.close().then(closed);
    await advance(50);
    expect(closed).toHaveBeenCalled();
    budget.refund();
    await advance(1_000);
    await budget.close();
    expect(fleet.redis.asked).toHaveLength(1);
    expect(fleet.changes).toEqual([]);
  });

  it('waits for all that is on its way, and gathers nothing afterwards', async () => {
    const budget = fleet.make({ timeout: 1_000 });
    const slow = deferred<string>();
    fleet.redis.answer = (asked) =>
      fleet.redis.asked.length === 1 ? slow.promise : fleet.redis.carryOut(asked);
    for (let flush = 0; flush < 2; flush++) {
      budget.refund();
      await advance(250);
    }
    const closed = jest.fn();
    budget.close().then(closed);
    await advance(0);
    expect([fleet.redis.asked.length, closed.mock.calls.length]).toEqual([2, 0]);
    slow.resolve('0 5 2 0');
    await advance(0);
    expect(closed).toHaveBeenCalled();
    budget.refund();
    await advance(1_000);
    expect(fleet.redis.asked).toHaveLength(2);
  });

  it('does not take the answer away from a retry that is waiting for it', async () => {
    const budget = fleet.make();
    const answer = deferred<string>();
    fleet.redis.answer = () => answer.promise;
    const token = budget.tryAcquire();
    await budget.close();
    answer.resolve('1 5 1 0');
    expect(await token).toBe(true);
  });
});

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
    expect(() => new RedisRetryBudget(new FakeRedis(), options as RedisRetryBudgetOptions)).toThrow(message);
  });
});
