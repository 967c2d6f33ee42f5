/**
 * `hiccup-client.mjs NAME PORT RATE END`: a process that sends a steady load through one library, and reports when each
 * caller began, how long it took, and whether it got its answer.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { CONNECT } from './http-clients.mjs';

const [name, port, requestsPerSecond, end] = process.argv.slice(2);
const send = CONNECT[name](`http://127.0.0.1:${port}`);
const loopDelay = monitorEventLoopDelay({ resolution: 5 });
const callers = [];

for (let n = 0; n < 200; n++) await send(`/warm-up/${n}`);
process.send('ready');
process.once('message', async ({ startAt }) => {
  await sleep(startAt - Date.now());
  loopDelay.enable();
  const pending = [];
  const count = (Number(end) / 1000) * Number(requestsPerSecond);
  for (let n = 0; n < count; n++) {
    const dueAt = startAt + (n * 1000) / Number(requestsPerSecond);
    if (dueAt > Date.now()) await sleep(dueAt - Date.now());
    pending.push(call(n, startAt));
  }
  await Promise.all(pending);
  process.send({ callers, loopDelayP99: loopDelay.percentile(99) / 1e6 }, () => process.exit());
});

async function call(n, startAt) {
  const beganAt = Date.now();
  const ok = await send(`/orders/${n}`).then(
    () => true,
    () => false,
  );
  callers.push({ at: beganAt - startAt, took: Date.now() - beganAt, ok });
}
