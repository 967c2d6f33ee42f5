import { inspect } from 'node:util';
import { RetryBudget } from '../../lib/origin/retry-budget';
import { DEFAULT_BACKOFF, type ResolvedPolicy, resolvePolicy } from '../../lib/policy/policy';
import type { BackoffOptions, RetryPolicy } from '../../lib/policy/retry-policy';
import { show } from '../../lib/policy/validation';

/** Resolves levels that must not switch retrying off. */
function resolved(...levels: (RetryPolicy | false | undefined)[]): ResolvedPolicy {
  const policy = resolvePolicy(levels);
  if (!policy) throw new Error('retrying is off');
  return policy;
}

/** What a policy is refused with; a policy may be anything here. */
function refusal(policy: unknown): Error {
  try {
    resolvePolicy([policy as RetryPolicy]);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`${show(policy)} was accepted`);
}

/** An object with everything in it frozen. */
function frozen<T extends object>(value: T): T {
  for (const field of Object.values(value)) if (typeof field === 'object' && field !== null) frozen(field);
  return Object.freeze(value);
}

describe('the defaults', () => {
  test('are the documented ones', () => {
    expect(resolved()).toEqual({
      maxRetries: 5,
      backoff: DEFAULT_BACKOFF,
      maxRetryAfter: 60_000,
      timeBudget: undefined,
      isRetryable: undefined,
      statuses: new Set([408, 425, 429, 502, 503, 504]),
      methods: new Set(['get', 'head', 'options', 'trace', 'query', 'put', 'delete']),
      idempotencyKey: false,
      idempotencyKeyHeader: 'Idempotency-Key',
      attemptHeader: undefined,
      budget: undefined,
      patience: 10_000,
      maxHeld: 10_000,
      holdNewCalls: 'stalled',
      maxQueueTime: 30_000,
      onRetry: undefined,
      onGiveUp: undefined,
      onSettled: undefined,
      observer: undefined,
      retryAccepted: true,
      judge: undefined,
      nextAttempt: undefined,
    });
  });

  test('do not change when a resolved policy does', () => {
    (resolved().statuses as Set<number>).clear();
    (resolved().backoff as BackoffOptions).maxDelay = 1;
    expect(resolved().statuses.size).toBe(6);
    expect(resolved().backoff).toEqual(DEFAULT_BACKOFF);
  });
});

describe('merging', () => {
  test('a stronger level replaces the fields it names and leaves the others', () => {
    const policy = resolved(
      { maxRetries: 1, maxRetryAfter: 10 },
      { maxRetries: 2, timeBudget: 20 },
      { timeBudget: 30 },
    );
    expect(policy).toMatchObject({ maxRetries: 2, maxRetryAfter: 10, timeBudget: 30 });
  });

  test('a level that is undefined says nothing', () => {
    expect(resolved(undefined, { maxRetries: 1 }, undefined).maxRetries).toBe(1);
  });

  test('a field that is undefined says nothing', () => {
    const weaker: RetryPolicy = { maxRetries: 1, timeBudget: 10, backoff: { maxDelay: 5 } };
    const policy = resolved(weaker, { maxRetries: undefined, timeBudget: undefined, backoff: undefined });
    expect(policy).toMatchObject({ maxRetries: 1, timeBudget: 10, backoff: { maxDelay: 5 } });
  });

  test('a field of backoff that is undefined says nothing, at a single level either', () => {
    expect(resolved({ backoff: { maxDelay: undefined as never } }).backoff).toEqual(DEFAULT_BACKOFF);
  });

  test('every field can be named at every level', () => {
    const fields: RetryPolicy = {
      maxRetries: 1,
      backoff: () => 1,
      maxRetryAfter: 2,
      timeBudget: 3,
      isRetryable: () => true,
      statuses: [500],
      methods: ['GET'],
      idempotencyKey: true,
      idempotencyKeyHeader: 'X-Key',
      attemptHeader: 'X-Attempt',
      budget: new RetryBudget(),
      patience: 0,
      maxHeld: 5,
      holdNewCalls: false,
      maxQueueTime: 4,
      onRetry: () => {},
      onGiveUp: () => {},
      onSettled: () => {},
      observer: { settled() {} },
      retryAccepted: false,
      judge: () => true,
      nextAttempt: () => ({ timeout: 5 }),
    };
    const expected = { ...fields, statuses: new Set([500]), methods: new Set(['get']) };
    expect(Object.keys(fields).sort()).toEqual(Object.keys(resolved()).sort());
    expect(resolved(fields)).toEqual(expected);
    expect(resolved(fields, {})).toEqual(expected);
    expect(resolved({}, fields)).toEqual(expected);
    for (const [name, value] of Object.entries(fields)) {
      expect(resolved({ [name]: value })).toEqual({
        ...resolved(),
        [name]: expected[name as keyof typeof expected],
      });
    }
  });

  test('lists replace, they do not add up', () => {
    expect(resolved({ statuses: [500, 503] }, { statuses: [503, 599] }).statuses).toEqual(
      new Set([503, 599]),
    );
    expect(resolved({ methods: ['GET', 'POST'] }, { methods: [] }).methods).toEqual(new Set());
  });

  test('methods count in any case', () => {
    expect(resolved({ methods: ['get', 'Patch', 'M-SEARCH'] }).methods).toEqual(
      new Set(['get', 'patch', 'm-search']),
    );
  });

  test('a budget passes through as the very object it is', () => {
    const budget = new RetryBudget();
    expect(resolved({ budget }, {}).budget).toBe(budget);
    expect(resolved({ budget }, { budget: false }).budget).toBe(false);
  });

  describe('of backoff', () => {
    test('is field by field over all levels', () => {
      const policy = resolved(
        { backoff: { initialDelay: 1, maxDelay: 2 } },
        { backoff: { maxDelay: 3, multiplier: 4 } },
        { backoff: { jitter: 'none', multiplier: undefined as never } },
      );
      expect(policy.backoff).toEqual({
        ...DEFAULT_BACKOFF,
        initialDelay: 1,
        maxDelay: 3,
        multiplier: 4,
        jitter: 'none',
      });
    });

    test('skips levels that do not name it', () => {
      const policy = resolved(
        { backoff: { initialDelay: 1 } },
        { maxRetries: 1 },
        { backoff: { maxDelay: 2 } },
      );
      expect(policy.backoff).toEqual({ ...DEFAULT_BACKOFF, initialDelay: 1, maxDelay: 2 });
    });

    test('has a function replace fields', () => {
      const backoff = () => 1;
      expect(resolved({ backoff: { initialDelay: 1 } }, { backoff }).backoff).toBe(backoff);
    });

    test('has fields replace a function, and starts from the defaults then', () => {
      const policy = resolved(
        { backoff: { initialDelay: 1 } },
        { backoff: () => 1 },
        { backoff: { maxDelay: 2 } },
      );
      expect(policy.backoff).toEqual({ ...DEFAULT_BACKOFF, maxDelay: 2 });
    });
  });

  test.each([
    ['the weakest', [false]],
    ['a middle one', [{ maxRetries: 1 }, false, undefined]],
    ['the strongest', [{ maxRetries: 1 }, { maxRetries: 2 }, false]],
    ['all', [false, false, false]],
  ] as const)('false at %s level, with nothing stronger, switches retrying off', (_level, levels) => {
    expect(resolvePolicy(levels)).toBeUndefined();
  });

  test.each([
    ['the weakest', [false, { maxRetries: 2 }]],
    ['a middle one', [{ maxRetries: 1 }, false, { maxRetries: 2 }]],
    ['every weaker', [false, false, { maxRetries: 2 }]],
  ] as const)('an object over a false at %s level switches retrying on again', (_level, levels) => {
    expect(resolvePolicy(levels)).toMatchObject({ maxRetries: 2, statuses: resolved().statuses });
  });

  test('an empty object switches it on again, too', () => {
    expect(resolvePolicy([false, {}])).toEqual(resolved());
  });

  test('a level below a false is checked all the same', () => {
    expect(() => resolvePolicy([{ maxRetries: -1 }, false])).toThrow(RangeError);
  });

  test('no level is mutated', () => {
    const levels: RetryPolicy[] = [
      { backoff: { initialDelay: 1 }, statuses: [500], methods: ['get'] },
      { backoff: { maxDelay: 2, jitter: undefined as never }, statuses: undefined },
      {},
    ];
    const before = structuredClone(levels);
    resolvePolicy(frozen(levels));
    expect(levels).toEqual(before);
  });

  test('a resolved policy does not follow its levels when they are changed later', () => {
    const level = { maxRetries: 1, backoff: { maxDelay: 2 }, statuses: [500], methods: ['GET'] };
    const policy = resolved(level);
    Object.assign(level, { maxRetries: 9 });
    level.backoff.maxDelay = 9;
    level.statuses.push(501);
    level.methods.push('POST');
    expect(policy).toMatchObject({ maxRetries: 1, backoff: { maxDelay: 2 } });
    expect([...policy.statuses, ...policy.methods]).toEqual([500, 'get']);
  });
});

describe('what is allowed', () => {
  test.each<[string, RetryPolicy]>([
    ['no retries', { maxRetries: 0 }],
    ['endless retries', { maxRetries: Number.POSITIVE_INFINITY }],
    ['no delay', { backoff: { initialDelay: 0, maxDelay: 0 } }],
    ['a fraction of a millisecond', { backoff: { initialDelay: 0.5 } }],
    ['a multiplier of 1', { backoff: { multiplier: 1 } }],
    ['a fraction in the multiplier', { backoff: { multiplier: 1.5 } }],
    ['full jitter', { backoff: { jitter: 'full' } }],
    ['equal jitter', { backoff: { jitter: 'equal' } }],
    ['decorrelated jitter', { backoff: { jitter: 'decorrelated' } }],
    ['no jitter', { backoff: { jitter: 'none' } }],
    ['a source of randomness', { backoff: { random: () => 0 } }],
    ['never to wait for the server', { maxRetryAfter: 0 }],
    ['to wait for the server however long it says', { maxRetryAfter: Number.POSITIVE_INFINITY }],
    ['a time budget of a fraction of a millisecond', { timeBudget: 0.5 }],
    ['the lowest and the highest status', { statuses: [100, 599] }],
    ['no statuses', { statuses: [] }],
    ['no methods', { methods: [] }],
    ['no idempotency key', { idempotencyKey: false }],
    ['an idempotency key', { idempotencyKey: '8e03978e-40d5-43dd-bc93-6894a57f9324' }],
    ['an idempotency key of one character', { idempotencyKey: '~' }],
    ['an idempotency key with a space inside', { idempotencyKey: '"a b"' }],
    ['a function for the idempotency key', { idempotencyKey: () => 'key' }],
    ['every character of a header name', { idempotencyKeyHeader: "aZ09!#$%&'*+-.^_`|~" }],
    ['no budget', { budget: false }],
    ['a budget of one’s own', { budget: { tryAcquire: () => true, recordSuccess() {}, refund() {} } }],
    ['not to be held', { patience: 0, maxHeld: 0 }],
    ['to be held for ever', { patience: Number.POSITIVE_INFINITY }],
    ['not to be held for any time', { maxQueueTime: 0 }],
  ])('%s', (_what, policy) => {
    expect(() => resolvePolicy([policy])).not.toThrow();
  });
});

describe('a bad value is refused with an error that names the field, the value and what is allowed', () => {
  const NOT_NUMBERS: unknown[] = [null, '5', '', true, [], {}, () => 1, 5n, Symbol('five')];
  const wrongTypes = (values: unknown[], allowed: string) =>
    values.map((value) => [value, TypeError, allowed] as const);

  type Refusal = readonly [value: unknown, type: typeof TypeError | typeof RangeError, allowed: string];
  const durations = (allowed: string): Refusal[] => [
    ...wrongTypes(NOT_NUMBERS, 'must be a number of milliseconds'),
    [-1, RangeError, allowed],
    [-Number.MIN_VALUE, RangeError, allowed],
    [Number.NaN, RangeError, allowed],
    [Number.NEGATIVE_INFINITY, RangeError, allowed],
  ];
  const finiteDurations: Refusal[] = [
    ...durations('must be a finite number of at least 0 milliseconds'),
    [Number.POSITIVE_INFINITY, RangeError, 'must be a finite number of at least 0 milliseconds'],
  ];
  const counts: Refusal[] = [
    ...wrongTypes(NOT_NUMBERS, 'must be a number'),
    ...[-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY].map(
      (value) => [value, RangeError, 'must be a whole number of at least 0, or Infinity'] as const,
    ),
  ];
  const functions = wrongTypes([null, true, 5, 'log', {}, []], 'must be a function');
  const headerNames: Refusal[] = [
    ...wrongTypes([null, true, 5, {}, ['X-Key']], 'must be a string'),
    ...['', ' ', 'X Key', 'X:Key', 'Schlüssel', 'X-Key\r\nEvil', '(key)'].map(
      (value) => [value, RangeError, 'must be the name of an HTTP header'] as const,
    ),
  ];

  const REFUSED: Record<string, Refusal[]> = {
    maxRetries: counts,
    backoff: wrongTypes(
      [null, 5, 'full', true, []],
      'must be a function or an object with any of initialDelay, maxDelay, multiplier, jitter, random',
    ),
    'backoff.initialDelay': finiteDurations,
    'backoff.maxDelay': finiteDurations,
    'backoff.multiplier': [
      ...wrongTypes(NOT_NUMBERS, 'must be a number;'),
      ...[0, 0.999, -2, Number.NaN, Number.POSITIVE_INFINITY].map(
        (value) => [value, RangeError, 'must be a finite number of at least 1;'] as const,
      ),
    ],
    'backoff.jitter': wrongTypes(
      ['Full', '', 'random', null, true, 1],
      'must be one of "full", "equal", "decorrelated", "none"',
    ),
    'backoff.random': functions,
    maxRetryAfter: durations('must be at least 0 milliseconds'),
    timeBudget: [...finiteDurations, [0, RangeError, 'must be more than 0 milliseconds']],
    isRetryable: functions,
    statuses: [
      ...wrongTypes([null, 503, '503', {}, new Set([503])], 'must be an array of statuses from 100 to 599'),
      ...[[99], [600], [503.5], ['503'], [503, null], [Number.NaN], new Array(1)].map(
        (value) => [value, RangeError, 'must hold only statuses from 100 to 599'] as const,
      ),
    ],
    methods: [
      ...wrongTypes([null, 'GET', {}, new Set(['GET'])], 'must be an array of names of HTTP methods'),
      ...[[''], ['GET '], ['GET', 5], [null], ['GET,PUT'], ['GÉT']].map(
        (value) => [value, RangeError, 'must hold only names of HTTP methods'] as const,
      ),
    ],
    idempotencyKey: [
      ...wrongTypes([null, 5, {}, []], 'must be a string'),
      ...['', ' ', ' a', 'a ', 'a\tb', 'a\r\nEvil: yes', 'schlüssel', 'a\u007f'].map(
        (value) => [value, RangeError, 'must be at least one character of visible ASCII'] as const,
      ),
    ],
    idempotencyKeyHeader: headerNames,
    attemptHeader: headerNames,
    budget: wrongTypes(
      [
        null,
        true,
        5,
        {},
        [],
        { tryAcquire() {} },
        { tryAcquire() {}, recordSuccess() {}, refund: true },
        RetryBudget,
      ],
      'must be false, a RetryBudget, or an object with tryAcquire(), recordSuccess() and refund()',
    ),
    patience: durations('must be at least 0 milliseconds'),
    maxHeld: counts,
    holdNewCalls: wrongTypes([true, 'stall', '', null, 0], 'must be one of "stalled", "rate-limited", false'),
    maxQueueTime: finiteDurations,
    onRetry: functions,
    onGiveUp: functions,
    onSettled: functions,
    observer: wrongTypes([null, true, () => {}, []], 'must be an object with any of settled, run'),
    'observer.settled': functions,
    'observer.run': functions,
    judge: functions,
    nextAttempt: functions,
    retryAccepted: wrongTypes(['true', null, 1], 'must be one of true, false'),
  };

  const cases = Object.entries(REFUSED).flatMap(([field, refusals]) =>
    refusals.map(([value, ...refused]) => [field, inspect(value), value, ...refused] as const),
  );

  test.each(cases)('%s: %s', (field, _shown, value, type, allowed) => {
    const path = field.split('.');
    const policy = path.reduceRight((inner, name) => ({ [name]: inner }), value) as object;
    const error = refusal(policy);
    expect(error).toBeInstanceOf(type);
    // An array is refused for one of its items, which is the value to name.
    const item = Array.isArray(value) && type === RangeError ? value.at(-1) : value;
    expect(error.message).toMatch(new RegExp(`^retryPolicy\\.${field.replace('.', '\\.')} `));
    expect(error.message).toContain(allowed);
    expect(
      error.message.endsWith(`${type === RangeError && Array.isArray(value) ? 'is' : 'got'} ${show(item)}`),
    ).toBe(true);
  });

  test('each field has such a test', () => {
    const fields = Object.keys(REFUSED).filter((field) => !field.includes('.'));
    expect(fields.sort()).toEqual(Object.keys(resolved()).sort());
    const ofBackoff = Object.keys(REFUSED).flatMap((field) => /^backoff\.(.+)/.exec(field)?.[1] ?? []);
    expect(ofBackoff.sort()).toEqual(Object.keys(DEFAULT_BACKOFF).sort());
  });

  test('a list says which of its items is bad', () => {
    expect(refusal({ statuses: [503, 504, 5] }).message).toContain('item 2 is 5');
    expect(refusal({ methods: ['GET', 'P UT'] }).message).toContain('item 1 is "P UT"');
  });

  test.each([null, true, 5, 'fast', Symbol('fast'), [], () => {}])('a policy that is %p', (policy) => {
    expect(refusal(policy)).toBeInstanceOf(TypeError);
    expect(refusal(policy).message).toMatch(
      /^retryPolicy must be false or an object with any of maxRetries, backoff, /,
    );
    expect(refusal(policy).message.endsWith(`got ${show(policy)}`)).toBe(true);
  });
});

describe('an unknown field is refused with the nearest one there is', () => {
  test.each([
    // Misspelt.
    ['maxRetry', 'maxRetries'],
    ['maxretries', 'maxRetries'],
    ['MAX_RETRIES', 'maxRetries'],
    ['STATUSES', 'statuses'],
    ['backof', 'backoff'],
    ['timeBudgetMs', 'timeBudget'],
    ['status', 'statuses'],
    ['method', 'methods'],
    ['idempotencyKeyheader', 'idempotencyKeyHeader'],
    ['retryable', 'isRetryable'],
    ['onGiveup', 'onGiveUp'],
    ['retryBudget', 'budget'],
    ['whenBudgetEmpty', 'patience'],
    // Of this library, one level too high.
    ['initialDelay', 'backoff.initialDelay'],
    ['maxDelay', 'backoff.maxDelay'],
    ['multiplier', 'backoff.multiplier'],
    ['jitter', 'backoff.jitter'],
    ['random', 'backoff.random'],
    // axios-retry
    ['retries', 'maxRetries'],
    ['retryDelay', 'backoff'],
    ['retryCondition', 'isRetryable'],
    ['onMaxRetryTimesExceeded', 'onGiveUp'],
    ['shouldResetTimeout', 'timeBudget'],
    ['validateResponse', 'judge'],
    ['retryAfter', 'maxRetryAfter'],
    // retry-axios
    ['retry', 'maxRetries'],
    ['noResponseRetries', 'maxRetries'],
    ['maxRetryDelay', 'backoff.maxDelay'],
    ['backoffType', 'backoff'],
    ['httpMethodsToRetry', 'methods'],
    ['statusCodesToRetry', 'statuses'],
    ['onRetryAttempt', 'onRetry'],
    ['shouldRetry', 'isRetryable'],
    // got and ky
    ['limit', 'maxRetries'],
    ['statusCodes', 'statuses'],
    ['afterStatusCodes', 'statuses'],
    ['errorCodes', 'isRetryable'],
    ['calculateDelay', 'backoff'],
    ['delay', 'backoff'],
    ['backoffLimit', 'backoff.maxDelay'],
    ['retryOnTimeout', 'isRetryable'],
    // p-retry, retry, cockatiel
    ['maxAttempts', 'maxRetries'],
    ['factor', 'backoff.multiplier'],
    ['minTimeout', 'backoff.initialDelay'],
    ['maxTimeout', 'backoff.maxDelay'],
    ['randomize', 'backoff.jitter'],
    ['maxRetryTime', 'timeBudget'],
    ['onFailedAttempt', 'onRetry'],
    ['exponent', 'backoff.multiplier'],
    ['onSuccess', 'onSettled'],
    ['onError', 'onRetry'],
  ])('%s: %s', (unknown, nearest) => {
    for (const value of [1, undefined]) {
      const error = refusal({ maxRetries: 1, [unknown]: value });
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toBe(
        `retryPolicy.${unknown} is not an option; did you mean retryPolicy.${nearest}?`,
      );
    }
  });

  test.each([
    ['initial', 'initialDelay'],
    ['maxdelay', 'maxDelay'],
    ['mulitplier', 'multiplier'],
    ['jitters', 'jitter'],
    ['factor', 'multiplier'],
    ['base', 'initialDelay'],
    ['baseDelay', 'initialDelay'],
    ['delay', 'initialDelay'],
    ['retryDelay', 'initialDelay'],
    ['max', 'maxDelay'],
    ['limit', 'maxDelay'],
    ['minTimeout', 'initialDelay'],
    ['maxTimeout', 'maxDelay'],
  ])('backoff.%s: %s', (unknown, nearest) => {
    expect(refusal({ backoff: { [unknown]: 1 } }).message).toBe(
      `retryPolicy.backoff.${unknown} is not an option; did you mean retryPolicy.backoff.${nearest}?`,
    );
  });

  test('one that shares half of its letters is near enough', () => {
    expect(refusal({ patixxxx: 1 }).message).toMatch(/did you mean retryPolicy\.patience\?$/);
    expect(refusal({ patxxxxx: 1 }).message).toMatch(/there are maxRetries/);
  });

  test.each([
    ['foo', { foo: 1 }],
    ['toString', { toString: 1 }],
    ['cache', { cache: 1 }],
    ['httpsAgent', { httpsAgent: 1 }],
    ['x', { x: 1 }],
    ['', { '': 1 }],
  ])('%s is like none, so none is suggested: all are listed', (unknown, policy) => {
    expect(refusal(policy).message).toMatch(
      new RegExp(`^retryPolicy.${unknown} is not an option; there are maxRetries, backoff, .*, observer$`),
    );
  });

  test.each(['retries', 'statuses', 'timeBudget'])(
    'nor is backoff.%s, which is of another level',
    (unknown) => {
      expect(refusal({ backoff: { [unknown]: 1 } }).message).toBe(
        `retryPolicy.backoff.${unknown} is not an option; there are initialDelay, maxDelay, multiplier, jitter, random`,
      );
    },
  );

  test('a whole policy inside a policy is to be its fields', () => {
    expect(refusal({ retryPolicy: { maxRetries: 1 } }).message).toBe(
      'retryPolicy.retryPolicy is not an option; what is in it goes here, without that name',
    );
  });
});

describe('a policy from JSON.parse', () => {
  test.each([
    '{"__proto__": {"maxRetries": 9, "polluted": true}}',
    '{"constructor": {"prototype": {"polluted": true}}}',
    '{"prototype": {"polluted": true}}',
    '{"toString": 1}',
    '{"hasOwnProperty": 1}',
    '{"backoff": {"__proto__": {"maxDelay": 9, "polluted": true}}}',
    '{"backoff": {"constructor": {"prototype": {"polluted": true}}}}',
  ])('%s is refused, at any level, and pollutes nothing', (json) => {
    for (const levels of [
      [JSON.parse(json)],
      [{ maxRetries: 1 }, JSON.parse(json)],
      [JSON.parse(json), {}, {}],
    ]) {
      expect(() => resolvePolicy(levels)).toThrow(TypeError);
      expect(() => resolvePolicy(levels)).toThrow(/is not an option/);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(resolved().maxRetries).toBe(5);
    expect(resolved().backoff).toEqual(DEFAULT_BACKOFF);
  });

  test('with fields that are known is as good as any', () => {
    expect(resolved(JSON.parse('{"maxRetries": 1, "backoff": {"maxDelay": 2}}'))).toMatchObject({
      maxRetries: 1,
      backoff: { maxDelay: 2 },
    });
  });

  test('may have no prototype', () => {
    expect(resolved(Object.assign(Object.create(null), { maxRetries: 1 })).maxRetries).toBe(1);
  });
});

describe('a value in a message', () => {
  test.each([
    ['text', '"text"'],
    ['say "hi"\n', '"say \\"hi\\"\\n"'],
    ['x'.repeat(60), `"${'x'.repeat(60)}"`],
    ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
    [5, '5'],
    [-0.5, '-0.5'],
    [Number.NaN, 'NaN'],
    [5n, '5n'],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('five'), 'Symbol(five)'],
    [() => 'secret', 'a function'],
    [['secret'], 'an array'],
    [{ secret: 1 }, 'an object'],
  ])('%j is shown as %s', (value, text) => {
    expect(show(value)).toBe(text);
  });
});

describe('what only looks like a policy without fields', () => {
  test.each([
    ['a promise that nobody awaited', Promise.resolve({ maxRetries: 1 })],
    ['a Map', new Map([['maxRetries', 1]])],
    ['a Date', new Date(0)],
  ])('%s is refused', (_what, value) => {
    expect(() => resolvePolicy([value as never])).toThrow(
      /^retryPolicy must be false or an object with any of maxRetries, .*; got an object$/,
    );
  });

  test('an instance of a class is taken by its fields', () => {
    class Policy {
      maxRetries = 7;
    }
    expect(resolvePolicy([new Policy()])?.maxRetries).toBe(7);
  });
});
