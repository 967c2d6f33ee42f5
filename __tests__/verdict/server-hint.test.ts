import { AxiosHeaders } from 'axios';
import { headerOf, httpDate, serverHint } from '../../lib/verdict/server-hint';

const NOW = Date.UTC(2030, 0, 2, 3, 4, 5);
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
});
afterEach(() => {
  jest.useRealTimers();
});

/** What a 503 with these headers says. */
function hintOf(headers: Record<string, string>, status = 503) {
  return serverHint({ status, headers: new AxiosHeaders(headers) });
}

/** An instant in the three forms of HTTP-date. */
function imfFixdate(time: number): string {
  return new Date(time).toUTCString();
}
const NAMES_OF_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
function rfc850Date(time: number): string {
  const [, day, month, year, clock] = imfFixdate(time).split(' ') as [string, string, string, string, string];
  return `${NAMES_OF_DAYS[new Date(time).getUTCDay()]}, ${day}-${month}-${year.slice(2)} ${clock} GMT`;
}
function asctimeDate(time: number): string {
  const [name, day, month, year, clock] = imfFixdate(time).split(' ') as [
    string,
    string,
    string,
    string,
    string,
  ];
  return `${name.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${clock} ${year}`;
}

test('a response without any of the headers says nothing', () => {
  expect(hintOf({ 'content-type': 'text/plain', date: imfFixdate(NOW) })).toBeUndefined();
});

test('a response without headers at all says nothing', () => {
  expect(serverHint({ status: 503 })).toBeUndefined();
  expect(serverHint({ status: 503, headers: null })).toBeUndefined();
  expect(serverHint({ status: 503, headers: 'retry-after: 5' })).toBeUndefined();
});

describe('retry-after-ms', () => {
  test.each([
    ['1500', 1_500],
    ['1', 1],
    ['0.5', 0.5],
    ['12.25', 12.25],
    ['  20  ', 20],
    ['120000', 120_000],
  ])('%p is a number of milliseconds', (value, delay) => {
    expect(hintOf({ 'retry-after-ms': value })).toEqual({ delay, source: 'retry-after-ms' });
  });

  test.each(['', '-1', '+1', '1e3', '0x10', 'abc', '1s', '1,000', '.5', '5.', 'NaN', 'Infinity', '1 2'])(
    '%p is malformed and ignored',
    (value) => {
      expect(hintOf({ 'retry-after-ms': value })).toBeUndefined();
      expect(hintOf({ 'retry-after-ms': value, 'retry-after': '3' })).toEqual({
        delay: 3_000,
        source: 'retry-after',
      });
    },
  );

  test.each(['0', '0.0', '00'])('%p is no wait, whatever the other headers say', (value) => {
    expect(hintOf({ 'retry-after-ms': value, 'retry-after': '3' })).toBeUndefined();
  });
});

describe('Retry-After as seconds', () => {
  test.each([
    ['1', 1_000],
    ['120', 120_000],
    ['007', 7_000],
    [' 5 ', 5_000],
  ])('%p is a number of seconds', (value, delay) => {
    expect(hintOf({ 'retry-after': value })).toEqual({ delay, source: 'retry-after' });
  });

  test.each(['', '-5', '+5', '1.5', '1e2', '5s', '0x5', '5, 10', 'soon', 'NaN', 'Infinity', '٣'])(
    '%p is malformed and ignored',
    (value) => {
      expect(hintOf({ 'retry-after': value })).toBeUndefined();
    },
  );

  test('0 is no wait', () => {
    expect(hintOf({ 'retry-after': '0' })).toBeUndefined();
  });

  test('a wait that no number can hold is Infinity, and so not to be waited for', () => {
    expect(hintOf({ 'retry-after': '9'.repeat(400) })?.delay).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([200, 301, 408, 413, 425, 429, 500, 502, 503])('it is read on a %i', (status) => {
    expect(hintOf({ 'retry-after': '5' }, status)?.delay).toBe(5_000);
  });
});

describe.each([
  ['an IMF-fixdate', imfFixdate, 'Wed, 02 Jan 2030 03:04:15 GMT'],
  ['an RFC 850 date', rfc850Date, 'Wednesday, 02-Jan-30 03:04:15 GMT'],
  ['an asctime date', asctimeDate, 'Wed Jan  2 03:04:15 2030'],
])('Retry-After as %s', (_form, write, example) => {
  test(`${example} is that instant`, () => {
    expect(write(NOW + 10 * SECOND)).toBe(example);
    expect(hintOf({ 'retry-after': example })).toEqual({ delay: 10_000, source: 'retry-after' });
  });

  test('it is taken against the Date header of a server whose clock is ahead', () => {
    const serverNow = NOW + DAY;
    const headers = { date: imfFixdate(serverNow), 'retry-after': write(serverNow + 10 * SECOND) };
    expect(hintOf(headers)?.delay).toBe(10_000);
  });

  test('it is taken against the Date header of a server whose clock is behind', () => {
    const serverNow = NOW - DAY;
    const headers = { date: imfFixdate(serverNow), 'retry-after': write(serverNow + 10 * SECOND) };
    expect(hintOf(headers)?.delay).toBe(10_000);
  });

  test('it is taken against the own clock where the Date header is malformed', () => {
    expect(hintOf({ date: 'yesterday', 'retry-after': write(NOW + 10 * SECOND) })?.delay).toBe(10_000);
  });

  test('in the past, or now, it is no wait', () => {
    expect(hintOf({ 'retry-after': write(NOW - SECOND) })).toBeUndefined();
    expect(hintOf({ 'retry-after': write(NOW) })).toBeUndefined();
    const serverNow = NOW - HOUR;
    expect(hintOf({ date: write(serverNow), 'retry-after': write(serverNow) })).toBeUndefined();
  });

  test('the Date header may have that form as well', () => {
    const headers = { date: write(NOW + HOUR), 'retry-after': write(NOW + HOUR + SECOND) };
    expect(hintOf(headers)?.delay).toBe(1_000);
  });

  test('it is read the same on every day of the week and in every month', () => {
    for (let days = 1; days <= 366; days++) {
      expect(hintOf({ 'retry-after': write(NOW + days * DAY) })?.delay).toBe(days * DAY);
    }
  });
});

test('the example of RFC 9110 is the same instant in all three forms', () => {
  const instant = Date.UTC(1994, 10, 6, 8, 49, 37);
  expect(httpDate('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(instant);
  expect(httpDate('Sunday, 06-Nov-94 08:49:37 GMT')).toBe(instant);
  expect(httpDate('Sun Nov  6 08:49:37 1994')).toBe(instant);
});

test('a two-digit year is of this century, unless that is more than 50 years ahead', () => {
  const yearOf = (digits: string) =>
    new Date(httpDate(`Monday, 01-Jan-${digits} 00:00:00 GMT`) as number).getUTCFullYear();
  expect(yearOf('00')).toBe(2000);
  expect(yearOf('29')).toBe(2029);
  expect(yearOf('31')).toBe(2031);
  expect(yearOf('80')).toBe(2080);
  expect(yearOf('81')).toBe(1981);
  expect(yearOf('99')).toBe(1999);
});

test('the leap second, and a time at the very end of the day, are accepted', () => {
  expect(httpDate('Sat, 31 Dec 2016 23:59:60 GMT')).toBe(Date.UTC(2017, 0, 1));
  expect(httpDate('Sat, 31 Dec 2016 23:59:59 GMT')).toBe(Date.UTC(2017, 0, 1) - SECOND);
  expect(httpDate('Sat, 31 Dec 2016 00:00:00 GMT')).toBe(Date.UTC(2016, 11, 31));
});

test.each([
  '2030-01-02T03:04:15Z',
  '2030-01-02',
  'Jan 2, 2030',
  '1/2/2030',
  'Wed, 2 Jan 2030 03:04:15 GMT',
  'Wed, 02 Jan 30 03:04:15 GMT',
  'Wed, 02 Jan 2030 03:04 GMT',
  'Wed, 02 Jan 2030 3:04:15 GMT',
  'Wed, 02 Jan 2030 03:04:15',
  'Wed, 02 Jan 2030 03:04:15 UTC',
  'Wed, 02 Jan 2030 03:04:15 PST',
  'Wed, 02 Jan 2030 03:04:15 +0000',
  'Wed, 02 Jan 2030 03:04:15 GMT+1',
  'Wed, 02 Foo 2030 03:04:15 GMT',
  'wed, 02 jan 2030 03:04:15 gmt',
  'Xyz, 02 Jan 2030 03:04:15 GMT',
  '02 Jan 2030 03:04:15 GMT',
  'Wed, 00 Jan 2030 03:04:15 GMT',
  'Wed, 32 Jan 2030 03:04:15 GMT',
  'Wed, 02 Jan 2030 24:00:00 GMT',
  'Wed, 02 Jan 2030 03:60:15 GMT',
  'Wed, 02 Jan 2030 03:04:61 GMT',
  'Wed, 02-Jan-30 03:04:15 GMT',
  'Wednesday, 02-Jan-2030 03:04:15 GMT',
  'Wednesday, 02 Jan 30 03:04:15 GMT',
  'Wed Jan 2 03:04:15 2030',
  'Wed Jan  0 03:04:15 2030',
  'Wed Jan  2 03:04:15 30',
  'Wed Jan  2 03:04:15 2030 GMT',
  'Wed Jan  2 03:04:15 GMT 2030',
  '',
])('%p is no HTTP-date and ignored', (value) => {
  expect(httpDate(value)).toBeUndefined();
  expect(hintOf({ 'retry-after': value })).toBeUndefined();
});

describe('RateLimit-Reset', () => {
  test.each([429, 503])('on a %i it is a number of seconds', (status) => {
    expect(hintOf({ 'ratelimit-reset': '30' }, status)).toEqual({ delay: 30_000, source: 'ratelimit-reset' });
  });

  test.each(['', '-30', '1.5', 'soon', '30, 60'])('%p is malformed and ignored', (value) => {
    expect(hintOf({ 'ratelimit-reset': value })).toBeUndefined();
  });

  test('0 is no wait', () => {
    expect(hintOf({ 'ratelimit-reset': '0' })).toBeUndefined();
  });
});

describe('RateLimit', () => {
  test.each([
    ['"default";r=0;t=30', 30_000, 'a quota that is used up, in the structured form'],
    ['default;r=0;t=30', 30_000, 'a quota named by a token'],
    ['"default";t=30', 30_000, 'a quota that says nothing of what remains'],
    ['"default";t=30;r=0', 30_000, 'its parameters in any order'],
    ['"default"; r=0; t=30', 30_000, 'spaces after the semicolons'],
    ['"default";r=0;pk=:dHQ9NQ==:;t=30', 30_000, 'a partition key between'],
    ['"a";r=0;t=30, "b";r=0;t=60', 60_000, 'the longest of several that are used up'],
    ['"b";r=0;t=60,"a";r=0;t=30', 60_000, 'in any order'],
    ['"a";r=0;t=30, "b";r=5;t=3600', 30_000, 'not one that has some left'],
    ['"a";r=5;t=3600, "b";r=0;t=30', 30_000, 'wherever that one stands'],
    ['"a";r=0;t=30, "b";t=3600', 30_000, 'not one that says nothing of what remains'],
    ['"a";over=0;r=5;t=3600, "b";r=0;t=30', 30_000, 'not one with a parameter that ends like r'],
    ['"a";t=30, "b";t=60', 60_000, 'the longest of all where none says what remains'],
    [
      '"a";r=5;t=3600, "b";t=30',
      30_000,
      'one that says nothing of what remains beside one that has some left',
    ],
    ['limit=100, remaining=0, reset=30', 30_000, 'the older form'],
    ['limit=100,remaining=0,reset=30', 30_000, 'the older form without spaces'],
    ['reset=30', 30_000, 'the older form with nothing but a reset'],
    ['reset=30, limit=9', 30_000, 'the older form with the reset first'],
    ['reset=30, limit=9, remaining=0', 30_000, 'the older form with the reset first, used up'],
    ['limit=100;w=60, remaining=0, reset=30', 30_000, 'the older form with a window'],
    ['"a, b";r=0;t=30', 30_000, 'a comma in the name'],
    ['"x;r=9;t=5";r=0;t=30', 30_000, 'a name that looks like parameters'],
    ['"reset=5, ";r=0;t=30', 30_000, 'a name that looks like the older form'],
    ['"say \\"t\\";t=5";r=0;t=30', 30_000, 'a name with quotes in it'],
  ])('%s: %i ms (%s)', (value, delay) => {
    expect(hintOf({ ratelimit: value }, 429)).toEqual({ delay, source: 'ratelimit' });
    expect(hintOf({ ratelimit: value }, 503)).toEqual({ delay, source: 'ratelimit' });
  });

  test.each([
    '',
    '"default"',
    '"default";r=0',
    '"default";r=0;t=',
    '"default";r=0;t=-30',
    '"default";r=0;t=30.5',
    '"default";r=0;t=soon',
    '"default";r=0;rt=30',
    '"a";r=0, "b";r=5;t=3600',
    '"a";r=5;t=30, "b";r=7;t=60',
    '"a";r=1;t=30',
    'limit=100, remaining=5, reset=30',
    '"never closed;r=0;t=30',
    '"never closed \\',
    'limit=100, remaining=0',
    'limit=100, remaining=0, reset=-30',
    'limit=100, remaining=0, reset=soon',
    '30',
  ])('%s names no time and is ignored', (value) => {
    expect(hintOf({ ratelimit: value })).toBeUndefined();
  });

  test('t=0 is no wait', () => {
    expect(hintOf({ ratelimit: '"default";r=0;t=0' })).toBeUndefined();
  });
});

describe('X-RateLimit-Reset', () => {
  test.each([
    ['30', 30_000, 'seconds'],
    ['1.5', 1_500, 'seconds with a fraction'],
    ['999999999', 999_999_999_000, 'the most seconds that are no epoch'],
    [String((NOW + 30_000) / 1000), 30_000, 'the epoch in seconds'],
    [`${(NOW + 30_000) / 1000}.5`, 30_500, 'the epoch in seconds with a fraction'],
    [String(NOW + 30_000), 30_000, 'the epoch in milliseconds'],
    [String(NOW + 1), 1, 'the epoch in milliseconds, one ahead'],
  ])('%s: %i ms (%s)', (value, delay) => {
    expect(hintOf({ 'x-ratelimit-reset': value }, 429)).toEqual({ delay, source: 'x-ratelimit-reset' });
    expect(hintOf({ 'x-ratelimit-reset': value }, 503)).toEqual({ delay, source: 'x-ratelimit-reset' });
  });

  test('an epoch is taken against the Date header', () => {
    const date = imfFixdate(NOW - DAY);
    expect(hintOf({ date, 'x-ratelimit-reset': String((NOW - DAY) / 1000 + 30) })?.delay).toBe(30_000);
    expect(hintOf({ date, 'x-ratelimit-reset': String(NOW - DAY + 30_000) })?.delay).toBe(30_000);
  });

  test('seconds are not', () => {
    expect(hintOf({ date: imfFixdate(NOW - DAY), 'x-ratelimit-reset': '30' })?.delay).toBe(30_000);
  });

  test.each([
    ['0', 'zero'],
    [String(NOW / 1000), 'the epoch in seconds, now'],
    [String(NOW / 1000 - 1), 'the epoch in seconds, past'],
    ['1000000000', 'the earliest epoch in seconds'],
    [String(NOW), 'the epoch in milliseconds, now'],
    [String(NOW - 1), 'the epoch in milliseconds, past'],
    ['1000000000000', 'the earliest epoch in milliseconds'],
  ])('%s is no wait (%s)', (value) => {
    expect(hintOf({ 'x-ratelimit-reset': value })).toBeUndefined();
  });

  test.each(['', '-30', '+30', '1e3', 'soon', '30, 60', '2030-01-02T03:04:15Z'])(
    '%p is malformed and ignored',
    (value) => {
      expect(hintOf({ 'x-ratelimit-reset': value })).toBeUndefined();
    },
  );
});

describe('a quota with something left names no wait', () => {
  const left = { 'ratelimit-remaining': '99', 'ratelimit-reset': '900' };
  const xLeft = { 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': String(NOW / 1000 + 3_600) };

  test.each([
    ['RateLimit of draft 8', { ratelimit: '"100-in-15min"; r=99; t=900' }],
    ['RateLimit of draft 7', { ratelimit: 'limit=100, remaining=99, reset=900' }],
    ['RateLimit-Remaining of draft 6', left],
    ['X-RateLimit-Remaining', xLeft],
    [
      'X-RateLimit-Remaining that axios-case-converter has renamed',
      { xRateLimitRemaining: '1', xRateLimitReset: '9' },
    ],
    ['a fraction that remains', { 'x-ratelimit-remaining': '0.5', 'x-ratelimit-reset': '9' }],
  ])('%s', (_name, headers) => {
    for (const status of [429, 503]) expect(serverHint({ status, headers })).toBeUndefined();
  });

  test.each([
    ['nothing is left', '0'],
    ['less than nothing is left', '-1'],
    ['what is left is malformed', 'some'],
    ['what is left is empty', ''],
  ])('but one does of which %s', (_what, remaining) => {
    expect(hintOf({ 'ratelimit-remaining': remaining, 'ratelimit-reset': '30' })?.delay).toBe(30_000);
    expect(hintOf({ 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': '30' })?.delay).toBe(30_000);
  });

  test('but another one does that is used up', () => {
    const usedUp = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '30' };
    expect(hintOf({ ...left, ...usedUp })).toEqual({ delay: 30_000, source: 'x-ratelimit-reset' });
    expect(hintOf({ ...left, ratelimit: '"a";r=0;t=7' })).toEqual({ delay: 7_000, source: 'ratelimit' });
  });

  test('but a Retry-After does, whatever is left', () => {
    expect(hintOf({ ...left, ...xLeft, 'retry-after': '5' }, 429)?.delay).toBe(5_000);
  });
});

describe('a header of more than 1 KB', () => {
  test.each([
    ['retry-after-ms', (length: number) => '5'.padStart(length, '0')],
    ['retry-after', (length: number) => '5'.padStart(length, '0')],
    ['ratelimit-reset', (length: number) => '5'.padStart(length, '0')],
    ['x-ratelimit-reset', (length: number) => '5'.padStart(length, '0')],
    ['ratelimit', (length: number) => `"${'x'.repeat(length - 10)}";r=0;t=5`],
  ])('is no hint: %s', (name, ofLength) => {
    expect(hintOf({ [name]: ofLength(1_024) })?.source).toBe(name);
    expect(hintOf({ [name]: ofLength(1_025) })).toBeUndefined();
  });

  test('does not keep the next one from being one', () => {
    expect(hintOf({ 'retry-after': '5'.padStart(2_000, '0'), 'ratelimit-reset': '3' })?.delay).toBe(3_000);
  });
});

test.each(['ratelimit-reset', 'ratelimit', 'x-ratelimit-reset'])(
  '%s only says how a quota stands on responses other than 429 and 503, and is not read there',
  (name) => {
    const value = name === 'ratelimit' ? '"default";r=0;t=30' : '30';
    for (const status of [200, 408, 425, 500, 502, 504])
      expect(hintOf({ [name]: value }, status)).toBeUndefined();
    expect(serverHint({ headers: { [name]: value } })).toBeUndefined();
  },
);

test('the headers are asked in the documented order, and one that is malformed is passed over', () => {
  const order = ['retry-after-ms', 'retry-after', 'ratelimit-reset', 'ratelimit', 'x-ratelimit-reset'];
  const values = ['1000', '2', '3', '"default";r=0;t=4', '5'];
  for (const [first, source] of order.entries()) {
    const headers = order.map((name, index) => [name, index < first ? 'malformed' : values[index]]);
    expect(hintOf(Object.fromEntries(headers))).toEqual({ delay: 1_000 * (first + 1), source });
  }
});

test('a header asked earlier that says "now" settles it: there is no wait, whatever a later one says', () => {
  const later = { 'ratelimit-reset': '30', 'x-ratelimit-reset': '30' };
  expect(hintOf({ 'retry-after': '0', ...later })).toBeUndefined();
  expect(hintOf({ 'retry-after': imfFixdate(NOW - HOUR), ...later })).toBeUndefined();
});

describe('a header', () => {
  test.each([
    ['an AxiosHeaders', new AxiosHeaders({ 'Retry-After': '5' })],
    ['a plain object in lower case', { 'retry-after': '5' }],
    ['a plain object in any case', { 'RETRY-after': '5' }],
    ['a plain object with spaces around', { 'Retry-After': ' 5 ' }],
    ['a plain object with a number', { 'Retry-After': 5 }],
    ['an object without a prototype', Object.assign(Object.create(null), { 'Retry-After': '5' })],
  ])('is found in %s', (_kind, headers) => {
    expect(headerOf(headers, 'retry-after')).toBe('5');
  });

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'retry-after'],
    ['an object without it', { other: '5' }],
    ['an object that has it as undefined', { 'retry-after': undefined }],
    ['an object that has it as null', { 'retry-after': null }],
    ['an object that has it as a list', { 'retry-after': ['5'] }],
    ['an object that has it as an object', { 'retry-after': {} }],
    ['an object that inherits it', Object.create({ 'retry-after': '5' })],
  ])('is not found in %s', (_kind, headers) => {
    expect(headerOf(headers, 'retry-after')).toBeUndefined();
  });
});

test('headers that axios-case-converter has renamed are heard as well', () => {
  const hinted = (headers: Record<string, string>) => serverHint({ status: 503, headers });
  expect(hinted({ retryAfter: '5' })).toEqual({ source: 'retry-after', delay: 5_000 });
  expect(hinted({ retryAfterMs: '30' })).toEqual({ source: 'retry-after-ms', delay: 30 });
  expect(hinted({ xRateLimitReset: '7' })).toEqual({ source: 'x-ratelimit-reset', delay: 7_000 });
  expect(hinted({ 'retry-after': '5', retryAfter: '9' })).toEqual({ source: 'retry-after', delay: 5_000 });
});
