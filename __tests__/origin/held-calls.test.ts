import { HeldCalls } from '../../lib/origin/held-calls';
import { Pace } from '../../lib/origin/pace';
import { Window } from '../../lib/origin/window';
import { heldCall } from '../support/held-call';

const window = new Window(new Pace(20));
function takeAllDue(
  calls: HeldCalls,
  time: number,
  downSince: number,
  hopelessSince = Number.POSITIVE_INFINITY,
): number {
  let count = 0;
  while (calls.takeDue(time, downSince, hopelessSince)) count++;
  return count;
}

describe('calls that are held', () => {
  it('stand in line, first in, first out, wherever one leaves it', () => {
    const calls = new HeldCalls();
    const [a, b, c, d] = [heldCall(), heldCall(), heldCall(), heldCall()];
    for (const call of [a, b, c, d]) calls.add(call, window, 0, 0);
    expect(calls.nextRetry(false)).toBe(a);
    calls.remove(b);
    calls.remove(a);
    expect(calls.nextRetry(false)).toBe(c);
    calls.remove(d);
    calls.remove(c);
    expect(calls.nextRetry(false)).toBeUndefined();
    const e = heldCall();
    calls.add(e, window, 0, 0);
    expect(calls.nextRetry(false)).toBe(e);
    expect(calls.size).toBe(1);
  });

  it('probe with those that have retries to spare, and let last chances go first when all is well', () => {
    const calls = new HeldCalls();
    const last = heldCall({ retriesLeft: 1 });
    calls.add(last, window, 0, 0);
    expect(calls.nextRetry(true)).toBe(last);
    const other = heldCall();
    calls.add(other, window, 0, 0);
    expect(calls.nextRetry(true)).toBe(other);
    expect(calls.nextRetry(false)).toBe(last);
  });

  it('that are none are never due', () => {
    expect(new HeldCalls().earliest).toBe(Number.POSITIVE_INFINITY);
  });

  it('go before others when all is well, and after them to probe, once they were held before', () => {
    const calls = new HeldCalls();
    const [fresh, again] = [heldCall(), heldCall({ retriesLeft: 4, heldBefore: 100 })];
    calls.add(fresh, window, 0, 0);
    calls.add(again, window, 1, 0);
    expect(calls.nextRetry(true)).toBe(fresh);
    expect(calls.nextRetry(false)).toBe(again);
    calls.remove(again);
    expect(calls.nextRetry(false)).toBe(fresh);
  });

  it('are due at the end of their patience or of their time, whichever comes first', () => {
    const calls = new HeldCalls();
    calls.add(heldCall(), window, 5_000, 2_000);
    calls.add(heldCall({ longest: 1_000 }), window, 5_000, 2_000);
    expect(calls.earliest).toBe(6_000);
    expect(takeAllDue(calls, 6_000, 2_000)).toBe(1);
    expect(takeAllDue(calls, 11_999, 2_000)).toBe(0);
    expect(takeAllDue(calls, 12_000, 2_000)).toBe(1);
  });

  it('have their patience anew since the last sign of life, also where it came meanwhile', () => {
    const calls = new HeldCalls();
    calls.add(heldCall(), window, 0, 0);
    expect(takeAllDue(calls, 10_000, 9_000)).toBe(0);
    expect(calls.earliest).toBe(19_000);
    expect(takeAllDue(calls, 19_000, 9_000)).toBe(1);
  });

  it('have their patience in all where no retry has succeeded for as long, though the origin lives', () => {
    const calls = new HeldCalls();
    calls.add(heldCall(), window, 5_000, 5_000);
    calls.add(heldCall({ heldBefore: 4_000 }), window, 5_000, 5_000);
    calls.add(heldCall({ unsent: true }), window, 5_000, 5_000);
    // Alive at any time, and failing since 1,000 ms.
    expect(takeAllDue(calls, 10_999, 10_999, 1_000)).toBe(0);
    expect(takeAllDue(calls, 11_000, 11_000, 1_000)).toBe(1);
    expect(takeAllDue(calls, 14_999, 14_999, 1_000)).toBe(0);
    expect(takeAllDue(calls, 15_000, 15_000, 1_000)).toBe(1);
    // What was never sent may go elsewhere.
    expect(calls.nextUnsent).toBeDefined();
    expect(calls.size).toBe(1);
  });

  it('are patient from the first retry that failed, if that came later', () => {
    const calls = new HeldCalls();
    calls.add(heldCall({ heldBefore: 4_000 }), window, 5_000, 5_000);
    expect(takeAllDue(calls, 12_999, 12_999, 3_000)).toBe(0);
    expect(takeAllDue(calls, 13_000, 13_000, 3_000)).toBe(1);
  });

  it('that were never sent are patient from when they came', () => {
    const calls = new HeldCalls();
    calls.add(heldCall({ unsent: true }), window, 6_000, 0);
    expect(takeAllDue(calls, 15_999, 0)).toBe(0);
    expect(takeAllDue(calls, 16_000, 0)).toBe(1);
  });
});
