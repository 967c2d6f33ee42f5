/**
 * Writes the numbers of `results/*.json` into README.md, here and in the root, between the comments `<!-- NAME -->` and
 * `<!-- /NAME -->`. Nothing outside of them holds a result, so no page says other than what was measured.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { callersTable } from './support/callers-table.mjs';
import {
  costLines,
  happyPathTable,
  instructionsTable,
  memoryTable,
  sizeTable,
} from './support/cost-tables.mjs';
import { hiccupTable, hiccupWarning, stormTable } from './support/outage-tables.mjs';
import { loadResult } from './support/results.mjs';
import { whereAPeerIsBetter } from './support/verdicts.mjs';

const README = new URL('./README.md', import.meta.url);
const PROJECT = new URL('../README.md', import.meta.url);
const names = ['happy-path', 'waiting-memory', 'bundle-size', 'hiccup', 'callers', 'storm'];
const results = Object.fromEntries(names.map((name) => [name, loadResult(name)]));

const sections = {
  machine: machineTable(),
  'happy-path': happyPathTable(results['happy-path']),
  instructions: instructionsTable(results['happy-path']),
  'waiting-memory': memoryTable(results['waiting-memory']),
  'bundle-size': sizeTable(results['bundle-size']),
  callers: callersTable(results.callers),
  'hiccup-flaky': hiccupTable(results.hiccup, 'flaky'),
  'hiccup-rejecting': hiccupTable(results.hiccup, 'rejecting'),
  'hiccup-refusing': hiccupTable(results.hiccup, 'refusing'),
  'hiccup-stalling': hiccupTable(results.hiccup, 'stalling'),
  'hiccup-warning': hiccupWarning(results.hiccup),
  storm: stormTable(results.storm),
  'where-a-peer-is-better': whereAPeerIsBetter(results),
};

write(README, sections);
write(PROJECT, { callers: callersTable(results.callers), cost: costLines(results) });

function write(url, texts) {
  let page = readFileSync(url, 'utf8');
  for (const [name, text] of Object.entries(texts)) {
    const place = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`);
    if (!place.test(page)) throw new Error(`${url.pathname} has no <!-- ${name} --> ... <!-- /${name} -->`);
    page = page.replace(place, (_, begin, end) => `${begin}${text}\n${end}`);
  }
  writeFileSync(url, page);
  console.log(`wrote ${url.pathname}`);
}

function machineTable() {
  const { machine, versions } = results['happy-path'];
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version.replace(/^v/, '')}`);
  const runs = names.map((name) => {
    const { measuredAt, loadAverage } = results[name];
    return `${name} ${measuredAt.slice(0, 16).replace('T', ' ')} (${loadAverage})`;
  });
  return [
    `- Machine: ${machine}`,
    `- Versions: ${list.join(', ')}; this library as built from the working tree`,
    `- Measured at, UTC, and the machine's load average when it was done (its cores are what it can bear): ${runs.join(', ')}`,
  ].join('\n');
}
