/**
 * Runs bundled tests where jest does not run, under jest's names: node runner.mjs FILE...
 * Prints what failed, and as its last line a report in JSON.
 */
import { format } from 'node:util';
import { withGlobal } from '@sinonjs/fake-timers';
import { expect } from 'expect';
import { fn, spyOn } from 'jest-mock';
import { reasonToSkip } from './matrix/skips.mjs';

/** Milliseconds. Only what hangs is to meet it: a busy machine is nobody's fault. */
const TIMEOUT = 120_000;
const { setTimeout, clearTimeout } = globalThis;

/** jest's fake timers, as far as the tests use them: what jest has them from. */
const fakeTimers = withGlobal(globalThis);
let clock;
function useFakeTimers({ doNotFake }) {
  const toFake = Object.keys(fakeTimers.timers).filter((name) => !doNotFake.includes(name));
  clock = fakeTimers.install({ toFake, now: Date.now(), ignoreMissingTimers: true });
}
function useRealTimers() {
  clock?.uninstall();
  clock = undefined;
}

let suite;
const suiteIn = (parent, title) => ({
  parent,
  title,
  tests: [],
  beforeAll: [],
  beforeEach: [],
  afterEach: [],
  afterAll: [],
});

function describe(title, define) {
  const outer = suite;
  suite = suiteIn(outer, title);
  outer.tests.push(suite);
  define();
  suite = outer;
}

const define = (mode) => (title, run, timeout) => suite.tests.push({ title, run, timeout, mode });

/** `each`, as jest has it: rows are arrays of arguments or single arguments; %s and $field in titles. */
const each = (declare) => (rows) => (title, run, timeout) => {
  for (const row of rows) {
    const args = Array.isArray(row) ? row : [row];
    const filled = title.replace(/\$(\w+)/g, (_, field) => String(args[0]?.[field]));
    const places = (filled.match(/%[sdifjop]/g) ?? []).length;
    declare(format(filled, ...args.slice(0, places)), (...rest) => run(...args, ...rest), timeout);
  }
};

const test = define('run');
test.skip = define('skip');
test.failing = define('failing');
test.each = each(test);
test.failing.each = each(test.failing);
describe.each = each((title, run) => describe(title, () => run()));
describe.skip = () => {};

const hook = (name) => (run) => suite[name].push(run);
Object.assign(globalThis, {
  describe,
  test,
  it: test,
  expect,
  jest: {
    fn,
    spyOn,
    useFakeTimers,
    useRealTimers,
    advanceTimersByTimeAsync: (ms) => clock.tickAsync(ms),
  },
  beforeAll: hook('beforeAll'),
  beforeEach: hook('beforeEach'),
  afterEach: hook('afterEach'),
  afterAll: hook('afterAll'),
});

const report = { passed: 0, failed: 0, skipped: {} };
const unhandled = [];
process.on('unhandledRejection', (error) => unhandled.push(error));

const within = (timeout, promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took more than ${timeout} ms`)), timeout);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

async function runTest({ title, run, timeout = TIMEOUT, mode }, path) {
  const name = [...path.map((outer) => outer.title), title].join(' › ');
  const reason = mode === 'skip' ? 'skipped by the test itself' : reasonToSkip(name);
  if (reason) {
    report.skipped[reason] = (report.skipped[reason] ?? 0) + 1;
    return;
  }
  let error;
  try {
    for (const { beforeEach } of path) for (const before of beforeEach) await before();
    await within(timeout, (async () => run())());
  } catch (thrown) {
    error = thrown ?? new Error('threw nothing');
  }
  for (const { afterEach } of [...path].reverse()) {
    for (const after of afterEach) await within(timeout, after()).catch((thrown) => (error ??= thrown));
  }
  error ??= unhandled.shift();
  unhandled.length = 0;
  if (mode === 'failing') error = error ? undefined : new Error('was expected to fail');
  report[error ? 'failed' : 'passed']++;
  if (error) console.log(`✗ ${name}\n${error.stack ?? error}\n`);
}

async function runSuite(current, path = [current]) {
  for (const before of current.beforeAll) await before();
  for (const item of current.tests) {
    if (item.tests) await runSuite(item, [...path, item]);
    else await runTest(item, path);
  }
  for (const after of current.afterAll) await after();
}

for (const file of process.argv.slice(2)) {
  suite = suiteIn(undefined, file);
  await import(`./${file}.test.mjs`);
  await runSuite(suite).catch((error) => {
    report.failed++;
    console.log(`✗ ${file}\n${error.stack ?? error}\n`);
  });
}
console.log(JSON.stringify(report));
process.exit(report.failed > 0 ? 1 : 0);
