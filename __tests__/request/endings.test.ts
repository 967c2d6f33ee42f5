import type { AxiosError } from 'axios';
import { asError, timeoutError, withCause } from '../../lib/request/endings';

describe('a timeout as axios says it', () => {
  const of = (error: unknown, sent: object) => {
    const { message, code } = timeoutError(error, 5, sent) as AxiosError;
    return [message, code];
  };
  const byFetch = { request: { redirect: 'follow' } };

  test.each([
    ['plain', undefined, {}, 'timeout of 5ms exceeded', 'ECONNABORTED'],
    ['in the user’s words', {}, { timeoutErrorMessage: 'slow' }, 'slow', 'ECONNABORTED'],
    [
      'with a clear code',
      {},
      { transitional: { clarifyTimeoutError: true } },
      'timeout of 5ms exceeded',
      'ETIMEDOUT',
    ],
    ['without one', {}, { transitional: {} }, 'timeout of 5ms exceeded', 'ECONNABORTED'],
    [
      'by fetch, which has words of its own',
      byFetch,
      { timeoutErrorMessage: 'slow' },
      'timeout of 5ms exceeded',
      'ETIMEDOUT',
    ],
  ])('%s', (_what, error, sent, message, code) => {
    expect(of(error, sent)).toEqual([message, code]);
  });
});

describe('what a callback threw', () => {
  /** Of another realm: no instance of this one's Error. */
  const foreign = (tag: string) => ({ [Symbol.toStringTag]: tag, message: 'foreign' });

  test.each([new Error('own'), foreign('Error'), foreign('DOMException')])('stays an error: %p', (thrown) => {
    expect(asError(thrown, undefined)).toBe(thrown);
  });

  test.each(['text', undefined, foreign('Failure')])('becomes one where it is none: %p', (thrown) => {
    const error = asError(thrown, 'cause') as Error;
    expect(error.message).toMatch(/^a callback of retryPolicy threw what is no Error: /);
    expect(error.cause).toBe('cause');
  });

  test('keeps a cause of its own, and changes one that was put here', () => {
    const own = new Error('own', { cause: 'its own' });
    expect((withCause(own, 'ours') as Error).cause).toBe('its own');
    const shared = new Error('thrown for call after call');
    withCause(shared, 'first');
    expect((withCause(shared, 'second') as Error).cause).toBe('second');
  });
});
