import { inspect } from 'node:util';
import axios, { AxiosError, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import type { Outcome, RetryState } from '../../lib/policy/events';
import { LiveRetryState, retriesExhausted, retryStateOf } from '../../lib/request/retry-state';
import { respond } from '../support/stub-adapter';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const OWNER = { secret: 'the caller’s token' };

/** A state after one retry, as it is at a request's end. */
function settled(outcome: Outcome = 'succeeded'): LiveRetryState {
  const state = new LiveRetryState(OWNER);
  state.attempts = 2;
  state.totalDelay = 100;
  state.failures.push({ attempt: 1, status: 503, message: 'busy', delay: 100, delaySource: 'backoff' });
  jest.advanceTimersByTime(150);
  state.settle(outcome);
  return state;
}

describe('a state', () => {
  test('begins with the first attempt, pending', () => {
    expect(new LiveRetryState(OWNER).toJSON()).toEqual({
      attempts: 1,
      retries: 0,
      elapsed: 0,
      totalDelay: 0,
      totalHeld: 0,
      retryAfter: undefined,
      idempotencyKey: undefined,
      outcome: 'pending',
      failures: [],
    });
  });

  test('counts the attempts after the first as retries', () => {
    const state = new LiveRetryState(OWNER);
    state.attempts = 4;
    expect(state.retries).toBe(3);
  });

  test('tells the time since it began, and no longer once it is settled', () => {
    jest.advanceTimersByTime(1_000);
    const state = new LiveRetryState(OWNER);
    jest.advanceTimersByTime(250);
    expect(state.elapsed).toBe(250);
    state.settle('retries-exhausted');
    jest.advanceTimersByTime(1_000);
    expect(state.elapsed).toBe(250);
    expect(state.outcome).toBe('retries-exhausted');
  });

  test('keeps its time when the time of day is set', () => {
    const state = new LiveRetryState(OWNER);
    jest.setSystemTime(0);
    jest.advanceTimersByTime(10);
    expect(state.elapsed).toBe(10);
  });

  test('has a list of failures of its own', () => {
    new LiveRetryState(OWNER).failures.push({ attempt: 1, message: 'busy' });
    expect(new LiveRetryState(OWNER).failures).toEqual([]);
  });
});

describe('serialised', () => {
  const JSON_OF_SETTLED = {
    attempts: 2,
    retries: 1,
    elapsed: 150,
    totalDelay: 100,
    totalHeld: 0,
    outcome: 'succeeded',
    failures: [{ attempt: 1, status: 503, message: 'busy', delay: 100, delaySource: 'backoff' }],
  };

  test('a state says all there is to know, and nothing of its owner', () => {
    expect(JSON.parse(JSON.stringify(settled()))).toEqual(JSON_OF_SETTLED);
  });

  test('a state names its idempotency key, if it has one', () => {
    const state = settled();
    state.idempotencyKey = 'key-1';
    expect(JSON.parse(JSON.stringify(state))).toEqual({ ...JSON_OF_SETTLED, idempotencyKey: 'key-1' });
  });

  test('an AxiosError keeps the state of its config', () => {
    const error = new AxiosError('busy', 'ERR_BAD_RESPONSE', { retryState: settled() } as never);
    const { config } = JSON.parse(JSON.stringify(error)) as { config: { retryState: RetryState } };
    expect(config.retryState).toMatchObject({
      attempts: 2,
      outcome: 'succeeded',
      failures: JSON_OF_SETTLED.failures,
    });
    expect(JSON.stringify(error)).not.toContain(OWNER.secret);
  });

  test('no walk over its properties comes to its owner', () => {
    const state = settled();
    const names = [...Reflect.ownKeys(state), ...Reflect.ownKeys(Object.getPrototypeOf(state))];
    const values = names.map((name) => (state as unknown as Record<string | symbol, unknown>)[name]);
    expect(values).not.toContain(OWNER);
    expect(Object.keys(state).sort()).toEqual([
      'attempts',
      'failures',
      'idempotencyKey',
      'outcome',
      'retryAfter',
      'settledAt',
      'startedAt',
      'totalDelay',
      'totalHeld',
    ]);
  });

  // As lodash's cloneDeep and Vue's or MobX' stores do with a config that is logged or kept.
  test.each<[string, (state: object) => object]>([
    [
      'clone',
      (state) => Object.create(Object.getPrototypeOf(state), Object.getOwnPropertyDescriptors(state)),
    ],
    ['proxy', (state) => new Proxy(state, {})],
  ])('a %s of it answers the same', (_what, make) => {
    const state = make(settled()) as RetryState;
    expect(JSON.parse(JSON.stringify(state))).toEqual(JSON_OF_SETTLED);
    expect(state.elapsed).toBe(JSON_OF_SETTLED.elapsed);
  });
});

describe('the owner of a state', () => {
  test('is found again by the state', () => {
    expect(LiveRetryState.ownerOf(new LiveRetryState(OWNER))).toBe(OWNER);
  });

  test('is let go of once the request is settled: who keeps the state keeps no response', () => {
    const state = new LiveRetryState(OWNER);
    state.settle('succeeded');
    expect(LiveRetryState.ownerOf(state)).toBeUndefined();
  });

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'state'],
    ['a plain object', {}],
    ['a copy', { ...new LiveRetryState(OWNER) }],
    ['a deep copy', structuredClone({ ...new LiveRetryState(OWNER) })],
    ['what came out of JSON', JSON.parse(JSON.stringify(new LiveRetryState(OWNER)))],
    ['an object that inherits from one', Object.create(new LiveRetryState(OWNER))],
    ['an object with its prototype', Object.create(LiveRetryState.prototype)],
  ])('is not found by %s', (_what, state) => {
    expect(LiveRetryState.ownerOf(state)).toBeUndefined();
  });
});

describe('through axios', () => {
  /** Sends a config through an instance with defaults and interceptors; the adapter answers with a status. */
  function send(config: object, status: number): Promise<AxiosResponse> {
    const client = axios.create({
      adapter: async (sent) => respond(sent, status),
      headers: { 'X-Tenant': 'a' },
    });
    client.interceptors.request.use((sent) => ({ ...sent }));
    return client.request(config);
  }

  test('a state passes by reference, however often configs are merged', async () => {
    const state = new LiveRetryState(OWNER);
    const first = await send({ retryState: state }, 200);
    const second = await send(first.config, 200);
    expect(second.config.retryState).toBe(state);
    expect(retryStateOf(second)).toBe(state);
  });

  test('the state of an error is found as well', async () => {
    const state = new LiveRetryState(OWNER);
    const error = await send({ retryState: state }, 503).catch((reason: AxiosError) => reason);
    expect(error).toBeInstanceOf(AxiosError);
    expect(retryStateOf(error)).toBe(state);
  });

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'error'],
    ['an error of another kind', new Error('bug')],
    ['an error without a config', new AxiosError('bug')],
    ['a response that was not retried', { config: {} }],
    ['a config of null', { config: null }],
    ['a state that is a plain object', { config: { retryState: { attempts: 1 } } }],
    ['a state itself', new LiveRetryState(OWNER)],
  ])('there is none of %s', (_what, responseOrError) => {
    expect(retryStateOf(responseOrError)).toBeUndefined();
  });
});

describe('a server asks whether a call of its own has been retried enough', () => {
  /** The error of a request that ended so, after a number of retries. */
  function ended(outcome: Outcome, retries: number): AxiosError {
    const state = new LiveRetryState(OWNER);
    state.attempts = retries + 1;
    state.settle(outcome);
    return new AxiosError('busy', 'ERR_BAD_RESPONSE', {
      retryState: state,
    } as never as InternalAxiosRequestConfig);
  }

  test.each<[Outcome, boolean, boolean]>([
    ['retries-exhausted', false, true],
    ['time-budget-exceeded', false, true],
    ['server-said-stop', true, true],
    ['origin-down', true, true],
    ['held-too-long', true, true],
    ['queue-full', true, true],
    ['retry-budget-empty', true, true],
    ['retry-after-too-long', true, true],
    ['not-retryable', false, false],
    ['not-idempotent', false, false],
    ['body-not-replayable', false, false],
    ['aborted', false, false],
    ['detached', false, false],
    ['succeeded', false, false],
    ['pending', false, false],
  ])('%s: %p without a retry, %p after one', (outcome, without, after) => {
    expect(retriesExhausted(ended(outcome, 0))).toBe(without);
    expect(retriesExhausted(ended(outcome, 1))).toBe(after);
    expect(retriesExhausted(retryStateOf(ended(outcome, 1)))).toBe(after);
  });

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['an error of another kind', new Error('bug')],
    ['an error without a state', new AxiosError('bug', 'ECONNRESET', {} as never)],
  ])('not by %s', (_what, error) => {
    expect(retriesExhausted(error)).toBe(false);
  });
});

test.each([{}, { outcome: 'succeeded' }, { attempts: 1 }, { attempts: '1', outcome: 'succeeded' }])(
  '%j of somebody else is no retry state',
  (retryState) => {
    expect(retryStateOf({ config: { retryState } })).toBeUndefined();
  },
);

test('is one line where an error is logged', () => {
  const state = new LiveRetryState(OWNER, performance.now() - 1_000);
  expect(inspect(state)).toBe('RetryState: pending, attempts: 1, milliseconds: 1000');
  state.attempts = 8;
  for (const status of [500, 502, 503, 504, 502]) state.addFailure({ attempt: 1, status, message: 'busy' });
  state.addFailure({ attempt: 6, code: 'ECONNRESET', message: 'reset' });
  state.addFailure({ attempt: 7, message: 'an interceptor’s own' });
  state.totalHeld = 300;
  state.settle('origin-down', state.startedAt + 1_234.5);
  expect(inspect({ config: { retryState: state } }, { depth: 1 })).toContain(
    'RetryState: origin-down, attempts: 8, milliseconds: 1235, 300 of them held (502, 503, 504, 502, ECONNRESET, failed)',
  );
});
