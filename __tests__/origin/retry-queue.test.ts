import { RetryBudget } from '../../lib/origin/retry-budget';
import { type Departure, RetryQueue } from '../../lib/origin/retry-queue';
import type { Budget } from '../../lib/policy/budget';

beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** A budget that has given all it had. */
function emptyBudget(options: ConstructorParameters<typeof RetryBudget>[0] = {}): RetryBudget {
  const budget = new RetryBudget({ refillPerSecond: 0, tokensPerSuccess: 1, ...options });
  budget.tryAcquire('patient');
  return budget;
}

/** Parks retries named a, b, c, … and notes how and in which order they left. */
function parkingLot(budget: Budget = emptyBudget()) {
  const queue = new RetryQueue(budget);
  const left: string[] = [];
  let lastProbe = 0;
  const park = (name: string, { failedAfter = 1, longest = 30_000 } = {}) =>
    queue.park(failedAfter, longest, (how: Departure) => {
      left.push(`${name}: ${typeof how === 'object' ? 'probe' : how}`);
      if (typeof how === 'object') lastProbe = how.probe;
    });
  const probeReturned = (succeeded: boolean, duration: number, probe = lastProbe) =>
    queue.probeReturned(probe, succeeded, duration);
  const succeed = (duration = 5) => {
    budget.recordSuccess();
    queue.recordSuccess(duration);
  };
  return { queue, left, park, succeed, probeReturned };
}

describe('parked retries', () => {
  it('leave first in first out, one for each token that successes have paid', () => {
    const { queue, left, park, succeed } = parkingLot();
    for (const name of ['a', 'b', 'c']) park(name);
    expect(queue.parked).toBe(3);
    succeed();
    expect(left).toEqual(['a: token']);
    succeed();
    succeed();
    expect(left).toEqual(['a: token', 'b: token', 'c: token']);
    expect(queue.parked).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('do not leave with a success that pays only part of a token', () => {
    const { left, park, succeed } = parkingLot(emptyBudget({ tokensPerSuccess: 0.25 }));
    park('a');
    for (let success = 0; success < 3; success++) succeed();
    expect(left).toEqual([]);
    succeed();
    expect(left).toEqual(['a: token']);
  });

  it('leave one at a time as the probe, after a backoff while the origin fails', () => {
    const { left, park, probeReturned } = parkingLot();
    park('a');
    park('b');
    // Equal jitter at its lowest: half of 100 ms, of 200 ms, of 400 ms.
    jest.advanceTimersByTime(49);
    expect(left).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['a: probe']);
    jest.advanceTimersByTime(9_999);
    expect(left).toEqual(['a: probe']);
    probeReturned(false, 1);
    jest.advanceTimersByTime(99);
    expect(left).toHaveLength(1);
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['a: probe', 'b: probe']);
  });

  it('probe again after a success only once they have rested ten times as long as it took', () => {
    const { left, park, probeReturned } = parkingLot();
    for (const name of ['a', 'b']) park(name);
    jest.advanceTimersByTime(50);
    probeReturned(true, 70);
    jest.advanceTimersByTime(699);
    expect(left).toEqual(['a: probe']);
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['a: probe', 'b: probe']);
  });

  it('probe a server that lets them time out only once they have rested ten times as long, ten seconds at most', () => {
    const { left, park, probeReturned } = parkingLot();
    for (const name of ['a', 'b', 'c']) park(name, { failedAfter: 800 });
    jest.advanceTimersByTime(7_999);
    expect(left).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['a: probe']);
    probeReturned(false, 5_000);
    jest.advanceTimersByTime(9_999);
    expect(left).toHaveLength(1);
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['a: probe', 'b: probe']);
  });

  it('do not wait for ever for a probe that does not come back: after ten seconds it counts as failed', () => {
    const { left, park, probeReturned } = parkingLot();
    for (const name of ['a', 'b', 'c']) park(name, { longest: 100_000 });
    jest.advanceTimersByTime(50);
    // Ten seconds until it is lost, and as many of rest.
    jest.advanceTimersByTime(19_999);
    expect(left).toEqual(['a: probe']);
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['a: probe', 'b: probe']);
    // The lost one comes back: that does not let another leave beside the one that is out.
    probeReturned(true, 1, 1);
    jest.advanceTimersByTime(1_000);
    expect(left).toHaveLength(2);
    probeReturned(true, 1);
    jest.advanceTimersByTime(10);
    expect(left).toEqual(['a: probe', 'b: probe', 'c: probe']);
  });

  it('probe as soon as at first once a success has come, also one that came while nobody was parked', () => {
    const { queue, left, park, succeed, probeReturned } = parkingLot(emptyBudget({ tokensPerSuccess: 0 }));
    for (let probe = 0; probe < 4; probe++) {
      park('x');
      jest.advanceTimersByTime(10_000);
      probeReturned(false, 1);
    }
    expect([left.length, queue.parked]).toEqual([4, 0]);
    succeed(2_000);
    park('y');
    jest.advanceTimersByTime(50);
    expect(left.at(-1)).toBe('y: probe');
  });

  it('leave one at a time as the probe also when a success came while it was out and nobody was parked', () => {
    const { left, park, succeed } = parkingLot(emptyBudget({ tokensPerSuccess: 0 }));
    park('a');
    jest.advanceTimersByTime(50);
    succeed(1);
    park('b', { longest: 100_000 });
    // Ten seconds until it is lost, and as many of rest.
    jest.advanceTimersByTime(19_000);
    expect(left).toEqual(['a: probe']);
  });

  it('leave one at a time as the probe also while other requests succeed or fail', () => {
    const { left, park, succeed } = parkingLot(emptyBudget({ tokensPerSuccess: 0 }));
    for (const name of ['a', 'b']) park(name);
    jest.advanceTimersByTime(50);
    succeed(1);
    park('c');
    jest.advanceTimersByTime(5_000);
    expect(left).toEqual(['a: probe']);
  });

  it('are spread by up to half of the rest, so that clients do not probe together', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999999);
    const { left, park } = parkingLot();
    park('a', { failedAfter: 100 });
    jest.advanceTimersByTime(1_499);
    expect(left).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['a: probe']);
  });

  it('leave the probing to requests that go on failing, as long as they do', () => {
    const { left, park } = parkingLot();
    for (let time = 0; time < 5_000; time += 100) {
      park('x', { failedAfter: 1_000 });
      jest.advanceTimersByTime(100);
    }
    expect(left).toEqual([]);
    jest.advanceTimersByTime(9_900);
    expect(left).toEqual(['x: probe']);
  });

  it('probe sooner when another request has succeeded', () => {
    const { left, park, succeed } = parkingLot(emptyBudget({ tokensPerSuccess: 0 }));
    park('a', { failedAfter: 1_000 });
    succeed(3);
    jest.advanceTimersByTime(30);
    expect(left).toEqual(['a: probe']);
  });

  it('probe in spite of successes that go on coming', () => {
    const { left, park, succeed } = parkingLot(emptyBudget({ tokensPerSuccess: 0 }));
    park('a', { failedAfter: 1_000 });
    for (let time = 0; time < 60; time += 10) {
      succeed(5);
      jest.advanceTimersByTime(10);
    }
    expect(left).toEqual(['a: probe']);
  });

  it('take a token that has come meanwhile rather than go as the probe', () => {
    const budget = emptyBudget();
    const { left, park } = parkingLot(budget);
    park('a');
    budget.recordSuccess();
    jest.advanceTimersByTime(50);
    expect(left).toEqual(['a: token']);
  });

  it('leave as expired when their own time is up, whichever came first', () => {
    const { queue, left, park } = parkingLot();
    park('a', { longest: 3_000, failedAfter: 10_000 });
    park('b', { longest: 1_000, failedAfter: 10_000 });
    park('c', { longest: 2_000, failedAfter: 10_000 });
    jest.advanceTimersByTime(1_000);
    expect(left).toEqual(['b: expired']);
    jest.advanceTimersByTime(2_000);
    expect(left).toEqual(['b: expired', 'c: expired', 'a: expired']);
    expect(queue.parked).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('can be taken out, and are not called then', () => {
    const { queue, left, park, succeed } = parkingLot();
    const takeOut = park('a');
    const takeOutToo = park('b');
    park('c');
    takeOutToo();
    takeOutToo();
    takeOut();
    expect(queue.parked).toBe(1);
    succeed();
    expect(left).toEqual(['c: token']);
    takeOut();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('cost one timer, however many they are, set for when there is something to do', () => {
    const { park } = parkingLot();
    const setTimeout = jest.spyOn(globalThis, 'setTimeout');
    for (let count = 0; count < 1_000; count++) park(String(count), { longest: 30_000 - count });
    expect(jest.getTimerCount()).toBe(1);
    // The first probe's, which comes before all else.
    expect(setTimeout.mock.calls.map(([, delay]) => delay)).toEqual([50]);
  });

  it('go on waiting for their turn when one of them is taken out', () => {
    const { left, park } = parkingLot();
    const takeOut = park('a');
    park('b');
    takeOut();
    jest.advanceTimersByTime(50);
    expect(left).toEqual(['b: probe']);
  });

  it('neither put off nor bring forward the time at which a probe is lost, and it counts as failed', () => {
    const { left, park, succeed, probeReturned } = parkingLot(emptyBudget({ tokensPerSuccess: 0 }));
    for (const name of ['a', 'b', 'c']) park(name, { longest: 100_000 });
    jest.advanceTimersByTime(50);
    jest.advanceTimersByTime(5_000);
    park('d', { failedAfter: 1_000, longest: 100_000 });
    jest.advanceTimersByTime(4_000);
    succeed(1);
    // Lost after 10 seconds, 10 more of rest.
    jest.advanceTimersByTime(10_999);
    expect(left).toEqual(['a: probe']);
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['a: probe', 'b: probe']);
    // Two have failed: half of 400 ms.
    probeReturned(false, 1);
    jest.advanceTimersByTime(199);
    expect(left).toHaveLength(2);
    jest.advanceTimersByTime(1);
    expect(left).toHaveLength(3);
  });

  it('come and go a hundred thousand at a time without scanning one another', () => {
    const count = 100_000;
    const { queue, park } = parkingLot();
    const started = process.cpuUsage().user;
    const takeOuts = Array.from({ length: count }, (_, index) =>
      park('x', { longest: 1e6 + ((index * 7919) % 9973) }),
    );
    for (const takeOut of takeOuts.reverse()) takeOut();
    const seconds = (process.cpuUsage().user - started) / 1e6;
    expect(queue.parked).toBe(0);
    // A scan of the queue by each would be five thousand million steps; this takes about 0.2 s.
    expect(seconds).toBeLessThan(5);
  });
});

describe('parked retries of a budget kept elsewhere', () => {
  const settle = () => jest.advanceTimersByTimeAsync(0);

  it('leave when its promise says that there is a token', async () => {
    const answers = [true, false, true];
    const budget = { tryAcquire: async () => answers.shift() ?? false, recordSuccess() {}, refund() {} };
    const { left, park, succeed } = parkingLot(budget);
    park('a');
    park('b');
    succeed();
    await settle();
    expect(left).toEqual(['a: token']);
    succeed();
    await settle();
    expect(left).toEqual(['a: token', 'b: token']);
  });

  it('leave with the token of a success that came while the budget was being asked', async () => {
    let tokens = 0;
    const budget = {
      tryAcquire: () => {
        const granted = tokens >= 1;
        if (granted) tokens--;
        return new Promise<boolean>((resolve) => setTimeout(() => resolve(granted), 10));
      },
      recordSuccess: () => {
        tokens += 0.5;
      },
      refund() {},
    };
    const { park, succeed, left } = parkingLot(budget);
    park('a', { failedAfter: 5_000 });
    succeed(1_000);
    succeed(1_000);
    await jest.advanceTimersByTimeAsync(30);
    expect(left).toEqual(['a: token']);
  });

  it('give a token back that comes when nobody waits any more', async () => {
    const budget = { tryAcquire: async () => true, recordSuccess() {}, refund: jest.fn() };
    const { park, succeed, left } = parkingLot(budget);
    const takeOut = park('a');
    succeed();
    takeOut();
    await settle();
    expect(left).toEqual([]);
    expect(budget.refund.mock.calls).toEqual([['patient']]);
  });

  it('ask it once for a success, and give back no token that it did not have', async () => {
    const budget = { tryAcquire: jest.fn(async () => false), recordSuccess() {}, refund: jest.fn() };
    const { park, succeed } = parkingLot(budget);
    park('a', { failedAfter: 5_000 });
    succeed(1_000);
    await settle();
    expect(budget.tryAcquire).toHaveBeenCalledTimes(1);
    succeed(1_000);
    succeed(1_000);
    await settle();
    expect(budget.tryAcquire).toHaveBeenCalledTimes(3);
    expect(budget.refund).not.toHaveBeenCalled();
  });

  it('go as the probe when it rejects', async () => {
    const budget = { tryAcquire: () => Promise.reject(new Error('down')), recordSuccess() {}, refund() {} };
    const { park, left, queue } = parkingLot(budget);
    park('a');
    await jest.advanceTimersByTimeAsync(50);
    expect(left).toEqual(['a: probe']);
    expect(queue.budgetError).toEqual(new Error('down'));
  });
});
