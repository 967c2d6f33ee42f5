/**
 * What a response's headers say about when to return. All times in milliseconds.
 *
 * | header | forms | source |
 * |---|---|---|
 * | `retry-after-ms` | a number of milliseconds | Azure, OpenAI |
 * | `Retry-After` | whole seconds, or an HTTP-date | RFC 9110 sections 10.2.3 and 5.6.7 |
 * | `RateLimit-Reset` | whole seconds | draft-ietf-httpapi-ratelimit-headers up to 06 |
 * | `RateLimit` | `"name";r=0;t=30`, or `limit=9, remaining=0, reset=30` | the same draft from 08, and 07 |
 * | `X-RateLimit-Reset` | seconds, or the epoch in seconds or milliseconds | GitHub, Twitter and others |
 *
 * What is malformed or negative is ignored, and so are what names no time to come, what is longer than 1 KB, and the
 * reset of a quota with something left: servers send how a quota stands with every answer, and have us wait only where it
 * is used up. What is left is said by `r` or `remaining`, or by `RateLimit-Remaining` and `X-RateLimit-Remaining`.
 */
import type { DelaySource } from '../policy/events';

export interface ServerHint {
  /** Milliseconds, more than 0. */
  readonly delay: number;
  readonly source: Exclude<DelaySource, 'backoff'>;
}

/** As much of axios' response as is read. */
export interface ResponseLike {
  readonly status?: number;
  readonly headers?: unknown;
  readonly request?: unknown;
}

/** From here on a number of seconds must be an epoch: as a wait it would be 31 years. */
const EPOCH_SECONDS = 1e9;
const EPOCH_MILLISECONDS = 1e12;
/** Characters. What is longer says nothing that a few words could not, and may be meant to keep its reader busy. */
const LONGEST_HINT = 1_024;

/** The wait that the response names, if it names one that is not over yet. */
export function serverHint(response: ResponseLike): ServerHint | undefined {
  const header = (name: string) => responseHeaderOf(response.headers, name);
  const serverNow = () => httpDate(header('date')) ?? Date.now();
  const unlessLeft = (remaining: string, reset: number | undefined) =>
    Number(decimal(header(remaining))) > 0 ? undefined : reset;
  const xReset = () => secondsOrEpoch(header('x-ratelimit-reset'), serverNow);
  const named = (source: ServerHint['source'], delay: number | undefined) =>
    delay === undefined ? undefined : { source, delay };

  const hint =
    named('retry-after-ms', decimal(header('retry-after-ms'))) ??
    named('retry-after', retryAfter(header('retry-after'), serverNow)) ??
    (response.status === 429 || response.status === 503
      ? (named('ratelimit-reset', unlessLeft('ratelimit-remaining', seconds(header('ratelimit-reset')))) ??
        named('ratelimit', rateLimit(header('ratelimit'))) ??
        named('x-ratelimit-reset', unlessLeft('x-ratelimit-remaining', xReset())))
      : undefined);
  return hint && hint.delay > 0 ? hint : undefined;
}

/** A response's header that is no longer than a hint, under its name or as axios-case-converter calls it: `retryAfter`. */
export function responseHeaderOf(headers: unknown, name: string): string | undefined {
  const value = headerOf(headers, name) ?? headerOf(headers, name.replaceAll('-', ''));
  return value === undefined || value.length > LONGEST_HINT ? undefined : value;
}

/** A header's value, from axios' AxiosHeaders or from a plain object as mocks and custom adapters give them. */
export function headerOf(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  // The last one, where there are several of different case: it is the one that axios sends.
  const key = Object.keys(headers).findLast((candidate) => candidate.toLowerCase() === name);
  const value = key === undefined ? undefined : (headers as Record<string, unknown>)[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : undefined;
}

function decimal(value: string | undefined): number | undefined {
  return value && /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

function seconds(value: string | undefined): number | undefined {
  return value && /^\d+$/.test(value) ? Number(value) * 1000 : undefined;
}

function retryAfter(value: string | undefined, serverNow: () => number): number | undefined {
  const date = httpDate(value);
  return date === undefined ? seconds(value) : date - serverNow();
}

function secondsOrEpoch(value: string | undefined, serverNow: () => number): number | undefined {
  const amount = decimal(value);
  if (amount === undefined || amount < EPOCH_SECONDS) return amount && amount * 1000;
  return (amount < EPOCH_MILLISECONDS ? amount * 1000 : amount) - serverNow();
}

/**
 * The longest `t` (or `reset`) of the quotas that are used up, or where none says it is, of those that do not say what is left.
 * Each comma-separated item is one quota; in the older form all items together are one.
 */
export function rateLimit(value: string | undefined): number | undefined {
  if (!value) return undefined;
  // A quota's name is any string, commas and semicolons included. One that is never closed has the rest of the header: to
  // look for the end of each anew would take the square of its length.
  const unnamed = value.replace(/"(?:[^"\\]|\\.)*(?:"|\\?$)/gs, '""');
  const quotas = (/(^|[\s,])reset=/.test(unnamed) ? [unnamed] : unnamed.split(',')).map((quota) => ({
    remaining: /[;,\s](?:r|remaining)=(\d+)/.exec(`;${quota}`)?.[1],
    reset: /[;,\s](?:t|reset)=(\d+)(?![\d.])/.exec(`;${quota}`)?.[1],
  }));
  const usedUp = quotas.filter(({ remaining }) => Number(remaining) === 0);
  const silent = quotas.filter(({ remaining }) => remaining === undefined);
  return longest(usedUp.length > 0 ? usedUp : silent);
}

function longest(quotas: readonly { reset: string | undefined }[]): number | undefined {
  let most: number | undefined;
  for (const { reset } of quotas) {
    if (reset !== undefined) most = Math.max(most ?? 0, Number(reset) * 1000);
  }
  return most;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';
/** RFC 9110 section 5.6.7; recipients must accept all three. Names of days are not checked against the date. */
const HTTP_DATES = [
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(
    `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`,
  ),
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
];

/** Milliseconds since the epoch; undefined for anything but the three forms of HTTP-date. */
export function httpDate(value: string | undefined): number | undefined {
  if (!value) return undefined;
  const fields = HTTP_DATES.map((form) => form.exec(value)?.groups).find((groups) => groups !== undefined);
  if (!fields) return undefined;
  const [day, hour, minute, second] = [fields.day, fields.hour, fields.minute, fields.second].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  // 60 is a leap second; Date.UTC carries it into the next minute, as it would a 31st of February.
  if (day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  const month = MONTHS.indexOf(fields.month ?? '');
  return Date.UTC(fullYear(fields.year ?? ''), month, day, hour, minute, second);
}

/** A two-digit year that would lie more than 50 years ahead is of the century before. */
function fullYear(year: string): number {
  if (year.length === 4) return Number(year);
  const thisYear = new Date(Date.now()).getUTCFullYear();
  const guess = thisYear - (thisYear % 100) + Number(year);
  return guess > thisYear + 50 ? guess - 100 : guess;
}
