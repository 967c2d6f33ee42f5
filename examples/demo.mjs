/**
 * A real HTTP server that is down for three seconds and flaky afterwards, called through a plain axios
 * client and through one with attachRetry, side by side. Run: npm run demo
 */
import http from 'node:http';
import axios from 'axios';
import { attachRetry, retryStateOf } from 'axios-retry-budget';

const SECONDS = 8;
const CALLS_PER_SECOND = 10;
const DOWN = { from: 1_000, to: 4_000 };
const FLAKY = 0.2;

const startedAt = Date.now();
const elapsed = () => Date.now() - startedAt;

function weather() {
  const time = elapsed();
  if (time >= DOWN.from && time < DOWN.to) return 'down';
  return time < DOWN.from ? 'up' : 'flaky';
}

const server = http.createServer((request, response) => {
  sides[request.headers['x-side']].sent++;
  const state = weather();
  response.statusCode = state === 'down' || (state === 'flaky' && Math.random() < FLAKY) ? 503 : 200;
  response.end();
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const baseURL = `http://127.0.0.1:${server.address().port}`;

const sides = {
  plain: { asked: 0, answered: 0, failed: 0, sent: 0, mostAttempts: 0 },
  retry: { asked: 0, answered: 0, failed: 0, sent: 0, mostAttempts: 0 },
};
const plain = axios.create({ baseURL, headers: { 'x-side': 'plain' } });
const retrying = axios.create({ baseURL, headers: { 'x-side': 'retry' } });
attachRetry(retrying);

async function call(client, side) {
  side.asked++;
  let outcome;
  try {
    outcome = await client.get('/');
    side.answered++;
  } catch (error) {
    outcome = error;
    side.failed++;
  }
  side.mostAttempts = Math.max(side.mostAttempts, retryStateOf(outcome)?.attempts ?? 1);
}

const cell = ({ asked, answered, failed }) =>
  `answered ${String(answered).padStart(3)}  failed ${String(failed).padStart(3)}  waiting ${String(asked - answered - failed).padStart(3)}`;

console.log(`Server: up for 1 s, down for 3 s, then fails ${FLAKY * 100}% of all requests.`);
console.log(`Each client is asked for ${CALLS_PER_SECOND} requests a second.\n`);
console.log('  time   server   plain axios                             with attachRetry');
const report = setInterval(() => {
  const time = `${(elapsed() / 1000).toFixed(1)} s`.padStart(6);
  console.log(`${time}   ${weather().padEnd(6)}   ${cell(sides.plain)}   ${cell(sides.retry)}`);
}, 500);

const calls = [];
await new Promise((resolve) => {
  const asking = setInterval(() => {
    if (elapsed() > SECONDS * 1_000) {
      clearInterval(asking);
      resolve();
      return;
    }
    calls.push(call(plain, sides.plain), call(retrying, sides.retry));
  }, 1_000 / CALLS_PER_SECOND);
});
await Promise.all(calls);
clearInterval(report);
server.close();
server.closeAllConnections();

console.log('\nIn the end:');
console.table({ 'plain axios': sides.plain, 'with attachRetry': sides.retry }, [
  'asked',
  'answered',
  'failed',
  'sent',
  'mostAttempts',
]);
