import { getEventListeners, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import axios, { type AxiosInstance, type AxiosRequestConfig } from 'axios';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { failing, servers } from '../support/server';

const start = servers();
const QUICK: RetryPolicy = { backoff: { initialDelay: 1 }, patience: 0 };

type Call = (client: AxiosInstance, url: string, config?: AxiosRequestConfig) => Promise<{ data: unknown }>;

const WITHOUT_BODY: Record<string, Call> = {
  'instance(config)': (client, url, config) => client({ ...config, url }),
  'instance(url, config)': (client, url, config) => client(url, config),
  '.request(config)': (client, url, config) => client.request({ ...config, url }),
  '.get': (client, url, config) => client.get(url, config),
  '.delete': (client, url, config) => client.delete(url, config),
  '.head': (client, url, config) => client.head(url, config),
  '.options': (client, url, config) => client.options(url, config),
};

const WITH_BODY: Record<string, Call> = {
  '.put': (client, url, config) => client.put(url, { a: 1 }, config),
  '.putForm': (client, url, config) => client.putForm(url, { a: 1 }, config),
  '.post': (client, url, config) => client.post(url, { a: 1 }, config),
  '.postForm': (client, url, config) => client.postForm(url, { a: 1 }, config),
  '.patch': (client, url, config) => client.patch(url, { a: 1 }, config),
  '.patchForm': (client, url, config) => client.patchForm(url, { a: 1 }, config),
  'instance(config) with data': (client, url, config) =>
    client({ ...config, url, method: 'POST', data: { a: 1 } }),
  '.request(config) with an unusual method': (client, url, config) =>
    client.request({ ...config, url, method: 'propfind', data: { a: 1 } }),
};

const METHODS = ['get', 'delete', 'head', 'options', 'put', 'post', 'patch', 'propfind'];

describe.each(Object.entries({ ...WITHOUT_BODY, ...WITH_BODY }))('%s', (_name, call) => {
  test('of a client of axios.create is retried', async () => {
    const server = await start(failing(503, 503));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, { ...QUICK, methods: METHODS });

    const response = await call(client, '/a', { headers: { 'X-Own': '1' } });

    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(server.requests.map(({ url, headers }) => [url, headers['x-own']])).toEqual(
      Array(3).fill(['/a', '1']),
    );
    expect(new Set(server.requests.map(({ method }) => method)).size).toBe(1);
    expect(new Set(server.requests.map(({ body }) => body.length)).size).toBe(1);
  });

  test('of axios itself is retried until it is detached', async () => {
    const server = await start(failing(503, 503, 200, 503));
    const retry = attachRetry(axios, { ...QUICK, methods: METHODS });
    try {
      expect(retryStateOf(await call(axios, `${server.url}/a`))).toMatchObject({ attempts: 3 });
    } finally {
      retry.detach();
    }

    expect((await rejectionOf(call(axios, server.url))).response.status).toBe(503);
    expect(server.requests).toHaveLength(4);
  });
});

test('the body of a response is the last attempt’s, whatever its type', async () => {
  const server = await start((_request, response, count) => {
    response.writeHead(count < 3 ? 503 : 200).end(`answer ${count}`);
  });
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, QUICK);

  const { data } = await client.get('/', { responseType: 'arraybuffer' });

  expect(Buffer.from(data).toString()).toBe('answer 3');
});

describe('with responseType stream', () => {
  test('the streams of failed attempts are destroyed, and the caller reads the last one', async () => {
    const server = await start((_request, response, count) => {
      response.writeHead(count < 3 ? 503 : 200);
      response.write(`chunk ${count}`);
      // A failed response is never ended: only the client can free its socket.
      if (count === 3) response.end(' end');
    });
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);
    const failed: NodeJS.ReadableStream[] = [];
    const closed: Promise<unknown>[] = [];
    const onRetry: RetryPolicy['onRetry'] = ({ error }) => {
      const socket = server.requests.at(-1)?.socket;
      closed.push(new Promise((resolve) => socket?.once('close', resolve)));
      failed.push(error.response?.data as NodeJS.ReadableStream);
    };

    const { data } = await client.get('/', { responseType: 'stream', retryPolicy: { onRetry } });

    let text = '';
    for await (const chunk of data) text += chunk;
    expect(text).toBe('chunk 3 end');
    expect(failed.map((stream) => (stream as unknown as { destroyed: boolean }).destroyed)).toEqual([
      true,
      true,
    ]);
    await Promise.all(closed);
  });

  test('onRetry may still read the stream of the failed attempt', async () => {
    const server = await start((_request, response, count) => {
      response.writeHead(count < 2 ? 503 : 200).end(`answer ${count}`);
    });
    const client = axios.create({ baseURL: server.url });
    let read = '';
    attachRetry(client, {
      ...QUICK,
      onRetry: async ({ error }) => {
        const stream = error.response?.data as AsyncIterable<Buffer>;
        for await (const chunk of stream) read += chunk;
      },
    });

    await client.get('/', { responseType: 'stream' });

    expect(read).toBe('answer 1');
  });

  test('the stream of the last error is left for the caller to read', async () => {
    const server = await start((_request, response, count) => {
      response.writeHead(503).end(`answer ${count}`);
    });
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, { ...QUICK, maxRetries: 1 });

    const error = await rejectionOf(client.get('/', { responseType: 'stream' }));

    let text = '';
    for await (const chunk of error.response.data) text += chunk;
    expect(text).toBe('answer 2');
  });

  test('fetch’s streams work the same', async () => {
    const closed: Promise<unknown>[] = [];
    const server = await start(({ socket }, response, count) => {
      response.writeHead(count < 2 ? 503 : 200);
      response.write(`answer ${count}`);
      if (count < 2) closed.push(new Promise((resolve) => socket.once('close', resolve)));
      else response.end();
    });
    const client = axios.create({ baseURL: server.url, adapter: 'fetch' });
    attachRetry(client, QUICK);

    const { data } = await client.get('/', { responseType: 'stream' });
    await Promise.all(closed);

    let text = '';
    for await (const chunk of data) text += Buffer.from(chunk);
    expect(text).toBe('answer 2');
    expect(server.requests).toHaveLength(2);
  });

  // The attempt's timeout, cut to the budget, would stay on the socket (follow-redirects destroys it when it idles so long).
  test('a time budget ends with the response, not with its stream', async () => {
    const responses: ServerResponse[] = [];
    const server = await start((_request, response) => {
      responses.push(response);
      response.write('first ');
    });
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, { ...QUICK, timeBudget: 2_000 });

    const { data } = await client.get('/', { responseType: 'stream' });
    // Another request under the same budget, begun later, runs out of it: so this one's is over as well.
    expect(await rejectionOf(client.get('/'))).toMatchObject({ code: 'ETIMEDOUT' });
    responses[0]?.end('last');

    let text = '';
    for await (const chunk of data) text += chunk;
    expect(text).toBe('first last');
  });

  test.each([undefined, 60_000])(
    'the caller’s signal still ends a stream that is being read (time budget: %s)',
    async (timeBudget) => {
      const server = await start((_request, response, count) => {
        if (count === 1) response.writeHead(503).end();
        else response.write('first ');
      });
      const client = axios.create({ baseURL: server.url });
      attachRetry(client, { ...QUICK, timeBudget });
      const controller = new AbortController();

      const { data } = await client.get('/', { responseType: 'stream', signal: controller.signal });
      const reading = (async () => {
        for await (const _chunk of data) controller.abort();
      })();

      expect(axios.isCancel(await rejectionOf(reading))).toBe(true);
      if (!data.closed) await once(data, 'close');
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    },
  );
});

test('a redirect is followed on each attempt', async () => {
  const server = await start(({ url }, response) => {
    if (url === '/from') return response.writeHead(302, { location: '/to' }).end();
    return response.writeHead(server.requests.length < 5 ? 503 : 200).end('{"ok":true}');
  });
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, QUICK);

  expect((await client.get('/from')).data).toEqual({ ok: true });
  expect(server.requests.map(({ url }) => url)).toEqual(['/from', '/to', '/from', '/to', '/from', '/to']);
});

test('progress callbacks and basic auth of the caller work on each attempt', async () => {
  const server = await start(failing(503));
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, QUICK);
  const uploaded: number[] = [];

  await client.put('/', 'x'.repeat(10), {
    auth: { username: 'u', password: 'p' },
    onUploadProgress: ({ loaded }) => uploaded.push(loaded),
  });

  expect(server.requests.map(({ headers, body }) => [headers.authorization, body.length])).toEqual(
    Array(2).fill(['Basic dTpw', 10]),
  );
  expect(uploaded.filter((loaded) => loaded === 10).length).toBeGreaterThanOrEqual(2);
});

test('attaching again after all interceptors were cleared leaves those of others in place', async () => {
  const server = await start(failing(503));
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, QUICK);
  client.interceptors.request.clear();
  client.interceptors.response.clear();
  client.interceptors.request.use((config) => {
    config.headers.authorization = 'token';
    return config;
  });
  client.interceptors.response.use((response) => response.data);
  attachRetry(client, QUICK).detach();

  expect(await client.get('/', { validateStatus: null })).toEqual({ error: 503 });
  expect(server.requests[0]?.headers.authorization).toBe('token');
});
