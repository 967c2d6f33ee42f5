import type { CallToHold } from '../../lib/origin/gate-words';
import { HeldCalls } from '../../lib/origin/held-calls';
import { Pace } from '../../lib/origin/pace';
import { Window } from '../../lib/origin/window';

const window = new Window(new Pace(20));
const CALL: CallToHold = {
  retriesLeft: 5,
  longest: 30_000,
  patience: 10_000,
  unsent: false,
  leave: () => {},
};

function takeAllDue(calls: HeldCalls, time: number, downSince: number): number {
  let count = 0;
  while (calls.takeDue(time, downSince)) count++;
  return count;
}

describe('calls that are held', () => {
  it('stand in line, first in, first out, wherever one leaves it', () => {
    const calls = new HeldCalls();
    const [a, b, c, d] = 'abcd'.split('').map(() => calls.add(CALL, window, 0, 0));
    if (!a || !b || !c || !d) throw new Error('four');
    expect(calls.nextRetry(false)).toBe(a);
    calls.remove(b);
    calls.remove(a);
    expect(calls.nextRetry(false)).toBe(c);
    calls.remove(d);
    calls.remove(c);
    expect(calls.nextRetry(false)).toBeUndefined();
    const e = calls.add(CALL, window, 0, 0);
    expect(calls.nextRetry(false)).toBe(e);
    expect(calls.size).toBe(1);
  });

  it('probe with those that have retries to spare, and let last chances go first when all is well', () => {
    const calls = new HeldCalls();
    const last = calls.add({ ...CALL, retriesLeft: 1 }, window, 0, 0);
    expect(calls.nextRetry(true)).toBe(last);
    const other = calls.add(CALL, window, 0, 0);
    expect(calls.nextRetry(true)).toBe(other);
    expect(calls.nextRetry(false)).toBe(last);
  });

  it('that are none are never due', () => {
    expect(new HeldCalls().earliest).toBe(Number.POSITIVE_INFINITY);
  });

  it('are due at the end of their patience or of their time, whichever comes first', () => {
    const calls = new HeldCalls();
    calls.add(CALL, window, 5_000, 2_000);
    calls.add({ ...CALL, longest: 1_000 }, window, 5_000, 2_000);
    expect(calls.earliest).toBe(6_000);
    expect(takeAllDue(calls, 6_000, 2_000)).toBe(1);
    expect(takeAllDue(calls, 11_999, 2_000)).toBe(0);
    expect(takeAllDue(calls, 12_000, 2_000)).toBe(1);
  });

  it('have their patience anew since the last sign of life, also where it came meanwhile', () => {
    const calls = new HeldCalls();
    calls.add(CALL, window, 0, 0);
    expect(takeAllDue(calls, 10_000, 9_000)).toBe(0);
    expect(calls.earliest).toBe(19_000);
    expect(takeAllDue(calls, 19_000, 9_000)).toBe(1);
  });

  it('that were never sent are patient from when they came', () => {
    const calls = new HeldCalls();
    calls.add({ ...CALL, unsent: true }, window, 6_000, 0);
    expect(takeAllDue(calls, 15_999, 0)).toBe(0);
    expect(takeAllDue(calls, 16_000, 0)).toBe(1);
  });
});
