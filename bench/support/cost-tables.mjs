/**
 * Tables of what the library costs when nothing goes wrong, and while a request waits.
 */
import { decimals, integer, signed, table } from './table.mjs';

export function happyPathTable({ rounds, shapes }) {
  const names = Object.keys(Object.values(shapes)[0].added);
  const rows = Object.entries(shapes).map(([shape, { bareMicroseconds, added }]) => [
    shape,
    decimals(bareMicroseconds, 1),
    ...names.map((name) => {
      const { median, low95, high95 } = added[name];
      return `${signed(median, 2)} (${signed(low95, 2)} to ${signed(high95, 2)})`;
    }),
  ]);
  const heads = names.map((name) =>
    name === 'again' ? 'bare axios once more (the error of the method)' : name,
  );
  return [
    `Microseconds. Added to bare axios: medians of ${rounds} paired rounds, and their 95% intervals.`,
    '',
    table([['', 'bare axios', ...heads], ...rows]),
  ].join('\n');
}

export function instructionsTable({ instructions }) {
  const counted = Object.entries(instructions).filter(([, counts]) => counts);
  if (counted.length === 0)
    return 'No instruction counts in this run: neither `perf stat` nor `valgrind` could count.';
  const mean = ([first, second]) => (first + second) / 2;
  const rows = counted.flatMap(([shape, { counts }]) =>
    Object.entries(counts).map(([name, both]) => [
      `${shape}, ${name === 'bare' ? 'bare axios' : name}`,
      integer(mean(both)),
      name === 'bare' ? '' : `${signed((mean(both) - mean(counts.bare)) / 1000, 1)} k`,
      `±${integer(Math.abs(both[0] - both[1]) / 2)}`,
    ]),
  );
  return [
    `Instructions per request, by \`${counted[0][1].counter}\`, mean of two counts:`,
    '',
    table([['', 'in all', 'added', 'the two counts'], ...rows]),
  ].join('\n');
}

export function memoryTable({ waiting, bytesPerRequest }) {
  const rows = Object.entries(bytesPerRequest).map(([name, bytes]) => [name, integer(bytes)]);
  return table([[`${integer(waiting)} requests`, 'bytes of heap per request'], ...rows]);
}

export function sizeTable({ bytes }) {
  const rows = Object.entries(bytes).map(([name, { minified, gzipped }]) => [
    name === 'ky' || name === 'axios' ? `${name} (a whole client, for comparison)` : name,
    integer(minified),
    integer(gzipped),
  ]);
  return table([['', 'minified bytes', 'gzipped bytes'], ...rows]);
}

/** Where the intervals of both overlap, neither is quicker. */
function sameInError({ 'axios-retry-budget': ours, 'axios-retry': theirs }) {
  const overlap = ours.low95 <= theirs.high95 && theirs.low95 <= ours.high95;
  return overlap ? ' (the same, within the error)' : '';
}

/** What it costs, a line each, for the project's README. */
export function costLines({ 'happy-path': happy, 'waiting-memory': memory, 'bundle-size': size }) {
  const added = (shape, name) => `${decimals(happy.shapes[shape].added[name].median, 1)} µs`;
  const held = (name) => `${decimals(memory.bytesPerRequest[`backoff, ${name}`] / 1000, 1)} kB`;
  const gzipped = (name) => `${decimals(size.bytes[name].gzipped / 1000, 1)} kB`;
  const line = (what, of, beside, part) =>
    `- ${what}: **${of('axios-retry-budget')}**; ${beside.map((name) => `${name} ${of(name)}`).join(', ')}. \`npm run bench -- ${part}\``;
  return [
    `${line('A good GET takes longer by', (name) => added('GET', name), ['axios-retry'], 'happy-path')}${sameInError(happy.shapes.GET.added)}`,
    line('A call in backoff holds', held, ['axios-retry', 'retry-axios'], 'waiting-memory'),
    line('Minified and gzipped', gzipped, ['axios-retry', 'ky'], 'bundle-size'),
  ].join('\n');
}
