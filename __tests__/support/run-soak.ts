/** npm run test:soak: 100,000 retried requests in one process. Fails if anything of them stays. */
import { type Measurement, soak } from './soak';

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
const [first, last] = [measurements[0], measurements.at(-1)] as [Measurement, Measurement];
const growth = last.heap - first.heap;
const seconds = (performance.now() - startedAt) / 1000;
console.log(`${seconds.toFixed(0)} s; the heap grew by ${growth.toFixed(2)} MB after the first measurement`);

const problems = [
  growth > MOST_GROWTH && `the heap grew by more than ${MOST_GROWTH} MB`,
  last.attempts < 2 * last.requests && 'not every request was retried',
  measurements.some(({ sockets }) => sockets > MOST_SOCKETS) &&
    `there were more than ${MOST_SOCKETS} sockets`,
  measurements.some(({ timers }) => timers > 0) && 'timers were left',
  measurements.some(({ listeners }) => listeners > 0) && 'listeners were left on the signal',
].filter((problem) => problem !== false);
for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 ? 1 : 0);
