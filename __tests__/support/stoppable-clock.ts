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
let thaw = () => {};

/** It goes on again when the test has ended. */
export function stoppableClock() {
  afterEach(() => {
    isStopped = false;
    thaw();
    jest.useRealTimers();
  });
  return { stop, freezeAt, pass, until, settling };
}

function stop(): void {
  isStopped = true;
  jest.useFakeTimers({ doNotFake: [...REAL] });
}

/**
 * The clock shows that, and goes on showing it until the test has ended, while no timer hears of it. By defining it, which every runtime
 * allows: in some, `performance.now` is not to be assigned to.
 */
function freezeAt(time: number): void {
  const { performance } = globalThis;
  const own = Object.getOwnPropertyDescriptor(performance, 'now');
  Object.defineProperty(performance, 'now', { value: () => time, configurable: true, writable: true });
  thaw = () => {
    if (own) Object.defineProperty(performance, 'now', own);
    else Reflect.deleteProperty(performance, 'now');
    thaw = () => {};
  };
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
