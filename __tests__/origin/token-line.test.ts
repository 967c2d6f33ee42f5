import { type Budget, RetryBudget } from '../../lib';
import { namedBudget, originalOf, TokenLine } from '../../lib/origin/token-line';

beforeEach(() => {
  jest.useFakeTimers();
  // Rests are nine tenths as long as they are named.
  jest.spyOn(Math, 'random').mockReturnValue(0.3);
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** A line for the tokens of a budget that answers what it is told to; a, b, c, … wait in it. */
function makeLine() {
  const answers: (boolean | Promise<boolean> | (() => never))[] = [];
  const askedAt: number[] = [];
  const startedAt = performance.now();
  const tryAcquire = jest.fn((_kind?: string) => {
    askedAt.push(performance.now() - startedAt);
    const answer = answers.shift() ?? false;
    return typeof answer === 'function' ? answer() : answer;
  });
  const refund = jest.fn();
  const line = new TokenLine({ tryAcquire, recordSuccess() {}, refund } as Budget);
  const left: string[] = [];
  const wait = (name: string) => line.wait(() => left.push(name));
  return { answers, askedAt, tryAcquire, refund, line, left, wait };
}

const advance = (ms: number) => jest.advanceTimersByTimeAsync(ms);

describe('a line for tokens', () => {
  it('asks after a rest, which doubles up to a second while there is none', async () => {
    const { askedAt, tryAcquire, wait, left } = makeLine();
    wait('a');
    await advance(4_000);
    expect(askedAt).toEqual([90, 90 + 180, 270 + 360, 630 + 720, 1_350 + 900, 2_250 + 900]);
    expect(tryAcquire).toHaveBeenCalledWith('ordinary');
    expect(left).toEqual([]);
  });

  it('asks for the first in line, whoever comes later', async () => {
    const { answers, askedAt, wait, left } = makeLine();
    wait('a');
    await advance(50);
    wait('b');
    answers.push(true);
    await advance(40);
    expect(askedAt).toEqual([90, 90]);
    expect(left).toEqual(['a']);
  });

  it('asks at once when a success may have paid one, and soon again when it has not', async () => {
    const { answers, askedAt, wait, line, left } = makeLine();
    wait('a');
    await advance(300);
    expect(askedAt).toEqual([90, 270]);
    line.notify();
    await advance(90);
    expect(askedAt).toEqual([90, 270, 300, 390]);
    answers.push(true);
    line.notify();
    await advance(0);
    expect(left).toEqual(['a']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('rests as at first after a token', async () => {
    const { answers, askedAt, wait } = makeLine();
    answers.push(false, false, true);
    wait('a');
    wait('b');
    await advance(720);
    expect(askedAt).toEqual([90, 270, 630, 630, 720]);
  });

  it('asks one question at a time', async () => {
    const { answers, tryAcquire, wait, line, left } = makeLine();
    let grant: (granted: boolean) => void = () => {};
    answers.push(
      new Promise((resolve) => {
        grant = resolve;
      }),
    );
    wait('a');
    line.notify();
    line.notify();
    await advance(5_000);
    expect(tryAcquire).toHaveBeenCalledTimes(1);
    grant(true);
    await advance(0);
    expect(left).toEqual(['a']);
    wait('b');
    line.notify();
    expect(tryAcquire).toHaveBeenCalledTimes(2);
  });

  it('gives a token back for which nobody waits any more', async () => {
    const { answers, refund, wait, line, left } = makeLine();
    answers.push(Promise.resolve(true));
    const leave = wait('a');
    line.notify();
    leave();
    await advance(0);
    expect(left).toEqual([]);
    expect(refund.mock.calls).toEqual([['ordinary']]);
  });

  it('can be left, more than once, and the others keep their places', async () => {
    const { answers, wait, line, left } = makeLine();
    const leave = wait('a');
    wait('b');
    leave();
    leave();
    wait('c');
    answers.push(true, true);
    await advance(90);
    expect(left).toEqual(['b', 'c']);
    leave();
    line.notify();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('asks nobody when all have left', async () => {
    const { tryAcquire, wait, line } = makeLine();
    wait('a')();
    expect(jest.getTimerCount()).toBe(0);
    line.notify();
    await advance(1_000);
    expect(tryAcquire).not.toHaveBeenCalled();
  });

  it('knows what the budget failed with when it was last asked', async () => {
    const { answers, wait, line } = makeLine();
    answers.push(() => {
      throw new Error('away');
    });
    wait('a');
    await advance(90);
    expect(line.error).toEqual(new Error('away'));
    await advance(180);
    expect(line.error).toBeUndefined();
  });
});

describe('a budget that policies name', () => {
  const plain = (tryAcquire = () => true) => ({ tryAcquire, recordSuccess() {}, refund() {} });

  it('has one line, however often it is named', () => {
    const budget = plain();
    expect(namedBudget(budget)).toBe(namedBudget(budget));
    expect(namedBudget(budget).budget).toBe(budget);
    expect(namedBudget(plain()).line).not.toBe(namedBudget(budget).line);
  });

  it('is known by its function where axios has copied it', () => {
    const budget = plain();
    expect(originalOf({ ...budget }, [false, undefined, plain(), budget])).toBe(budget);
  });

  it('is the one of the instance before any other that shares the function', () => {
    const first = plain();
    expect(originalOf(first, [])).toBe(first);
    const own = { ...first };
    expect(originalOf({ ...first }, [own])).toBe(own);
  });

  it('is the first one seen where the instance knows none', () => {
    const first = plain();
    expect(originalOf(first, [plain()])).toBe(first);
    expect(originalOf({ ...first }, [false])).toBe(first);
  });

  it('is itself where it is of a class, all of whose instances share the function', () => {
    const [one, other] = [new RetryBudget(), new RetryBudget()];
    expect(originalOf(one, [other])).toBe(one);
    expect(originalOf(other, [])).toBe(other);
  });
});
