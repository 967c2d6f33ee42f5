import { Gate } from '../../lib/origin/gate';
import type { GateOptions } from '../../lib/origin/gate-words';
import type { Pass } from '../../lib/origin/passes';
import { type HeldCallDescription, heldCall } from '../support/held-call';

beforeEach(() => {
  jest.useFakeTimers();
  // The middle of each jitter: rests are as long as they are named.
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const REFUSED = { took: 1, timedOut: false, first: true, countsAsStall: true };
const TIMED_OUT = { took: 1_000, timedOut: true, first: true, countsAsStall: true };

/** A gate, calls named a, b, c, … that are held at it, and notes of how and in which order they left. */
function makeGate(options: GateOptions = { inheritedUsual: 20 }) {
  const gate = new Gate(options);
  const left: string[] = [];
  const passes: Pass[] = [];
  /** @returns what takes it out */
  const hold = (name: string, description: Partial<HeldCallDescription> = {}) => {
    const call = heldCall({
      leave: (departure) => {
        left.push(typeof departure === 'object' ? name : `${name}: ${departure}`);
        if (typeof departure === 'object') passes.push(departure);
      },
      ...description,
    });
    gate.hold(call);
    return () => gate.release(call);
  };
  const holdAll = (names: string, call: Partial<HeldCallDescription> = {}) => {
    for (const name of names) hold(name, call);
  };
  const goDown = () => {
    for (let failure = 0; failure < 8; failure++) gate.failed(REFUSED);
  };
  /** The call that left last is back. */
  const back = (ok: boolean, took = 20) => {
    const pass = passes.pop() as Pass;
    if (!ok) gate.failed({ ...REFUSED, took, first: false });
    gate.returned(pass, { ok, took });
  };
  /** The call that left last is refused, and so is the next, so many times. @returns milliseconds until the next one left, each time */
  const restsAfterRefusals = (count: number) =>
    Array.from({ length: count }, () => {
      const before = left.length;
      back(false, 1);
      let rest = 0;
      for (; left.length === before; rest++) jest.advanceTimersByTime(1);
      return rest;
    });
  return { gate, left, passes, hold, holdAll, goDown, back, restsAfterRefusals };
}

/** So many first attempts succeed, all in this moment. */
function succeedOften(gate: Gate, count = 20, took = 20): void {
  for (let call = 0; call < count; call++) gate.succeeded(took);
}

/** How long an answer usually takes, as the rest after a refusal tells that took no time. */
function usualOf(gate: Gate): number {
  gate.returned(gate.tryLeave() as Pass, { ok: false, took: 0 });
  for (let ms = 0; ms < 1_000; ms++) {
    if (gate.tryLeave()) return ms;
    jest.advanceTimersByTime(1);
  }
  return Number.POSITIVE_INFINITY;
}

describe('what an answer usually takes', () => {
  /** A hundred answers, one a second, that take twice as long as usual. */
  const answers = (gate: Gate, meanwhile: (second: number) => void = () => {}) => {
    for (let second = 0; second < 100; second++) {
      meanwhile(second);
      gate.succeeded(40);
      jest.advanceTimersByTime(1_000);
    }
  };

  it('is learned while all is well', () => {
    const { gate } = makeGate();
    answers(gate);
    expect(usualOf(gate)).toBe(38);
  });

  it('is learned while one fails now and then', () => {
    const { gate } = makeGate();
    answers(gate, (second) => second % 25 === 0 && gate.failed(REFUSED));
    expect(usualOf(gate)).toBe(37);
  });

  it('is hardly learned for five seconds after a failure', () => {
    const { gate } = makeGate();
    answers(gate, (second) => second % 5 === 0 && gate.failed(REFUSED));
    expect(usualOf(gate)).toBe(32);
  });

  it('is hardly learned while calls are held', () => {
    const { gate, hold } = makeGate();
    gate.namedWait(1_000_000);
    const cancel = hold('a', { longest: 1_000_000, patience: Number.POSITIVE_INFINITY });
    answers(gate);
    cancel();
    gate.open();
    expect(usualOf(gate)).toBe(32);
  });
});

describe('a gate to an origin that is well', () => {
  it('lets two retries pass at once, and a third when one is back', () => {
    const { gate } = makeGate();
    gate.failed(REFUSED);
    const pass = gate.tryLeave() as Pass;
    expect(gate.tryLeave()).toBeDefined();
    expect(gate.tryLeave()).toBeUndefined();
    gate.returned(pass, { ok: true, took: 20 });
    expect(gate.tryLeave()).toBeDefined();
  });

  it('lets nobody overtake those that are held', () => {
    const { gate, hold, left } = makeGate();
    const passes = [gate.tryLeave() as Pass, gate.tryLeave() as Pass];
    hold('a');
    gate.unused(passes[0] as Pass);
    expect(left).toEqual(['a']);
    hold('b');
    expect(gate.tryLeave()).toBeUndefined();
  });

  describe('and holds calls to an endpoint of it that is broken', () => {
    /** A gate that probes, with a call that is held; a call failed once, and another one succeeded since. */
    const makeLively = () => {
      const made = makeGate();
      succeedOften(made.gate);
      made.goDown();
      made.hold('broken');
      jest.advanceTimersByTime(2);
      return made;
    };

    it('lets the first retry of a call pass where most calls succeed, one since it failed', () => {
      const { gate, left } = makeLively();
      expect(gate.tryLeave(1)).toBeUndefined();
      succeedOften(gate);
      expect(gate.isProbing).toBe(true);
      for (let retry = 0; retry < 10; retry++) expect(gate.tryLeave(1)).toBeDefined();
      expect(gate.tryLeave(0)).toBeUndefined();
      expect(gate.tryLeave()).toBeUndefined();
      expect([left, gate.held]).toEqual([[], 1]);
    });

    it('goes by what that retry tells, but for how many others may go', () => {
      const { gate } = makeLively();
      succeedOften(gate);
      const before = gate.window;
      const passes = [gate.tryLeave(1) as Pass, gate.tryLeave(1) as Pass];
      gate.returned(passes[0] as Pass, { ok: false, took: 1 });
      expect(gate.window).toBe(before);
      gate.failed(REFUSED);
      gate.returned(passes[1] as Pass, { ok: true, took: 20 });
      expect(gate.downSince).toBeUndefined();
      expect(gate.window).toBe(before);
    });

    it.each([
      ['most calls fail', (gate: Gate) => gate.succeeded(20)],
      [
        'answers come late',
        (gate: Gate) => {
          succeedOften(gate, 60, 200);
        },
      ],
      [
        'the server named a time to come back',
        (gate: Gate) => {
          succeedOften(gate);
          gate.namedWait(1_000);
        },
      ],
      [
        'it answers 429',
        (gate: Gate) => {
          succeedOften(gate);
          gate.limited();
          succeedOften(gate);
        },
      ],
      [
        'no first attempt has succeeded since',
        (gate: Gate) => {
          succeedOften(gate);
          jest.advanceTimersByTime(2);
          gate.alive();
        },
      ],
      [
        'it stalls',
        (gate: Gate) => {
          succeedOften(gate);
          jest.advanceTimersByTime(1_001);
          gate.failed(TIMED_OUT);
        },
        5_000,
      ],
    ])('does not where %s', (_, happens, ago = 1) => {
      const { gate } = makeLively();
      happens(gate);
      expect(gate.tryLeave(ago)).toBeUndefined();
    });
  });

  it('lets no retry pass during a wait that the server named, and the first one when it is over', () => {
    const { gate } = makeGate();
    gate.namedWait(1_000);
    jest.advanceTimersByTime(999);
    expect(gate.tryLeave()).toBeUndefined();
    jest.advanceTimersByTime(1);
    expect(gate.tryLeave()).toBeDefined();
  });

  it('says until when the server asked to be left alone, as long as that is yet to come', () => {
    const { gate } = makeGate();
    const until = Date.now() + 1_000;
    gate.namedWait(1_000);
    jest.advanceTimersByTime(999);
    expect(gate.namedDate).toBe(until);
    jest.advanceTimersByTime(1);
    expect(gate.namedDate).toBeUndefined();
  });

  it('lets the next retry pass in the moment in which the rest after a failure is over', () => {
    const { gate } = makeGate();
    expect(usualOf(gate)).toBe(20);
  });

  it('has no timer while nobody is held', () => {
    const { gate, hold } = makeGate();
    gate.failed(REFUSED);
    expect(jest.getTimerCount()).toBe(0);
    hold('a')();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('an origin that refuses', () => {
  it('is probed by one retry at a time, with rests that double up to six tenths of a second', () => {
    const { holdAll, goDown, left, back } = makeGate();
    goDown();
    holdAll('abcdefghijkl', { patience: 60_000 });
    const rests: number[] = [];
    while (rests.length < 7) {
      const before = left.length;
      let rest = 0;
      for (; left.length === before; rest++) jest.advanceTimersByTime(1);
      rests.push(rest);
      expect(left).toHaveLength(before + 1);
      back(false, 1);
    }
    // The first is that of few calls: a call that was alone when it came does not burn its retries.
    expect(rests.slice(1)).toEqual([200, 400, 600, 600, 600, 600]);
  });

  it.each([
    ['eight failures in a row', 10, 8],
    ['all failures of fifty milliseconds, where calls are frequent', 2, 25],
  ])('is down after %s', (_, gap, count) => {
    const { gate } = makeGate();
    for (let call = 0; call < 100; call++) {
      gate.succeeded(20);
      jest.advanceTimersByTime(gap);
    }
    let failures = 0;
    for (; !gate.isProbing; failures++) {
      gate.failed(REFUSED);
      jest.advanceTimersByTime(gap);
    }
    expect(failures).toBe(count);
  });

  it('is down after fifty milliseconds of failures, however many first attempts there were at once before', () => {
    const { gate } = makeGate();
    gate.succeeded(20);
    jest.advanceTimersByTime(10);
    succeedOften(gate, 500);
    for (let ms = 0; ms < 50; ms++) {
      gate.failed({ ...REFUSED, first: false });
      expect(gate.isProbing).toBe(false);
      jest.advanceTimersByTime(1);
    }
    gate.failed({ ...REFUSED, first: false });
    expect(gate.isProbing).toBe(true);
  });

  it('holds no first attempts: each is a probe', () => {
    const { gate, goDown } = makeGate();
    goDown();
    expect(gate.isHoldingNewCalls('stalled', 10_000)).toBe(false);
    expect(gate.state(10_000)).toBe('failing');
  });

  it('gets more and more of the line once it is back, first in, first out', () => {
    const { gate, holdAll, goDown, left, passes } = makeGate();
    goDown();
    holdAll('abcdefghijklmnop');
    gate.succeeded(20);
    expect(gate.downSince).toBeUndefined();
    const outAtOnce: number[] = [];
    while (left.length < 16) {
      jest.advanceTimersByTime(20);
      outAtOnce.push(passes.length);
      for (const pass of passes.splice(0)) gate.returned(pass, { ok: true, took: 20 });
    }
    expect(left.join('')).toBe('abcdefghijklmnop');
    // The seven that are left go at once in the end, where eight might.
    expect(outAtOnce.filter((count) => count > 0)).toEqual([1, 1, 1, 2, 4]);
    expect(passes).toHaveLength(7);
  });

  it('is not probed by the last retry of a call while others can', () => {
    const { hold, holdAll, goDown, left } = makeGate();
    goDown();
    hold('z', { retriesLeft: 1 });
    holdAll('abc');
    jest.advanceTimersByTime(6_000);
    expect(left).toEqual(['a']);
  });
});

describe('an origin whose answers come late', () => {
  it('is probed as seldom as it is called: ten times as often as there are first attempts', () => {
    const { gate, holdAll, left, back } = makeGate();
    for (let first = 0; first < 40; first++) {
      gate.failed(REFUSED);
      for (let retry = 0; retry < 4; retry++) {
        jest.advanceTimersByTime(1_000);
        gate.failed({ ...REFUSED, first: false });
      }
    }
    holdAll('abcdef', { patience: Number.POSITIVE_INFINITY, longest: 1e9 });
    while (left.length === 0) jest.advanceTimersByTime(1);
    back(true, 100);
    let rest = 0;
    for (; left.length === 1; rest++) jest.advanceTimersByTime(1);
    // A window of a tenth.
    expect(rest).toBe(1.25 * 10 * 400);
  });
});

describe('few calls', () => {
  it('spread the retries that are left over half the patience', () => {
    const { hold, goDown, left, back } = makeGate();
    goDown();
    const waited: number[] = [];
    for (let retriesLeft = 5; retriesLeft > 0; retriesLeft--) {
      hold('a', { retriesLeft });
      let ms = 0;
      for (; left.length === 5 - retriesLeft; ms++) jest.advanceTimersByTime(1);
      waited.push(ms);
      back(false, 1);
    }
    expect(waited.reduce((sum, ms) => sum + ms)).toBeGreaterThan(4_000);
  });

  it('are not held for ever where patience is endless', () => {
    const { hold, goDown, left } = makeGate();
    goDown();
    hold('a', { patience: Number.POSITIVE_INFINITY, longest: Number.POSITIVE_INFINITY, retriesLeft: 1 });
    jest.advanceTimersByTime(5_000);
    expect(left).toEqual(['a']);
  });
});

describe('patience', () => {
  it('is over so long after the first failure without a success since, for all that are held', () => {
    const { gate, hold, goDown, left } = makeGate();
    goDown();
    jest.advanceTimersByTime(4_000);
    for (const name of ['probe', 'b', 'c']) hold(name);
    hold('a', { patience: 5_000 });
    gate.failed(REFUSED);
    expect(gate.patienceLeft(5_000)).toBe(1_000);
    jest.advanceTimersByTime(1_000);
    expect(left).toEqual(['probe', 'a: given-up']);
    expect(gate.givenUp(5_000)).toBe(true);
    expect(gate.givenUp(10_000)).toBe(false);
  });

  it('begins anew with every sign of life', () => {
    const { gate, holdAll, goDown, left } = makeGate();
    goDown();
    // The probe hangs, and so do those that follow it.
    holdAll('abcdefgh', { retriesLeft: 2 });
    jest.advanceTimersByTime(9_000);
    gate.alive();
    jest.advanceTimersByTime(1_000);
    gate.failed(REFUSED);
    jest.advanceTimersByTime(9_999);
    expect(left.join()).not.toContain('given-up');
    expect(gate.held).toBeGreaterThan(0);
    jest.advanceTimersByTime(1);
    expect(left.join()).toContain('given-up');
    expect(gate.held).toBe(0);
  });

  it('does not run out on a wait that the server named', () => {
    const { gate, hold, left } = makeGate();
    gate.failed(REFUSED);
    gate.namedWait(20_000);
    hold('a');
    jest.advanceTimersByTime(19_999);
    expect(left).toEqual([]);
    expect(gate.state(10_000)).toBe('rate-limited');
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['a']);
  });

  it('begins when the first wait is over that it named, and not anew with each that it names', () => {
    const { gate, hold, left } = makeGate();
    for (let second = 0; second < 11; second++) {
      gate.failed(REFUSED);
      gate.namedWait(2_000);
      if (second === 5) hold('a');
      jest.advanceTimersByTime(1_000);
    }
    expect(left).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(left).toEqual(['a: given-up']);
  });

  it('counts the wait that a 429 named, if that is not over when it goes down', () => {
    const { gate } = makeGate();
    gate.limited();
    gate.namedWait(5_000);
    gate.failed(REFUSED);
    expect(gate.patienceLeft(10_000)).toBe(15_000);
  });

  it('does not count what was named before it was well', () => {
    const { gate } = makeGate();
    gate.failed(REFUSED);
    gate.namedWait(5_000);
    jest.advanceTimersByTime(6_000);
    gate.succeeded(20);
    gate.failed(REFUSED);
    gate.namedWait(1_000);
    expect(gate.patienceLeft(10_000)).toBe(11_000);
  });

  describe('of a call to an endpoint that is broken, whose origin lives', () => {
    /** Sixteen retries fail. */
    const fail = (gate: Gate, pass: Pass) => {
      for (let retry = 0; retry < 16; retry++) {
        gate.failed({ ...REFUSED, first: false });
        gate.returned(pass, { ok: false, took: 1 });
      }
    };
    /** Each second a call that succeeds, and sixteen retries that do not. */
    const secondsOf = (gate: Gate, pass: Pass, seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        fail(gate, pass);
        gate.succeeded(20);
        jest.advanceTimersByTime(1_000);
      }
    };
    /** A pass of a gate that lets nobody go: its window is full, and rests. */
    const closed = (gate: Gate) => {
      gate.tryLeave();
      const pass = gate.tryLeave() as Pass;
      Object.defineProperty(pass.window, 'restUntil', { get: () => Number.POSITIVE_INFINITY, set: () => {} });
      return pass;
    };
    const succeed = (gate: Gate, pass: Pass, times: number) => {
      for (let retry = 0; retry < times; retry++) gate.returned(pass, { ok: true, took: 20 });
    };

    it('is over when retries have not succeeded for so long', () => {
      const { gate, hold, left } = makeGate();
      const pass = closed(gate);
      hold('a', { heldBefore: 3_000 });
      hold('b');
      secondsOf(gate, pass, 9);
      expect(left).toEqual([]);
      secondsOf(gate, pass, 1);
      expect(left.sort()).toEqual(['a: expired', 'b: expired']);
      hold('c', { heldBefore: 3_000 });
      secondsOf(gate, pass, 6);
      expect(left).toHaveLength(2);
      // One in a while is no hope.
      succeed(gate, pass, 1);
      secondsOf(gate, pass, 1);
      expect(left.slice(2)).toEqual(['c: expired']);
      expect(gate.state(10_000)).toBe('well');
    });

    it.each([
      ['retries that succeed', (gate: Gate, pass: Pass) => succeed(gate, pass, 3)],
      ['somebody who knows that all is well', (gate: Gate) => gate.open()],
    ])('begins anew with %s', (_, sign) => {
      const { gate, hold, left } = makeGate();
      const pass = closed(gate);
      secondsOf(gate, pass, 8);
      sign(gate, pass);
      hold('a', { heldBefore: 8_000 });
      secondsOf(gate, pass, 9);
      expect(left).toEqual([]);
      secondsOf(gate, pass, 1);
      expect(left).toEqual(['a: expired']);
    });

    it.each([
      ['three seconds without a sign of life', 3_000, REFUSED],
      ['a stall', 1_001, TIMED_OUT],
    ])('begins anew after %s, in which retries became hopeless', (_, ms, failure) => {
      const { gate, hold, left } = makeGate();
      const pass = closed(gate);
      jest.advanceTimersByTime(100);
      gate.failed(REFUSED);
      jest.advanceTimersByTime(1);
      fail(gate, pass);
      hold('a', { heldBefore: 9_000 });
      jest.advanceTimersByTime(ms - 1);
      gate.failed(failure);
      gate.succeeded(20);
      jest.advanceTimersByTime(9_999);
      expect(left).toEqual([]);
      jest.advanceTimersByTime(1);
      expect(left).toEqual(['a: expired']);
    });

    it('does not begin anew with each sign of life where those are rare', () => {
      const { gate, hold, left } = makeGate();
      const pass = closed(gate);
      for (let second = 0; second < 17; second++) {
        gate.failed(REFUSED);
        jest.advanceTimersByTime(1);
        fail(gate, pass);
        jest.advanceTimersByTime(998);
        if (second % 6 === 5) gate.succeeded(20);
        jest.advanceTimersByTime(1);
        if (second === 1) hold('a');
      }
      expect(left).toEqual(['a: expired']);
    });

    it('does not go by first retries that need no place', () => {
      const { gate, hold, left } = makeGate();
      closed(gate);
      succeedOften(gate);
      const unlucky = gate.tryLeave(1) as Pass;
      hold('a');
      secondsOf(gate, unlucky, 25);
      expect(left).toEqual([]);
    });

    it('is not of calls that are answered 429', () => {
      const { gate, hold, left } = makeGate();
      const pass = closed(gate);
      hold('a');
      for (let second = 0; second < 25; second++) {
        for (let retry = 0; retry < 16; retry++) {
          gate.limited();
          gate.returned(pass, { ok: false, took: 1 });
        }
        jest.advanceTimersByTime(1_000);
      }
      expect(left).toEqual([]);
    });

    it('begins after the first wait that the server named, and not anew with each that it names', () => {
      const { gate, hold, left } = makeGate();
      const pass = closed(gate);
      gate.namedWait(5_000);
      hold('a');
      for (let second = 0; second < 14; second++) {
        secondsOf(gate, pass, 1);
        gate.namedWait(5_000);
      }
      expect(left).toEqual([]);
      secondsOf(gate, pass, 1);
      expect(left).toEqual(['a: expired']);
    });
  });

  it('is no reason to fail where all is well', () => {
    const { gate } = makeGate();
    expect(gate.givenUp(0)).toBe(false);
    expect(gate.state(10_000)).toBe('well');
  });
});

describe('an origin that stalls', () => {
  it('holds first attempts from the first of them that timed out, without a success since it was sent', () => {
    const { gate } = makeGate({ inheritedUsual: 20, lastSuccess: 0 });
    jest.advanceTimersByTime(2_000);
    gate.failed({ ...TIMED_OUT, first: false });
    gate.failed({ ...TIMED_OUT, countsAsStall: false });
    gate.failed(REFUSED);
    expect(gate.isHoldingNewCalls('stalled', 10_000)).toBe(false);
    gate.failed(TIMED_OUT);
    expect(gate.isHoldingNewCalls('stalled', 10_000)).toBe(true);
    expect(gate.isHoldingNewCalls(false, 10_000)).toBe(false);
    expect(gate.state(10_000)).toBe('stalled');
  });

  it('is none that had a success since', () => {
    const { gate } = makeGate({ inheritedUsual: 20, lastSuccess: 1_500 });
    jest.advanceTimersByTime(2_000);
    gate.failed(TIMED_OUT);
    expect(gate.isHoldingNewCalls('stalled', 10_000)).toBe(false);
  });

  it('is probed by a first attempt that was held, before any retry', () => {
    const { gate, hold, left } = makeGate();
    gate.failed(TIMED_OUT);
    hold('retry');
    hold('new', { unsent: true });
    jest.advanceTimersByTime(999);
    expect(left).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['new']);
  });

  it('is over with any success: new calls go, those that were held follow', () => {
    const { gate, left, holdAll, back } = makeGate();
    gate.failed(TIMED_OUT);
    holdAll('abcd', { unsent: true });
    jest.advanceTimersByTime(1_000);
    back(true);
    expect(gate.isHoldingNewCalls('stalled', 10_000)).toBe(false);
    for (let round = 0; round < 20; round++) {
      jest.advanceTimersByTime(20);
      if (left.length < 4) back(true);
    }
    expect(left).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is probed again a fifth of a second after a probe that hung where there are fifty calls a second, though all are held', () => {
    const { gate, hold, left, passes } = makeGate();
    const calls = (count: number, call: () => void) => {
      for (let made = 0; made < count; made++) {
        jest.advanceTimersByTime(20);
        call();
      }
    };
    calls(50, () => gate.failed(TIMED_OUT));
    calls(100, () => hold('new', { unsent: true }));
    expect(left).toEqual(['new']);
    gate.failed(TIMED_OUT);
    gate.returned(passes.pop() as Pass, { ok: false, took: 1_000 });
    calls(8, () => hold('new', { unsent: true }));
    expect(left).toHaveLength(1);
    calls(4, () => hold('new', { unsent: true }));
    expect(left).toHaveLength(2);
  });

  it('is probed again as late as ever where all callers wait for calls of theirs that failed: few calls have few retries', () => {
    const { gate, holdAll, left, passes } = makeGate();
    for (let call = 0; call < 5; call++) {
      jest.advanceTimersByTime(1);
      gate.failed(TIMED_OUT);
    }
    holdAll('abcde');
    jest.advanceTimersByTime(2_000);
    expect(left).toEqual(['a']);
    gate.failed({ ...TIMED_OUT, first: false });
    gate.returned(passes.pop() as Pass, { ok: false, took: 1_000 });
    jest.advanceTimersByTime(2_999);
    expect(left).toEqual(['a']);
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['a', 'b']);
  });

  it('takes calls that were sent before, and time out one by one, for no new ones', () => {
    const { gate, holdAll, left, passes } = makeGate();
    const timeOutFor = (ms: number) => {
      for (let passed = 0; passed < ms; passed += 20) {
        jest.advanceTimersByTime(20);
        gate.failed(TIMED_OUT);
      }
    };
    gate.failed(TIMED_OUT);
    holdAll('ab', { unsent: true });
    timeOutFor(2_000);
    expect(left).toEqual(['a']);
    gate.returned(passes.pop() as Pass, { ok: false, took: 1_000 });
    timeOutFor(1_980);
    expect(left).toEqual(['a']);
    timeOutFor(20);
    expect(left).toEqual(['a', 'b']);
  });

  it('sends what it held at the pace at which it came, when patience is over', () => {
    const { gate, hold, left } = makeGate();
    gate.failed(TIMED_OUT);
    jest.advanceTimersByTime(5_000);
    hold('a', { unsent: true });
    jest.advanceTimersByTime(2_000);
    hold('b', { unsent: true });
    hold('c', { unsent: true });
    left.length = 0;
    jest.advanceTimersByTime(8_000);
    expect(left).not.toContain('b: given-up');
    jest.advanceTimersByTime(2_000);
    expect(left.filter((note) => note.includes('given-up')).length).toBeLessThanOrEqual(2);
    expect(gate.held).toBe(0);
  });
});

describe('retries and first attempts that are held', () => {
  it('encourage each other: what comes back well shortens the rests of both', () => {
    const { gate, hold, left, passes } = makeGate();
    const retry = gate.tryLeave() as Pass;
    gate.failed(TIMED_OUT);
    hold('new', { unsent: true });
    jest.advanceTimersByTime(100);
    gate.returned(retry, { ok: true, took: 20 });
    jest.advanceTimersByTime(49);
    expect(left).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(left).toEqual(['new']);

    const other = makeGate();
    other.gate.failed(TIMED_OUT);
    other.hold('new', { unsent: true });
    for (const name of ['a', 'b', 'c']) other.hold(name, { retriesLeft: 3 });
    jest.advanceTimersByTime(1_000);
    expect(other.left).toEqual(['new']);
    other.gate.returned(other.passes.pop() as Pass, { ok: true, took: 20 });
    jest.advanceTimersByTime(199);
    expect(other.left).toEqual(['new']);
    jest.advanceTimersByTime(1);
    expect(other.left).toEqual(['new', 'a']);
    expect(passes).toHaveLength(1);
  });

  it('go in the order in which they are due: no retry overtakes a first attempt', () => {
    const { gate, holdAll, left } = makeGate();
    const retries = [gate.tryLeave() as Pass, gate.tryLeave() as Pass];
    gate.failed(TIMED_OUT);
    holdAll('abc', { unsent: true });
    for (const retry of retries) gate.returned(retry, { ok: true, took: 20 });
    jest.advanceTimersByTime(50);
    expect(left).toEqual(['a']);
    expect(gate.isProbing).toBe(false);
    expect(gate.tryLeave()).toBeUndefined();
  });

  it('of first attempts that are refused after a stall, the next goes as soon: new ones go as they come', () => {
    const { gate, holdAll, restsAfterRefusals } = makeGate();
    gate.failed(TIMED_OUT);
    holdAll('abcdef', { unsent: true, patience: 60_000 });
    jest.advanceTimersByTime(1_000);
    gate.alive();
    expect(restsAfterRefusals(4)).toEqual([100, 100, 100, 100]);
  });

  it('of first attempts that are refused while it stalls, the next goes later and later', () => {
    const { gate, holdAll, restsAfterRefusals } = makeGate();
    gate.failed(TIMED_OUT);
    holdAll('abcdef', { unsent: true, patience: 60_000 });
    jest.advanceTimersByTime(1_000);
    expect(restsAfterRefusals(4)).toEqual([100, 200, 400, 600]);
  });
});

describe('a 429', () => {
  it('is a sign of life, and sends the window to probing', () => {
    const { gate, goDown } = makeGate();
    gate.failed(REFUSED);
    gate.limited();
    expect(gate.downSince).toBeUndefined();
    expect(gate.window).toBeLessThan(1);
    goDown();
    expect(gate.givenUp(10_000)).toBe(false);
  });

  it('is what an origin looks like until something succeeds, whether it named a time or not', () => {
    const { gate } = makeGate();
    gate.limited();
    expect(gate.state(10_000)).toBe('rate-limited');
    jest.advanceTimersByTime(60_000);
    expect(gate.state(10_000)).toBe('rate-limited');
    gate.succeeded(20);
    expect(gate.state(10_000)).toBe('well');
  });

  it('holds first attempts until the time it named where that is wished', () => {
    const { gate } = makeGate();
    gate.limited();
    gate.namedWait(1_000);
    expect(gate.isHoldingNewCalls('rate-limited', 10_000)).toBe(true);
    expect(gate.isHoldingNewCalls('stalled', 10_000)).toBe(false);
    jest.advanceTimersByTime(1_000);
    expect(gate.isHoldingNewCalls('rate-limited', 10_000)).toBe(false);
  });
});

describe('a pass', () => {
  it('that was not used says nothing about the origin: the next one goes at once, and no rest doubles', () => {
    const { gate, holdAll, goDown, left, passes } = makeGate();
    goDown();
    holdAll('abcd');
    jest.advanceTimersByTime(400);
    expect(left).toEqual(['a']);
    const { window } = gate;
    gate.unused(passes.pop() as Pass);
    expect(left).toEqual(['a', 'b']);
    expect(gate.window).toBe(window);
  });

  it('that hangs does not hold the line for as long as it hangs, and is heard when it comes back', () => {
    const { gate, holdAll, goDown, left, passes } = makeGate();
    goDown();
    holdAll('abcd');
    jest.advanceTimersByTime(400);
    expect(left).toEqual(['a']);
    jest.advanceTimersByTime(6_000);
    expect(left.slice(0, 2)).toEqual(['a', 'b']);
    gate.returned(passes[0] as Pass, { ok: true, took: 6_000 });
    expect(gate.downSince).toBeUndefined();
  });

  it.each([true, false])(
    'that counts as lost moves its window no more when it comes back, well: %s',
    (ok) => {
      const { gate, hold, left } = makeGate();
      const lost = gate.tryLeave() as Pass;
      gate.tryLeave();
      hold('a');
      jest.advanceTimersByTime(2_000);
      expect(left).toEqual(['a']);
      expect(gate.window).toBe(1.2);
      jest.advanceTimersByTime(1_000);
      gate.returned(lost, { ok, took: 20 });
      expect(gate.window).toBe(1.2);
    },
  );

  it('handed back twice counts once', () => {
    const { gate } = makeGate();
    const pass = gate.tryLeave() as Pass;
    gate.unused(pass);
    gate.unused(pass);
    expect([gate.tryLeave(), gate.tryLeave(), gate.tryLeave()].filter(Boolean)).toHaveLength(2);
  });
});

describe('a call that is held', () => {
  it('leaves when it was held as long as it may be', () => {
    const { hold, goDown, left } = makeGate();
    goDown();
    hold('a', { longest: 50 });
    jest.advanceTimersByTime(50);
    expect(left).toEqual(['a: expired']);
  });

  it('can be taken out, once, and never hears of the gate again', () => {
    const { gate, hold, goDown, left } = makeGate();
    goDown();
    const cancel = hold('a');
    cancel();
    cancel();
    jest.advanceTimersByTime(60_000);
    expect(left).toEqual([]);
    expect(gate.held).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('cannot be taken out any more when it has left', () => {
    const { gate, hold, goDown, left, back } = makeGate();
    goDown();
    const cancel = hold('a');
    jest.advanceTimersByTime(400);
    expect(left).toEqual(['a']);
    cancel();
    back(true);
    expect(gate.held).toBe(0);
  });

  it('costs no timer of its own', () => {
    const { hold, goDown } = makeGate();
    goDown();
    for (let index = 0; index < 100; index++) hold('x', { longest: 1_000 * Math.random() });
    expect(jest.getTimerCount()).toBe(1);
  });
});

describe('under fake timers that leave the clock real', () => {
  beforeEach(() => {
    jest.useRealTimers();
    jest.useFakeTimers({ doNotFake: ['performance'] });
  });

  it('a timer that fired is due, whatever the clock says', () => {
    const { hold, holdAll, goDown, left } = makeGate();
    goDown();
    hold('a', { longest: 100 });
    holdAll('bcd', { longest: 5_000 });
    for (let tick = 0; tick < 20; tick++) jest.runOnlyPendingTimers();
    expect(left).toHaveLength(4);
    expect(jest.getTimerCount()).toBe(0);
  });
});
