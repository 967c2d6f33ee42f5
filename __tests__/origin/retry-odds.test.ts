import { RetryOdds } from '../../lib/origin/retry-odds';

const fail = (odds: RetryOdds, count: number, from = 0) => {
  for (let retry = 0; retry < count; retry++) odds.note(false, from + retry);
};

describe('the odds of retries', () => {
  it('are hopeless from when fewer than one in five has succeeded, of about the last ten', () => {
    const odds = new RetryOdds();
    fail(odds, 15);
    expect(odds.hopelessSince).toBe(Number.POSITIVE_INFINITY);
    fail(odds, 2, 15);
    expect(odds.hopelessSince).toBe(15);
  });

  it('are no better for one that succeeds, and are with the third', () => {
    const odds = new RetryOdds();
    fail(odds, 100);
    odds.note(true, 100);
    odds.note(true, 101);
    expect(odds.hopelessSince).toBe(15);
    odds.note(true, 102);
    expect(odds.hopelessSince).toBe(Number.POSITIVE_INFINITY);
  });

  it('are as good as ever where every other one succeeds', () => {
    const odds = new RetryOdds();
    for (let retry = 0; retry < 1_000; retry++) odds.note(retry % 2 === 0, retry);
    expect(odds.hopelessSince).toBe(Number.POSITIVE_INFINITY);
  });

  it('count from the end of an outage in which they became hopeless', () => {
    const odds = new RetryOdds();
    odds.signOfLife(0, 10);
    expect(odds.hopelessSince).toBe(Number.POSITIVE_INFINITY);
    fail(odds, 20, 100);
    expect(odds.hopelessSince).toBe(115);
    odds.signOfLife(120, 8_000);
    expect(odds.hopelessSince).toBe(115);
    odds.signOfLife(100, 9_000);
    expect(odds.hopelessSince).toBe(9_000);
    fail(odds, 20, 9_000);
    expect(odds.hopelessSince).toBe(9_000);
  });

  it('are forgotten after a minute in which there was no retry', () => {
    const odds = new RetryOdds();
    fail(odds, 100);
    odds.note(false, 60_099);
    expect(odds.hopelessSince).toBe(15);
    odds.note(false, 120_100);
    expect(odds.hopelessSince).toBe(Number.POSITIVE_INFINITY);
  });

  it('are forgotten on demand', () => {
    const odds = new RetryOdds();
    fail(odds, 100);
    odds.reset();
    expect(odds.hopelessSince).toBe(Number.POSITIVE_INFINITY);
    fail(odds, 15, 100);
    expect(odds.hopelessSince).toBe(Number.POSITIVE_INFINITY);
  });
});
