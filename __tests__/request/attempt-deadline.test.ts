import { EventEmitter, getEventListeners, setMaxListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AttemptDeadline, type TimedConfig } from '../../lib/request/attempt-deadline';

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

describe('the deadline of an attempt', () => {
  /** A config under a deadline. */
  function underDeadline(left: number, config: TimedConfig = {}) {
    const deadline = new AttemptDeadline(left, config);
    deadline.applyTo(config);
    return { config, deadline, signal: config.signal as AbortSignal };
  }

  test.each([
    ['cuts a longer timeout to what is left', 5_000, 1_000, 1_000],
    ['leaves a shorter timeout', 500, 1_000, 500],
    ['gives a timeout where there is none', undefined, 1_000, 1_000],
    ['gives a timeout where it is 0, which is none', 0, 1_000, 1_000],
    ['rounds up to whole milliseconds', 5_000, 999.1, 1_000],
    ['never cuts to 0, which would be none', 5_000, 0, 1],
    ['never cuts below 0', 5_000, -20, 1],
  ])('%s', (_what, timeout, left, expected) => {
    const { config, deadline } = underDeadline(left, timeout === undefined ? {} : { timeout });
    expect(config.timeout).toBe(expected);
    deadline.release();
  });

  test.each([undefined, 0, 5_000, 2 ** 31 - 1])(
    'that is a month away gives no timeout that a timer cannot hold: of %p stays what it was',
    (timeout) => {
      const { config, deadline } = underDeadline(MONTH, timeout === undefined ? {} : { timeout });
      expect(config.timeout).toBe(timeout);
      deadline.release(config);
      expect(config).toEqual(timeout === undefined ? { signal: undefined } : { timeout, signal: undefined });
    },
  );

  test('aborts the attempt when the time is up, and not before', () => {
    const { deadline, signal } = underDeadline(1_000);
    const onExpire = jest.fn(() => [deadline.expired, signal.aborted]);
    deadline.onExpire = onExpire;
    jest.advanceTimersByTime(999);
    expect([deadline.expired, signal.aborted]).toEqual([false, false]);
    jest.advanceTimersByTime(1);
    expect([deadline.expired, signal.aborted]).toEqual([true, true]);
    expect(onExpire.mock.results).toEqual([{ type: 'return', value: [true, true] }]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('aborts without anybody to tell, too', () => {
    const { signal } = underDeadline(1_000);
    jest.advanceTimersByTime(1_000);
    expect(signal.aborted).toBe(true);
  });

  test('that is a month away is not early', () => {
    const { signal } = underDeadline(MONTH);
    jest.advanceTimersByTime(MONTH - 1);
    expect(signal.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(signal.aborted).toBe(true);
  });

  test('does not keep a Node process alive', () => {
    const timer = { unref: jest.fn() };
    jest.spyOn(globalThis, 'setTimeout').mockReturnValue(timer as never);
    underDeadline(1_000);
    expect(timer.unref).toHaveBeenCalledTimes(1);
  });

  test('passes the caller’s abort on, which is no expiry', () => {
    const controller = new AbortController();
    const { deadline, signal } = underDeadline(1_000, { signal: controller.signal });
    expect(signal).not.toBe(controller.signal);
    controller.abort();
    expect([signal.aborted, deadline.expired]).toEqual([true, false]);
    deadline.release();
  });

  test('may be put upon a config that has it already, and goes on hearing the caller', () => {
    const controller = new AbortController();
    const { config, deadline, signal } = underDeadline(1_000, { signal: controller.signal });
    deadline.applyTo(config);
    controller.abort();
    expect(signal.aborted).toBe(true);
    deadline.release(config);
    expect(config.signal).toBe(controller.signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('passes the caller’s reason on', () => {
    const controller = new AbortController();
    const { deadline, signal } = underDeadline(1_000, { signal: controller.signal });
    controller.abort('user left');
    expect(signal.reason).toBe('user left');
    deadline.release();
  });

  test('does not listen to the caller any more once it is over', () => {
    const controller = new AbortController();
    underDeadline(1_000, { signal: controller.signal });
    jest.advanceTimersByTime(1_000);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('leaves a frozen config as it is', () => {
    const { config, deadline } = underDeadline(1_000, { timeout: 5_000 });
    expect(() => deadline.release(Object.freeze(config))).not.toThrow();
  });

  test('shows interceptors no timeout where the caller has none', () => {
    const config: TimedConfig = {};
    new AttemptDeadline(1_000, config).release();
    expect(config).toEqual({});
  });

  test('leaves the timeout of a stream alone', () => {
    const { config, deadline } = underDeadline(1_000, { responseType: 'stream', timeout: 5_000 });
    expect(config.timeout).toBe(5_000);
    deadline.release(config);
  });

  test('gives back a timeout that an interceptor has set', () => {
    const config: TimedConfig = { timeout: 5_000 };
    const deadline = new AttemptDeadline(1_000, config);
    expect(config.timeout).toBe(1_000);
    config.timeout = 3_000;
    deadline.applyTo(config);
    expect(config.timeout).toBe(1_000);
    deadline.release(config);
    expect(config.timeout).toBe(3_000);
  });

  test('passes on an abort that came before', () => {
    const { deadline, signal } = underDeadline(1_000, { signal: AbortSignal.abort() });
    expect([signal.aborted, deadline.expired]).toEqual([true, false]);
    deadline.release();
  });

  test('makes do with a signal that cannot be listened to', () => {
    const { config, deadline, signal } = underDeadline(1_000, { signal: { aborted: false } });
    expect(signal.aborted).toBe(false);
    deadline.release(config);
    expect(config.signal).toEqual({ aborted: false });
  });

  test('is cut to the longest time that a timer holds, and not beyond', () => {
    const { config, deadline } = underDeadline(2 ** 31 - 1, { timeout: 2 ** 31 - 1 });
    expect(config.timeout).toBe(2 ** 31 - 1);
    config.timeout = 2 ** 31;
    deadline.applyTo(config);
    expect(config.timeout).toBe(2 ** 31 - 1);
    deadline.release();
  });

  test.each([
    ['is its own where the time is up with it', 100, 100, 100, 100],
    ['is its own where the caller began to wait for it a while ago', 80, 100, 100, 100],
    ['is its own to the whole millisecond', 99.2, 100, 99.2, 100],
    ['is not its own where it is up before', 100, 50, 100, undefined],
    ['is not its own where it would be up later', 100, 101, 100, undefined],
    ['is not its own where it has none', 100, undefined, 100, undefined],
  ])('its timeout %s', (_what, left, timeout, given, expected) => {
    const config: TimedConfig = timeout === undefined ? {} : { timeout };
    const deadline = new AttemptDeadline(left, config, given);
    deadline.applyTo(config);
    expect(deadline.ownTimeout).toBe(expected);
    deadline.release();
  });

  describe('when the attempt is over', () => {
    test.each([
      ['with both', { signal: new AbortController().signal, timeout: 5_000 }],
      ['with a timeout of 0', { signal: new AbortController().signal, timeout: 0 }],
      ['with a signal', { signal: new AbortController().signal }],
      ['with neither', {}],
    ])('its config is as the caller wrote it again (%s)', (_what, written) => {
      const { config, deadline } = underDeadline(1_000, { ...written });
      deadline.release(config);
      expect(config.signal).toBe((written as TimedConfig).signal);
      expect(config.timeout).toBe((written as TimedConfig).timeout);
      expect('timeout' in config).toBe('timeout' in written);
    });

    test('a copy of its config is as the caller wrote it, too', () => {
      const { config, deadline } = underDeadline(1_000, { timeout: 5_000 });
      const copy = { ...config };
      deadline.release(copy);
      expect(copy.timeout).toBe(5_000);
    });

    test('a config whose signal somebody replaced is left alone', () => {
      const { deadline } = underDeadline(1_000, { timeout: 5_000 });
      const replaced = { signal: new AbortController().signal, timeout: 7 };
      deadline.release(replaced);
      expect(replaced.timeout).toBe(7);
    });

    test('no timer and no listener is left, and nothing is aborted any more', () => {
      const controller = new AbortController();
      const { config, deadline, signal } = underDeadline(1_000, { signal: controller.signal });
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
      deadline.release(config);
      expect(jest.getTimerCount()).toBe(0);
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
      jest.advanceTimersByTime(1_000);
      controller.abort();
      expect([deadline.expired, signal.aborted]).toEqual([false, false]);
    });

    test('it may be said twice, and without a config', () => {
      const controller = new AbortController();
      const { config, deadline } = underDeadline(1_000, { signal: controller.signal, timeout: 5 });
      deadline.release();
      deadline.release(config);
      deadline.release(config);
      expect(config).toEqual({ signal: controller.signal, timeout: 5 });
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    });
  });

  describe('when the caller was handed a stream', () => {
    /** As much of a Node stream as is asked for. */
    class Stream extends EventEmitter {
      destroyed = false;
      pipe() {}
    }

    test('the caller’s abort reaches it until it closes', () => {
      const controller = new AbortController();
      const { config, deadline, signal } = underDeadline(1_000, { signal: controller.signal });
      deadline.release(config, new Stream());
      controller.abort();
      expect(signal.aborted).toBe(true);
    });

    test('the time is up for the attempt, not for the stream', () => {
      const { config, deadline, signal } = underDeadline(1_000);
      deadline.release(config, new Stream());
      jest.advanceTimersByTime(2_000);
      expect([deadline.expired, signal.aborted]).toEqual([false, false]);
    });

    test('nothing is left once it has closed', () => {
      const controller = new AbortController();
      const { config, deadline, signal } = underDeadline(1_000, { signal: controller.signal });
      const stream = new Stream();
      deadline.release(config, stream);
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
      stream.emit('close');
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
      expect(stream.listenerCount('close')).toBe(0);
      controller.abort();
      expect(signal.aborted).toBe(false);
    });

    test('of the web, the caller’s signal goes on being heard', () => {
      const controller = new AbortController();
      const { config, deadline, signal } = underDeadline(1_000, { signal: controller.signal });
      deadline.release(config, new ReadableStream());
      controller.abort(new Error('enough'));
      expect(signal.reason).toBe(controller.signal.reason);
    });

    test('of the web that nobody holds any more, nothing is left', () => expectCollected(() => {}));

    test('nor where whoever was to hear of the expiry holds the stream', () =>
      expectCollected((deadline, stream) => {
        deadline.onExpire = () => void stream;
      }));

    async function expectCollected(use: (deadline: AttemptDeadline, stream: object) => void) {
      jest.useRealTimers();
      const controller = new AbortController();
      setMaxListeners(0, controller.signal);
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc') as () => void;
      for (let n = 0; n < 50; n++) {
        const { config, deadline } = underDeadline(1_000, { signal: controller.signal });
        const stream = new ReadableStream();
        use(deadline, stream);
        deadline.release(config, stream);
      }
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(50);
      for (let n = 0; n < 10; n++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      // The last one may still be on the stack.
      expect(getEventListeners(controller.signal, 'abort').length).toBeLessThan(5);
    }

    test('of the web, the caller’s signal is heard no more where nobody tells what was collected', () => {
      const before = globalThis.FinalizationRegistry;
      globalThis.FinalizationRegistry = undefined as never;
      const caller = new AbortController();
      const { config, deadline, signal } = underDeadline(1_000, { signal: caller.signal });
      deadline.release(config, new ReadableStream());
      globalThis.FinalizationRegistry = before;
      caller.abort();
      expect(signal.aborted).toBe(false);
    });

    test('nothing is left if it is destroyed already', () => {
      const controller = new AbortController();
      const { config, deadline } = underDeadline(1_000, { signal: controller.signal });
      deadline.release(config, Object.assign(new Stream(), { destroyed: true }));
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    });

    test.each([null, undefined, 'text', { pipe: true }, { pipe() {} }])('%p is no stream', (body) => {
      const controller = new AbortController();
      const { config, deadline } = underDeadline(1_000, { signal: controller.signal });
      deadline.release(config, body);
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    });
  });
});
