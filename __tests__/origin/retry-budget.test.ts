import fc from 'fast-check';
import { askForToken, RetryBudget, tellBudget } from '../../lib/origin/retry-budget';
import type { RetryKind } from '../../lib/policy/budget';

/** A clock that stands still until it is moved. */
function handClock(): (() => number) & { time: number } {
  const clock = Object.assign(() => clock.time, { time: 0 });
  return clock;
}

const take = (budget: RetryBudget, kind?: RetryKind) => {
  let taken = 0;
  while (taken < 10_000 && budget.tryAcquire(kind)) taken++;
  return taken;
};

describe('a retry budget', () => {
  it('is full at first, with 100 tokens, and gives one for each retry until it is empty', () => {
    const budget = new RetryBudget({ clock: handClock() });
    expect(budget.tokens).toBe(100);
    expect(take(budget)).toBe(100);
    expect(budget.tokens).toBe(0);
    expect(budget.tryAcquire()).toBe(false);
    expect(budget.tokens).toBe(0);
  });

  it('refills with time, a tenth of a token a second unless told otherwise', () => {
    const clock = handClock();
    const budget = new RetryBudget({ maxTokens: 2, clock });
    take(budget);
    clock.time = 9_999;
    expect(budget.tryAcquire()).toBe(false);
    clock.time = 10_000;
    expect(budget.tryAcquire()).toBe(true);
  });

  it('gets a whole token from ten deposits of a tenth', () => {
    const budget = new RetryBudget({ maxTokens: 2, refillPerSecond: 0, clock: handClock() });
    take(budget);
    for (let success = 0; success < 9; success++) budget.recordSuccess();
    expect(budget.tryAcquire()).toBe(false);
    budget.recordSuccess();
    expect(budget.tryAcquire()).toBe(true);
  });

  it('loses no fraction, however slow the refill and however often it is asked', () => {
    const clock = handClock();
    const budget = new RetryBudget({ maxTokens: 5, refillPerSecond: 0.001, clock });
    take(budget);
    let early = 0;
    for (clock.time = 0; clock.time < 1_000_000; clock.time += 10) if (budget.tryAcquire()) early++;
    expect(early).toBe(0);
    expect(budget.tryAcquire()).toBe(true);
  });

  it('never holds more than its maximum', () => {
    const clock = handClock();
    const budget = new RetryBudget({ maxTokens: 3, clock });
    budget.recordSuccess();
    budget.refund();
    clock.time = 1e9;
    expect(budget.tokens).toBe(3);
  });

  it('is not harmed by a clock that jumps back, and counts on from there', () => {
    const clock = handClock();
    clock.time = 1_000_000;
    const budget = new RetryBudget({ maxTokens: 5, refillPerSecond: 1, clock });
    take(budget);
    clock.time = 0;
    expect(budget.tokens).toBe(0);
    clock.time = 2_000;
    expect(budget.tokens).toBe(2);
  });

  it('does not run on the time of day, which people set', () => {
    jest.useFakeTimers();
    const budget = new RetryBudget({ maxTokens: 1, refillPerSecond: 1 });
    budget.tryAcquire();
    jest.setSystemTime(Date.now() + 86_400_000);
    expect(budget.tokens).toBe(0);
    jest.useRealTimers();
  });

  it.each([Number.NaN, undefined, 5n])('is not harmed by a clock that says %p', (time) => {
    let reading: unknown = 0;
    const budget = new RetryBudget({ maxTokens: 1, refillPerSecond: 1, clock: () => reading as number });
    budget.tryAcquire();
    reading = time;
    expect([budget.tryAcquire(), budget.tokens]).toEqual([false, 0]);
    reading = 500;
    expect(budget.tokens).toBe(0.5);
    expect(() => new RetryBudget({ clock: () => time as number })).toThrow(
      /^RetryBudget\.clock must return a finite number of milliseconds; got /,
    );
  });

  it('counts successes as proof that the server works also where they deposit nothing', () => {
    const budget = new RetryBudget({ tokensPerSuccess: 0, maxTimeoutTokens: 1 });
    expect([budget.tryAcquire('after-timeout'), budget.tryAcquire('after-timeout')]).toEqual([true, false]);
    for (let success = 0; success < 10; success++) budget.recordSuccess();
    expect(budget.tryAcquire('after-timeout')).toBe(true);
  });

  it('is merely full after a laptop slept', () => {
    const clock = handClock();
    const budget = new RetryBudget({ maxTokens: 5, refillPerSecond: 1, clock });
    take(budget);
    clock.time = 1e15;
    expect(take(budget)).toBe(5);
  });

  it('gives retries after a timeout two, and the next only when successes have paid for it', () => {
    const kind = 'after-timeout';
    const clock = handClock();
    const budget = new RetryBudget({ tokensPerSuccess: 0.5, clock });
    expect(take(budget, kind)).toBe(2);
    clock.time = 1e9;
    expect(budget.tryAcquire(kind)).toBe(false);
    expect(budget.tokens).toBe(100);
    budget.recordSuccess();
    expect(budget.tryAcquire(kind)).toBe(false);
    budget.recordSuccess();
    expect(take(budget, kind)).toBe(1);
  });

  it('gives retries after a timeout as many as it is told', () => {
    expect(take(new RetryBudget({ maxTimeoutTokens: 7, clock: handClock() }), 'after-timeout')).toBe(7);
  });

  it('lets a refund count only for the kind of retry it is for', () => {
    const budget = new RetryBudget({ maxTimeoutTokens: 1, clock: handClock() });
    budget.tryAcquire('after-timeout');
    budget.refund();
    expect(budget.tryAcquire('after-timeout')).toBe(false);
    budget.refund('after-timeout');
    expect(budget.tryAcquire('after-timeout')).toBe(true);
  });

  it('earns no credit for refunds and successes beyond what is out', () => {
    const budget = new RetryBudget({ tokensPerSuccess: 10, clock: handClock() });
    budget.recordSuccess();
    budget.refund('after-timeout');
    expect(take(budget, 'after-timeout')).toBe(2);
  });

  it('gives nobody any when it has none at all', () => {
    const budget = new RetryBudget({ maxTokens: 1, clock: handClock() });
    budget.tryAcquire();
    expect(budget.tryAcquire('after-timeout')).toBe(false);
    budget.refund();
    expect(budget.tryAcquire('after-timeout')).toBe(true);
  });

  it('grants no more than it had, refilled, and was given, whatever happens in whatever order', () => {
    const action = fc.oneof(
      fc.constant({ kind: 'acquire' as const }),
      fc.constant({ kind: 'after-timeout' as const }),
      fc.constant({ kind: 'success' as const }),
      fc.constant({ kind: 'refund' as const }),
      fc.record({ kind: fc.constant('clock' as const), step: fc.integer({ min: -5_000, max: 50_000 }) }),
    );
    const options = fc.record({
      maxTokens: fc.double({ min: 1, max: 50, noNaN: true }),
      refillPerSecond: fc.double({ min: 0, max: 20, noNaN: true }),
      tokensPerSuccess: fc.double({ min: 0, max: 3, noNaN: true }),
      maxTimeoutTokens: fc.double({ min: 1, max: 9, noNaN: true }),
    });
    fc.assert(
      fc.property(options, fc.array(action, { maxLength: 200 }), (given, actions) => {
        const clock = handClock();
        const budget = new RetryBudget({ ...given, clock });
        let income = given.maxTokens;
        let granted = 0;
        for (const step of actions) {
          if (step.kind === 'acquire' && budget.tryAcquire()) granted++;
          if (step.kind === 'after-timeout' && budget.tryAcquire('after-timeout')) granted++;
          if (step.kind === 'success') {
            budget.recordSuccess();
            income += given.tokensPerSuccess;
          }
          if (step.kind === 'refund') {
            budget.refund();
            income += 1;
          }
          if (step.kind === 'clock') {
            clock.time += step.step;
            income += (Math.max(0, step.step) / 1000) * given.refillPerSecond;
          }
          expect(budget.tokens).toBeGreaterThanOrEqual(0);
          expect(budget.tokens).toBeLessThanOrEqual(given.maxTokens);
          expect(granted).toBeLessThanOrEqual(income + 1e-6);
        }
      }),
    );
  });

  it.each([
    [
      { maxTokens: 0 },
      RangeError,
      /RetryBudget\.maxTokens must be a finite number of at least 1 tokens; got 0/,
    ],
    [{ maxTokens: '5' }, TypeError, /RetryBudget\.maxTokens must be a number of tokens; got "5"/],
    [
      { refillPerSecond: -1 },
      RangeError,
      /RetryBudget\.refillPerSecond must be a finite number of at least 0 tokens; got -1/,
    ],
    [{ tokensPerSuccess: Number.NaN }, RangeError, /RetryBudget\.tokensPerSuccess .* 0 tokens; got NaN/],
    [{ maxTimeoutTokens: 0.5 }, RangeError, /RetryBudget\.maxTimeoutTokens .* 1 tokens; got 0\.5/],
    [{ clock: 5 }, TypeError, /RetryBudget\.clock must be a function; got 5/],
    [
      { capacity: 5 },
      TypeError,
      /RetryBudget\.capacity is not an option; did you mean RetryBudget\.maxTokens/,
    ],
    [null, TypeError, /RetryBudget must be an object/],
  ])('refuses %j by name', (options, type, message) => {
    const make = () => new RetryBudget(options as never);
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});

describe('asking a budget that is kept elsewhere', () => {
  const budget = (tryAcquire: () => unknown) =>
    ({ tryAcquire, recordSuccess() {}, refund() {} }) as unknown as RetryBudget;

  it('knows at once what a budget in this process says', () => {
    expect(
      [true, false].map((answer) =>
        askForToken(
          budget(() => answer),
          'ordinary',
          () => {},
        ),
      ),
    ).toEqual([true, false]);
  });

  it('takes its promise’s word', async () => {
    const onError = jest.fn();
    const ask = (tryAcquire: () => unknown) => askForToken(budget(tryAcquire), 'ordinary', onError);
    expect(await ask(async () => true)).toBe(true);
    expect(await ask(async () => false)).toBe(false);
    expect(onError).not.toHaveBeenCalled();
  });

  it('counts a rejection as no token, and says what it was', async () => {
    const onError = jest.fn();
    const failure = new Error('redis is down');
    expect(
      await askForToken(
        budget(() => Promise.reject(failure)),
        'ordinary',
        onError,
      ),
    ).toBe(false);
    expect(onError).toHaveBeenCalledWith(failure);
  });

  it('counts a throw as no token, and says what it was', () => {
    const onError = jest.fn();
    const failure = new Error('redis is down');
    const throwing = budget(() => {
      throw failure;
    });
    expect(askForToken(throwing, 'ordinary', onError)).toBe(false);
    expect(onError).toHaveBeenCalledWith(failure);
  });

  it('survives a budget that cannot be told of a success', async () => {
    expect(() =>
      tellBudget(() => {
        throw new Error('redis is down');
      }),
    ).not.toThrow();
    tellBudget(() => Promise.reject(new Error('redis is down')));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
