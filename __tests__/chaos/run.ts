/**
 * npm run test:chaos: 20,000 calls, of about a minute.
 *   -- --seed N      the calls of an earlier run
 *   -- --minutes N   as many calls as there is time for
 *   -- --calls N     so many calls in place of 20,000
 *   -- --call N      one call alone, several times
 */
import { parseArgs } from 'node:util';
import { Chaos } from './chaos';
import { type Call, callOf } from './plan';

const ROUNDS = 10;
/** Megabytes. */
const MOST_GROWTH = 2;
const MOST_SHOWN = 20;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    calls: { type: 'string', default: '20000' },
    call: { type: 'string' },
  },
});
const callsOfRound = Math.ceil(Number(values.calls) / ROUNDS);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const { gc } = globalThis;
if (!gc) throw new Error('run it with node --expose-gc');
console.log(`seed ${seed}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const broken = new Map<string, number>();
let shown = 0;
const onBroken = (law: string, call: Call | undefined) => {
  const kind = law.replace(/\d+/g, 'N');
  broken.set(kind, (broken.get(kind) ?? 0) + 1);
  if (shown++ < MOST_SHOWN) console.error(`BROKEN: ${law} ${call ? JSON.stringify(call) : ''}`);
};

const chaos = await Chaos.start({ seed, gc: () => void gc(), onBroken });
if (values.call) {
  const call = callOf(seed, Number(values.call));
  console.log(call);
  await chaos.only(call, 20);
} else {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1_000;
  const isOver = (rounds: number) =>
    values.minutes ? seconds() > 60 * Number(values.minutes) && rounds >= 4 : rounds >= ROUNDS;
  const heaps: number[] = [];
  console.log('   calls  requests  overtaken  heap/MB  seconds  outcomes');
  let calls = 0;
  for (let rounds = 0; !isOver(rounds); rounds++) {
    const { receipts, overtaken, heap, outcomes } = await chaos.round(callsOfRound);
    calls += callsOfRound;
    heaps.push(heap);
    const list = [...outcomes].sort((a, b) => b[1] - a[1]).map(([outcome, count]) => `${outcome} ${count}`);
    console.log(
      String(calls).padStart(8),
      String(receipts).padStart(9),
      String(overtaken).padStart(10),
      heap.toFixed(2).padStart(8),
      seconds().toFixed(0).padStart(8),
      ` ${list.join(', ')}`,
    );
  }
  // A leak raises the floor; one high measurement is garbage that had not been collected yet.
  const half = Math.ceil(heaps.length / 2);
  const growth = Math.min(...heaps.slice(half)) - Math.min(...heaps.slice(0, half));
  console.log(`from its first half to its second, the heap's floor rose by ${growth.toFixed(2)} MB`);
  if (growth > MOST_GROWTH) onBroken(`the heap's floor rose by more than ${MOST_GROWTH} MB`, undefined);
}
await chaos.stop();
for (const [law, times] of broken) console.error(`${times} times: ${law}`);
console.log(broken.size === 0 ? 'all laws hold' : `broken; run it again with -- --seed ${seed}`);
process.exit(broken.size === 0 ? 0 : 1);
