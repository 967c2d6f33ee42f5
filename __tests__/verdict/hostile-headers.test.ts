/** What a server, or somebody in between, may put into a header costs next to nothing to read, and never throws. */
import fc from 'fast-check';
import { serverVeto } from '../../lib/verdict/classify';
import { headerOf, httpDate, rateLimit, serverHint } from '../../lib/verdict/server-hint';

const NAMES = [
  'retry-after-ms',
  'retry-after',
  'date',
  'ratelimit',
  'ratelimit-reset',
  'ratelimit-remaining',
  'x-ratelimit-reset',
  'x-ratelimit-remaining',
  'x-should-retry',
];

/** All that reads a response's headers, each alone. */
const PARSERS: Readonly<Record<string, (value: string) => unknown>> = {
  httpDate,
  headerOf: (value) => headerOf({ 'retry-after': value }, 'retry-after'),
  serverVeto: (value) => serverVeto({ status: 503, headers: { 'x-should-retry': value } }),
  ...Object.fromEntries(
    NAMES.map((name) => [
      `serverHint of ${name}`,
      (value: string) =>
        serverHint({ status: 429, headers: { 'x-ratelimit-reset': '1900000000', [name]: value } }),
    ]),
  ),
  'serverHint of all at once': (value) =>
    serverHint({ status: 429, headers: Object.fromEntries(NAMES.map((name) => [name, value])) }),
};

const LONGEST = 65_536;
/** Milliseconds for one call. */
const MOST = 2;

/** Pieces of what the parsers know, repeated up to some length: what patterns stumble over. */
const hostile = fc
  .record({
    start: fc.constantFrom('', '"', 'true', 'Mon, ', '1', '"a";r=0;t=', 'limit=9, reset='),
    piece: fc.oneof(
      fc.constantFrom(
        '"',
        '\\',
        '\\"',
        '"\\',
        '"""',
        ' ',
        ', ',
        ' ,',
        ';',
        '=',
        '0',
        '9',
        '1.',
        'true,',
        'true ,',
      ),
      fc.constantFrom(';r=0', ';t=1', ', "a";r=0;t=1', 'reset=', ' reset=1', 'remaining=0,', 'Mon, 01 Jan '),
      fc.string({ minLength: 1, maxLength: 8 }),
    ),
    end: fc.constantFrom('', '"', 'x', '\\', ' ', '.5', ';t=1'),
    length: fc.constantFrom(100, 1_000, 1_024, 1_025, 4_000, 16_000, LONGEST),
  })
  .map(({ start, piece, end, length }) => {
    const middle = Math.max(0, length - start.length - end.length);
    return start + piece.repeat(Math.ceil(middle / piece.length)).slice(0, middle) + end;
  });

/** Milliseconds of CPU: what else the machine has to do does not count. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * The least of several: collecting garbage makes some of them slow, a bad pattern all of them. Stops at the first that is quick
 * enough, and long before ten that are not.
 */
function leastTimeOf(run: () => unknown, enough = MOST): number {
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0, spent = 0; tries < 50 && least >= enough && spent < 500; tries++) {
    const startedAt = cpuTime();
    run();
    const took = cpuTime() - startedAt;
    spent += took;
    least = Math.min(least, took);
  }
  return least;
}

test.each(Object.entries(PARSERS))('%s takes under 2 ms for whatever 64 KB', (_name, parse) => {
  fc.assert(
    fc.property(hostile, (value) => {
      expect(leastTimeOf(() => parse(value))).toBeLessThan(MOST);
    }),
    { numRuns: 200 },
  );
});

test('the RateLimit that took 65 ms at 16 KB, and 18 s at 250 KB, takes none', () => {
  const ratelimit = '"\\"'.repeat(85_000);
  expect(leastTimeOf(() => serverHint({ status: 503, headers: { ratelimit } }))).toBeLessThan(MOST);
});

test('nor does it where nobody looks at its length first: four times the header is four times the time, not sixteen times', () => {
  const timeOf = (pairs: number) => {
    const header = '"\\"'.repeat(pairs);
    return leastTimeOf(() => rateLimit(header), 0);
  };
  timeOf(25_000);
  expect(timeOf(100_000) / timeOf(25_000)).toBeLessThan(8);
});

test('a RateLimit of 200,000 quotas does not throw', () => {
  const ratelimit = '"a";r=0;t=1, '.repeat(200_000);
  expect(serverHint({ status: 503, headers: { ratelimit } })).toBeUndefined();
  expect(rateLimit(ratelimit)).toBe(1_000);
});
