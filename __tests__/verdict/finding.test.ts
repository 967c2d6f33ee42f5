import { AxiosError } from 'axios';
import { findingOf, foreignFinding } from '../../lib/verdict/finding';

const NO_STATUSES = new Set<number>();
const FOREIGN = {
  isTransient: false,
  isCancel: false,
  isTimeout: false,
  isUnprocessed: false,
  isStaleSocket: false,
  isOwn: false,
  serverAsks: undefined,
  hint: undefined,
  status: undefined,
};

describe('what an interceptor threw', () => {
  test.each([
    [undefined, undefined, 'undefined'],
    [null, undefined, 'null'],
    ['no token', undefined, 'no token'],
    [new Error('no token'), undefined, 'no token'],
    [{ code: 'EAUTH' }, 'EAUTH', '[object Object]'],
  ])('says nothing about the request: %p', (error, code, message) => {
    expect(foreignFinding(error)).toStrictEqual({ ...FOREIGN, code, message });
  });
});

describe('what an adapter rejected with', () => {
  test.each([undefined, null, 'text', 5])('is no answer where it is no error: %p', (error) => {
    expect(findingOf(error, NO_STATUSES)).toStrictEqual(foreignFinding(error));
  });

  test('tells of a kept-alive connection that broke, unless it was a timeout', () => {
    const request = { reusedSocket: true };
    const of = (message: string, code: string) =>
      findingOf(new AxiosError(message, code, {} as never, request), NO_STATUSES);
    expect(of('socket hang up', 'ECONNRESET')).toMatchObject({ isStaleSocket: true, isOwn: true });
    expect(of('timeout of 5ms exceeded', 'ECONNABORTED')).toMatchObject({
      isStaleSocket: false,
      isTimeout: true,
    });
  });
});
