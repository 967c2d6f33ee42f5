import { Pace } from '../../lib/origin/pace';
import { Window } from '../../lib/origin/window';

beforeEach(() => {
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  jest.restoreAllMocks();
});

function makeWindow(usual = 20) {
  const pace = new Pace(usual);
  const window = new Window(pace);
  /** Answers come this late from now on. */
  const answersTake = (took: number) => {
    for (let sample = 0; sample < 200; sample++) pace.sample(took, false, 0);
  };
  return { pace, window, answersTake };
}

describe('a window', () => {
  it('grows by one with each call that comes back well', () => {
    const { window } = makeWindow();
    expect(window.size).toBe(2);
    for (let time = 0; time < 5; time++) window.returnedWell(time, 20);
    expect(window.size).toBe(7);
  });

  it('halves when answers come late, once in two round trips, and grows slowly from there on', () => {
    const { window, answersTake } = makeWindow();
    for (let time = 0; time < 30; time++) window.returnedWell(time, 20);
    expect(window.size).toBe(32);
    answersTake(100);
    for (let time = 1_000; time <= 1_200; time += 10) window.returnedWell(time, 100);
    expect(window.size).toBe(16);
    window.returnedWell(1_201, 100);
    expect(window.size).toBe(8);
    answersTake(20);
    for (let time = 2_000; time < 2_008; time++) window.returnedWell(time, 20);
    expect(window.size).toBe(16);
    window.returnedWell(2_010, 20);
    expect(window.size).toBeCloseTo(16 + 1 / 16);
  });

  it('never shrinks below a tenth since answers come late, and rests ten durations then', () => {
    const { window, answersTake } = makeWindow();
    answersTake(100);
    for (let time = 0; time < 100_000; time += 1_000) window.returnedWell(time, 100);
    expect(window.size).toBe(0.1);
    expect(window.restUntil - 99_000).toBeCloseTo(1_250);
  });

  it('is six tenths when a call fails, once in two round trips, and then probes', () => {
    const { window } = makeWindow();
    window.returnedFailed(1_000, 10);
    expect(window.size).toBe(1.2);
    window.returnedFailed(1_040, 10);
    expect(window.size).toBe(1.2);
    window.returnedFailed(1_041, 10);
    expect(window.size).toBe(1 / 8);
  });

  it('halves when a call fails where answers come late', () => {
    const { window, answersTake } = makeWindow();
    answersTake(100);
    window.returnedFailed(1_000, 10);
    expect(window.size).toBe(1);
  });

  it('grows where one call in four fails', () => {
    const { window } = makeWindow();
    for (let time = 0; time < 10_000; time += 50) {
      for (let call = 0; call < 0.75 * Math.floor(window.size); call++) window.returnedWell(time, 20);
      window.returnedFailed(time, 20);
    }
    expect(window.size).toBeGreaterThan(100);
  });

  it('grows quickly again when no answer has come late for five seconds', () => {
    const { window, answersTake } = makeWindow();
    for (let time = 0; time < 6; time++) window.returnedWell(time, 20);
    answersTake(100);
    window.returnedWell(1_000, 100);
    expect(window.size).toBe(4);
    answersTake(20);
    for (let call = 0; call < 4; call++) window.returnedWell(6_000, 20);
    expect(window.size).toBe(8);
    window.returnedWell(6_000, 20);
    expect(window.size).toBeCloseTo(8 + 1 / 8);
    window.returnedWell(6_001, 20);
    expect(window.size).toBeCloseTo(9 + 1 / 8);
  });

  it('rests a usual duration after a refusal, which costs nothing and comes back at once', () => {
    const { window } = makeWindow();
    window.returnedFailed(1_000, 5);
    expect(window.opensAt).toBe(1_015);
  });

  it('rests three durations of late after a failure where answers come late', () => {
    const { window, answersTake } = makeWindow();
    answersTake(100);
    window.returnedFailed(1_000, 5);
    expect(window.restUntil).toBeCloseTo(1_000 + 300 - 5, 1);
  });

  it('rests as long as it is to, whoever else succeeds', () => {
    const { window } = makeWindow();
    window.restUntil = 5_000;
    window.encourage(0);
    expect(window.restUntil).toBe(5_000);
  });

  it('keeps its size when somebody knows that all is well, and rests no more', () => {
    const { window } = makeWindow();
    for (let time = 0; time < 5; time++) window.returnedWell(time, 20);
    window.restUntil = 5_000;
    window.open();
    expect([window.size, window.restUntil]).toEqual([7, Number.NEGATIVE_INFINITY]);
    window.collapse(0, 1);
    window.open();
    expect(window.size).toBe(2);
  });

  it('has no place for one more than its size, below one for one', () => {
    const { window } = makeWindow();
    window.out = 2;
    expect(window.opensAt).toBe(Number.POSITIVE_INFINITY);
    window.collapse(0, 1);
    expect(window.opensAt).toBe(Number.POSITIVE_INFINITY);
    window.out = 0;
    expect(window.opensAt).toBe(100);
  });
});

describe('a window that probes', () => {
  it('rests up to ten gaps between calls after a refusal: a refused probe is one call in ten', () => {
    const { window, pace } = makeWindow();
    for (let time = 0; time <= 1_000; time += 100) pace.noteCall(time);
    window.collapse(0, 1);
    const rests = [1, 2, 3, 4, 5].map((second) => {
      window.returnedFailed(second * 1_000, 1);
      return window.restUntil - second * 1_000;
    });
    expect(rests).toEqual([200, 400, 800, 1_000, 1_000]);
  });

  it('rests up to three seconds again when a burst of calls has probed for long', () => {
    const { window } = makeWindow();
    window.collapse(0, 1);
    const rests = Array.from({ length: 17 }, () => {
      window.returnedFailed(0, 1);
      return window.restUntil;
    });
    expect(rests.slice(13)).toEqual([600, 600, 3_000, 3_000]);
  });

  it('rests up to three seconds where calls are rare', () => {
    const { window, pace } = makeWindow();
    for (let time = 0; time <= 10_000; time += 1_000) pace.noteCall(time);
    window.collapse(0, 1);
    for (let probe = 0; probe < 9; probe++) window.returnedFailed(0, 1);
    expect(window.restUntil).toBe(3_000);
  });

  it('rests twice as long as a probe hung, twice that after the next, and three seconds at most', () => {
    const { window } = makeWindow();
    window.collapse(0, 1);
    window.returnedFailed(1_000, 300);
    expect(window.restUntil).toBe(1_000 + 1_200);
    window.returnedFailed(3_000, 300);
    expect(window.restUntil).toBe(3_000 + 2_400);
    window.returnedFailed(7_000, 300);
    expect(window.restUntil).toBe(7_000 + 3_000);
  });

  it('rests for ten calls after a probe that hung where calls are frequent, and as after refusals at least', () => {
    const restsAfter = (gap: number, took: number, probes = 1) => {
      const { window, pace } = makeWindow();
      for (let call = -20; call <= 0; call++) pace.noteCall(call * gap);
      window.collapse(0, took);
      for (let probe = 1; probe < probes; probe++) window.returnedFailed(0, took);
      return window.restUntil;
    };
    expect([restsAfter(70, 1_000), restsAfter(70, 30_000), restsAfter(1, 1_000)]).toEqual([700, 700, 100]);
    expect([restsAfter(20, 1_000, 16), restsAfter(20, 1_000, 17)]).toEqual([600, 3_000]);
    // Where calls are rare that is no reason to rest longer.
    expect(restsAfter(1_000, 1_000)).toBe(2_000);
  });

  it('takes a probe of a tenth of a second for one that hung', () => {
    const [quick, slow] = [makeWindow().window, makeWindow().window];
    quick.collapse(0, 99);
    slow.collapse(0, 100);
    expect([quick.restUntil, slow.restUntil]).toEqual([100, 200]);
  });

  it('probes soon after a stall, for the next call may go elsewhere and be well', () => {
    const { window } = makeWindow();
    window.collapse(0, 1_000, true);
    expect(window.restUntil).toBe(1_000);
  });

  it('rests a little more or less, so that processes that saw the same do not all come back at once', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.3);
    const [stalled, limited] = [makeWindow().window, makeWindow().window];
    stalled.collapse(0, 1_000, true);
    limited.collapseAsLimited(0);
    expect([stalled.restUntil, limited.restUntil]).toEqual([900, 180]);
  });

  it('is one half, and not more, when what made it probe is over', () => {
    const { window } = makeWindow();
    window.collapse(0, 1);
    window.reopen();
    expect(window.size).toBe(1 / 2);
  });

  it('rests as long as it is to while a probe is out, whoever else succeeds', () => {
    const { window } = makeWindow();
    window.collapse(0, 1_000);
    window.out = 1;
    window.encourage(100);
    expect(window.restUntil).toBe(2_000);
  });

  it('is one again after two probes that came back well', () => {
    const { window } = makeWindow();
    window.collapse(0, 1);
    window.returnedWell(200, 20);
    expect(window.size).toBe(0.5);
    expect(window.restUntil).toBeCloseTo(200 + 50);
    window.returnedWell(300, 20);
    expect(window.size).toBe(1);
  });

  it('rests no longer than after a success when somebody else has one', () => {
    const { window } = makeWindow();
    window.collapse(0, 1_000);
    expect(window.restUntil).toBe(2_000);
    window.encourage(100);
    expect(window.restUntil).toBeCloseTo(100 + 200);
  });

  it('goes by how often the process calls where answers come late', () => {
    const { pace, window, answersTake } = makeWindow();
    for (let time = 0; time < 100_000; time += 5_000) pace.noteCall(time);
    answersTake(100);
    window.collapse(0, 1_000);
    window.returnedWell(100_000, 100);
    // A twentieth of a call each five seconds would be 0.1 / 5,000; it probes with 1/8, then 1/10.
    expect(window.restUntil - 100_000).toBeGreaterThan(4_000);
    expect(window.restUntil - 100_000).toBeLessThan(7_000);
  });

  it('becomes smaller where it is refused while answers come late: each retry is one more for an overloaded server', () => {
    const { window, answersTake } = makeWindow();
    answersTake(100);
    window.collapse(0, 1);
    for (let time = 0; time < 10; time++) window.returnedFailed(1_000 * time, 2);
    expect(window.size).toBe(1 / 30);
    expect(window.restUntil - 9_000).toBeGreaterThan(3_000);
  });
});

it.each([
  ['shrinks to a tenth where probes hang', 200],
  ['shrinks to a tenth where probes take as long as answers do', undefined],
])('a window while answers come late %s', (_, took) => {
  const { pace, window, answersTake } = makeWindow();
  answersTake(100);
  window.collapse(0, 1);
  for (let time = 0; time < 10; time++) window.returnedFailed(1_000 * time, took ?? pace.recent);
  expect(window.size).toBe(1 / 10);
});

describe('a window after a 429', () => {
  it('that was probing goes on as it was', () => {
    const { window } = makeWindow();
    window.collapse(0, 1);
    window.collapseAsLimited(50);
    expect([window.size, window.restUntil]).toEqual([1 / 8, 100]);
  });

  it('grows slowly for five seconds after the last of several', () => {
    const { window } = makeWindow();
    for (let time = 0; time < 6; time++) window.returnedWell(time, 20);
    for (let time = 1_000; time <= 5_000; time += 1_000) window.collapseAsLimited(time);
    for (let back = 0; back < 4; back++) window.returnedWell(10_000, 20);
    expect(window.size).toBe(4);
    window.returnedWell(10_000, 20);
    expect(window.size).toBe(4.25);
  });

  it('probes, rests, and later grows slowly from half of what it was', () => {
    const { window } = makeWindow();
    for (let time = 0; time < 30; time++) window.returnedWell(time, 20);
    window.collapseAsLimited(100);
    expect(window.isProbing).toBe(true);
    expect(window.restUntil).toBe(300);
    for (let back = 0; back < 17; back++) window.returnedWell(1_000 + back, 20);
    expect(window.size).toBeCloseTo(16 + 1 / 16);
  });
});
