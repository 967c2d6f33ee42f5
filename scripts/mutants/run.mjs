/**
 * npm run test:mutation -- [options] [PREFIX OF A FILE ...]
 * Changes the library in one place at a time, with Stryker's mutations, and tells which changes no test notices. The tests run
 * within one process, which evaluates library and test file anew for every mutation: that takes milliseconds, where jest takes
 * seconds. Results are kept in reports/mutants.
 * --tests REGEXP: the test files. Default: the unit tests, and idempotency over HTTP.
 * --again: only what earlier runs left open; what they found is kept. --not-yet: only what was never tried.
 * --from MS, --to MS: no unit tests that are quicker, no tests that are slower, but for those of a room's own.
 * --limit MS: so long a test may take, and five times as long as it takes without a mutation. Default 600.
 * --into NAME: another directory in reports. --alone: also tells which tests fail where they run alone.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, instrument } from './instrument.mjs';
import { planOf, SLOW } from './plan.mjs';
import { inProcess } from './process.mjs';
import { Results } from './results.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tests: {
      type: 'string',
      default:
        '^__tests__/(?!http|chaos|browser|migration|plugins|sdks|runners|proxies|types|site|storm|properties)|http/idempotency',
    },
    again: { type: 'boolean', default: false },
    'not-yet': { type: 'boolean', default: false },
    from: { type: 'string', default: '0' },
    to: { type: 'string', default: 'Infinity' },
    limit: { type: 'string', default: '600' },
    into: { type: 'string', default: 'mutants' },
    alone: { type: 'boolean', default: false },
  },
});
const dir = `reports/${values.into}`;
const planPath = `${dir}/plan.json`;
/** A process is done with after that many mutations. */
const AT_A_TIME = 200;

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

async function prepare() {
  mkdirSync(dir, { recursive: true });
  const isTest = new RegExp(values.tests);
  const files = filesIn('__tests__').filter((file) => file.endsWith('.test.ts') && isTest.test(file));
  const { mutants, code } = await instrument(filesIn('lib'));
  const tests = [];
  for (const file of files) {
    const path = `${dir}/${file.replaceAll('/', '+')}.js`;
    writeFileSync(path, await bundle(file, code));
    tests.push({ file, bundle: path });
  }
  writeFileSync(planPath, JSON.stringify({ tests, limit: Number(values.limit), factor: 5 }));
  return { files, mutants };
}

/** Each test without a mutation. Files that fail are left out. */
async function runDry(files) {
  const dried = [];
  await inProcess(planPath, { dry: files }, ({ dried: result }) => {
    if (result?.failure)
      console.log('fails without a mutation, and is left out:', result.file, result.failure);
    else if (result) dried.push(result);
  });
  const took = dried.flatMap((result) => result.took).reduce((sum, ms) => sum + ms, 0);
  console.log(`${dried.length} of ${files.length} test files, ${Math.round(took)} ms`);
  return dried;
}

/** As many of these as one process does. @returns what became of each that was tried */
async function tryThese(mutants, check) {
  const outcomes = new Map();
  let spoiled;
  const stuckIn = await inProcess(planPath, { mutants, check }, (message) => {
    if (message.ended) outcomes.set(message.ended, message);
    spoiled ??= message.spoiled;
  });
  if (stuckIn === null) throw new Error(`the process died between two mutations; see ${planPath}.stderr.txt`);
  if (stuckIn !== undefined) outcomes.set(stuckIn, { isStuck: true });
  if (!spoiled || mutants.length === 1) return outcomes;
  console.log('a mutation broke the process for those after it; once more, in smaller parts:', spoiled);
  return tryThese(mutants.slice(0, Math.ceil(mutants.length / 4)), check);
}

function statusOf({ isStuck, killed }) {
  if (isStuck) return 'stuck';
  if (killed === undefined) return 'survived';
  return killed.late ? 'late' : 'noticed';
}

const { files, mutants } = await prepare();
const dried = await runDry(files);
if (values.alone)
  await inProcess(planPath, { alone: dried }, ({ lonely }) => lonely && console.log('fails alone:', lonely));

const results = new Results(`${dir}/results.json`, mutants);
const byId = new Map(mutants.map((mutant) => [mutant.id, mutant]));
const wanted = mutants.filter(
  (mutant) =>
    (positionals.length === 0 || positionals.some((prefix) => mutant.fileName.startsWith(prefix))) &&
    !(values['not-yet'] && results.has(mutant)) &&
    !(values.again && results.isNoticed(mutant)),
);
const fits = (file, ms) => (file.includes('/http/') || ms >= Number(values.from)) && ms < Number(values.to);
const plans = wanted.map((mutant) => planOf(mutant, dried, fits));
for (const { id, plan } of plans)
  if (plan.length === 0 && !results.has(byId.get(id))) results.note(byId.get(id), 'uncovered');

const check = dried.map(({ file, took }) => ({
  file,
  only: [...took.keys()].filter((index) => took[index] < SLOW),
  took,
}));
let left = plans.filter(({ plan }) => plan.length > 0);
console.log(`${mutants.length} mutations, ${left.length} to be tried`);
while (left.length > 0) {
  const outcomes = await tryThese(left.slice(0, AT_A_TIME), check);
  for (const { id, isAtLoad } of left) {
    const outcome = outcomes.get(id);
    if (outcome) results.note(byId.get(id), statusOf(outcome), { isAtLoad, killed: outcome.killed });
  }
  left = left.filter(({ id }) => !outcomes.has(id));
  results.save();
  console.log(`${left.length} left, ${results.open.length} open`);
}
results.save();
results.print();
