import { Pace } from '../../lib/origin/pace';
import { Passes } from '../../lib/origin/passes';
import { Window } from '../../lib/origin/window';

const makePass = () => ({ window: new Window(new Pace(20)), dueAt: 0, heapIndex: -1 });

describe('an attempt that was let go', () => {
  it('counts as lost after two seconds, or four times as long as one has taken of late', () => {
    const passes = new Passes();
    expect(passes.lostAt).toBe(Number.POSITIVE_INFINITY);
    passes.give(makePass(), 100, 1_000);
    expect(passes.lostAt).toBe(4_100);
    passes.give(makePass(), 100, 20);
    expect(passes.lostAt).toBe(2_100);
  });

  it('that is lost is a failure to its window, and takes no place of it any more', () => {
    const passes = new Passes();
    const [early, late] = [makePass(), makePass()];
    passes.give(early, 0, 20);
    passes.give(late, 1, 20);
    passes.giveUpLost(2_000);
    expect([early, late].map(({ window }) => [window.out, window.size])).toEqual([
      [0, 1.2],
      [1, 2],
    ]);
    expect(passes.takeBack(early)).toBe(false);
  });

  it('is taken back once', () => {
    const passes = new Passes();
    const pass = passes.give(makePass(), 0, 20);
    expect([passes.takeBack(pass), passes.takeBack(pass)]).toEqual([true, false]);
    expect(pass.window.out).toBe(0);
  });
});
