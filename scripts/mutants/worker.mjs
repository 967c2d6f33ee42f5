/** Runs tests with one mutation after the other, within one process. */
import { readFileSync } from 'node:fs';
import { compile, run, settle } from './small-jest.mjs';

const { tests: files, limit, factor } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const suites = new Map(files.map(({ file, bundle }) => [file, compile(file, readFileSync(bundle, 'utf8'))]));
const now = performance.now.bind(performance);
const send = (message) => new Promise((done) => process.send(message, done));

/** Every test without a mutation: which mutations it reaches, how often, and how long it takes. */
async function dry(file) {
  const switches = { mutantCoverage: { static: {}, perTest: {} } };
  const took = [];
  let startedAt;
  const tests = suites.get(file)(switches);
  const failure = await run(tests, {
    limit: () => 30_000,
    onTest: ({ index }) => {
      switches.currentTestId = String(index);
      startedAt = now();
    },
    onTested: ({ index }) => {
      took[index] = now() - startedAt;
      switches.currentTestId = undefined;
    },
  });
  return { file, took, coverage: switches.mutantCoverage, failure: failure && shown(failure) };
}

const shown = ({ test, error, late, stray }) => ({
  test,
  late,
  stray,
  error: error && String(error.stack ?? error).slice(0, 600),
});

/** One mutation with some tests of one file. @returns the first failure */
async function once({ id, hitLimit }, { file, only, took }, limit) {
  const switches = { activeMutant: id, hitCount: 0, hitLimit, mutantCoverage: { static: {}, perTest: {} } };
  try {
    const tests = suites.get(file)(switches);
    return await run(only === null ? tests : tests.filter(({ index }) => only.includes(index)), {
      limit: ({ index }) => limit + factor * (took[index] ?? 0),
    });
  } catch (error) {
    return { test: `${file} loads`, error };
  } finally {
    await settle();
  }
}

/** The mutation with the tests that reach it, file by file, up to the first that fails, twice. */
async function tried({ plan, ...mutant }) {
  for (const part of plan) {
    const failure = await once(mutant, part, limit);
    await send({ alive: true });
    if (failure === undefined) continue;
    const again = await once(mutant, part, failure.late ? 2 * limit : limit);
    if (again !== undefined) return { file: part.file, ...shown(again) };
  }
  return undefined;
}

const work = async (task) => {
  if (task.dry !== undefined) {
    for (const file of task.dry) await send({ dried: await dry(file) });
  } else if (task.alone !== undefined) {
    for (const { file, took } of task.alone)
      for (const index of took.keys()) {
        const failure = await once({}, { file, only: [index], took }, limit);
        if (failure !== undefined) await send({ lonely: { file, ...shown(failure) } });
      }
  } else {
    for (const mutant of task.mutants) {
      await send({ started: mutant.id });
      const startedAt = now();
      const killed = await tried(mutant);
      await send({ ended: mutant.id, killed, ms: Math.round(now() - startedAt) });
    }
    // What an earlier mutation broke for good would show here.
    for (const part of task.check) {
      const failure = await once({}, part, 10 * limit);
      if (failure !== undefined) await send({ spoiled: { file: part.file, ...shown(failure) } });
    }
  }
  await send({ finished: true });
  process.exit();
};
process.on('message', (task) =>
  work(task).catch((error) => {
    console.error(error);
    process.exit(1);
  }),
);
process.on('disconnect', () => process.exit(1));
await send({ ready: true });
