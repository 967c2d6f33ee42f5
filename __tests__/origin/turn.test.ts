import { Gate } from '../../lib/origin/gate';
import { holdAt } from '../../lib/origin/hold';
import type { Pass } from '../../lib/origin/passes';
import { namedBudget } from '../../lib/origin/token-line';
import { Turn, type Way } from '../../lib/origin/turn';
import type { Budget } from '../../lib/policy/budget';
import { type Interrupters, StopSignal } from '../../lib/timing';
import { deferred, watch } from '../support/outcome';

beforeEach(() => {
  jest.useFakeTimers();
  // The middle of each jitter: rests are as long as they are named.
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  jest.advanceTimersByTime(10_000);
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const advance = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const REFUSED = { took: 1, timedOut: false, first: true, countsAsStall: true };
const HUNG = { took: 1_000, timedOut: true, first: true, countsAsStall: true };

function goDown(gate: Gate): void {
  for (let failure = 0; failure < 8; failure++) gate.failed(REFUSED);
}

/** A budget that answers what it is told to, and no otherwise. */
function makeBudget(...answers: (boolean | Promise<boolean> | (() => never))[]) {
  return {
    tryAcquire: jest.fn((_kind?: string) => {
      const answer = answers.shift() ?? false;
      return typeof answer === 'function' ? answer() : answer;
    }),
    recordSuccess() {},
    refund: jest.fn((_kind?: string) => {}),
  };
}

interface WayOf extends Partial<Pick<Way, 'kind'>> {
  gate?: Gate;
  budget?: Budget;
  patience?: number;
  maxHeld?: number;
  failedOnceAgo?: number;
}

function makeWay(way: WayOf = {}) {
  const { budget, gate = new Gate({ inheritedUsual: 20 }), kind = 'ordinary' as const } = way;
  if (!way.gate) gate.failed(REFUSED);
  const named = budget && namedBudget(budget);
  const { patience = 10_000, maxHeld = 100 } = way;
  const asker = {
    budgetError: undefined as unknown,
    policy: { patience, maxHeld },
    state: { totalHeld: 0 },
    failedOnceAgo: way.failedOnceAgo ?? 0,
  };
  return { gate, named, kind, asker };
}

const withoutGate = (way: Parameters<typeof makeWay>[0] = {}) => ({ ...makeWay(way), gate: undefined });

/** A retry whose turn is asked for, before and after its wait. */
function askFor(way: Way, longest = 30_000) {
  const controller = new AbortController();
  const interrupters: Interrupters = { signal: controller.signal, detached: new StopSignal() };
  const turn = Turn.request(way) as Turn;
  const ready = watch(Promise.resolve(turn.ready(5, longest, interrupters)));
  return { turn, ready, abort: () => controller.abort() };
}

const away = () => {
  throw new Error('away');
};

const placesAt = (gate: Gate) => {
  const passes: Pass[] = [];
  for (let pass = gate.tryLeave(); pass; pass = gate.tryLeave()) passes.push(pass);
  for (const pass of passes) gate.unused(pass);
  return passes.length;
};

/** A gate at which a retry is held, to an origin where first attempts succeed. */
function livelyGate(): Gate {
  const gate = new Gate({ inheritedUsual: 20 });
  for (let call = 0; call < 20; call++) gate.succeeded(20);
  for (let retry = 0; retry < 3; retry++) askFor(makeWay({ gate }));
  return gate;
}

describe('a turn', () => {
  it('comes at once where nothing is in the way', () => {
    const way = makeWay();
    const turn = Turn.request(way) as Turn;
    expect(turn.ready(5, 1_000, { detached: new StopSignal() })).toBeUndefined();
    expect(turn.hasPassed).toBe(true);
    expect(placesAt(way.gate)).toBe(1);
  });

  it('comes at once for a first retry to an origin that is lively, whoever is held there', () => {
    const gate = livelyGate();
    expect(gate.held).toBe(1);
    const turn = Turn.request(makeWay({ gate, failedOnceAgo: 1_000 })) as Turn;
    expect(turn.ready(5, 1_000, { detached: new StopSignal() })).toBeUndefined();
    turn.returned(true, 20);
    expect(gate.held).toBe(1);
  });

  it('does not come so with a budget, which is to say who need not wait', () => {
    const gate = livelyGate();
    const { ready } = askFor(makeWay({ gate, budget: makeBudget(), failedOnceAgo: 1_000 }));
    expect(ready.status).toBe('pending');
    expect(gate.held).toBe(2);
  });

  it('is told once that its retry is back', () => {
    const way = makeWay();
    const { turn } = askFor(way);
    turn.returned(true, 20);
    turn.returned(true, 20);
    turn.unused();
    expect(way.gate.window).toBe(3);
  });

  it('does not come where its origin shows no sign of life for as long as patience lasts', async () => {
    const way = makeWay({ patience: 1_000 });
    expect(await Turn.request(way)).toBeInstanceOf(Turn);
    await advance(1_000);
    expect(Turn.request(way)).toBe('origin-down');
  });

  it('does not come where patience ends before the wait that the server named', () => {
    const way = makeWay();
    expect(Turn.request(way, 10_000)).toBeInstanceOf(Turn);
    expect(Turn.request(way, 10_001)).toBe('origin-down');
    way.gate.alive();
    expect(Turn.request(way, 10_001)).toBeInstanceOf(Turn);
  });

  it('does not come where as many are held as may be', () => {
    const way = makeWay({ maxHeld: 1 });
    goDown(way.gate);
    const turn = Turn.request(way) as Turn;
    askFor(way);
    expect(Turn.request(way)).toBe('queue-full');
    expect(turn.ready(5, 1_000, { detached: new StopSignal() })).toBe('queue-full');
  });

  it('ends when it was held as long as it may be', async () => {
    const way = makeWay();
    goDown(way.gate);
    const { ready } = askFor(way, 50);
    await advance(50);
    expect(ready).toEqual({ status: 'fulfilled', value: 'held-too-long' });
  });

  it('ends when patience is over', async () => {
    const way = makeWay({ patience: 50 });
    goDown(way.gate);
    const { ready } = askFor(way);
    await advance(50);
    expect(ready).toEqual({ status: 'fulfilled', value: 'origin-down' });
  });
});

describe('a turn that is held', () => {
  it('probes after those of calls that were not held before, and goes before them when all is well', async () => {
    const orderOf = async (openGate: (gate: Gate) => unknown) => {
      const { gate } = makeWay();
      goDown(gate);
      const order: string[] = [];
      for (const [name, totalHeld] of [
        ['again', 5],
        ['fresh', 0],
        ['again too', 5],
        ['fresh too', 0],
      ] as const) {
        const way = makeWay({ gate });
        way.asker.state.totalHeld = totalHeld;
        const turn = Turn.request(way) as Turn;
        const ready = turn.ready(5, 30_000, { detached: new StopSignal() });
        Promise.resolve(ready).then(() => order.push(name));
      }
      await openGate(gate);
      await advance(0);
      return order;
    };
    expect(await orderOf((gate) => gate.open())).toEqual(['again', 'again too']);
    expect(await orderOf(() => advance(600))).toEqual(['fresh']);
  });

  it('is held no longer when it is cancelled', async () => {
    const way = makeWay();
    goDown(way.gate);
    const { ready, abort } = askFor(way);
    expect(way.gate.held).toBe(1);
    abort();
    await advance(0);
    expect([ready.value, way.gate.held, jest.getTimerCount()]).toEqual(['aborted', 0, 0]);
  });
});

describe('a turn without a gate', () => {
  it.each([
    ['this process', (granted: boolean) => granted],
    ['elsewhere', (granted: boolean) => Promise.resolve(granted)],
  ])('comes with a token, of a budget that is kept in %s', async (_, answer) => {
    const budget = makeBudget(answer(false), answer(true));
    const way = withoutGate({ budget, kind: 'after-timeout' });
    expect(await Turn.request(way)).toBe('retry-budget-empty');
    const turn = (await Turn.request(way)) as Turn;
    expect(turn.ready(5, 1_000, { detached: new StopSignal() })).toBeUndefined();
    expect(turn.hasPassed).toBe(false);
    expect(budget.tryAcquire.mock.calls).toEqual([['after-timeout'], ['after-timeout']]);
  });

  it.each([
    ['goes back with a success', 1, (turn: Turn) => turn.returned(true, 5)],
    ['is used up by a failure', 0, (turn: Turn) => turn.returned(false, 5)],
    ['goes back when nothing was sent', 1, (turn: Turn) => turn.unused()],
  ])('has a token, which %s', async (_, refunds, end) => {
    const budget = makeBudget(true);
    const turn = (await Turn.request(withoutGate({ budget, kind: 'after-timeout' }))) as Turn;
    end(turn);
    expect(budget.refund.mock.calls).toEqual(Array(refunds).fill(['after-timeout']));
  });

  it('gives its token back once', async () => {
    const budget = makeBudget(true);
    const turn = (await Turn.request(withoutGate({ budget }))) as Turn;
    turn.unused();
    turn.unused();
    expect(budget.refund).toHaveBeenCalledTimes(1);
  });

  it('comes without one where no policy names a budget', async () => {
    const turn = (await Turn.request(withoutGate())) as Turn;
    expect(() => turn.unused()).not.toThrow();
    expect(() => turn.returned(true, 5)).not.toThrow();
  });
});

describe('a turn that waits for a token', () => {
  it('leaves the gate to others, and passes it with the token', async () => {
    const budget = makeBudget(false, true);
    const way = makeWay({ budget });
    const { turn, ready } = askFor(way);
    await advance(99);
    expect(ready.status).toBe('pending');
    expect(placesAt(way.gate)).toBe(2);
    await advance(1);
    expect(ready).toEqual({ status: 'fulfilled', value: undefined });
    expect(placesAt(way.gate)).toBe(1);
    turn.returned(true, 5);
    expect(budget.refund.mock.calls).toEqual([['ordinary']]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('gives nothing back that it did not get', async () => {
    const budget = makeBudget();
    const { turn, ready, abort } = askFor(makeWay({ budget }));
    await advance(500);
    abort();
    await advance(0);
    expect(ready.value).toBe('aborted');
    turn.unused();
    expect(budget.refund).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([
    [true, 1],
    [false, 0],
  ])('gives back what it is told after it was cancelled: %s', async (granted, refunds) => {
    const answer = deferred<boolean>();
    const budget = makeBudget(answer.promise);
    const { ready, abort } = askFor(makeWay({ budget, kind: 'after-timeout' }));
    await advance(10);
    abort();
    await advance(0);
    expect(ready.value).toBe('aborted');
    answer.fulfil(granted);
    await advance(0);
    expect(budget.refund.mock.calls).toEqual(Array(refunds).fill(['after-timeout']));
  });

  it('is held as long as it may be where there are signs of life', async () => {
    const way = makeWay({ budget: makeBudget(), patience: 300 });
    way.gate.alive();
    const { ready } = askFor(way, 1_100);
    await advance(1_099);
    expect(ready.status).toBe('pending');
    await advance(1);
    expect(ready).toEqual({ status: 'fulfilled', value: 'retry-budget-empty' });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is held as long as patience lasts where there are none', async () => {
    const { ready } = askFor(makeWay({ budget: makeBudget(), patience: 1_100 }));
    await advance(1_099);
    expect(ready.status).toBe('pending');
    await advance(1);
    expect(ready).toEqual({ status: 'fulfilled', value: 'origin-down' });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('has its patience anew after a sign of life', async () => {
    const way = makeWay({ budget: makeBudget(), patience: 1_000 });
    const { ready } = askFor(way);
    await advance(900);
    way.gate.alive();
    way.gate.failed(REFUSED);
    await advance(900);
    expect(ready.status).toBe('pending');
    await advance(350);
    expect(ready.value).toBe('origin-down');
  });

  it('loses no patience to a wait that the server named', async () => {
    const way = makeWay({ budget: makeBudget(), patience: 1_000 });
    const { ready } = askFor(way);
    await advance(600);
    way.gate.namedWait(3_000);
    await advance(3_900);
    expect(ready.status).toBe('pending');
    await advance(100);
    expect(ready.value).toBe('origin-down');
  });

  it('ends as cancelled, however little patience is left', async () => {
    const { ready, abort } = askFor(makeWay({ budget: makeBudget(), patience: 1_000 }));
    await advance(800);
    abort();
    await advance(0);
    expect(ready.value).toBe('aborted');
  });

  it('comes with a token that arrives in the last moments of patience', async () => {
    const { ready } = askFor(makeWay({ budget: makeBudget(false, true), patience: 200 }));
    await advance(100);
    expect(ready).toEqual({ status: 'fulfilled', value: undefined });
  });

  it('comes without one, as a probe, when its origin is down', async () => {
    const budget = makeBudget();
    const way = makeWay({ budget });
    const { turn, ready } = askFor(way);
    await advance(100);
    goDown(way.gate);
    await advance(150);
    expect(way.gate.held).toBe(1);
    await advance(5_000);
    expect(ready).toEqual({ status: 'fulfilled', value: undefined });
    turn.returned(true, 5);
    expect(budget.refund).not.toHaveBeenCalled();
  });

  it('says what the budget failed with', async () => {
    const way = makeWay({ budget: makeBudget(false, away) });
    askFor(way, 150);
    await advance(150);
    expect(way.asker.budgetError).toEqual(new Error('away'));
  });

  it('says so also where it ends before the budget is asked again', async () => {
    const way = makeWay({ budget: makeBudget(away) });
    const { ready } = askFor(way, 50);
    await advance(50);
    expect(ready.value).toBe('retry-budget-empty');
    expect(way.asker.budgetError).toEqual(new Error('away'));
  });

  it('says nothing of a failure after which it has got a token', async () => {
    const way = makeWay({ budget: makeBudget(away, true) });
    const { ready } = askFor(way);
    await advance(100);
    expect(ready).toEqual({ status: 'fulfilled', value: undefined });
    expect(way.asker.budgetError).toBeUndefined();
  });

  describe('under fake timers that leave the clock real', () => {
    beforeEach(() => {
      jest.useRealTimers();
      jest.useFakeTimers({ doNotFake: ['performance'] });
    });

    it('is held as long as it may be, whatever the clock says', async () => {
      const way = makeWay({ budget: makeBudget() });
      way.gate.alive();
      const { ready } = askFor(way, 1_000);
      for (let tick = 0; tick < 4; tick++) await advance(250);
      expect(ready.value).toBe('retry-budget-empty');
    });

    it('is held as long as patience lasts, also on a clock that stands still', async () => {
      jest.spyOn(performance, 'now').mockReturnValue(10_000);
      const { ready } = askFor(makeWay({ budget: makeBudget(), patience: 1_000 }));
      for (let tick = 0; tick < 4; tick++) await advance(250);
      expect(ready.value).toBe('origin-down');
    });

    it('is held as long as patience lasts, whatever the clock says', async () => {
      const { ready } = askFor(makeWay({ budget: makeBudget(), patience: 1_000 }));
      for (let tick = 0; tick < 4; tick++) await advance(250);
      expect(ready.value).toBe('origin-down');
    });
  });
});

describe('a first attempt that is held', () => {
  it('goes before any retry, and is told of by its turn', async () => {
    const gate = new Gate({ inheritedUsual: 20 });
    gate.failed(HUNG);
    const { ready } = askFor(makeWay({ gate }));
    const call = { retriesLeft: 5, longest: 30_000, patience: 10_000 };
    const held = watch(holdAt(gate, call, { detached: new StopSignal() }));
    await advance(1_000);
    expect([held.status, ready.status]).toEqual(['fulfilled', 'pending']);
    const turn = Turn.of(gate, held.value as Pass);
    expect(turn.hasPassed).toBe(true);
    turn.returned(true, 20);
    expect(gate.downSince).toBeUndefined();
  });

  it('is held no longer when it is cancelled', async () => {
    const gate = new Gate({ inheritedUsual: 20 });
    gate.failed(HUNG);
    const controller = new AbortController();
    const interrupters = { signal: controller.signal, detached: new StopSignal() };
    const held = watch(holdAt(gate, { retriesLeft: 5, longest: 30_000, patience: 10_000 }, interrupters));
    controller.abort();
    await advance(0);
    expect([held.value, gate.held]).toEqual(['aborted', 0]);
  });

  it('gives its place to the next when it was not sent', async () => {
    const gate = new Gate({ inheritedUsual: 20 });
    gate.failed(HUNG);
    const call = { retriesLeft: 5, longest: 30_000, patience: 10_000 };
    const hold = () => watch(holdAt(gate, call, { detached: new StopSignal() }));
    const [first, second] = [hold(), hold()];
    await advance(1_000);
    expect(second.status).toBe('pending');
    Turn.of(gate, first.value as Pass).unused();
    await advance(0);
    expect(second.status).toBe('fulfilled');
  });
});
