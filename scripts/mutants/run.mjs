/**
 * npm run test:mutation -- [--tests REGEXP] [--again] [--limit MS] [PREFIX OF A FILE ...]
 * Changes the library in one place at a time (with Stryker's mutations) and tells which changes no test notices.
 * The tests run within one process, which evaluates library and test file anew for every mutation: that takes milliseconds.
 * --tests: the test files, by default the unit tests. --again: only what earlier runs left open, with what they found kept.
 */
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, instrument } from './instrument.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tests: { type: 'string', default: '' },
    into: { type: 'string', default: 'mutants' },
    alone: { type: 'boolean', default: false },
    from: { type: 'string', default: '0' },
    to: { type: 'string', default: 'Infinity' },
    'not-yet': { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    limit: { type: 'string', default: '600' },
  },
});
const DIR = `reports/${values.into}`;
/** A process is done with after that many mutations, and longer than this no mutation takes. */
const CHUNK = 200;
/** Tests that take longer, in ms, wait until the others of their file are done. */
const SLOW = 30;
const STUCK_AFTER = 15_000;
mkdirSync(DIR, { recursive: true });
const stderr = openSync(`${DIR}/stderr.txt`, 'w');
const UNIT =
  /^__tests__\/(?!http|chaos|browser|migration|plugins|sdks|runners|proxies|types|storm|properties)|http\/idempotency/;

const under = (dir) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
const lib = under('lib').filter(
  (file) => !/\/(axios-augmentation|index)\.ts$/.test(file) || /\w+\/\w+\/index/.test(file),
);
const chosen = values.tests === '' ? UNIT : new RegExp(values.tests);
const files = under('__tests__').filter((file) => file.endsWith('.test.ts') && chosen.test(file));

const { mutants, code } = await instrument(lib.sort());
const tests = [];
for (const file of files) {
  const path = `${DIR}/${file.replaceAll('/', '+')}.js`;
  writeFileSync(path, await bundle(file, code));
  tests.push({ file, bundle: path });
}
const plan = `${DIR}/plan.json`;
writeFileSync(plan, JSON.stringify({ tests, limit: Number(values.limit), factor: 5 }));

/** Gives a process a task. @returns what became of it: true, or the mutation in which it got stuck or died */
function inProcess(task, onMessage) {
  return new Promise((done) => {
    const worker = fork(new URL('worker.mjs', import.meta.url), [plan], {
      stdio: ['ignore', 'ignore', stderr, 'ipc'],
      execArgv: ['--max-old-space-size=1000', '--expose-gc'],
    });
    let current;
    let watchdog;
    let finished = false;
    const watch = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => worker.kill('SIGKILL'), STUCK_AFTER + (task.dry ? 60_000 : 0));
    };
    watch();
    worker.on('message', (message) => {
      watch();
      if (message.ready) worker.send(task);
      if (message.started) current = message.started;
      if (message.ended) current = undefined;
      if (message.finished) finished = true;
      onMessage(message);
    });
    worker.on('exit', () => {
      clearTimeout(watchdog);
      done(finished ? undefined : (current ?? 'between two'));
    });
  });
}

const dried = new Map();
await inProcess({ dry: files }, ({ dried: result }) => {
  if (result !== undefined) dried.set(result.file, result);
});
const red = files.filter((file) => dried.get(file)?.failure !== undefined || !dried.has(file));
for (const file of red) console.log('red without a mutation:', file, dried.get(file)?.failure);
for (const file of red) dried.delete(file);
const total = [...dried.values()].flatMap(({ took }) => took);
if (process.env.SLOWEST)
  for (const { file, took } of dried.values())
    console.log(
      file,
      Math.round(took.reduce((a, b) => a + b)),
      took
        .map((ms, i) => [Math.round(ms), i])
        .sort((a, b) => b[0] - a[0])
        .slice(0, 4)
        .join(' '),
    );
console.log(
  `${mutants.length} mutations, ${files.length} test files, ${total.length} tests, ${Math.round(total.reduce((a, b) => a + b))} ms`,
);

if (values.alone) {
  await inProcess({ alone: [...dried.values()] }, ({ lonely }) => {
    if (lonely !== undefined) console.log('fails alone, without a mutation:', lonely);
  });
}

/** What is the same mutation in a later run, though lines moved. */
const sources = new Map(lib.map((file) => [file, readFileSync(file, 'utf8').split('\n')]));
const seen = new Map();
const idOf = ({ fileName, location, mutatorName, replacement }) => {
  const key = [fileName, mutatorName, replacement, sources.get(fileName)[location.start.line].trim()].join(
    '|',
  );
  seen.set(key, (seen.get(key) ?? 0) + 1);
  return `${key}|${seen.get(key)}`;
};
for (const mutant of mutants) mutant.key = idOf(mutant);

function planOf({ id, fileName }) {
  let hits = 0;
  let atLoad = false;
  const plan = [];
  for (const { file, took, coverage } of dried.values()) {
    const fixed = coverage.static[id] ?? 0;
    const reached = took.map((_, index) => coverage.perTest[index]?.[id] ?? 0);
    const only = reached.flatMap((count, index) => (count > 0 ? [index] : []));
    if (fixed > 0) atLoad = true;
    if (fixed === 0 && only.length === 0) continue;
    hits += fixed + reached.reduce((a, b) => a + b, 0);
    const least = file.includes('/http/') ? 0 : Number(values.from);
    const mirrored = basename(file, '.test.ts') === basename(fileName, '.ts');
    const which = (fixed > 0 ? took.map((_, index) => index) : only).filter(
      (index) => mirrored || (took[index] >= least && took[index] < Number(values.to)),
    );
    const fast = which.filter((index) => took[index] < SLOW);
    for (const only of [fast, which.filter((index) => took[index] >= SLOW)]) {
      if (only.length === 0) continue;
      const cost = mirrored && only === fast ? 0 : only.reduce((sum, index) => sum + took[index], 20);
      plan.push({ file, only, took, cost });
    }
  }
  plan.sort((a, b) => a.cost - b.cost);
  return { id, hitLimit: hits * 100, plan, atLoad };
}

const RESULTS = `${DIR}/results.json`;
const earlier = new Map(
  existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')).map((result) => [result.key, result]) : [],
);
const NOTICED = ['noticed', 'late', 'stuck'];
const wanted = mutants.filter(
  ({ fileName, key }) =>
    (positionals.length === 0 || positionals.some((prefix) => fileName.startsWith(prefix))) &&
    !(values['not-yet'] && earlier.has(key)) &&
    !(values.again && NOTICED.includes(earlier.get(key)?.status)),
);
const results = new Map(mutants.flatMap(({ key }) => (earlier.has(key) ? [[key, earlier.get(key)]] : [])));
const byId = new Map(mutants.map((mutant) => [mutant.id, mutant]));
const startedAt = Date.now();
let count = 0;
const note = (id, status, more = {}) => {
  const { key, fileName, location, mutatorName, replacement } = byId.get(id);
  const line = location.start.line + 1;
  results.set(key, {
    key,
    status,
    fileName,
    line,
    column: location.start.column + 1,
    mutatorName,
    replacement,
    ...more,
  });
  count++;
  if (count % 50 === 0) {
    const open = [...results.values()].filter(
      ({ status }) => status === 'survived' || status === 'uncovered',
    ).length;
    console.log(
      `${count} of ${wanted.length}, ${Math.round((Date.now() - startedAt) / 1000)} s, ${open} open, at ${fileName}`,
    );
    save();
  }
};
const save = () => writeFileSync(RESULTS, JSON.stringify([...results.values()], undefined, 1));

let todo = [];
for (const { id } of wanted) {
  const mutant = planOf(byId.get(id));
  if (mutant.plan.length === 0) {
    if (!earlier.has(byId.get(id).key)) note(id, 'uncovered');
  } else todo.push(mutant);
}
let size = CHUNK;
const check = [...dried.values()].map(({ file, took }) => ({
  file,
  only: [...took.keys()].filter((index) => took[index] < SLOW),
  took,
}));
while (todo.length > 0) {
  const chunk = todo.slice(0, size);
  const outcomes = new Map();
  const spoiled = [];
  const stuck = await inProcess({ mutants: chunk, check }, (message) => {
    if (message.ended) outcomes.set(message.ended, message);
    if (message.spoiled) spoiled.push(message.spoiled);
  });
  if (stuck !== undefined) outcomes.set(stuck, { stuck: true });
  if (spoiled.length > 0 && chunk.length > 1) {
    console.log(`spoiled after ${chunk[0].id}..${chunk.at(-1).id}, once more in smaller parts:`, spoiled[0]);
    size = Math.ceil(chunk.length / 4);
    continue;
  }
  size = CHUNK;
  for (const { id, atLoad } of chunk) {
    const outcome = outcomes.get(id);
    if (outcome === undefined) continue;
    const { killed, ms } = outcome;
    const status = outcome.stuck
      ? 'stuck'
      : killed === undefined
        ? 'survived'
        : killed.late
          ? 'late'
          : 'noticed';
    note(id, status, { atLoad, killed, ms });
  }
  todo = todo.filter(({ id }) => !outcomes.has(id));
}
save();

const wings = Map.groupBy?.(results.values(), wingOf) ?? group([...results.values()]);
function wingOf({ fileName }) {
  return fileName.split('/').slice(0, 2).join('/');
}
function group(all) {
  const map = new Map();
  for (const result of all) map.set(wingOf(result), [...(map.get(wingOf(result)) ?? []), result]);
  return map;
}
const line = (name, all) => {
  const counts = Object.fromEntries(
    ['noticed', 'late', 'stuck', 'survived', 'uncovered'].map((status) => [
      status,
      all.filter((result) => result.status === status).length,
    ]),
  );
  const open = counts.survived + counts.uncovered;
  console.log(name, all.length, `${(100 * (1 - open / all.length)).toFixed(1)}%`, JSON.stringify(counts));
};
for (const [wing, all] of wings) line(wing, all);
line('all', [...results.values()]);
for (const { status, fileName, line, column, mutatorName, replacement } of results.values())
  if (status === 'survived' || status === 'uncovered')
    console.log(`${fileName}:${line}:${column} ${status} ${mutatorName} -> ${replacement}`);
console.log(`${Math.round((Date.now() - startedAt) / 1000)} s`);
