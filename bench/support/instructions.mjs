/**
 * Instructions per request, counted and not timed, by `perf stat` or else by valgrind; neither: a line that says so.
 * Only what follows a warm-up counts, and of that the difference of two counts, without what it takes a process to end.
 * Each client is counted twice, for even counts differ by a percent.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SENDER = new URL('./send-requests.mjs', import.meta.url).pathname;
// One thread, and no decision that depends on the time: nearly the same work each time.
const NODE = [
  process.execPath,
  '--single-threaded',
  '--predictable',
  '--hash-seed=1',
  '--random-seed=1',
  SENDER,
];
const VALGRIND = ['--tool=callgrind', '--instr-atstart=no', '--callgrind-out-file=/dev/null'];
const WARM_UP = 15_000;
const FEW = 2_000;
const MANY = 10_000;

const COUNTERS = {
  async 'perf stat'(...call) {
    const counting = ['stat', '-x', ';', '-e', 'instructions:u', ...NODE, ...call];
    const { stderr } = await run('perf', counting.map(String));
    return Number(/^(\d+);.*instructions/m.exec(stderr)?.[1]);
  },
  async 'valgrind --tool=callgrind'(...call) {
    const { stderr } = await run('valgrind', [...VALGRIND, ...NODE, ...call.map(String), 'callgrind']);
    return Number(/Collected : (\d+)/.exec(stderr)?.[1]);
  },
};

const PROBES = {
  'perf stat': [
    'perf',
    ['stat', '-e', 'instructions:u', 'true'],
    (output) => !output.includes('not supported'),
  ],
  'valgrind --tool=callgrind': ['callgrind_control', ['--version'], () => true],
};

/** @returns the counter's name and the counts of each client for one shape of call, two each; undefined where nothing can count */
export async function instructionsPerRequest(shape, names) {
  const counter = await findCounter();
  if (!counter) {
    console.log('instruction counts: skipped, for neither `perf stat` nor `valgrind` can count here');
    return undefined;
  }
  console.log(`${shape}: instruction counts by ${counter} (a minute or two if that is valgrind)`);
  const slope = async (client) => {
    const count = (requests) => COUNTERS[counter](client, shape, WARM_UP, requests);
    const [few, many] = await Promise.all([count(FEW), count(MANY)]);
    return (many - few) / (MANY - FEW);
  };
  const counts = {};
  for (const name of names) {
    counts[name] = [await slope(name), await slope(name)];
    console.log(`  ${name}: ${counts[name].map(Math.round).join(' and ')} instructions per request`);
  }
  return { counter, counts };
}

async function findCounter() {
  for (const [name, [command, args, canCount]] of Object.entries(PROBES)) {
    const works = await run(command, args).then(
      ({ stderr }) => canCount(stderr),
      () => false,
    );
    if (works) return name;
  }
  return undefined;
}
