import { foreignFinding } from '../../lib/verdict/finding';
import { type Case, decide } from '../../lib/verdict/verdict';

/** A failure that is the request's own, and nobody's to retry. */
const PERMANENT = { ...foreignFinding(undefined), isOwn: true };
const TRANSIENT = { ...PERMANENT, isTransient: true };

/** A first failure that may be repeated, unless told otherwise. */
function caseOf(fields: Partial<Case>): Case {
  return {
    finding: TRANSIENT,
    after: undefined,
    retries: 0,
    maxRetries: 3,
    maxRetryAfter: 60_000,
    timeLeft: () => Number.POSITIVE_INFINITY,
    mayBeRepeated: () => true,
    hasReplayableBody: () => true,
    isDetached: () => false,
    hasOverruled: false,
    opinion: () => undefined,
    backoff: () => 5,
    ...fields,
  };
}

const OBSTACLES: [string, Partial<Case>][] = [
  ['not-idempotent', { mayBeRepeated: () => false }],
  ['body-not-replayable', { hasReplayableBody: () => false }],
  ['retries-exhausted', { retries: 3 }],
  ['detached', { isDetached: () => true }],
  ['time-budget-exceeded', { timeLeft: () => 0 }],
];

describe('the user’s opinion', () => {
  test.each(OBSTACLES)(
    'is not asked of a transient failure where it cannot matter: %s',
    async (reason, fields) => {
      const opinion = jest.fn(() => true);
      expect(await decide(caseOf({ ...fields, opinion }))).toEqual({ reason });
      expect(opinion).not.toHaveBeenCalled();
    },
  );

  test.each([
    ['retries-exhausted', { retries: 3 }],
    ['detached', { isDetached: () => true }],
  ])('is not asked of any failure where nothing can come of it: %s', async (_reason, fields) => {
    const opinion = jest.fn(() => true);
    expect(await decide(caseOf({ ...fields, finding: PERMANENT, opinion }))).toEqual({
      reason: 'not-retryable',
    });
    expect(opinion).not.toHaveBeenCalled();
  });

  test('that overruled the built-in judgement before is why the retries are exhausted now', async () => {
    const last = caseOf({ retries: 3, finding: PERMANENT, hasOverruled: true });
    expect(await decide(last)).toEqual({ reason: 'retries-exhausted' });
  });

  test.each([
    ['not-idempotent', { mayBeRepeated: () => false }],
    ['body-not-replayable', { hasReplayableBody: () => false }],
  ])('decides whether a failure that is not transient by itself ends as %s', async (reason, fields) => {
    const of = (opinion: boolean) =>
      decide(caseOf({ ...fields, finding: PERMANENT, opinion: () => opinion }));
    expect(await of(true)).toEqual({ reason });
    expect(await of(false)).toEqual({ reason: 'not-retryable' });
  });

  test('may take so long that we are detached by then', async () => {
    let isDetached = false;
    const opinion = async () => {
      isDetached = true;
      return true;
    };
    expect(await decide(caseOf({ opinion, isDetached: () => isDetached }))).toEqual({ reason: 'detached' });
  });
});

describe('what an interceptor threw', () => {
  test('is not repeated, and nobody is asked', async () => {
    const opinion = jest.fn(() => true);
    const finding = { ...TRANSIENT, isOwn: false };
    expect(await decide(caseOf({ finding, opinion }))).toEqual({ reason: 'not-retryable' });
    expect(opinion).not.toHaveBeenCalled();
  });
});

describe('the wait', () => {
  const hint = { delay: 100, source: 'retry-after' as const };

  test.each([
    ['the backoff', {}, { delay: 5, delaySource: 'backoff' }],
    [
      'the server, and the backoff on top',
      { finding: { ...TRANSIENT, hint } },
      { delay: 105, delaySource: 'retry-after' },
    ],
    ['the judge', { after: 7 }, { delay: 7, delaySource: 'judge' }],
  ])('is named by %s', async (_who, fields, expected) => {
    expect(await decide(caseOf(fields))).toEqual(expected);
  });
});
