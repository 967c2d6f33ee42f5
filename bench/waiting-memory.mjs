/**
 * What a request costs in memory while it waits: 10,000 at a time, in the backoff of each library, and held at the gate.
 * A fresh process for each, heap after garbage collection, minus the heap before the first request.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { saveResult } from './support/results.mjs';
import { median } from './support/stats.mjs';

const WAITING = 10_000;
const RUNS = 3;
const CASES = [
  'in flight, bare axios',
  'failed, its error kept',
  'backoff, axios-retry-budget',
  'held, axios-retry-budget',
  'backoff, axios-retry',
  'backoff, retry-axios',
];

const bytesPerRequest = {};
for (const name of CASES) {
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await measure(name));
  bytesPerRequest[name] = median(runs);
  console.log(`${name}: ${Math.round(bytesPerRequest[name])} bytes per request`);
}
saveResult('waiting-memory', { waiting: WAITING, bytesPerRequest });

async function measure(name) {
  const child = new URL('./support/wait-in-memory.mjs', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    child,
    name,
    String(WAITING),
  ]);
  return Number(stdout) / WAITING;
}
