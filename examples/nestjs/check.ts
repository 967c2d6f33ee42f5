/** Starts an upstream and the application on 127.0.0.1, and checks what README.md promises. */
import assert from 'node:assert/strict';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpService } from '@nestjs/axios';
import { NestFactory } from '@nestjs/core';
import type { AxiosError } from 'axios';
import { type AttachedRetry, retryStateOf } from 'axios-retry-budget';
import { firstValueFrom, timeout } from 'rxjs';
import { appModule, OrdersService, RETRY } from './app.js';

const servers: http.Server[] = [];

/** An application of its own for each check. `behave` gets the number of the request, from 1. */
async function start(behave: (response: ServerResponse, count: number) => unknown) {
  const requests: IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    requests.push(request);
    behave(response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const app = await NestFactory.createApplicationContext(appModule(url), { logger: ['error'] });
  return { app, url, requests, orders: app.get(OrdersService) };
}

const rejectionOf = (promise: Promise<unknown>): Promise<AxiosError> =>
  promise.then(
    () => assert.fail('should have failed'),
    (error) => error,
  );
const ok = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"7"}');
const down = (response: ServerResponse) => response.writeHead(503).end();
const busy = (response: ServerResponse) => response.writeHead(503, { 'retry-after-ms': '400' }).end();

const checks: Record<string, () => Promise<void>> = {
  'a hiccup of the upstream stays unnoticed': async () => {
    const { app, orders, requests } = await start((response, count) => (count < 3 ? down : ok)(response));
    assert.deepEqual(await orders.find('7'), { id: '7' });
    assert.equal(requests.length, 3);
    await app.close();
  },

  'a POST is retried with one key': async () => {
    const { app, orders, requests } = await start((response, count) => (count < 3 ? down : ok)(response));
    assert.deepEqual(await orders.place({ item: 1 }), { id: '7' });
    const keys = requests.map(({ headers }) => headers['idempotency-key']);
    assert.equal(keys.length, 3);
    assert.ok(keys[0]);
    assert.equal(new Set(keys).size, 1);
    await app.close();
  },

  'what is thrown is axios’ own error, with the story of the retries': async () => {
    const { app, url, orders } = await start(down);
    const error = await rejectionOf(orders.find('7'));
    assert.equal(error.response?.status, 503);
    assert.equal(retryStateOf(error)?.outcome, 'retries-exhausted');
    assert.equal(retryStateOf(error)?.attempts, 4);
    const [origin] = app.get<AttachedRetry>(RETRY).origins();
    assert.equal(origin?.origin, url);
    assert.equal(origin?.state, 'failing');
    await app.close();
  },

  'whoever unsubscribes is not retried for': async () => {
    const { app, requests } = await start(busy);
    const response = app.get(HttpService).get('/orders/7').pipe(timeout(100));
    await assert.rejects(firstValueFrom(response), { name: 'TimeoutError' });
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(requests.length, 1);
    await app.close();
  },

  'closing the application ends the waits': async () => {
    const { app, orders, requests } = await start(busy);
    const found = rejectionOf(orders.find('7'));
    setTimeout(() => app.close(), 100);
    const startedAt = performance.now();
    assert.equal(retryStateOf(await found)?.outcome, 'detached');
    assert.ok(performance.now() - startedAt < 390);
    assert.equal(requests.length, 1);
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
console.log('examples/nestjs keeps its promises');
