/** Beside axios-retry's own in __tests__/migration/compat.test.ts; here what they are to say. */
import { AxiosError } from 'axios';
import theirs from 'axios-retry';
import axiosRetry, {
  exponentialDelay,
  isIdempotentRequestError,
  isNetworkError,
  isNetworkOrIdempotentRequestError,
  isRetryableError,
  isSafeRequestError,
  linearDelay,
  retryAfter,
} from '../../lib/compat';
import { noDelay } from '../../lib/compat/delays';

function failure({ code, status, method, headers = {} }: Record<string, unknown>): AxiosError {
  const error = new AxiosError('failed', code as string, method ? ({ method } as never) : undefined);
  return status ? Object.assign(error, { response: { status, headers } as never }) : error;
}

test('a network error has a code, no response, and is not hopeless', () => {
  expect(isNetworkError(failure({ code: 'ECONNREFUSED' }))).toBe(true);
  expect(isNetworkError(failure({ code: 'EODD' }))).toBe(true);
  for (const code of [undefined, 'ECONNABORTED', 'ERR_CANCELED', 'ENOTFOUND', 'CERT_HAS_EXPIRED'])
    expect(isNetworkError(failure({ code }))).toBe(false);
  expect(isNetworkError(failure({ code: 'ECONNRESET', status: 500 }))).toBe(false);
  expect(isNetworkError(new Error('plain'))).toBe(false);
});

test.each(
  `ENOTFOUND ENETUNREACH UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_GET_CRL
  UNABLE_TO_DECRYPT_CERT_SIGNATURE UNABLE_TO_DECRYPT_CRL_SIGNATURE UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY
  UNABLE_TO_VERIFY_LEAF_SIGNATURE CERT_SIGNATURE_FAILURE CERT_NOT_YET_VALID CERT_HAS_EXPIRED CERT_CHAIN_TOO_LONG
  CERT_REVOKED CERT_UNTRUSTED CERT_REJECTED CRL_SIGNATURE_FAILURE CRL_NOT_YET_VALID CRL_HAS_EXPIRED
  ERROR_IN_CERT_NOT_BEFORE_FIELD ERROR_IN_CERT_NOT_AFTER_FIELD ERROR_IN_CRL_LAST_UPDATE_FIELD
  ERROR_IN_CRL_NEXT_UPDATE_FIELD DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN OUT_OF_MEM INVALID_CA
  INVALID_PURPOSE PATH_LENGTH_EXCEEDED HOSTNAME_MISMATCH`.split(/\s+/),
)('%s is hopeless, to axios-retry as well', (code) => {
  const error = failure({ code });
  expect([isNetworkError(error), theirs.isNetworkError(error)]).toEqual([false, false]);
});

test('a retryable error has no response, or a status of 429 or 500 to 599', () => {
  for (const status of [undefined, 429, 500, 599]) expect(isRetryableError(failure({ status }))).toBe(true);
  for (const status of [400, 428, 430, 499, 600]) expect(isRetryableError(failure({ status }))).toBe(false);
  expect(isRetryableError(failure({ code: 'ECONNABORTED', status: 500 }))).toBe(false);
});

test.each([
  ['get', true, true],
  ['head', true, true],
  ['options', true, true],
  ['put', false, true],
  ['delete', false, true],
  ['post', false, false],
  ['patch', false, false],
  [undefined, false, false],
])('%s: safe %s, idempotent %s', (method, safe, idempotent) => {
  for (const status of [503, undefined]) {
    const error = failure({ method, status });
    expect(isSafeRequestError(error)).toBe(safe);
    expect(isIdempotentRequestError(error)).toBe(idempotent);
    expect(isNetworkOrIdempotentRequestError(error)).toBe(idempotent);
  }
  expect(isIdempotentRequestError(failure({ method, status: 404 }))).toBe(false);
  expect(isNetworkOrIdempotentRequestError(failure({ method, code: 'ECONNRESET' }))).toBe(true);
});

test('Retry-After in seconds, in parts of one, and as a date', () => {
  const named = (value?: string) => retryAfter(failure({ status: 503, headers: { 'retry-after': value } }));
  expect([named('2'), named('0.5'), named('0'), named('-3'), named('soon'), named()]).toEqual([
    2_000, 500, 0, 0, 0, 0,
  ]);
  jest.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  expect(named('Thu, 01 Jan 2026 00:00:30 GMT')).toBe(30_000);
  expect(named('Wed, 31 Dec 2025 00:00:30 GMT')).toBe(0);
  jest.useRealTimers();
  expect(retryAfter()).toBe(0);
  expect(retryAfter({ response: {} } as never)).toBe(0);
  expect(retryAfter(failure({ code: 'ECONNRESET' }))).toBe(0);
});

test('delays grow, and Retry-After is the least of them', () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  const asked = failure({ status: 503, headers: { 'retry-after': '5' } });
  expect([1, 2, 3].map((retry) => exponentialDelay(retry))).toEqual([220, 440, 880]);
  expect(exponentialDelay(1, undefined, 10)).toBe(22);
  expect(exponentialDelay(1, asked)).toBe(5_500);
  expect(exponentialDelay()).toBe(110);
  expect([noDelay(), noDelay(1, asked)]).toEqual([0, 5_000]);
  expect([1, 2].map((retry) => linearDelay()(retry, undefined))).toEqual([100, 200]);
  expect(linearDelay(30)(2, undefined)).toBe(60);
  expect(linearDelay(30)(2, asked)).toBe(5_000);
  expect(axiosRetry.linearDelay(1)(undefined as never, undefined)).toBe(0);
  jest.restoreAllMocks();
});
