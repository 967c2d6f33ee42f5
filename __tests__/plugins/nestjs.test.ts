import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { firstValueFrom } from 'rxjs';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { failing, servers, type TestServer } from '../support/server';
import { bodies, ORDERS, QUICK } from './plugin';

const start = servers();

describe.each(ORDERS)('@nestjs/axios, HttpService made %s attachRetry', (order) => {
  function serviceFor(server: TestServer, policy: RetryPolicy = {}): HttpService {
    const client = axios.create({ baseURL: server.url });
    if (order === 'after') attachRetry(client, { ...QUICK, ...policy });
    const service = new HttpService(client);
    if (order === 'before') attachRetry(service.axiosRef, { ...QUICK, ...policy });
    return service;
  }

  test('an observable emits one response, whatever the number of attempts', async () => {
    const server = await start(failing(503, 503));
    const service = serviceFor(server);
    const emitted: unknown[] = [];

    await new Promise<void>((resolve, reject) => {
      service.put('/', { a: 1 }).subscribe({
        next: (response) => emitted.push(response),
        error: reject,
        complete: resolve,
      });
    });

    expect(emitted).toMatchObject([{ status: 200, data: { ok: true } }]);
    expect(retryStateOf(emitted[0])).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(bodies(server)).toEqual(Array(3).fill('{"a":1}'));
  });

  test('it fails with the last error', async () => {
    const server = await start(failing(503, 503, 503));

    const error = await rejectionOf(firstValueFrom(serviceFor(server, { maxRetries: 1 }).get('/')));

    expect(error.response.status).toBe(503);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 2 });
  });

  test('unsubscribing ends the wait for a retry', async () => {
    const server = await start(failing(503));
    const gaveUp = new Promise((resolve) => {
      const service = serviceFor(server, {
        backoff: () => 60_000,
        onRetry: () => void setImmediate(() => subscription.unsubscribe()),
        onGiveUp: ({ reason }) => resolve(reason),
      });
      const subscription = service.get('/').subscribe({ error: () => {} });
    });

    expect(await gaveUp).toBe('aborted');
    expect(server.requests).toHaveLength(1);
  });

  test('a policy of its own goes with the request', async () => {
    const server = await start(failing(503));

    const error = await rejectionOf(firstValueFrom(serviceFor(server).get('/', { retryPolicy: false })));

    expect(error.response.status).toBe(503);
    expect(server.requests).toHaveLength(1);
  });
});
