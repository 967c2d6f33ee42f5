import fc from 'fast-check';
import { DEFAULT_BACKOFF } from '../../lib/policy/policy';
import type { BackoffOptions } from '../../lib/policy/retry-policy';
import { backoffDelay } from '../../lib/verdict/backoff';

/** The largest number below 1: as much as a source of randomness may return. */
const ALMOST_ONE = 1 - Number.EPSILON / 2;

function delay(options: BackoffOptions, retry: number, previous?: number): number {
  return backoffDelay({ ...DEFAULT_BACKOFF, random: () => 0.5, ...options }, retry, previous);
}

test('the defaults are 100 ms doubling up to 30 s with full jitter', () => {
  const { random, ...defaults } = DEFAULT_BACKOFF;
  expect(defaults).toEqual({ initialDelay: 100, maxDelay: 30_000, multiplier: 2, jitter: 'full' });
  expect(delay({ random: () => ALMOST_ONE }, 3)).toBeCloseTo(400);
});

test('the default source of randomness is the Math.random there is when a delay is drawn', () => {
  const random = jest.spyOn(Math, 'random').mockReturnValue(0.25);
  expect(backoffDelay(DEFAULT_BACKOFF, 1, undefined)).toBe(25);
  random.mockRestore();
});

describe('without jitter', () => {
  const none: BackoffOptions = { jitter: 'none' };

  test('a delay is the initial one, multiplied from retry to retry', () => {
    expect([1, 2, 3, 4].map((retry) => delay(none, retry))).toEqual([100, 200, 400, 800]);
    expect([1, 2, 3].map((retry) => delay({ ...none, initialDelay: 7, multiplier: 3 }, retry))).toEqual([
      7, 21, 63,
    ]);
  });

  test('a delay is never above the cap, and reaches it', () => {
    expect([8, 9, 10, 11].map((retry) => delay(none, retry))).toEqual([12_800, 25_600, 30_000, 30_000]);
  });

  test('a cap below the initial delay holds from the first retry on', () => {
    expect(delay({ ...none, maxDelay: 50 }, 1)).toBe(50);
  });

  test('a multiplier of 1 keeps the delay as it is', () => {
    expect([1, 2, 2000].map((retry) => delay({ ...none, multiplier: 1 }, retry))).toEqual([100, 100, 100]);
  });

  test('no randomness is used', () => {
    const random = jest.fn(() => 0.5);
    delay({ ...none, random }, 3);
    expect(random).not.toHaveBeenCalled();
  });
});

describe('with full jitter', () => {
  test('a delay lies anywhere between nothing and its base', () => {
    expect(delay({ random: () => 0 }, 3)).toBe(0);
    expect(delay({ random: () => 0.25 }, 3)).toBe(100);
    expect(delay({ random: () => 0.75 }, 3)).toBe(300);
  });

  test('the base is capped first, so that late retries spread over the whole cap', () => {
    expect(delay({ random: () => 0.5 }, 50)).toBe(15_000);
  });
});

describe('with equal jitter', () => {
  test('half of the base is certain, and the other half spread', () => {
    expect(delay({ jitter: 'equal', random: () => 0 }, 3)).toBe(200);
    expect(delay({ jitter: 'equal', random: () => 0.5 }, 3)).toBe(300);
    expect(delay({ jitter: 'equal', random: () => ALMOST_ONE }, 3)).toBeLessThanOrEqual(400);
  });
});

describe('with decorrelated jitter', () => {
  const decorrelated: BackoffOptions = { jitter: 'decorrelated' };

  test('the first delay lies between the initial one and three times as much', () => {
    expect(delay({ ...decorrelated, random: () => 0 }, 1)).toBe(100);
    expect(delay({ ...decorrelated, random: () => 0.5 }, 1)).toBe(200);
  });

  test('a later delay lies between the initial one and three times the one before', () => {
    expect(delay({ ...decorrelated, random: () => 0 }, 2, 1_000)).toBe(100);
    expect(delay({ ...decorrelated, random: () => 0.5 }, 2, 1_000)).toBe(1_550);
  });

  test('it is the delay before that counts, not the number of the retry', () => {
    expect(delay(decorrelated, 2, 500)).toBe(delay(decorrelated, 900, 500));
  });

  test('a delay is never above the cap', () => {
    expect(delay({ ...decorrelated, random: () => ALMOST_ONE }, 9, 29_000)).toBe(30_000);
  });

  test('a delay before that was shorter than the initial one does not shorten the next', () => {
    expect(delay({ ...decorrelated, random: () => 0.5 }, 2, 0)).toBe(100);
  });

  test('a cap below the initial delay holds from the first retry on', () => {
    expect(delay({ ...decorrelated, maxDelay: 50, random: () => 0 }, 1)).toBe(50);
    expect(delay({ ...decorrelated, maxDelay: 50, random: () => 0.9 }, 2, 50)).toBe(50);
  });

  test('the largest delays there are do not overflow', () => {
    const largest = { ...decorrelated, maxDelay: Number.MAX_VALUE };
    expect(delay({ ...largest, random: () => 0 }, 2, Number.MAX_VALUE)).toBe(100);
    expect(delay({ ...largest, random: () => 0.9 }, 2, Number.MAX_VALUE)).toBeLessThanOrEqual(
      Number.MAX_VALUE,
    );
  });
});

test.each([
  ['none', 30_000],
  ['full', 15_000],
  ['equal', 22_500],
] as const)(
  'at retry 2,000, where the power overflows, %s jitter still keeps to the cap',
  (jitter, expected) => {
    expect(delay({ jitter }, 2_000)).toBe(expected);
  },
);

test.each(['none', 'full', 'equal', 'decorrelated'] as const)(
  'an initial delay or a cap of 0 means no delay with %s jitter, at retry 2,000 as well',
  (jitter) => {
    expect(delay({ jitter, initialDelay: 0 }, 1)).toBe(0);
    expect(delay({ jitter, initialDelay: 0 }, 2_000)).toBe(0);
    expect(delay({ jitter, maxDelay: 0 }, 1)).toBe(0);
    expect(delay({ jitter, maxDelay: 0 }, 2_000)).toBe(0);
  },
);

test('whatever the options, no delay is NaN, negative or above the cap', () => {
  const milliseconds = fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true });
  const options = fc.record({
    initialDelay: milliseconds,
    maxDelay: milliseconds,
    multiplier: fc.double({ min: 1, max: Number.MAX_VALUE, noNaN: true }),
    jitter: fc.constantFrom('none', 'full', 'equal', 'decorrelated'),
    randomness: fc.oneof(fc.constantFrom(0, ALMOST_ONE), fc.double({ min: 0, max: ALMOST_ONE, noNaN: true })),
  });
  fc.assert(
    fc.property(options, fc.integer({ min: 1, max: 2_000 }), ({ randomness, ...rest }, retry) => {
      let previous: number | undefined;
      // Each delay is the next one's previous, as in the loop.
      for (const n of [retry, retry + 1, retry + 2]) {
        previous = backoffDelay({ ...rest, random: () => randomness }, n, previous);
        expect(previous).toBeGreaterThanOrEqual(0);
        expect(previous).toBeLessThanOrEqual(rest.maxDelay);
      }
    }),
    { numRuns: 1_000 },
  );
});
