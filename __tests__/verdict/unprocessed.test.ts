/** Of broken connections; the rest is in classify.test.ts, with real servers. */
import type { AxiosError } from 'axios';
import { brokeWhenReused } from '../../lib/verdict/unprocessed';

const REUSED = { reusedSocket: true };

describe('a kept-alive connection', () => {
  test.each([
    ['that was reset', { code: 'ECONNRESET', request: REUSED }, true],
    ['that was closed while it was written to', { code: 'EPIPE', request: REUSED }, true],
    ['that Windows aborted', { code: 'ECONNABORTED', request: REUSED }, true],
    ['within follow-redirects', { code: 'ECONNRESET', request: { _currentRequest: REUSED } }, true],
    ['that is new', { code: 'ECONNRESET', request: { reusedSocket: false } }, false],
    ['of what is no request of Node', { code: 'ECONNRESET', request: {} }, false],
    ['without a request', { code: 'ECONNRESET' }, false],
    ['that has begun to answer', { code: 'ECONNRESET', request: { ...REUSED, res: {} } }, false],
    ['that has answered', { code: 'ECONNRESET', request: REUSED, response: {} }, false],
    ['that failed otherwise', { code: 'EPROTO', request: REUSED }, false],
    ['that failed without a code', { request: REUSED }, false],
  ])('%s: broke just as it was used again? %j', (_what, error, expected) => {
    expect(brokeWhenReused(error as AxiosError)).toBe(expected);
  });
});
