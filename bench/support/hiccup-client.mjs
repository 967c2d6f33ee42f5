/**
 * `hiccup-client.mjs LOAD` (JSON): a process that sends a load through one library: `perSecond` calls a second for `end`
 * milliseconds, or `calls` calls by `workers` that take the next one when theirs is done. Reports when each caller began,
 * how long it took, and whether it got its answer, and how many requests were sent for all of them.
 */
import diagnostics from 'node:diagnostics_channel';
import http from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { CONNECT } from './http-clients.mjs';

const { name, port, perSecond, end, calls, workers } = JSON.parse(process.argv[2]);
const send = CONNECT[name](`http://127.0.0.1:${port}`);
const loopDelay = monitorEventLoopDelay({ resolution: 5 });
const callers = [];
let requests = 0;

// On a busy machine one may take too long; nothing hangs on it.
for (let n = 0; n < 200; n++) await send(`/warm-up/${n}`).catch(() => {});
// Those whose connection is refused count too, which no channel of Node 20 tells of.
const { request } = http;
http.request = (...args) => {
  requests++;
  return request(...args);
};
diagnostics.subscribe('undici:request:create', () => requests++);
process.send('ready');
process.on('disconnect', () => process.exit());
process.once('message', async ({ startAt }) => {
  await sleep(startAt - Date.now());
  loopDelay.enable();
  await (workers ? work(startAt) : sendSteadily(startAt));
  process.send({ callers, requests, loopDelayP99: loopDelay.percentile(99) / 1e6 });
});

async function sendSteadily(startAt) {
  const pending = [];
  for (let n = 0; n < (end / 1000) * perSecond; n++) {
    const dueAt = startAt + (n * 1000) / perSecond;
    if (dueAt > Date.now()) await sleep(dueAt - Date.now());
    pending.push(call(n, startAt));
  }
  await Promise.all(pending);
}

async function work(startAt) {
  let next = 0;
  const worker = async () => {
    while (next < calls) await call(next++, startAt);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

async function call(n, startAt) {
  const beganAt = Date.now();
  const ok = await send(`/orders/${n}`).then(
    () => true,
    () => false,
  );
  callers.push({ at: beganAt - startAt, took: Date.now() - beganAt, ok });
}
