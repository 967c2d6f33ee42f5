/**
 * Breaks the dependency for three seconds while callers go on, and prints what Prometheus answers to three queries.
 * Everything is real: Prometheus, the service, the dependency, each on a port of 127.0.0.1. npm run check
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPrometheus } from './prometheus.mjs';
import { createService } from './service.mjs';

const DOWN_FOR = 3_000;

async function listen(handler) {
  const server = http.createServer(handler);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, address: `127.0.0.1:${server.address().port}` };
}

let isDown = false;
const dependency = await listen((_request, response) => {
  response.writeHead(isDown ? 503 : 200, { 'content-type': 'application/json' }).end('{"id":7}');
});
const service = await listen(createService(`http://${dependency.address}`));
const prometheus = await startPrometheus(service.address);

const statuses = [];
const calls = [];
const call = () => fetch(`http://${service.address}/orders/7`).then(({ status }) => statuses.push(status));
const callers = setInterval(() => calls.push(call()), 20);

console.log('Fifty calls a second. All is well.');
await prometheus.until('axios_retry_calls_total', (result) => result.length > 0);
console.log(`The dependency is down for ${DOWN_FOR / 1_000} seconds.`);
isDown = true;
await prometheus.until('axios_retry_origin_state{state="failing"} == 1', (result) => result.length === 1);
console.log('Prometheus sees it: the origin is failing.');
await sleep(DOWN_FOR);
isDown = false;
await prometheus.until('axios_retry_origin_state{state="well"} == 1', (result) => result.length === 1);
console.log('It is back, and Prometheus sees that as well.');
clearInterval(callers);
await Promise.all(calls);

const made = statuses.length;
const total = ([first]) => first?.value ?? 0;
await prometheus.until('sum(axios_retry_calls_total)', (result) => total(result) === made);

const QUERIES = {
  'How did calls end?': 'sum by (outcome) (axios_retry_calls_total)',
  'How many requests went to the dependency for one call?':
    '1 + sum(axios_retry_retries_sum) / sum(axios_retry_calls_total)',
  'How long was a call held at the gate, at p99 of those that were?':
    'histogram_quantile(0.99, sum by (le) (axios_retry_held_bucket))',
};
const answers = {};
for (const [question, expression] of Object.entries(QUERIES)) {
  answers[question] = await prometheus.query(expression);
  console.log(`\n${question}\n  ${expression}`);
  for (const { metric, value } of answers[question])
    console.log(
      `  ${metric.outcome ?? ''} ${Number(value.toFixed(3))}`.replace(/ +/g, ' ').replace(/^ /, '  → '),
    );
}

const [outcomes, perCall, held] = Object.values(answers);
const succeeded = statuses.filter((status) => status === 200).length;
assert.equal(outcomes.find(({ metric }) => metric.outcome === 'succeeded').value, succeeded);
assert.equal(
  outcomes.reduce((sum, { value }) => sum + value, 0),
  made,
);
assert.ok(total(perCall) > 1 && total(perCall) < 2);
assert.ok(total(held) > 0);

// The dashboard asks for nothing that Prometheus does not have.
const dashboard = readFileSync(new URL('dashboard.json', import.meta.url), 'utf8');
const expressions = JSON.parse(dashboard).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
for (const expression of expressions) {
  const asked = expression.replaceAll('$__rate_interval', '1m').replaceAll('$server', '.*');
  const hasData = (await prometheus.query(asked)).length > 0;
  // Nothing has a budget here: with the gate there are no tokens.
  assert.equal(hasData, !expression.includes('axios_retry_tokens'), expression);
}
console.log(`\n${expressions.length} expressions of the dashboard are answered.`);

await prometheus.stop();
for (const { server } of [service, dependency]) {
  server.closeAllConnections();
  server.close();
}
console.log('examples/observability keeps its promises');
