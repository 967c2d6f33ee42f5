import axios, { AxiosError, type AxiosResponse } from 'axios';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { withinTime } from '../../lib/request/ended';
import { rejectionOf } from '../support/outcome';
import { type Step, stubAdapter } from '../support/stub-adapter';

const QUICK: RetryPolicy = { backoff: () => 0, patience: 0 };

function clientOf(steps: Step[], policy: RetryPolicy = {}) {
  const stub = stubAdapter(...steps);
  const client = axios.create({ adapter: stub.adapter });
  return { stub, client, attach: () => attachRetry(client, { ...QUICK, ...policy }) };
}

describe('a response that the judge refuses', () => {
  test.each([
    [399, 'ERR_BAD_RESPONSE'],
    [400, 'ERR_BAD_REQUEST'],
    [499, 'ERR_BAD_REQUEST'],
    [500, 'ERR_BAD_RESPONSE'],
  ])('%d is told as axios would name it', async (status, code) => {
    const codes: unknown[] = [];
    const { client, attach } = clientOf([status], {
      judge: (response) => response.status === status,
      retryAccepted: false,
      onRetry: ({ error }) => void codes.push(error.code),
    });
    attach();
    await client.get('/', { validateStatus: () => true });
    expect(codes).toEqual([code]);
  });

  test('is none where he has nothing to say', async () => {
    const { client, stub, attach } = clientOf([200], { judge: () => null as never });
    attach();
    expect((await client.get('/')).status).toBe(200);
    expect(stub.configs).toHaveLength(1);
  });
});

describe('a good answer of which an interceptor makes a failure', () => {
  /** How many attempts are made when the first answer is turned into what that makes of it. */
  async function attemptsAfter(fail: (response: AxiosResponse) => unknown) {
    const { client, stub, attach } = clientOf([]);
    let isFirst = true;
    client.interceptors.response.use((response) => {
      if (!isFirst) return response;
      isFirst = false;
      throw fail(response);
    });
    attach();
    await client.get('/').catch(() => {});
    return stub.configs.length;
  }

  test.each<[string, (response: AxiosResponse) => unknown, number]>([
    ['with the attempt’s config', ({ config }) => new AxiosError('', 'ECONNRESET', config), 2],
    [
      'with a copy of the attempt’s config',
      ({ config }) => new AxiosError('', 'ECONNRESET', { ...config }),
      2,
    ],
    [
      'with the attempt’s config, off which it took our state',
      ({ config }) => {
        delete (config as { retryState?: unknown }).retryState;
        return new AxiosError('', 'ECONNRESET', config);
      },
      2,
    ],
    [
      'with the attempt’s response',
      (response) =>
        new AxiosError('', 'ERR_BAD_RESPONSE', undefined, {}, Object.assign(response, { status: 503 })),
      2,
    ],
    ['of a request of its own', () => new AxiosError('', 'ECONNRESET', { headers: {} } as never), 1],
    ['without a config', () => new AxiosError('', 'ECONNRESET'), 1],
    ['of no request', () => Object.assign(new Error('database'), { code: 'ECONNRESET' }), 1],
  ])('%s', async (_what, fail, attempts) => {
    expect(await attemptsAfter(fail)).toBe(attempts);
  });
});

describe('a user’s yes', () => {
  const outcomeOf = async (steps: Step[]) => {
    const { client, attach } = clientOf(steps, { maxRetries: 1, isRetryable: () => true });
    attach();
    return retryStateOf(await rejectionOf(client.get('/')))?.outcome;
  };

  test('to what is not transient is the last word: the retries are exhausted', async () => {
    expect(await outcomeOf([404, 404])).toBe('retries-exhausted');
  });

  test('to what is transient by itself says nothing of other failures', async () => {
    expect(await outcomeOf([503, 404])).toBe('not-retryable');
  });
});

describe('an attempt that outlived the time budget', () => {
  const FAILED = new Error('socket hang up');

  /** What becomes of it. */
  function endedAs(attempt: object, { timeLeft = 0, ended = { error: FAILED } as object } = {}) {
    const request = { attempt, timeLeft, state: { attempts: 1 }, policy: { timeBudget: 100 } };
    return withinTime(request as never, ended as never) as { error?: AxiosError; isOutOfTime?: boolean };
  }
  const deadline = { expired: true, ownTimeout: 100 };
  const sent = { timeout: 100 };
  const BUDGET = 'time budget of 100 ms exceeded in attempt 1';
  const TIMEOUT = 'timeout of 100ms exceeded';

  test('was good if it was good', () => {
    const ended = { value: 'fine' };
    expect(endedAs({ deadline, sent }, { ended })).toBe(ended);
  });

  test.each([
    ['there is time left', { sent, finding: { isTimeout: true } }, 1],
    ['it failed for another reason', { sent, finding: { isTimeout: false } }, 0],
    ['it failed for another reason, in time', { sent, deadline: { expired: false } }, 0],
    ['it was not sent, and nobody cut it off', {}, 0],
  ])('is left as it is where %s', (_what, attempt, timeLeft) => {
    expect(endedAs(attempt, { timeLeft })).toEqual({ error: FAILED });
  });

  test.each([
    ['it was not sent yet', { deadline: { expired: false } }],
    ['it was not sent yet, and has a timeout', { deadline }],
    ['its own timeout came with the end, and is another', { sent, finding: { isTimeout: true } }],
    ['the end cut it off', { sent, deadline: { expired: true } }],
    ['there was no socket', { sent, deadline, error: { request: { reusedSocket: false } } }],
    [
      'its body dripped',
      { sent, deadline, error: { request: { reusedSocket: false, socket: {}, res: {} } } },
    ],
    [
      'follow-redirects had no socket',
      { sent, deadline, error: { request: { socket: {}, _currentRequest: { reusedSocket: false } } } },
    ],
  ])('ended with the time budget where %s', (_what, attempt) => {
    const { error, isOutOfTime } = endedAs(attempt);
    expect([error?.message, error?.code, isOutOfTime]).toEqual([BUDGET, 'ETIMEDOUT', true]);
    expect(error?.cause).toBe(FAILED);
  });

  test.each([
    ['axios’ timer would have run', { sent, deadline, error: { request: {} } }],
    ['nobody knows better', { sent, deadline }],
    ['it was sent', { sent, deadline, error: { request: { reusedSocket: true, socket: {} } } }],
    [
      'follow-redirects sent it',
      { sent, deadline, error: { request: { _currentRequest: { reusedSocket: true, socket: {} } } } },
    ],
    ['the timeout was cut to less', { sent: { timeout: 99 }, deadline, finding: { isTimeout: true } }],
  ])('ended by its own timeout, which is up as well, where %s', (_what, attempt) => {
    const { error, isOutOfTime } = endedAs(attempt);
    expect([error?.message, error?.code, isOutOfTime]).toEqual([TIMEOUT, 'ECONNABORTED', true]);
  });

  test('keeps axios’ own error where that is the timeout', () => {
    expect(endedAs({ sent, deadline, finding: { isTimeout: true } })).toEqual({ error: FAILED });
  });
});
