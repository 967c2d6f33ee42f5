/**
 * A real HTTP server that is down for three seconds, called through plain axios, through axios-retry as its
 * documentation recommends it, and through attachRetry's default. Run: npm run demo
 */
import http from 'node:http';
import axios from 'axios';
import axiosRetry, { exponentialDelay } from 'axios-retry';
import { attachRetry } from 'axios-retry-budget';

const SECONDS = 9;
const CALLS_PER_SECOND = 20;
/** Milliseconds. */
const DOWN = { from: 1_000, to: 4_000 };
const STEP = 250;

const startedAt = performance.now();
const elapsed = () => performance.now() - startedAt;
const isDown = (time) => time >= DOWN.from && time < DOWN.to;

const CLIENTS = {
  'plain axios': () => {},
  'axios-retry': (client) =>
    axiosRetry(client, { retries: 5, retryDelay: exponentialDelay, shouldResetTimeout: true }),
  attachRetry: (client) => attachRetry(client),
};

const server = http.createServer((request, response) => {
  sides[request.headers['x-side']].sent++;
  response.statusCode = isDown(elapsed()) ? 503 : 200;
  response.end();
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const baseURL = `http://127.0.0.1:${server.address().port}`;

const sides = Object.fromEntries(
  Object.entries(CLIENTS).map(([name, attach]) => {
    const client = axios.create({ baseURL, timeout: 1_000, headers: { 'x-side': name } });
    attach(client);
    return [name, { client, asked: 0, answered: 0, failed: 0, sent: 0, waits: [], timeline: '', seen: 0 }];
  }),
);

async function call(side) {
  const begun = elapsed();
  side.asked++;
  const isWell = await side.client.get('/').then(
    () => true,
    () => false,
  );
  side[isWell ? 'answered' : 'failed']++;
  if (isDown(begun) && isWell) side.waits.push(elapsed() - begun);
}

/** One character for each quarter of a second: x somebody failed, ~ somebody waits, = all is well. */
function mark(side) {
  const hasFailed = side.failed > side.seen;
  side.seen = side.failed;
  const isWaiting = side.asked - side.answered - side.failed > 1;
  side.timeline += hasFailed ? 'x' : isWaiting ? '~' : '=';
}

const lines = () => [
  `${'server'.padEnd(12)} ${Array.from({ length: Math.floor(elapsed() / STEP) }, (_, step) => (isDown(step * STEP) ? 'X' : '=')).join('')}`,
  ...Object.entries(sides).map(
    ([name, { timeline, answered, failed, asked }]) =>
      `${name.padEnd(12)} ${timeline.padEnd(SECONDS * 4)} ${String(answered).padStart(4)} ok ` +
      `${String(failed).padStart(3)} failed ${String(asked - answered - failed).padStart(3)} wait`,
  ),
];

console.log(
  `A server that is down for three seconds; ${CALLS_PER_SECOND} calls a second through each of three clients.`,
);
console.log('=  all is well    ~  callers wait    x  callers failed    X  down\n');
const isTerminal = process.stdout.isTTY && process.stdout.columns >= 80;
let drawn = 0;
const report = setInterval(() => {
  for (const side of Object.values(sides)) mark(side);
  if (isTerminal) {
    process.stdout.write(`${drawn > 0 ? `\u001b[${drawn}A` : ''}${lines().join('\u001b[K\n')}\u001b[K\n`);
    drawn = lines().length;
  } else if (sides['plain axios'].timeline.length % 4 === 0) {
    const states = Object.entries(sides).map(
      ([name, { answered, failed, asked }]) =>
        `${name}: ${answered} ok, ${failed} failed, ${asked - answered - failed} waiting`,
    );
    console.log(
      `${(elapsed() / 1000).toFixed(0)} s, server ${isDown(elapsed()) ? 'down' : 'up'}. ${states.join('; ')}`,
    );
  }
}, STEP);

const calls = [];
await new Promise((resolve) => {
  const asking = setInterval(() => {
    if (elapsed() > (SECONDS - 1) * 1_000) {
      clearInterval(asking);
      resolve();
    } else for (const side of Object.values(sides)) calls.push(call(side));
  }, 1_000 / CALLS_PER_SECOND);
});
await Promise.all(calls);
clearInterval(report);
server.close();
server.closeAllConnections();

const seconds = (ms) => (ms === undefined ? '-' : `${(ms / 1000).toFixed(1)} s`);
console.log('\nOf the callers caught in the outage, those that were served waited:\n');
console.log(`${''.padEnd(12)} failed   half of them   the slowest   requests sent`);
for (const [name, { failed, waits, sent }] of Object.entries(sides)) {
  waits.sort((a, b) => a - b);
  const cells = [failed, seconds(waits[Math.floor(waits.length / 2)]), seconds(waits.at(-1)), sent];
  console.log(
    `${name.padEnd(12)} ${[6, 14, 13, 15].map((width, at) => String(cells[at]).padStart(width)).join(' ')}`,
  );
}
