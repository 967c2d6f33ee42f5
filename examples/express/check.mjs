/** Starts an upstream, the gateway and callers on 127.0.0.1, and checks what README.md promises. */
import assert from 'node:assert/strict';
import http from 'node:http';
import axios from 'axios';
import { attachRetry, retryStateOf } from 'axios-retry-budget';
import { createGateway } from './gateway.mjs';

const servers = [];

async function listen(handler) {
  const server = http.createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const requests = [];
  server.prependListener('request', (request) => requests.push(request));
  return { url: `http://127.0.0.1:${server.address().port}`, requests };
}

/** A gateway of its own for each check. `behave` is the upstream's, and may be changed later. */
async function start(behave) {
  const place = { behave };
  const upstream = await listen((request, response) =>
    place.behave(response, upstream.requests.length, request),
  );
  const gateway = await listen(createGateway(upstream.url));
  const client = axios.create({ baseURL: gateway.url, validateStatus: () => true });
  return Object.assign(place, { upstream, gateway, client });
}

const ok = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"7"}');
const down =
  (headers = {}) =>
  (response) =>
    response.writeHead(503, headers).end();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const checks = {
  'a hiccup of the upstream stays unnoticed': async () => {
    const { client, upstream } = await start((response, count) =>
      count < 3 ? down()(response) : ok(response),
    );
    const { status, data } = await client.get('/orders/7');
    assert.deepEqual([status, data, upstream.requests.length], [200, { id: '7' }, 3]);
  },

  'an upstream that is down gets few retries, and callers make none': async () => {
    const place = await start(down());
    const caller = axios.create({ baseURL: place.gateway.url });
    attachRetry(caller, { maxRetries: 3, backoff: { initialDelay: 20 }, budget: false });
    const failures = await Promise.all(
      Array.from({ length: 300 }, () => caller.get('/orders/7').catch((error) => error)),
    );
    for (const failure of failures) {
      assert.equal(failure.response.status, 503);
      assert.equal(failure.response.headers['x-should-retry'], 'false');
      assert.equal(retryStateOf(failure).outcome, 'server-said-stop');
    }
    assert.equal(place.gateway.requests.length, 300);
    const { length } = place.upstream.requests;
    assert.ok(length >= 300 && length <= 330, `${length} requests to the upstream`);
    console.log(`    300 requests of callers became ${length}; four attempts at each layer would make 4800`);

    const { data } = await place.client.get('/health');
    assert.equal(data.origins[0].origin, place.upstream.url);
    assert.ok(data.origins[0].tokens < 1);
    console.log(`    health page: ${JSON.stringify(data)}`);
    const startedAt = performance.now();
    assert.equal((await place.client.get('/orders/7')).data.error, 'retry-budget-empty');
    assert.ok(performance.now() - startedAt < 500);

    place.behave = ok;
    assert.equal((await place.client.get('/orders/7')).status, 200);
  },

  'a wait that the upstream names is passed on': async () => {
    const { client, upstream } = await start(down({ 'retry-after': '120' }));
    const { status, headers, data } = await client.get('/orders/7');
    assert.deepEqual([status, headers['retry-after'], upstream.requests.length], [503, '120', 1]);
    assert.deepEqual([headers['x-should-retry'], data.error], ['false', 'retry-after-too-long']);
  },

  'a wait past the deadline leaves the retry to the caller': async () => {
    const { client, upstream } = await start(down({ 'retry-after': '1' }));
    const { status, headers } = await client.get('/orders/7', { headers: { 'x-deadline-ms': '500' } });
    assert.deepEqual([status, headers['retry-after'], upstream.requests.length], [503, '1', 1]);
    assert.equal(headers['x-should-retry'], undefined);
  },

  'the caller’s deadline holds, and the upstream is told': async () => {
    const { client, upstream } = await start((response, count) => count === 1 && down()(response));
    const startedAt = performance.now();
    const { status, data } = await client.get('/orders/7', { headers: { 'x-deadline-ms': '400' } });
    const took = performance.now() - startedAt;
    assert.deepEqual([status, data.error], [504, 'time-budget-exceeded']);
    assert.ok(took >= 390 && took < 900, `took ${took} ms`);
    const told = upstream.requests.map(({ headers }) => Number(headers['x-deadline-ms']));
    assert.equal(told.length, 2);
    assert.ok(told[0] <= 400 && told[1] <= told[0] && told[1] > 0, `told ${told}`);
  },

  'a caller who hangs up is not retried for': async () => {
    const { client, upstream } = await start(down({ 'retry-after-ms': '300' }));
    await assert.rejects(client.get('/orders/7', { signal: AbortSignal.timeout(100) }));
    await sleep(500);
    assert.equal(upstream.requests.length, 1);
  },

  'what the upstream does not find is not retried': async () => {
    const { client, upstream } = await start((response) => response.writeHead(404).end());
    const { status, headers } = await client.get('/orders/8');
    assert.deepEqual([status, headers['x-should-retry'], upstream.requests.length], [404, undefined, 1]);
  },
};

for (const [promise, check] of Object.entries(checks)) {
  console.log(`  ${promise}`);
  await check();
}
for (const server of servers) {
  server.close();
  server.closeAllConnections();
}
console.log('examples/express keeps its promises');
