/**
 * npm run test:mutation:again: tries once more what `npm run test:mutation` left open, and prints what all runs make together.
 * - Mutations that no test noticed, with all tests, those over the network included, which would take days for all mutations.
 * - Mutations of what runs once, when a module is loaded (tables, patterns), which the first run leaves out, because each of
 *   them needs all tests.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const NOTICED = new Set(['Killed', 'Timeout']);
const UNNOTICED = new Set(['Survived', 'NoCoverage']);

const json = (path) => JSON.parse(readFileSync(path, 'utf8'));
const mutantsIn = (path) =>
  Object.entries(json(path).files).flatMap(([file, { mutants }]) =>
    mutants.map((mutant) => ({ file, ...mutant })),
  );
const idOf = ({ file, location, mutatorName, replacement }) =>
  JSON.stringify([file, location, mutatorName, replacement]);

/** Runs Stryker on these mutants, and those that lie within them. @returns the ids of those that were noticed */
function tryAgain(name, mutants, override) {
  if (mutants.length === 0) return new Set();
  const report = `reports/${name}.json`;
  const config = json('stryker.config.json');
  override(config);
  // Stryker's reports count columns from 1, its ranges from 0.
  config.mutate = mutants.map(
    ({ file, location: { start, end } }) =>
      `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`,
  );
  config.jsonReporter.fileName = report;
  // These are the hard ones: how many are noticed of them alone says little.
  delete config.thresholds;
  const path = `reports/${name}.config.json`;
  writeFileSync(path, JSON.stringify(config, undefined, 2));
  const { status } = spawnSync('npx', ['stryker', 'run', path], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  return new Set(
    mutantsIn(report)
      .filter((mutant) => NOTICED.has(mutant.status))
      .map(idOf),
  );
}

const all = mutantsIn('reports/mutation.json');
const survivors = all.filter(({ status }) => UNNOTICED.has(status));
const statics = all.filter(({ static: isStatic, status }) => isStatic && status === 'Ignored');
const tried = all.filter(({ status }) => NOTICED.has(status) || UNNOTICED.has(status)).length;

const staticNoticed = tryAgain('static', statics, (config) => {
  config.ignoreStatic = false;
});
const noticed = tryAgain('survivors', survivors, (config) => {
  config.jest.config.testPathIgnorePatterns = ['/node_modules/', 'storm\\.test'];
});

const left = survivors.filter((mutant) => !noticed.has(idOf(mutant)));
const staticLeft = statics.filter((mutant) => !staticNoticed.has(idOf(mutant)));
for (const { file, location, mutatorName, replacement } of [...left, ...staticLeft]) {
  console.log(`${file}:${location.start.line}:${location.start.column} ${mutatorName} -> ${replacement}`);
}
const line = (what, total, unnoticed) =>
  console.log(`${what}: ${total}, noticed ${(100 * (1 - unnoticed / total)).toFixed(1)}%`);
line('Mutations, first run', tried, survivors.length);
line('Mutations, with all tests', tried, left.length);
line('Static ones', statics.length, staticLeft.length);
line('Both together', tried + statics.length, left.length + staticLeft.length);
