/**
 * A clock that, once stopped, moves only where a test moves it, while sockets and servers go on by themselves: nothing comes too
 * late, however busy the machine is. Timeouts are to be long all the same: Node has timers of its own in sockets, which nobody moves.
 */

/** What goes on as ever. */
const REAL = [
  'Date',
  'hrtime',
  'nextTick',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
] as const;

let isStopped = false;

/** It goes on again when the test has ended. */
export function stoppableClock() {
  afterEach(() => {
    isStopped = false;
    jest.useRealTimers();
  });
  return { stop, pass, until, settling };
}

function stop(): void {
  isStopped = true;
  jest.useFakeTimers({ doNotFake: [...REAL] });
}

/** Lets so many milliseconds pass. */
async function pass(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms);
}

/** Lets things happen until that is so. Little time passes meanwhile, enough for a short backoff, and not more than really does. */
async function until(isSo: () => boolean): Promise<void> {
  // A test that has taken too long is over.
  while (isStopped && !isSo()) await pass(1);
}

/** The same until a promise settles. */
async function settling<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  await until(() => isSettled);
  return promise;
}
