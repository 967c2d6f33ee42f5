import { createRequire } from 'node:module';
import type axios from 'axios';
import applyCaseMiddleware from 'axios-case-converter';
import { type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { failing, servers, type TestServer } from '../support/server';
import { bodies, clientWith, ORDERS } from './plugin';

const start = servers();
const commonJsAxios: typeof axios = createRequire(import.meta.url)('axios');

describe.each(ORDERS)('axios-case-converter, attached %s', (order) => {
  // It only converts headers of the axios that it finds itself, which is the CommonJS one.
  const converted = (server: TestServer, policy?: RetryPolicy) =>
    clientWith(order, server, (client) => applyCaseMiddleware(client), policy, commonJsAxios);

  test('params, body and headers are converted once on each attempt, the response once', async () => {
    const server = await start((_request, response, count) => {
      response.writeHead(count < 3 ? 503 : 200, { 'content-type': 'application/json' });
      response.end('{"order_id":1,"line_items":[{"unit_price":2}]}');
    });

    const response = await converted(server).put(
      '/',
      { orderId: 1, lineItems: [{ unitPrice: 2 }] },
      { params: { dryRun: true }, headers: { tenantId: 'a' } },
    );

    expect(response.data).toEqual({ orderId: 1, lineItems: [{ unitPrice: 2 }] });
    expect(bodies(server)).toEqual(Array(3).fill('{"order_id":1,"line_items":[{"unit_price":2}]}'));
    expect(server.requests.map(({ url }) => url)).toEqual(Array(3).fill('/?dry_run=true'));
    expect(server.requests.map(({ headers }) => headers['tenant-id'])).toEqual(Array(3).fill('a'));
  });

  test('Retry-After is heard, though it is called retryAfter now', async () => {
    const server = await start((_request, response, count) => {
      if (count === 1) response.setHeader('Retry-After-Ms', '30');
      response.writeHead(count === 1 ? 503 : 200).end();
    });

    const response = await converted(server).get('/');

    expect(retryStateOf(response)?.failures).toMatchObject([{ status: 503, delaySource: 'retry-after-ms' }]);
  });

  test('x-should-retry: false is heard as well', async () => {
    const server = await start((_request, response) => {
      response.writeHead(503, { 'x-should-retry': 'false' }).end();
    });

    const error = await rejectionOf(converted(server).get('/'));

    expect(retryStateOf(error)).toMatchObject({ outcome: 'server-said-stop', attempts: 1 });
  });

  test('the idempotency key is sent under its name, once', async () => {
    const server = await start(failing(503));

    await converted(server, { idempotencyKey: true }).post('/', { a: 1 });

    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys).toEqual([keys[0], keys[0]]);
  });
});
