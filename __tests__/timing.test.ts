import { getEventListeners } from 'node:events';
import axios, { type CancelToken } from 'axios';
import {
  type Interrupters,
  interruptible,
  interruptionOf,
  now,
  StopSignal,
  settled,
  startTimer,
  wait,
} from '../lib/timing';
import { watch } from './support/outcome';

const DAY = 86_400_000;
/** More than a timer's delay in 32 bits: Node fires such a timer at once. */
const MONTH = 30 * DAY;

beforeEach(() => {
  // Streams close on the next tick, which must come by itself.
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

/** Everything that can end a wait, and what is left on it. */
function interrupters() {
  const controller = new AbortController();
  const { token, cancel } = axios.CancelToken.source();
  const detached = new StopSignal();
  const subscribe = jest.spyOn(detached, 'subscribe');
  const unsubscribe = jest.spyOn(detached, 'unsubscribe');
  return {
    all: {
      signal: controller.signal,
      cancelToken: token as CancelToken & Interrupters['cancelToken'],
      detached,
    },
    abort: () => controller.abort(),
    cancel: () => cancel('enough'),
    detach: () => detached.stop(),
    /** Timers and listeners there are. */
    left: () => ({
      timers: jest.getTimerCount(),
      onSignal: getEventListeners(controller.signal, 'abort').length,
      onToken: (token as unknown as { _listeners?: unknown[] | null })._listeners?.length ?? 0,
      onDetached: subscribe.mock.calls.length - unsubscribe.mock.calls.length,
    }),
  };
}

const NOTHING = { timers: 0, onSignal: 0, onToken: 0, onDetached: 0 };

test('the clock counts milliseconds, and does not jump when the time of day is set', () => {
  const start = now();
  jest.advanceTimersByTime(1_234);
  jest.setSystemTime(0);
  expect(now() - start).toBe(1_234);
});

describe('a timer', () => {
  test('calls back once, when its time has come and not before', () => {
    const callback = jest.fn();
    startTimer(1_000, callback);
    jest.advanceTimersByTime(999);
    expect(callback).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    jest.advanceTimersByTime(10_000);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test('of a fraction of a millisecond is not early', () => {
    const callback = jest.fn();
    startTimer(10.1, callback);
    jest.advanceTimersByTime(10);
    expect(callback).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalled();
  });

  test('of 0 calls back, but not at once', () => {
    const callback = jest.fn();
    startTimer(0, callback);
    expect(callback).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalled();
  });

  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32, 2 ** 32 + 1, MONTH, 100 * MONTH])(
    'of %i ms is not early, and not late',
    (ms) => {
      const callback = jest.fn();
      startTimer(ms, callback);
      jest.advanceTimersByTime(ms - 1);
      expect(callback).not.toHaveBeenCalled();
      jest.advanceTimersByTime(1);
      expect(callback).toHaveBeenCalledTimes(1);
      expect(jest.getTimerCount()).toBe(0);
    },
  );

  test('of Infinity never calls back', () => {
    const callback = jest.fn();
    const stop = startTimer(Number.POSITIVE_INFINITY, callback);
    jest.advanceTimersByTime(100 * MONTH);
    expect(callback).not.toHaveBeenCalled();
    stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([1_000, MONTH])('of %i ms that is stopped leaves nothing behind', (ms) => {
    const callback = jest.fn();
    const stop = startTimer(ms, callback);
    stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(2 * ms);
    expect(callback).not.toHaveBeenCalled();
  });

  test('of more than 32 bits can be stopped in its later parts', () => {
    const callback = jest.fn();
    const stop = startTimer(3 * MONTH, callback);
    jest.advanceTimersByTime(2 * MONTH);
    stop();
    expect(jest.getTimerCount()).toBe(0);
    stop();
  });

  test('keeps a Node process alive, unless it is in the background', () => {
    const timer = { unref: jest.fn() };
    const setTimeout = jest.spyOn(globalThis, 'setTimeout').mockReturnValue(timer as never);
    startTimer(MONTH, () => {});
    expect(timer.unref).not.toHaveBeenCalled();
    startTimer(MONTH, () => {}, true);
    expect(timer.unref).toHaveBeenCalledTimes(1);
    // Its later parts as well.
    (setTimeout.mock.lastCall as [() => void])[0]();
    expect(timer.unref).toHaveBeenCalledTimes(2);
  });

  test('without an end has no timer', async () => {
    const interrupters = { detached: new StopSignal() };
    const end = settled(Promise.resolve(), Number.POSITIVE_INFINITY, interrupters);
    expect(jest.getTimerCount()).toBe(0);
    expect(await end).toBeUndefined();
  });

  test('in the background does without unref where timers are numbers, as in browsers', () => {
    jest.spyOn(globalThis, 'setTimeout').mockReturnValue(7 as never);
    const clearTimeout = jest.spyOn(globalThis, 'clearTimeout').mockImplementation();
    startTimer(1, () => {}, true)();
    expect(clearTimeout).toHaveBeenCalledWith(7);
  });
});

describe('a stop signal', () => {
  test('tells everybody who still listens', () => {
    const signal = new StopSignal();
    const [first, second, third] = [{ end: jest.fn() }, { end: jest.fn() }, { end: jest.fn() }];
    for (const listener of [first, second, third]) signal.subscribe(listener);
    signal.unsubscribe(second);
    expect(signal.stopped).toBe(false);
    signal.stop();
    expect(signal.stopped).toBe(true);
    expect([first, second, third].map((listener) => listener.end.mock.calls.length)).toEqual([1, 0, 1]);
  });

  test('is stopped already when listeners hear of it, and lets them unsubscribe', () => {
    const signal = new StopSignal();
    const heard: boolean[] = [];
    const listener = {
      end: () => {
        heard.push(signal.stopped);
        signal.unsubscribe(listener);
      },
    };
    signal.subscribe(listener);
    signal.subscribe({ end: () => heard.push(signal.stopped) });
    signal.stop();
    signal.stop();
    expect(heard).toEqual([true, true, true]);
  });

  test('does not tell those who began to listen because of it', () => {
    const signal = new StopSignal();
    const late = { end: jest.fn() };
    signal.subscribe({ end: () => signal.subscribe(late) });
    signal.stop();
    expect(late.end).not.toHaveBeenCalled();
  });

  test('does not warn of many listeners', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation();
    const signal = new StopSignal();
    for (let n = 0; n < 1_000; n++) signal.subscribe({ end: () => n });
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });
});

describe('a wait', () => {
  test('ends when its time has come, with nothing left behind', async () => {
    const { all, left } = interrupters();
    const waiting = watch(wait(1_000, all));
    expect(left()).toEqual({ timers: 1, onSignal: 1, onToken: 1, onDetached: 1 });
    await jest.advanceTimersByTimeAsync(999);
    expect(waiting.status).toBe('pending');
    await jest.advanceTimersByTimeAsync(1);
    expect(waiting).toEqual({ status: 'fulfilled', value: undefined });
    expect(left()).toEqual(NOTHING);
  });

  test('of a month does not end early', async () => {
    const { all, left } = interrupters();
    const waiting = watch(wait(MONTH, all));
    await jest.advanceTimersByTimeAsync(MONTH - 1);
    expect(waiting.status).toBe('pending');
    await jest.advanceTimersByTimeAsync(1);
    expect(waiting.status).toBe('fulfilled');
    expect(left()).toEqual(NOTHING);
  });

  test.each([
    ['the signal', 'abort', 'aborted'],
    ['the cancel token', 'cancel', 'aborted'],
    ['detaching', 'detach', 'detached'],
  ] as const)('is ended at once by %s, with nothing left behind', async (_what, interrupt, interruption) => {
    for (const ms of [1_000, MONTH]) {
      const parts = interrupters();
      const waiting = watch(wait(ms, parts.all));
      await jest.advanceTimersByTimeAsync(500);
      parts[interrupt]();
      await jest.advanceTimersByTimeAsync(0);
      expect(parts.left()).toEqual(NOTHING);
      expect(waiting).toEqual({ status: 'fulfilled', value: interruption });
    }
  });

  test.each([
    ['the signal', 'abort', 'aborted'],
    ['the cancel token', 'cancel', 'aborted'],
    ['detaching', 'detach', 'detached'],
  ] as const)('does not begin after %s', async (_what, interrupt, interruption) => {
    const parts = interrupters();
    parts[interrupt]();
    const waiting = wait(1_000, parts.all);
    expect(parts.left()).toEqual(NOTHING);
    expect(await waiting).toBe(interruption);
  });

  test('that is ended twice is ended by the first', async () => {
    const parts = interrupters();
    const waiting = wait(1_000, parts.all);
    parts.detach();
    parts.abort();
    parts.cancel();
    expect(await waiting).toBe('detached');
    expect(parts.left()).toEqual(NOTHING);
  });

  test('needs neither a signal nor a cancel token', async () => {
    const detached = new StopSignal();
    const waiting = watch(wait(10, { detached }));
    await jest.advanceTimersByTimeAsync(10);
    expect(waiting.status).toBe('fulfilled');
    const another = wait(10, { signal: undefined, cancelToken: undefined, detached });
    detached.stop();
    expect(await another).toBe('detached');
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is over at once where a test has setTimeout call back at once, and hand on nothing', async () => {
    const spy = jest.spyOn(globalThis, 'setTimeout').mockImplementation(((callback: () => void) => {
      callback();
    }) as never);
    const { all, left } = interrupters();
    expect(await wait(1_000, all)).toBeUndefined();
    spy.mockRestore();
    expect(left()).toEqual(NOTHING);
  });

  test('makes do with a signal and a cancel token that cannot be listened to', async () => {
    const waiting = watch(
      wait(10, { signal: { aborted: false }, cancelToken: {}, detached: new StopSignal() }),
    );
    await jest.advanceTimersByTimeAsync(10);
    expect(waiting.status).toBe('fulfilled');
  });

  test('leaves listeners of others alone', async () => {
    const parts = interrupters();
    const [onSignal, onToken] = [jest.fn(), jest.fn()];
    parts.all.signal.addEventListener('abort', onSignal);
    (parts.all.cancelToken as { subscribe(listener: () => void): void }).subscribe(onToken);
    const waiting = wait(10, parts.all);
    await jest.advanceTimersByTimeAsync(10);
    await waiting;
    parts.abort();
    parts.cancel();
    await jest.advanceTimersByTimeAsync(0);
    expect(onSignal).toHaveBeenCalledTimes(1);
    expect(onToken).toHaveBeenCalledTimes(1);
  });
});

describe('anything interruptible', () => {
  test('is stopped when it has finished, too', async () => {
    const { all, left } = interrupters();
    const cancel = jest.fn();
    let finish = () => {};
    const running = interruptible(all, (waiting) => {
      finish = () => waiting.end();
      waiting.held = { cancel };
    });
    finish();
    expect(await running).toBeUndefined();
    expect(cancel).toHaveBeenCalledTimes(1);
    expect(left()).toEqual(NOTHING);
  });

  test('may finish while it starts', async () => {
    const { all, left } = interrupters();
    const running = interruptible(all, (waiting) => waiting.end());
    expect(await running).toBeUndefined();
    expect(left()).toEqual(NOTHING);
  });

  test('does not start at all once it has been called off', async () => {
    const parts = interrupters();
    parts.abort();
    const start = jest.fn(() => () => {});
    expect(await interruptible(parts.all, start)).toBe('aborted');
    expect(start).not.toHaveBeenCalled();
  });

  test('is called off by nobody, at first', () => {
    const parts = interrupters();
    expect(interruptionOf(parts.all)).toBeUndefined();
    expect(interruptionOf({ detached: new StopSignal() })).toBeUndefined();
  });

  test('is called off by the caller before it is by detaching', () => {
    const parts = interrupters();
    parts.detach();
    expect(interruptionOf(parts.all)).toBe('detached');
    parts.cancel();
    expect(interruptionOf(parts.all)).toBe('aborted');
  });
});
