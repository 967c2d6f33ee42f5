/**
 * A server behind express-rate-limit says with every answer how the caller's quota stands. With something left, that is no
 * reason to wait for the quota to be filled up again.
 */
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import axios, { type AxiosInstance } from 'axios';
import express from 'express';
import { type Options, rateLimit } from 'express-rate-limit';
import { attachRetry, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';

const MODES: Record<string, Partial<Options>> = {
  'X-RateLimit-* (legacyHeaders)': { legacyHeaders: true, standardHeaders: false },
  'RateLimit-* of draft 6': { legacyHeaders: false, standardHeaders: 'draft-6' },
  'RateLimit of draft 7': { legacyHeaders: false, standardHeaders: 'draft-7' },
  'RateLimit of draft 8': { legacyHeaders: false, standardHeaders: 'draft-8' },
  'the old and the new at once': { legacyHeaders: true, standardHeaders: 'draft-8' },
};

const open: Server[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** A client of a server whose callers have a quota of `limit`, and which is out of order for its first `failures` answers. */
async function clientOf(options: Partial<Options>, limit: number, failures: number): Promise<AxiosInstance> {
  const app = express();
  app.use(rateLimit({ ...options, limit, windowMs: 15 * 60_000 }));
  let count = 0;
  app.get('/', (_request, response) => {
    response.status(++count <= failures ? 503 : 200).json({ count });
  });
  const server = app.listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  return axios.create({
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers: { connection: 'close' },
  });
}

describe.each(Object.entries(MODES))('express-rate-limit with %s', (_mode, options) => {
  test('a 503 with 99 left is retried after the backoff, not after the quarter of an hour of the quota', async () => {
    const client = await clientOf(options, 100, 2);
    attachRetry(client, { backoff: () => 1 });

    const response = await client.get('/');

    expect(response.data).toEqual({ count: 3 });
    expect(JSON.stringify(response.headers)).toMatch(/ratelimit/);
    expect(retryStateOf(response)?.failures).toMatchObject([
      { status: 503, delay: 1, delaySource: 'backoff' },
      { status: 503, delay: 1, delaySource: 'backoff' },
    ]);
  });

  test('a 429 with none left names its wait, which is too long', async () => {
    const client = await clientOf(options, 1, 0);
    attachRetry(client, { backoff: () => 1 });
    await client.get('/');

    const error = await rejectionOf(client.get('/'));

    expect(error.response.status).toBe(429);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retry-after-too-long', attempts: 1 });
    expect(retryStateOf(error)?.retryAfter).toBeGreaterThan(890_000);
    expect(retryStateOf(error)?.retryAfter).toBeLessThanOrEqual(900_000);
  });
});
