/**
 * Tables of what the library costs when nothing goes wrong, and while a request waits.
 */
import { decimals, integer, signed, table } from './table.mjs';

export function happyPathTable({ rounds, block, bareMicroseconds, added }) {
  const rows = Object.entries(added).map(([name, { median, low95, high95, quartile1, quartile3 }]) => [
    name === 'again' ? 'bare axios once more (the error of the method)' : name,
    `${signed(median, 2)} µs`,
    `${signed(low95, 2)} to ${signed(high95, 2)}`,
    `${signed(quartile1, 2)} to ${signed(quartile3, 2)}`,
    `${signed((100 * median) / bareMicroseconds, 1)}%`,
  ]);
  return [
    `Bare axios: ${decimals(bareMicroseconds, 1)} µs per request. Added to that, median of ${rounds} paired rounds of ${block} requests each:`,
    '',
    table([
      ['', 'added', '95% interval of the median', 'middle half of the rounds', 'of bare axios'],
      ...rows,
    ]),
  ].join('\n');
}

export function instructionsTable({ instructions }) {
  if (!instructions)
    return 'No instruction counts in this run: neither `perf stat` nor `valgrind` could count.';
  const { counter, counts } = instructions;
  const mean = ([first, second]) => (first + second) / 2;
  const bare = mean(counts.bare);
  const rows = Object.entries(counts).map(([name, both]) => [
    name === 'bare' ? 'bare axios' : name,
    integer(mean(both)),
    name === 'bare' ? '' : `${signed((mean(both) - bare) / 1000, 1)} k`,
    `±${integer(Math.abs(both[0] - both[1]) / 2)}`,
  ]);
  return [
    `Instructions per request, by \`${counter}\`, mean of two counts:`,
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
