/** Other plugins of axios, attached before and after this one: what docs/plugins.md says. */
import { createRequire } from 'node:module';
import { HttpService } from '@nestjs/axios';
import aws4 from 'aws4';
import { aws4Interceptor } from 'aws4-axios';
import axios, { type AxiosInstance } from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';
import { type AxiosCacheInstance, setupCache } from 'axios-cache-interceptor';
import applyCaseMiddleware from 'axios-case-converter';
import { wrapper as supportCookies } from 'axios-cookiejar-support';
import { firstValueFrom } from 'rxjs';
import { CookieJar } from 'tough-cookie';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { failing, type ReceivedRequest, servers, type TestServer } from '../support/server';

const start = servers();
const QUICK: RetryPolicy = { backoff: { initialDelay: 1 } };
const ORDERS = ['before', 'after'] as const;
type Order = (typeof ORDERS)[number];
const commonJsAxios: typeof axios = createRequire(import.meta.url)('axios');

/** A client with both plugins, the other one attached before or after attachRetry. */
function clientWith(
  order: Order,
  server: TestServer,
  attachOther: (client: AxiosInstance) => unknown,
  policy: RetryPolicy = {},
  { create } = axios,
): AxiosInstance {
  const client = create({ baseURL: server.url });
  if (order === 'before') attachOther(client);
  attachRetry(client, { ...QUICK, ...policy });
  if (order === 'after') attachOther(client);
  return client;
}

const bodies = ({ requests }: TestServer) => requests.map(({ body }) => body.toString());

describe('axios-cache-interceptor', () => {
  const cached = (server: TestServer, order: Order = 'before') =>
    clientWith(order, server, (client) => setupCache(client as AxiosCacheInstance));

  test('before: retries happen, and what comes of them is cached once', async () => {
    const server = await start(failing(503, 503));
    const client = cached(server);

    const first = await client.get('/');
    const second = await client.get('/');

    expect(first.data).toEqual({ ok: true });
    expect(retryStateOf(first)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(second).toMatchObject({ data: { ok: true }, cached: true });
    expect(retryStateOf(second)).toMatchObject({ outcome: 'succeeded', attempts: 1 });
    expect(server.requests).toHaveLength(3);
  });

  test('before: a failure is not cached', async () => {
    const server = await start(failing(503, 503, 200));
    const client = cached(server);

    const error = await rejectionOf(client.get('/', { retryPolicy: { maxRetries: 1 } }));
    const response = await client.get('/');

    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 2 });
    expect(response.data).toEqual({ ok: true });
    expect(server.requests).toHaveLength(3);
  });

  test('before: concurrent requests for the same are all answered', async () => {
    const server = await start(failing(503, 503));
    const client = cached(server);

    const responses = await Promise.all([client.get('/'), client.get('/'), client.get('/')]);

    expect(responses.map(({ data }) => data)).toEqual(Array(3).fill({ ok: true }));
    expect(server.requests).toHaveLength(3);
  });

  // The cache rejects all of them with the one error, whose config is the first one's: each starts a loop on it.
  test('before: concurrent requests for the same are retried as one', async () => {
    const server = await start(failing(503, 503));
    const retries: number[] = [];
    const client = clientWith('before', server, (client) => setupCache(client as AxiosCacheInstance), {
      onRetry: ({ retry }) => void retries.push(retry),
    });

    const [first] = await Promise.all([client.get('/'), client.get('/'), client.get('/')]);

    expect(retries).toEqual([1, 2]);
    expect(retryStateOf(first)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
  });

  test('before: a stale answer is served when the policy of the cache says so, without a retry', async () => {
    const server = await start((_request, response, count) => {
      response.setHeader('cache-control', 'max-age=0, stale-if-error=60');
      response.setHeader('etag', '"1"');
      failing(200, 503, 503)(_request, response, count);
    });
    const client = cached(server);

    await client.get('/', { cache: { staleIfError: true } } as object);
    const stale = await client.get('/', { cache: { staleIfError: true } } as object);

    expect(stale).toMatchObject({ data: { ok: true }, cached: true });
    expect(server.requests).toHaveLength(2);
  });

  test('before: requests that are not cached are retried as ever', async () => {
    const server = await start(failing(503, 503));
    const client = cached(server);

    await client.put('/', { a: 1 });

    expect(bodies(server)).toEqual(Array(3).fill('{"a":1}'));
  });

  // A retry finds that its own first attempt is being fetched, and waits for it.
  test.failing('after', async () => {
    const server = await start(failing(503));
    const client = cached(server, 'after');

    expect((await client.get('/')).data).toEqual({ ok: true });
  }, 500);
});

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

describe.each(ORDERS)('axios-cookiejar-support, attached %s', (order) => {
  test('cookies that a failed attempt was given are sent with the next', async () => {
    const server = await start((_request, response, count) => {
      response.setHeader('Set-Cookie', `attempt=${count}`);
      failing(503, 503)(_request, response, count);
    });
    const jar = new CookieJar();
    const client = clientWith(order, server, supportCookies);

    const response = await client.put('/', { a: 1 }, { jar } as object);

    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(server.requests.map(({ headers }) => headers.cookie)).toEqual([
      undefined,
      'attempt=1',
      'attempt=2',
    ]);
    expect(bodies(server)).toEqual(Array(3).fill('{"a":1}'));
    expect(await jar.getCookieString(server.url)).toBe('attempt=3');
  });

  test('a jar in the defaults works the same, under a time budget as well', async () => {
    const server = await start((_request, response, count) => {
      response.setHeader('Set-Cookie', `attempt=${count}`);
      failing(503)(_request, response, count);
    });
    const client = clientWith(order, server, supportCookies, { timeBudget: 5_000 });
    Object.assign(client.defaults, { jar: new CookieJar() });

    await client.get('/');
    await client.get('/');

    expect(server.requests.map(({ headers }) => headers.cookie)).toEqual([
      undefined,
      'attempt=1',
      'attempt=2',
    ]);
  });
});

describe.each(ORDERS)('aws4-axios, attached %s', (order) => {
  const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI' };

  const signed = (server: TestServer, policy?: RetryPolicy, signQuery = false) =>
    clientWith(
      order,
      server,
      (client) => {
        client.interceptors.request.use(
          aws4Interceptor({
            instance: client,
            options: { region: 'eu-central-1', service: 'execute-api', signQuery },
            credentials: CREDENTIALS,
          }),
        );
      },
      policy,
    );

  /** Whether a request carries the signature that its own bytes have. */
  function isSignedRight({ method, url, headers, body }: ReceivedRequest): boolean {
    const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? [];
    const expected = aws4.sign(
      {
        host: headers.host as string,
        method,
        path: url,
        region: 'eu-central-1',
        service: 'execute-api',
        body: body.toString(),
        headers: Object.fromEntries(names.map((name) => [name, headers[name] as string])),
        // Whatever header it came in, it was signed.
        extraHeadersToInclude: Object.fromEntries(names.map((name) => [name, true])),
      } as aws4.Request,
      CREDENTIALS,
    );
    return expected.headers?.Authorization === headers.authorization;
  }

  test.each(['get', 'delete'] as const)('each attempt of a %s is signed right', async (method) => {
    const server = await start(failing(503, 503));

    const response = await signed(server)[method]('/things', { params: { q: 'a b', page: 1 } });

    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(server.requests.map(isSignedRight)).toEqual([true, true, true]);
  });

  test('each attempt of a PUT is signed right, its body included', async () => {
    const server = await start(failing(503, 503));

    await signed(server).put('/things/1', { name: 'Ünïcode ✓' });

    expect(bodies(server)).toEqual(Array(3).fill('{"name":"Ünïcode ✓"}'));
    expect(server.requests.map(isSignedRight)).toEqual([true, true, true]);
  });

  test('each attempt is signed for its own time', async () => {
    const server = await start(failing(503));
    const client = signed(server, { backoff: () => 1_050 });

    await client.get('/');

    const [first, second] = server.requests.map(({ headers }) => headers['x-amz-date']);
    expect(second).not.toBe(first);
    expect(server.requests.map(isSignedRight)).toEqual([true, true]);
  });

  test('signed queries do not pile up', async () => {
    const server = await start(failing(503, 503));

    await signed(server, {}, true).get('/things', { params: { page: 1 } });

    for (const { url } of server.requests) {
      const { searchParams } = new URL(url, server.url);
      expect(searchParams.getAll('X-Amz-Signature')).toHaveLength(1);
      expect(searchParams.getAll('page')).toEqual(['1']);
    }
  });

  // Request interceptors run in the reverse order of their registration.
  const signsOurs = order === 'before';

  test(`the idempotency key and the attempt header are sent ${signsOurs ? '' : 'un'}signed`, async () => {
    const server = await start(failing(503));

    await signed(server, { idempotencyKey: true, attemptHeader: 'X-Attempt' }).post('/', { a: 1 });

    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toBeDefined();
    expect(keys[1]).toBe(keys[0]);
    expect(server.requests.map(({ headers }) => headers['x-attempt'])).toEqual(['1', '2']);
    for (const request of server.requests) {
      expect(/;idempotency-key;\S*x-attempt/.test(request.headers.authorization ?? '')).toBe(signsOurs);
      expect(isSignedRight(request)).toBe(true);
    }
  });
});

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
