/**
 * Clear words about bad options: the field, its value, what is allowed.
 */

/** Throws unless the value is allowed. `field` is its full name, such as `retryPolicy.maxRetries`. */
export type Check = (value: unknown, field: string) => void;

/**
 * What has other names elsewhere (axios-retry, retry-axios, got, ky, p-retry, cockatiel), or is one level deeper here, by what it is
 * called here; of several, the first that there is where the name was found.
 */
const KNOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  maxRetries: 'retry noResponseRetries limit max maxAttempts',
  backoff: 'delay retryDelay calculateDelay',
  'backoff.initialDelay': 'initialDelay initial base baseDelay minTimeout delay retryDelay',
  'backoff.maxDelay': 'maxDelay maxRetryDelay maxTimeout backoffLimit limit max',
  'backoff.multiplier': 'multiplier factor exponent',
  'backoff.jitter': 'jitter randomize',
  'backoff.random': 'random',
  timeBudget: 'maxRetryTime shouldResetTimeout',
  judge: 'validateResponse',
  methods: 'httpMethodsToRetry',
  statuses: 'statusCodesToRetry',
  isRetryable: 'retryCondition shouldRetry errorCodes retryOnTimeout',
  budget: 'retryBudget',
  onRetry: 'onError onRetryAttempt onFailedAttempt',
  onGiveUp: 'onMaxRetryTimesExceeded',
  patience: 'whenBudgetEmpty',
  onSettled: 'onSuccess',
  maxTokens: 'capacity',
};

/**
 * Checks an object's fields against a table; an unknown one is refused with the nearest known name.
 * @param alternative what is allowed in place of an object
 */
export function checkFields(
  value: unknown,
  name: string,
  table: Readonly<Record<string, Check>>,
  alternative?: string,
): void {
  // A Map or a promise that nobody awaited would pass for an object without fields.
  if (Object.prototype.toString.call(value) !== '[object Object]') {
    const what = `${alternative ? `${alternative} or ` : ''}an object`;
    throw new TypeError(
      `${name} must be ${what} with any of ${Object.keys(table).join(', ')}; got ${show(value)}`,
    );
  }
  for (const [key, field] of Object.entries(value as object)) {
    const check = Object.hasOwn(table, key) ? table[key] : undefined;
    if (!check) {
      throw new TypeError(`${name}.${key} is not an option; ${hint(key, name, Object.keys(table))}`);
    }
    if (field !== undefined) check(field, `${name}.${key}`);
  }
}

/** A finite number of `low` or more (or Infinity); NaN is never allowed. `unit` is such as ` milliseconds`. */
export function numberFrom(low: number, unit = '', { orInfinity = false } = {}): Check {
  return (value, field) => {
    if (typeof value !== 'number')
      throw new TypeError(`${field} must be a number${unit && ` of${unit}`}; got ${show(value)}`);
    if (!(value >= low) || (value === Number.POSITIVE_INFINITY && !orInfinity)) {
      const range = orInfinity ? 'at least' : 'a finite number of at least';
      throw new RangeError(`${field} must be ${range} ${low}${unit}; got ${show(value)}`);
    }
  };
}

/** A finite number of milliseconds, 0 or more (or more than 0). */
export function milliseconds({ positive = false } = {}): Check {
  return (value, field) => {
    numberFrom(0, ' milliseconds')(value, field);
    if (positive && value === 0) throw new RangeError(`${field} must be more than 0 milliseconds; got 0`);
  };
}

/** A whole number, 0 or more, or Infinity. */
export const countOrInfinity: Check = (value, field) => {
  if (typeof value !== 'number') throw new TypeError(`${field} must be a number; got ${show(value)}`);
  if (!(value >= 0) || !(Number.isInteger(value) || value === Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${field} must be a whole number of at least 0, or Infinity; got ${show(value)}`);
  }
};

export const aFunction: Check = (value, field) => {
  if (typeof value !== 'function') throw new TypeError(`${field} must be a function; got ${show(value)}`);
};

export function oneOf(...allowed: readonly unknown[]): Check {
  return (value, field) => {
    if (!allowed.includes(value)) {
      throw new TypeError(`${field} must be one of ${allowed.map(show).join(', ')}; got ${show(value)}`);
    }
  };
}

/** An array whose every item passes `test`; `what` describes such items. */
export function arrayOf(what: string, test: (item: unknown) => boolean): Check {
  return (value, field) => {
    if (!Array.isArray(value))
      throw new TypeError(`${field} must be an array of ${what}; got ${show(value)}`);
    const bad = value.findIndex((item) => !test(item));
    if (bad >= 0) throw new RangeError(`${field} must hold only ${what}; item ${bad} is ${show(value[bad])}`);
  };
}

/** A header's name: a token of RFC 9110 section 5.6.2. */
export const headerName: Check = (value, field) => {
  if (typeof value !== 'string') throw new TypeError(`${field} must be a string; got ${show(value)}`);
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(value)) {
    throw new RangeError(`${field} must be the name of an HTTP header; got ${show(value)}`);
  }
};

/** An idempotency key: a string that a header may carry as it is. */
export const idempotencyKeyValue: Check = (value, field) => {
  if (typeof value !== 'string') throw new TypeError(`${field} must be a string; got ${show(value)}`);
  if (!/^[!-~]([ -~]*[!-~])?$/.test(value)) {
    throw new RangeError(
      `${field} must be at least one character of visible ASCII, spaces only inside; got ${show(value)}`,
    );
  }
};

/** Throws unless it has what is used of an axios instance; says what a mock lacks. */
export function checkInstance(instance: unknown): void {
  const { request, interceptors } = (instance ?? {}) as {
    request?: unknown;
    interceptors?: Partial<Record<'request' | 'response', { use?: unknown }>>;
  };
  const parts = {
    'request()': request,
    'interceptors.request.use()': interceptors?.request?.use,
    'interceptors.response.use()': interceptors?.response?.use,
  };
  const missing = Object.entries(parts).flatMap(([name, part]) => (typeof part === 'function' ? [] : name));
  if (missing.length === 0) return;
  const without = instance instanceof Object ? ` without ${missing.join(', ')}` : '';
  throw new TypeError(
    `attachRetry needs an axios instance, such as axios.create() returns; got ${show(instance)}${without}`,
  );
}

/** A value as it would be written in code, short enough for a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function hint(key: string, name: string, known: readonly string[]): string {
  // A policy as it stands on a config, spread or passed with its name.
  if (key === name) return 'what is in it goes here, without that name';
  const meant = knownElsewhere(key, known) ?? nearest(key, known);
  return meant ? `did you mean ${name}.${meant}?` : `there are ${known.join(', ')}`;
}

function knownElsewhere(key: string, known: readonly string[]): string | undefined {
  for (const [path, names] of Object.entries(KNOWN_ELSEWHERE)) {
    const parts = path.split('.');
    const level = parts.findIndex((part) => known.includes(part));
    if (level >= 0 && names.split(' ').includes(key)) return parts.slice(level).join('.');
  }
  return undefined;
}

/** The one that is like it most, if less than half of it is different. */
function nearest(key: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({ candidate, distance: editDistance(key, candidate) }));
  const best = ranked.reduce((best, next) => (next.distance < best.distance ? next : best));
  return best.distance <= key.length / 2 ? best.candidate : undefined;
}

/** Levenshtein's distance, upper and lower case being the same. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1]?.toLowerCase() === b[j - 1]?.toLowerCase();
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
