import { StallWatch } from '../../lib/origin/stall';

describe('a stall', () => {
  it('is told by one timeout without a success since that attempt was sent', () => {
    const watch = new StallWatch(900);
    expect(watch.timedOut(1_000, 2_000)).toBe(true);
    expect(watch.isStalled).toBe(true);
  });

  it('is not told by a timeout with a success since', () => {
    expect(new StallWatch(1_500).timedOut(1_000, 2_000)).toBe(false);
  });

  it('is not told by a timeout with a success in the very moment in which it was sent', () => {
    expect(new StallWatch(1_000).timedOut(1_000, 2_000)).toBe(false);
  });

  it('takes one timeout where only what was sent sooner, or at the same time, was answered', () => {
    const watch = new StallWatch();
    watch.answered(20, 1_500);
    expect(watch.timedOut(1_000, 2_500)).toBe(true);
    const other = new StallWatch();
    other.answered(20, 1_020);
    expect(other.timedOut(1_000, 2_000)).toBe(true);
  });

  it('takes one timeout again ten seconds later', () => {
    const watch = new StallWatch();
    watch.answered(20, 1_500);
    expect(watch.timedOut(1_000, 2_000)).toBe(false);
    expect(watch.timedOut(1_000, 12_000)).toBe(true);
  });

  it('ends with a sign of life', () => {
    const watch = new StallWatch();
    watch.timedOut(1_000, 2_000);
    expect(watch.signOfLife(2_100)).toBe(true);
    expect(watch.isStalled).toBe(false);
    expect(watch.signOfLife(2_200)).toBe(false);
  });

  it('takes three timeouts in a row for ten seconds after what was sent later was answered: one endpoint stalls', () => {
    const watch = new StallWatch();
    const succeed = (took: number, time: number) => {
      watch.answered(took, time);
      watch.signOfLife(time);
    };
    succeed(20, 1_500);
    expect(watch.timedOut(1_000, 2_000)).toBe(false);
    expect(watch.timedOut(1_000, 4_000)).toBe(false);
    expect(watch.timedOut(1_000, 4_100)).toBe(false);
    succeed(20, 4_200);
    expect(watch.timedOut(1_000, 6_000)).toBe(false);
    expect(watch.timedOut(1_000, 6_100)).toBe(false);
    expect(watch.timedOut(1_000, 6_200)).toBe(true);
    succeed(20, 6_300);
    expect(watch.timedOut(1_000, 20_000)).toBe(true);
  });
});
