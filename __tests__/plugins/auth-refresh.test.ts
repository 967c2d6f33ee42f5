import { createAuthRefresh } from 'axios-auth-refresh';
import { retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { servers } from '../support/server';
import { bodies, clientWith, ORDERS } from './plugin';

const start = servers();

describe.each(ORDERS)('axios-auth-refresh, attached %s', (order) => {
  /** Takes the fresh token only; besides, fails with these statuses, one after the other. */
  async function guarded(statuses: number[], options: { deduplicateRefresh?: boolean } = {}) {
    let token = 'stale';
    let refreshes = 0;
    const server = await start(({ headers }, response) => {
      const status = headers.authorization === 'Bearer fresh' ? (statuses.shift() ?? 200) : 401;
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"ok":true}');
    });
    const client = clientWith(order, server, (client) => {
      client.interceptors.request.use((config) => {
        config.headers.set('Authorization', `Bearer ${token}`);
        return config;
      });
      const refresh = async () => {
        refreshes++;
        await new Promise((resolve) => setImmediate(resolve));
        token = 'fresh';
      };
      createAuthRefresh(client, refresh, options);
    });
    const tokens = () => server.requests.map(({ headers }) => headers.authorization?.slice(7));
    return { client, server, tokens, refreshes: () => refreshes };
  }

  test('one refresh, then retries with the fresh token and the same body', async () => {
    const { client, server, tokens, refreshes } = await guarded([503, 503]);

    const response = await client.put('/', { a: 1 });

    expect(response.data).toEqual({ ok: true });
    expect(refreshes()).toBe(1);
    expect(tokens()).toEqual(['stale', 'fresh', 'fresh', 'fresh']);
    expect(bodies(server)).toEqual(Array(4).fill('{"a":1}'));
  });

  test('concurrent requests are all refreshed and retried', async () => {
    // With its default, whoever is refused while the token is refreshed gets the 401, with retries or without.
    const { client } = await guarded([503, 503], { deduplicateRefresh: false });

    const responses = await Promise.all([client.get('/'), client.get('/'), client.get('/')]);

    expect(responses.map(({ data }) => data)).toEqual(Array(3).fill({ ok: true }));
  });

  test('no more retries than maxRetries', async () => {
    const { client, tokens } = await guarded(Array(20).fill(503));

    const error = await rejectionOf(client.get('/', { retryPolicy: { maxRetries: 2 } }));

    expect(error.response.status).toBe(503);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', retries: 2 });
    expect(tokens()).toEqual(['stale', 'fresh', 'fresh', 'fresh']);
  });

  test('a POST that was refused for its token is sent again, one that failed is not', async () => {
    const { client, tokens } = await guarded([503]);

    const error = await rejectionOf(client.post('/', { a: 1 }));

    expect(error.response.status).toBe(503);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'not-idempotent' });
    expect(tokens()).toEqual(['stale', 'fresh']);
  });
});
