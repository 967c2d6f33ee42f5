import { Pace, Usual } from '../../lib/origin/pace';

describe('what is usual of an instance', () => {
  it('is the mean of the first fifty successes', () => {
    const usual = new Usual();
    for (let index = 0; index < 50; index++) usual.observe(index % 2 ? 10 : 30, index);
    expect(usual.known(1_000)).toBeCloseTo(20);
    expect(usual.lastSuccess).toBe(49);
  });

  it('moves slowly in time, however many successes there are', () => {
    const usual = new Usual();
    for (let index = 0; index < 50; index++) usual.observe(20, index);
    // A second of 1,000 slow ones.
    for (let index = 50; index < 1_050; index++) usual.observe(120, index);
    expect(usual.known(2_000)).toBeLessThan(24);
  });

  it('is unknown until slower ones would be back: the first answers are the shortest', () => {
    const usual = new Usual();
    expect(usual.known(0)).toBeUndefined();
    usual.observe(5, 5);
    expect(usual.known(55)).toBeUndefined();
    usual.observe(5, 40);
    expect(usual.known(56)).toBe(5);
  });
});

describe('the pace of an origin', () => {
  it('is not congested before the first success, nor by durations as usual', () => {
    const pace = new Pace(undefined);
    expect(pace.congested).toBe(false);
    pace.sample(50, true, 0);
    expect(pace.usual).toBe(50);
    expect(pace.congested).toBe(false);
  });

  it('is not congested where a quick server answers some milliseconds late: that may be a busy client', () => {
    const pace = new Pace(2);
    for (let index = 0; index < 100; index++) pace.sample(25, false, index);
    expect(pace.congested).toBe(false);
    for (let index = 100; index < 300; index++) pace.sample(40, false, index);
    expect(pace.congested).toBe(true);
  });

  it('is congested when the last twenty or so took more than twice as long as usual', () => {
    const pace = new Pace(20);
    pace.sample(20, true, 0);
    for (let index = 0; index < 6; index++) pace.sample(100, false, 0);
    expect(pace.congested).toBe(false);
    for (let index = 0; index < 8; index++) pace.sample(100, false, 0);
    expect(pace.congested).toBe(true);
  });

  it('is congested beyond 25 ms more than usual, or twice as long and 5 ms', () => {
    const isCongested = (usual: number, recent: number) =>
      Object.assign(new Pace(usual), { recent }).congested;
    expect([isCongested(20, 45), isCongested(20, 45.1)]).toEqual([false, true]);
    expect([isCongested(100, 205), isCongested(100, 205.1)]).toEqual([false, true]);
  });

  it('goes by the last one the more, the longer ago the one before was', () => {
    const pace = new Pace(20);
    pace.sample(20, true, 0);
    pace.sample(120, false, 500);
    expect(pace.recent).toBeCloseTo(20 + 100 * (1 - Math.exp(-0.5)));
    pace.recent = 20;
    pace.sample(120, false, 501);
    expect(pace.recent).toBeCloseTo(25);
  });

  it('goes by the last one where calls are seconds apart', () => {
    const pace = new Pace(20);
    pace.sample(20, true, 0);
    pace.sample(100, false, 3_000);
    expect(pace.congested).toBe(true);
    pace.sample(20, false, 6_000);
    expect(pace.congested).toBe(false);
  });

  it('learns what is usual in half a minute, however many answers come in it', () => {
    const pace = new Pace(20);
    pace.sample(20, true, 0);
    for (let time = 1; time <= 1_000; time++) pace.sample(120, true, time);
    expect(pace.usual).toBeCloseTo(20 + 100 / 30, 0);
    const slow = new Pace(20);
    for (let time = 0; time < 100_000; time += 1_000) slow.sample(40, true, time);
    expect(slow.usual).toBeCloseTo(40 - 20 * 0.98 ** 100, 3);
  });

  it('hardly learns what is usual while there is trouble', () => {
    const pace = new Pace(20);
    for (let time = 0; time < 5_000; time += 50) pace.sample(100, false, time);
    expect(pace.usual).toBeLessThan(24);
    for (let time = 0; time < 600_000; time += 50) pace.sample(100, false, time);
    expect(pace.usual).toBeGreaterThan(95);
  });

  it('goes by what there is where it has never seen the origin well', () => {
    const pace = new Pace(undefined);
    for (let index = 0; index < 10; index++) pace.sample(index % 2 ? 10 : 30, false, index);
    expect(pace.usual).toBeCloseTo(20);
  });

  it('knows how far calls are apart', () => {
    const pace = new Pace(20);
    for (let time = 0; time <= 10_000; time += 500) pace.noteCall(time);
    expect(pace.gap).toBeCloseTo(500);
    pace.noteCall(11_000);
    expect(pace.gap).toBeCloseTo(550);
  });

  it('takes the mean of the first gaps: by chance the very first one may be short', () => {
    const pace = new Pace(20);
    for (const time of [0, 10, 1_000, 2_000]) pace.noteCall(time);
    expect(pace.gap).toBeCloseTo(2_000 / 3);
  });

  it('knows that who has called last long ago calls rarely by now', () => {
    const pace = new Pace(20);
    expect(pace.gapAt(0)).toBe(Number.POSITIVE_INFINITY);
    pace.noteCall(0);
    expect(pace.gapAt(5)).toBe(Number.POSITIVE_INFINITY);
    pace.noteCall(10);
    expect([pace.gapAt(15), pace.gapAt(1_010)]).toEqual([10, 1_000]);
  });

  it('is lively while most first attempts succeed of late, seven in ten', () => {
    const pace = new Pace(20);
    let time = 0;
    const isLivelyAfter = (ok: boolean, count: number) => {
      for (let call = 0; call < count; call++) pace.noteFirstAttempt(++time, ok);
      return pace.isLively(0);
    };
    expect(pace.isLively(0)).toBe(false);
    expect(isLivelyAfter(true, 1)).toBe(true);
    expect(isLivelyAfter(false, 6)).toBe(true);
    expect(isLivelyAfter(false, 1)).toBe(false);
    expect(isLivelyAfter(false, 100)).toBe(false);
    expect(isLivelyAfter(true, 23)).toBe(false);
    expect(isLivelyAfter(true, 1)).toBe(true);
  });

  it('is lively where one has succeeded since then', () => {
    const pace = new Pace(20);
    pace.noteFirstAttempt(100, true);
    pace.noteFirstAttempt(200, false);
    expect([pace.isLively(99), pace.isLively(100)]).toEqual([true, false]);
  });

  it('is not lively where answers come late, or for many calls after a 429', () => {
    const pace = new Pace(20);
    pace.noteFirstAttempt(100, true);
    pace.noteLimited();
    for (let call = 0; call < 23; call++) pace.noteFirstAttempt(101 + call, true);
    expect(pace.isLively(0)).toBe(false);
    pace.noteFirstAttempt(200, true);
    expect(pace.isLively(0)).toBe(true);
    for (let sample = 0; sample < 200; sample++) pace.sample(100, false, 0);
    expect(pace.isLively(0)).toBe(false);
  });
});
