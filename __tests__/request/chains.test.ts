import { visitRequestChain, visitResponseChain } from '../../lib/request/chains';

type Config = { steps: string[] };
const step = (name: string) => (config: Config) => ({ steps: [...config.steps, name] });
const handler = (name: string) => ({ fulfilled: step(name), rejected: null });

interface How {
  isReplay?: boolean;
  isSynchronous?: boolean;
  inOrder?: boolean;
  inside?: string[];
  outside?: string[];
}

function passOf({ isReplay = false, isSynchronous = true }: How) {
  const notes: unknown[] = [];
  const pass = {
    isReplay,
    isSynchronous,
    isAlone: true,
    capture: step('capture'),
    seal: step('seal'),
    observe: (value: unknown) => notes.push(['observe', value]),
    observeFailure: (error: unknown) => notes.push(['observe failure', error]),
    settle: (value: unknown) => `settled ${value}`,
    settleFailure: async (error: unknown) => `settled ${error}`,
  };
  return { pass, notes };
}

/** The handlers of a request in the order in which axios visits them, each with what it does. */
async function requestChain(how: How) {
  const { inOrder = false, inside = [], outside = [] } = how;
  const { pass } = passOf(how);
  const sides = { inside: inside.map(handler), outside: outside.map(handler) };
  const visited: { fulfilled?: unknown; synchronous?: boolean }[] = [];
  visitRequestChain(pass as never, sides as never, inOrder, (visit) => visited.push(visit as never));
  const steps: string[] = [];
  for (const { fulfilled, synchronous } of visited) {
    const done = (fulfilled as (config: Config) => Config)({ steps: [] });
    if (synchronous) expect(done).not.toBeInstanceOf(Promise);
    steps.push((await done).steps.join('+'));
  }
  return { steps, isAlone: pass.isAlone, synchronous: visited.map(({ synchronous }) => synchronous) };
}

describe('a request chain', () => {
  const inside = ['a', 'b'];
  const outside = ['y', 'z'];

  test.each<[string, How, string[]]>([
    // The last that is visited runs first.
    ['as axios has it', { inside, outside }, ['seal', 'a', 'b', 'capture', 'y', 'z']],
    [
      'in the order of registration',
      { inside, outside, inOrder: true },
      ['y', 'z', 'capture', 'a', 'b', 'seal'],
    ],
    ['of a replay', { inside, outside, isReplay: true }, ['seal', 'a', 'b']],
    ['of a replay, in order', { inside, outside, isReplay: true, inOrder: true }, ['a', 'b', 'seal']],
    ['with nobody inside', { outside }, ['capture+seal', 'y', 'z']],
    ['with nobody inside, in order', { outside, inOrder: true }, ['y', 'z', 'capture+seal']],
    ['of a replay with nobody inside', { outside, isReplay: true }, ['seal']],
    ['where a call may have to wait', { isSynchronous: false }, ['capture+seal']],
  ])('%s', async (_what, how, expected) => {
    const { steps, isAlone } = await requestChain(how);
    expect(steps).toEqual(expected);
    expect(isAlone).toBe((how.inside ?? []).length === 0);
  });

  test('runs at once, unless a call may have to wait or somebody else’s handler takes its time', async () => {
    expect((await requestChain({})).synchronous).toEqual([true]);
    expect((await requestChain({ isReplay: true, isSynchronous: false })).synchronous).toEqual([true]);
    expect((await requestChain({ isSynchronous: false })).synchronous).toEqual([false]);
    const { synchronous } = await requestChain({ inside: ['a'], isSynchronous: false });
    expect(synchronous).toEqual([true, undefined, false]);
  });
});

describe('a response chain', () => {
  async function answered(how: How) {
    const { inside = [], outside = [] } = how;
    const { pass, notes } = passOf(how);
    const added = (name: string) => ({
      fulfilled: (value: unknown) => `${value} ${name}`,
      rejected: (error: unknown) => Promise.reject(`${error} ${name}`),
    });
    const sides = { inside: inside.map(added), outside: outside.map(added) };
    const chain: [(value: unknown) => unknown, (error: unknown) => unknown][] = [];
    visitResponseChain(pass as never, sides as never, (visit) =>
      chain.push([visit.fulfilled as never, visit.rejected as never]),
    );
    const run = (start: Promise<unknown>) =>
      chain
        .reduce((promise, [fulfilled, rejected]) => promise.then(fulfilled, rejected), start)
        .catch((error) => `rejected with ${error}`);
    return {
      good: await run(Promise.resolve('good')),
      bad: await run(Promise.reject('bad')),
      notes,
      isAlone: pass.isAlone,
    };
  }
  const notes = [
    ['observe', 'good'],
    ['observe failure', 'bad'],
  ];

  test.each<[string, How, string, string, boolean]>([
    ['with nobody else', {}, 'settled good', 'settled bad', true],
    ['with somebody outside', { outside: ['y'] }, 'settled good y', 'settled bad y', true],
    ['with somebody inside', { inside: ['a'], outside: ['y'] }, 'settled good a y', 'settled bad a y', false],
    ['of a replay', { isReplay: true, outside: ['y'] }, 'good', 'rejected with bad', true],
    [
      'of a replay, with somebody inside',
      { isReplay: true, inside: ['a'] },
      'good a',
      'rejected with bad a',
      false,
    ],
  ])('%s', async (_what, how, good, bad, isAlone) => {
    expect(await answered(how)).toEqual({ good, bad, notes, isAlone });
  });
});
