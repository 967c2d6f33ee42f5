import { AxiosError, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import { type IAxiosRetryConfig, namespace } from '../../lib/compat';
import { Call } from '../../lib/compat/call';
import { rejectionOf } from '../support/outcome';

function callOf(options: IAxiosRetryConfig = {}, config: AxiosRequestConfig = {}) {
  const call = new Call(config, options);
  const { onGiveUp, judge, backoff, nextAttempt } = call.callbacks;
  const response = { status: 503, config } as AxiosResponse;
  const error = new AxiosError('failed', 'ERR_BAD_RESPONSE', config as never, {}, response);
  const end = async (reason: string, thrown: unknown = error) => {
    await onGiveUp?.({ error: thrown, reason } as never);
  };
  return { call, config, response, error, end, judge, backoff, nextAttempt };
}

describe('the end of a call', () => {
  const countOf = async (reason: string, options: IAxiosRetryConfig = {}, thrown?: unknown) => {
    const onMaxRetryTimesExceeded = jest.fn();
    const made = callOf({ retries: 0, onMaxRetryTimesExceeded, ...options });
    await made.end(reason, thrown ?? made.error);
    return onMaxRetryTimesExceeded.mock.calls.length;
  };

  test.each([
    'retries-exhausted',
    'not-retryable',
    'not-idempotent',
    'body-not-replayable',
    'server-said-stop',
  ])('%s: is told of where no retry is left', async (reason) => {
    expect(await countOf(reason)).toBe(1);
    expect(await countOf(reason, { retries: 1 })).toBe(0);
  });

  test.each([
    'aborted',
    'detached',
    'time-budget-exceeded',
    'retry-after-too-long',
    'origin-down',
    'retry-budget-empty',
  ])('%s: is no end of all retries', async (reason) => {
    expect(await countOf(reason)).toBe(0);
  });

  test.each([[new Error('an interceptor’s own')], ['text'], [null]])(
    'by what is no error of axios is none: %p',
    async (thrown) => {
      const made = callOf({ retries: 0, onMaxRetryTimesExceeded: () => expect('told').toBe('not told') });
      await made.end('not-retryable', thrown);
    },
  );

  test('is the refused response’s error, though axios was content with it', async () => {
    const { response, error, end, judge } = callOf({ validateResponse: () => false });
    expect(judge?.(response, {} as never)).toBe(true);
    expect(await rejectionOf(end('retries-exhausted'))).toBe(error);
    expect(await rejectionOf(end('time-budget-exceeded'))).toBe(error);
    await end('aborted');
    await end('retries-exhausted', new AxiosError('another'));
    await end('retries-exhausted', null);
  });

  test('throws nothing by itself where no response was refused', async () => {
    const { response, end, judge } = callOf({ validateResponse: () => true });
    expect(judge?.(response, {} as never)).toBe(false);
    await end('retries-exhausted');
    await end('retries-exhausted', new AxiosError('no response'));
  });
});

describe('what is on the config', () => {
  test('counts retries on, whatever an interceptor made of a copy of it', async () => {
    const { call, config, backoff, error } = callOf({ retries: 5 });
    const copy = { ...config[namespace], retries: 4 };
    (backoff as (retry: number, error: unknown) => number)(1, error);
    config[namespace] = copy;
    expect(call.maxRetries).toBe(4);
    expect(config[namespace]).toBe(call.state);
    expect(call.state).toMatchObject({ retries: 4, retryCount: 1 });
  });

  test('tells when the latest attempt is due', async () => {
    jest.useFakeTimers({ now: 1_000_000 });
    const { call, nextAttempt, error } = callOf();
    await nextAttempt?.({ error, delay: 500 } as never);
    expect(call.state.lastRequestTime).toBe(1_000_500);
    jest.useRealTimers();
  });

  test('allows what is left of the retries, and never fewer than none', () => {
    const left = (retries: number, retryCount: number) =>
      callOf({}, { [namespace]: { retries, retryCount } }).call.maxRetries;
    expect([left(3, 0), left(3, 2), left(3, 3), left(3, 5), left(1.5, 0)]).toEqual([3, 1, 0, 0, 2]);
  });
});
