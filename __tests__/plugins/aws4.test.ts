import aws4 from 'aws4';
import { aws4Interceptor } from 'aws4-axios';
import { type RetryPolicy, retryStateOf } from '../../lib';
import { failing, type ReceivedRequest, servers, type TestServer } from '../support/server';
import { bodies, clientWith, ORDERS } from './plugin';

const start = servers();

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

  test(`${order === 'before' ? 'each attempt is signed for its own time' : 'all attempts share one signature'}`, async () => {
    const server = await start(failing(503));
    const client = signed(server, { backoff: () => 1_050 });

    await client.get('/');

    const times = server.requests.map(({ headers }) => headers['x-amz-date']);
    expect(new Set(times).size).toBe(order === 'before' ? 2 : 1);
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

  // Outside, it signs the call before there is anything of ours on it.
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
