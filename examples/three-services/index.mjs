/**
 * One call, three services in a row, the last one down: how many requests does it get?
 * Run: npm run build && node examples/three-services/index.mjs
 *
 * The caller, A and B each try three times. Naively that is 3 x 3 x 3 = 27 requests to C out of one call,
 * just when C needs them least. With axios-retry-budget the layer next to the failure retries, and tells the
 * others not to.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { pathToFileURL } from 'node:url';
import axios from 'axios';
import { attachRetry, retriesExhausted } from 'axios-retry-budget';

const ATTEMPTS = 3;

/** The way it is usually written: each layer retries whatever the layer below it made of the failure. */
function naiveClient(baseURL) {
  const client = axios.create({ baseURL });
  return async () => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await client.get('/');
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** attempt));
      }
    }
  };
}

function politeClient(baseURL) {
  const client = axios.create({ baseURL });
  attachRetry(client, { maxRetries: ATTEMPTS - 1, backoff: { initialDelay: 20 } });
  return () => client.get('/');
}

async function listen(handler) {
  const server = http.createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** A service that needs the one below: the pattern for your own handlers. */
function service(callBelow) {
  return listen(async (_request, response) => {
    try {
      response.end((await callBelow()).data);
    } catch (error) {
      // The failure about to be reported has been retried here already: callers, leave it at that.
      if (retriesExhausted(error)) response.setHeader('x-should-retry', 'false');
      response.statusCode = 502;
      response.end();
    }
  });
}

export async function requestsToC(makeClient) {
  let count = 0;
  const c = await listen((_request, response) => {
    count++;
    response.statusCode = 503;
    response.end();
  });
  const b = await service(makeClient(c.url));
  const a = await service(makeClient(b.url));
  await makeClient(a.url)().catch(() => {});
  for (const server of [a, b, c]) server.close();
  return count;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log('One call to A, which calls B, which calls C. C is down. Three attempts at each layer.');
  const naive = await requestsToC(naiveClient);
  console.log(`  naive retries:      C received ${naive} requests`);
  const polite = await requestsToC(politeClient);
  console.log(`  axios-retry-budget: C received ${polite} requests`);
  assert.equal(naive, ATTEMPTS ** 3);
  assert.equal(polite, ATTEMPTS);
}

export { naiveClient, politeClient };
