/** npm run test:soak: 100,000 retried requests in one process. Fails if anything of them stays: 40 bytes each are seen. */
import { type Measurement, soak } from './soak';

/** Megabytes. */
const MOST_GROWTH = 2;
const MOST_SOCKETS = 100;

const { gc } = globalThis;
if (!gc) throw new Error('run it with node --expose-gc');
const startedAt = performance.now();
console.log('requests  attempts  heap/MB  sockets  timers  listeners');
const measurements = await soak({
  requests: 100_000,
  measurements: 10,
  gc,
  onMeasured: ({ requests, attempts, heap, sockets, timers, listeners }) =>
    console.log(
      String(requests).padStart(8),
      String(attempts).padStart(9),
      heap.toFixed(2).padStart(8),
      String(sockets).padStart(8),
      String(timers).padStart(7),
      String(listeners).padStart(10),
    ),
});
const last = measurements.at(-1) as Measurement;
// A leak raises the floor; one high measurement is garbage that had not been collected yet.
const floor = (some: Measurement[]) => Math.min(...some.map(({ heap }) => heap));
const half = measurements.length / 2;
const growth = floor(measurements.slice(half)) - floor(measurements.slice(0, half));
const seconds = (performance.now() - startedAt) / 1000;
console.log(
  `${seconds.toFixed(0)} s; from its first half to its second, the heap's floor rose by ${growth.toFixed(2)} MB`,
);

const problems = [
  growth > MOST_GROWTH && `the heap's floor rose by more than ${MOST_GROWTH} MB`,
  last.attempts < 2 * last.requests && 'not every request was retried',
  measurements.some(({ sockets }) => sockets > MOST_SOCKETS) &&
    `there were more than ${MOST_SOCKETS} sockets`,
  measurements.some(({ timers }) => timers > 0) && 'timers were left',
  measurements.some(({ listeners }) => listeners > 0) && 'listeners were left on the signal',
].filter((problem) => problem !== false);
for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 ? 1 : 0);
