/** As much of jest as the unit tests use, within one process: a test file's tests can be run again in milliseconds. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { Script } from 'node:vm';
import { ModernFakeTimers } from '@jest/fake-timers';
import { expect } from 'expect';
import { bind } from 'jest-each';
import { ModuleMocker } from 'jest-mock';

const { setTimeout, clearTimeout, setImmediate } = globalThis;
const mocker = new ModuleMocker(globalThis);
const config = { rootDir: process.cwd(), fakeTimers: { enableGlobally: false } };
const timers = new ModernFakeTimers({ config, global: globalThis });
const jest = new Proxy(
  {},
  {
    get: (_, name) => (name in mocker ? mocker[name].bind(mocker) : timers[name].bind(timers)),
  },
);

/** jest has globals of its own for every test file; here they are put back. */
const KEPT = [globalThis, performance, Math, Date, console, Object.prototype].map((object) => [
  object,
  Object.getOwnPropertyDescriptors(object),
]);
KEPT.push([
  Object.getPrototypeOf(performance),
  Object.getOwnPropertyDescriptors(Object.getPrototypeOf(performance)),
]);
function restoreGlobals() {
  mocker.restoreAllMocks();
  timers.useRealTimers();
  for (const [object, before] of KEPT) {
    for (const key of Reflect.ownKeys(before)) {
      const { value, get } = Object.getOwnPropertyDescriptor(object, key) ?? {};
      if (before[key].configurable && (!Object.is(value, before[key].value) || get !== before[key].get))
        Object.defineProperty(object, key, before[key]);
    }
  }
}

/** Turns of the event loop in which rejections that nobody handles show. */
export const settle = async () => {
  for (let i = 0; i < 2; i++) await new Promise((done) => setImmediate(done));
};

const GLOBALS = 'describe test it beforeAll afterAll beforeEach afterEach jest expect'.split(' ');
const PARAMETERS = ['require', 'module', 'exports', '__switches__', ...GLOBALS];

/** @returns what evaluates the bundle of a test file anew: all its modules, with the switches as they are */
export function compile(file, code) {
  const evaluate = new Script(`(function (${PARAMETERS}) {${code}\n})`, {
    filename: file,
  }).runInThisContext();
  const require = createRequire(resolve(file));
  return (switches) => {
    const tests = [];
    let suite = { hooks: { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] } };
    const add = (failing) => (title, run) => tests.push({ index: tests.length, title, run, suite, failing });
    const test = add(false);
    test.each = bind(test);
    test.failing = add(true);
    test.failing.each = bind(test.failing);
    const describe = (title, body) => {
      const outer = suite;
      suite = { outer, title, hooks: { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] } };
      body();
      suite = outer;
    };
    describe.each = bind(describe);
    const hooks = Object.fromEntries(
      Object.keys(suite.hooks).map((name) => [name, (hook) => suite.hooks[name].push(hook)]),
    );
    const module = { exports: {} };
    const globals = { describe, test, it: test, jest, expect, ...hooks };
    evaluate(require, module, module.exports, switches, ...GLOBALS.map((name) => globals[name]));
    return tests;
  };
}

const outwards = (suite) => (suite === undefined ? [] : [suite, ...outwards(suite.outer)]);
const inwards = (suite) => outwards(suite).reverse();

/** What fails though no test awaits it: set by who runs the tests. */
let onStray = () => {};
for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, (error) => onStray(error));

const TOO_LONG = Symbol('too long');

/** @returns the error, if it fails; TOO_LONG, if it does not end within that many milliseconds */
async function within(ms, run) {
  let timer;
  try {
    return await new Promise((done) => {
      onStray = (error) => done({ error, stray: true });
      timer = setTimeout(done, ms, TOO_LONG);
      (async () => run())().then(
        () => done(undefined),
        (error) => done({ error }),
      );
    });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs tests of one evaluation, up to the first that fails.
 * @param limit how long each may take, in ms
 * @returns the first failure, if any: the test, and what happened
 */
export async function run(tests, { limit, onTest = () => {}, onTested = () => {} }) {
  const entered = new Set();
  let failure;
  const attempt = async (test, what) => {
    const outcome = await within(limit(test), what);
    if (outcome === undefined || failure !== undefined) return outcome === undefined;
    failure = { test: test.title, ...(outcome === TOO_LONG ? { late: true } : outcome) };
    return false;
  };
  for (const test of tests) {
    for (const suite of inwards(test.suite)) {
      if (entered.has(suite)) continue;
      entered.add(suite);
      for (const hook of suite.hooks.beforeAll) await attempt(test, hook);
    }
    onTest(test);
    const body = async () => {
      for (const suite of inwards(test.suite)) for (const hook of suite.hooks.beforeEach) await hook();
      await test.run();
      await settle();
    };
    if (!test.failing) await attempt(test, body);
    else {
      const outcome = await within(limit(test), body);
      if (outcome === undefined)
        failure ??= { test: test.title, error: new Error('succeeds, though marked as failing') };
    }
    await attempt(test, async () => {
      for (const suite of outwards(test.suite)) for (const hook of suite.hooks.afterEach) await hook();
    });
    onTested(test);
    if (failure !== undefined) break;
  }
  for (const suite of entered) for (const hook of suite.hooks.afterAll) await attempt(tests[0], hook);
  restoreGlobals();
  onStray = () => {};
  return failure;
}
