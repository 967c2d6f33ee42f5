/**
 * What a request costs in memory while it waits: 10,000 at a time, in the backoff of each library, and held at the gate.
 * A fresh process for each, heap after garbage collection, minus the heap before the first request.
 */
import { heldBytes } from './support/held-bytes.mjs';
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
  for (let run = 0; run < RUNS; run++) runs.push(await heldBytes(name, WAITING));
  bytesPerRequest[name] = median(runs);
  console.log(`${name}: ${Math.round(bytesPerRequest[name])} bytes per request`);
}
saveResult('waiting-memory', { waiting: WAITING, bytesPerRequest });
