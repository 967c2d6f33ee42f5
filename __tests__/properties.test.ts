/** For any sequence of server answers and any valid policy: what must always hold. */
import axios from 'axios';
import fc from 'fast-check';
import { attachRetry, RetryBudget, type RetryPolicy, type RetryState, retryStateOf } from '../lib/index';
import { type Step, stubAdapter } from './support/stub-adapter';

interface Answer {
  readonly status?: number;
  readonly code?: string;
  /** Seconds of a Retry-After. */
  readonly retryAfter?: number | undefined;
  readonly shouldRetry?: boolean | undefined;
}

const TRANSIENT = new Set<number | string>([429, 502, 503, 'ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN']);

const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({
    status: fc.constantFrom(200, 404, 429, 500, 502, 503),
    retryAfter: fc.option(fc.integer({ min: 0, max: 90 }), { nil: undefined, freq: 2 }),
    shouldRetry: fc.option(fc.boolean(), { nil: undefined, freq: 6 }),
  }),
  fc.record({ code: fc.constantFrom('ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN', 'EXOTIC', 'ERR_CANCELED') }),
);

const policies = fc.record({
  maxRetries: fc.nat({ max: 6 }),
  backoff: fc.record({
    initialDelay: fc.nat({ max: 500 }),
    maxDelay: fc.nat({ max: 5_000 }),
    multiplier: fc.integer({ min: 1, max: 4 }),
    jitter: fc.constantFrom('full' as const, 'equal' as const, 'decorrelated' as const, 'none' as const),
  }),
  maxRetryAfter: fc.nat({ max: 60_000 }),
  timeBudget: fc.option(fc.integer({ min: 1, max: 60_000 }), { nil: undefined }),
  patience: fc.constantFrom(0, 0, 500, 5_000),
  maxHeld: fc.constantFrom(0, 5, 10_000),
  maxQueueTime: fc.nat({ max: 20_000 }),
});
const tokens = fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined });

const stepOf = ({ status, code, retryAfter, shouldRetry }: Answer): Step =>
  code ?? {
    status: status ?? 200,
    headers: {
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
      ...(shouldRetry !== undefined && { 'x-should-retry': String(shouldRetry) }),
    },
  };

const isTransient = ({ status, code, shouldRetry }: Answer) =>
  (status !== undefined && shouldRetry) || TRANSIENT.has(status ?? code ?? '');

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Makes one call and waits, in virtual time, until it is settled. */
async function call(answers: Answer[], policy: RetryPolicy, method: string) {
  const stub = stubAdapter(...answers.map(stepOf));
  const client = axios.create({ adapter: stub.adapter });
  const onRetry = jest.fn();
  const onGiveUp = jest.fn();
  const handle = attachRetry(client, { ...policy, onRetry, onGiveUp });
  const settlements: unknown[] = [];
  let succeeded = false;
  client.request({ method, url: 'http://api.test/' }).then(
    (response) => {
      succeeded = true;
      settlements.push(response);
    },
    (error) => settlements.push(error),
  );
  await jest.advanceTimersByTimeAsync(0);
  // At most 7 attempts, each after at most 60 s of Retry-After, 5 s of backoff and 20 s in the queue.
  for (let second = 0; settlements.length === 0 && second < 700; second++)
    await jest.advanceTimersByTimeAsync(1_000);
  await jest.advanceTimersByTimeAsync(1_000);
  const timersLeft = jest.getTimerCount();
  handle.detach();
  const state = retryStateOf(settlements[0]) as RetryState;
  return { stub, onRetry, onGiveUp, settlements, succeeded, state, timersLeft };
}

it('holds for any answers and any policy', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(answer, { minLength: 1, maxLength: 9 }),
      policies,
      tokens,
      fc.constantFrom('get', 'put', 'post'),
      async (answers, given, maxTokens, method) => {
        const policy = { ...given, budget: maxTokens ? new RetryBudget({ maxTokens }) : (false as const) };
        const { stub, onRetry, onGiveUp, settlements, succeeded, state, timersLeft } = await call(
          answers,
          policy,
          method,
        );
        const last = answers[state.attempts - 1] ?? { status: 200 };
        const retryAfter = (attempt: number) => (answers[attempt - 1]?.retryAfter ?? 0) * 1_000;

        expect(settlements).toHaveLength(1);
        expect(timersLeft).toBe(0);
        expect(state.attempts).toBeLessThanOrEqual(policy.maxRetries + 1);
        expect(stub.configs).toHaveLength(state.attempts);
        expect(onRetry.mock.calls.length).toBeGreaterThanOrEqual(state.retries);
        expect(onGiveUp).toHaveBeenCalledTimes(succeeded ? 0 : 1);
        expect(state.failures).toHaveLength(succeeded ? state.retries : state.attempts);
        expect(succeeded).toBe(state.outcome === 'succeeded');
        if (policy.timeBudget) expect(state.elapsed).toBeLessThanOrEqual(policy.timeBudget + 1);

        if (method === 'post') {
          const repeated = answers.slice(0, state.retries);
          expect(repeated.map(({ status }) => status)).toEqual(repeated.map(() => 429));
        }

        const mayQueue = policy.patience > 0 ? policy.maxQueueTime : 0;
        for (let attempt = 1; attempt < state.attempts; attempt++) {
          const gap = (stub.at[attempt] ?? 0) - (stub.at[attempt - 1] ?? 0);
          expect(gap).toBeGreaterThanOrEqual(retryAfter(attempt));
          expect(retryAfter(attempt)).toBeLessThanOrEqual(policy.maxRetryAfter);
          expect(gap).toBeLessThanOrEqual(retryAfter(attempt) + policy.backoff.maxDelay + mayQueue + 2);
        }

        switch (state.outcome) {
          case 'succeeded':
            expect(last.status).toBe(200);
            break;
          case 'server-said-stop':
            expect(last.shouldRetry).toBe(false);
            break;
          case 'aborted':
            expect(last.code).toBe('ERR_CANCELED');
            break;
          case 'not-retryable':
            expect(isTransient(last)).toBe(false);
            break;
          case 'not-idempotent':
            expect(method).toBe('post');
            // What is turned away is repeated, whatever it is.
            expect(last.status).not.toBe(429);
            expect(isTransient(last)).toBe(true);
            break;
          case 'retries-exhausted':
            expect(state.attempts).toBe(policy.maxRetries + 1);
            expect(isTransient(last)).toBe(true);
            break;
          case 'retry-after-too-long':
            expect(retryAfter(state.attempts)).toBeGreaterThan(policy.maxRetryAfter);
            break;
          case 'time-budget-exceeded':
            expect(policy.timeBudget).toBeDefined();
            expect(isTransient(last)).toBe(true);
            break;
          case 'origin-down':
          case 'held-too-long':
          case 'queue-full':
            expect(policy.patience).toBeGreaterThan(0);
            expect(isTransient(last)).toBe(true);
            break;
          case 'retry-budget-empty':
            expect(policy.budget).not.toBe(false);
            expect(isTransient(last)).toBe(true);
            break;
          default:
            throw new Error(`no such end can come of this: ${state.outcome}`);
        }
      },
    ),
    { numRuns: 2_000 },
  );
}, 60_000);
