import { scriptRunner } from '../../lib/redis/client';
import { SharedBucket } from '../../lib/redis/shared-bucket';
import { deferred, FakeRedis } from './fake-redis';

let redis: FakeRedis;
let bucket: SharedBucket;
const TAKE = { tokens: 0, proven: 0, takeBelow: -1 };

beforeEach(() => {
  jest.useFakeTimers();
  jest.advanceTimersByTime(5_000);
  redis = new FakeRedis();
  bucket = new SharedBucket(scriptRunner(redis), {
    key: 'k',
    maxTokens: 100,
    refillPerSecond: 10,
    timeout: 50,
  });
});

afterEach(() => {
  jest.useRealTimers();
});

describe('a command to the shared bucket', () => {
  it('carries the time of the server’s clock when nobody waits for it any more, once that clock is known', async () => {
    await bucket.send(TAKE);
    expect(redis.last.deadline).toBe(0);
    jest.advanceTimersByTime(700);
    await bucket.send(TAKE);
    expect(redis.last.deadline).toBeCloseTo(performance.now() + redis.ahead + 50, 6);
  });

  it('that came in time though the server’s clock says otherwise is sent again: the clock was set', async () => {
    await bucket.send(TAKE);
    redis.ahead += 60_000;
    expect(await bucket.send(TAKE)).toBe(true);
    expect([redis.asked.length, redis.tokens]).toEqual([3, 98]);
    redis.ahead -= 120_000;
    expect(await bucket.send(TAKE)).toBe(true);
    expect(redis.asked).toHaveLength(4);
  });

  it('is not given up too early where an answer was read late: the process was busy', async () => {
    await bucket.send(TAKE);
    const answer = deferred<string>();
    redis.answer = () => answer.promise;
    const read = bucket.send(TAKE);
    answer.resolve(redis.carryOut(redis.last));
    jest.advanceTimersByTime(200);
    await read;
    redis.answer = (asked) => redis.carryOut(asked);
    await bucket.send(TAKE);
    expect(redis.last.deadline).toBeCloseTo(performance.now() + redis.ahead + 50, 6);
  });

  it('that came too late is not sent again', async () => {
    await bucket.send(TAKE);
    const answer = deferred<string>();
    redis.answer = () => answer.promise;
    const late = bucket.send(TAKE);
    jest.advanceTimersByTime(51);
    answer.resolve(redis.carryOut(redis.last));
    await expect(late).rejects.toThrow('Redis received the command too late');
    expect([redis.asked.length, redis.tokens]).toEqual([2, 99]);
  });

  it('that came too late in the very moment in which nobody waits any more is not sent again', async () => {
    redis.answer = async () => {
      jest.advanceTimersByTime(50);
      return '-1 0 0 0';
    };
    await expect(bucket.send(TAKE)).rejects.toThrow('too late');
    expect(redis.asked).toHaveLength(1);
  });

  it('says how the bucket fills, what it is to do, and what this process knows of it', async () => {
    const run = jest.fn(async (_key: string, _args: string[]) => '0 8 3 1000');
    const other = new SharedBucket(run, { key: 'k', maxTokens: 100, refillPerSecond: 10, timeout: 50 });
    await other.send({ tokens: 3, proven: 2 });
    await other.send({ ...TAKE, takeBelow: 7 });
    expect(run.mock.calls).toEqual([
      ['k', ['100', '0.01', '3', '2', '0', '-1', '0', '0', '0']],
      ['k', ['100', '0.01', '0', '0', '1', '7', '1050', '3', '8']],
    ]);
  });

  it.each([
    [0, true],
    [0.999, true],
    [1 - 1e-10, false],
    [1, false],
  ])('that leaves %d tokens leaves it empty: %s', async (tokens, isEmpty) => {
    redis.answer = async () => `0 ${tokens} 1 0`;
    expect(bucket.isEmpty).toBe(false);
    await bucket.send(TAKE);
    expect(bucket.isEmpty).toBe(isEmpty);
  });

  it('says what this process has seen, refilled since, so that a server that forgot knows', async () => {
    redis.tokens = 41;
    await bucket.send(TAKE);
    expect(redis.last.seen).toEqual({ sequence: 0, tokens: 0 });
    jest.advanceTimersByTime(500);
    await bucket.send(TAKE);
    expect(redis.last.seen).toEqual({ sequence: 1, tokens: 45 });
    jest.advanceTimersByTime(1e6);
    await bucket.send(TAKE);
    expect(redis.last.seen).toEqual({ sequence: 2, tokens: 100 });
  });

  it('remembers the newest answer, in whatever order they come', async () => {
    const answers = [deferred<string>(), deferred<string>()] as const;
    redis.answer = () => answers[redis.asked.length - 1]?.promise;
    const both = Promise.all([bucket.send(TAKE), bucket.send(TAKE)]);
    answers[1].resolve('1 8 2 0');
    await Promise.resolve();
    answers[0].resolve('1 9 1 0');
    await both;
    expect(bucket.tokens).toBe(8);
  });

  it('may be answered with a Buffer', async () => {
    redis.answer = async () => Buffer.from('1 8 2 0');
    expect(await bucket.send(TAKE)).toBe(true);
  });
});
