import { Readable } from 'node:stream';
import axios, { type AxiosInstance, type AxiosRequestConfig } from 'axios';
import FormDataPackage from 'form-data';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { failing, type ReceivedRequest, servers } from '../support/server';

const start = servers();
const QUICK: RetryPolicy = { backoff: { initialDelay: 1 }, patience: 0 };

/** What was sent, with the random boundary of a multipart body by a fixed name. */
function bytesOf({ method, url, rawHeaders, headers, body }: ReceivedRequest) {
  const boundary = /boundary=(\S+)/.exec(headers['content-type'] ?? '')?.[1];
  const unrandomised = (text: string) => (boundary ? text.replaceAll(boundary, 'BOUNDARY') : text);
  return { method, url, headers: rawHeaders.map(unrandomised), body: unrandomised(body.toString('latin1')) };
}

const json = { name: 'Ünïcode ✓', nested: { list: [1, 'two', { three: 3 }], nothing: null } };

const REPLAYABLE: Record<string, (client: AxiosInstance) => Promise<unknown>> = {
  'a JSON object': (client) => client.put('/', json),
  'a JSON array': (client) => client.put('/', [json, json]),
  'a class instance with toJSON': (client) => client.put('/', new Date(0)),
  'a string': (client) => client.put('/', 'plain ✓ words'),
  'a string of JSON with its content type': (client) =>
    client.put('/', '{"a":1}', { headers: { 'Content-Type': 'application/json' } }),
  'an empty string': (client) => client.put('/', ''),
  'no body': (client) => client.put('/'),
  null: (client) => client.put('/', null),
  'a Buffer': (client) => client.put('/', Buffer.from([0, 1, 2, 253, 254, 255])),
  'a typed array': (client) => client.put('/', new Uint8Array([0, 1, 2, 253, 254, 255])),
  'a typed array that is a part of its buffer': (client) =>
    client.put('/', new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2)),
  'an ArrayBuffer': (client) => client.put('/', new Uint8Array([0, 255]).buffer),
  'a Blob with a type': (client) => client.put('/', new Blob(['<b>'], { type: 'text/html' })),
  'a Blob without a type': (client) => client.put('/', new Blob([new Uint8Array([0, 255])])),
  URLSearchParams: (client) => client.put('/', new URLSearchParams({ a: '1 2', b: 'ü' })),
  'an object sent as a URL-encoded form': (client) =>
    client.put('/', { a: [1, 2] }, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
  'a native FormData': (client) => {
    const form = new FormData();
    form.append('words', 'ü');
    form.append('file', new Blob(['<b>'], { type: 'text/html' }), 'a.html');
    return client.put('/', form);
  },
  'putForm of a plain object': (client) =>
    client.putForm('/', { a: 1, 'list[]': [1, 2], deep: { b: 'ü' }, file: Buffer.from('bytes') }),
  'a body through a transformRequest of the caller': (client) =>
    client.put('/', { n: 1 }, { transformRequest: (data) => `wrapped:${JSON.stringify(data)}` }),
};

test.each(Object.entries(REPLAYABLE))(
  '%s is sent on every attempt byte for byte as without retries',
  async (_name, send) => {
    const server = await start(failing(200, 503, 503));
    const config: AxiosRequestConfig = {
      baseURL: server.url,
      headers: { 'X-Tenant': 'a', Accept: 'text/*' },
    };
    await send(axios.create(config));
    const client = axios.create(config);
    attachRetry(client, QUICK);

    await send(client);

    const [plain, ...attempts] = server.requests.map(bytesOf);
    expect(attempts).toEqual([plain, plain, plain]);
  },
);

test('Content-Type and Content-Length of a JSON body are those of its bytes on each attempt', async () => {
  const server = await start(failing(503, 503));
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, QUICK);

  await client.put('/', { a: 'ü' });

  expect(server.requests.map(({ headers }) => [headers['content-type'], headers['content-length']])).toEqual(
    Array(3).fill(['application/json', '10']),
  );
  expect(server.requests.map(({ body }) => body.toString())).toEqual(Array(3).fill('{"a":"ü"}'));
});

test('headers set to null or false stay unsent on each attempt', async () => {
  const server = await start(failing(503));
  const client = axios.create({ baseURL: server.url, headers: { common: { 'X-Common': '1' } } });
  attachRetry(client, QUICK);

  await client.put('/', 'x', { headers: { 'x-common': null, 'User-Agent': false, 'Content-Type': 'a/b' } });

  for (const { headers } of server.requests) {
    expect(headers).not.toHaveProperty('x-common');
    expect(headers).not.toHaveProperty('user-agent');
    expect(headers['content-type']).toBe('a/b');
  }
  expect(server.requests).toHaveLength(2);
});

test('params, defaults and request together, make the same URL on each attempt', async () => {
  const server = await start(failing(503, 503));
  const client = axios.create({ baseURL: `${server.url}/v1`, params: { key: 'k', filter: { a: 1 } } });
  attachRetry(client, QUICK);

  await client.get('/things?x=1#hash', { params: { tags: ['a', 'b'], filter: { b: 2 }, none: undefined } });

  const urls = server.requests.map(({ url }) => decodeURIComponent(url));
  expect(urls).toEqual(Array(3).fill('/v1/things?x=1&key=k&filter[a]=1&filter[b]=2&tags[]=a&tags[]=b'));
});

test('a body changed by the caller during the retries is sent as it was when the request was made', async () => {
  const order = { id: 1, lines: { first: 'a' } };
  const server = await start((request, response, count) => {
    order.lines.first = `changed ${count}`;
    failing(503, 503)(request, response, count);
  });
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, QUICK);

  await client.put('/', order);

  expect(server.requests.map(({ body }) => body.toString())).toEqual(
    Array(3).fill('{"id":1,"lines":{"first":"a"}}'),
  );
});

const ONE_SHOT: Record<string, (client: AxiosInstance) => Promise<unknown>> = {
  'a Node stream': (client) => client.put('/', Readable.from(['once'])),
  'a form of the form-data package': (client) => {
    const form = new FormDataPackage();
    form.append('word', 'once');
    return client.put('/', form);
  },
  'putForm with a Node stream in it': (client) =>
    client.putForm('/', { word: 'once', file: Readable.from(['once']) }),
  'putForm with a Node stream deep in it': (client) =>
    client.putForm('/', { list: [{ file: Readable.from(['once']) }] }),
  'a web ReadableStream': (client) =>
    client.put('/', new Blob(['once']).stream(), {
      adapter: 'fetch',
      headers: { 'Content-Type': 'text/plain' },
    }),
};

test.each(Object.entries(ONE_SHOT))('%s is sent once, and then given up on', async (_name, send) => {
  const server = await start(failing(503));
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, QUICK);

  const error = await rejectionOf(send(client));

  expect(error.response.status).toBe(503);
  expect(retryStateOf(error)).toMatchObject({ outcome: 'body-not-replayable', attempts: 1, retries: 0 });
  expect(server.requests).toHaveLength(1);
  expect(server.requests[0]?.body.toString()).toContain('once');
});

test('a body that can be read only once goes through when its first attempt does', async () => {
  const server = await start(failing());
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, QUICK);

  const response = await client.put('/', Readable.from(['once']));

  expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 1 });
  expect(server.requests[0]?.body.toString()).toBe('once');
});

test('a stream that an interceptor makes anew for each attempt is replayed', async () => {
  const server = await start(failing(503, 503));
  const client = axios.create({ baseURL: server.url });
  client.interceptors.request.use((config) => {
    config.data = Readable.from([`signed:${config.data}`]);
    return config;
  });
  attachRetry(client, QUICK);

  await client.put('/', 'text');

  expect(server.requests.map(({ body }) => body.toString())).toEqual(Array(3).fill('signed:text'));
});

test.each(['http', 'fetch'])('the %s adapter sends a JSON body on every attempt', async (adapter) => {
  const server = await start(failing(503, 429));
  const client = axios.create({ baseURL: server.url, adapter });
  attachRetry(client, QUICK);

  const response = await client.put('/', { a: 1 });

  expect(response.data).toEqual({ ok: true });
  expect(server.requests.map(({ body }) => body.toString())).toEqual(Array(3).fill('{"a":1}'));
});

describe('what is changed in place', () => {
  const order = () => ({ items: [{ price: 1 }, { price: 2 }], tags: [['a']] });
  const double = (data: ReturnType<typeof order>) => {
    for (const item of data.items) item.price *= 2;
    data.tags[0]?.push('b');
  };

  test.each<[string, (client: AxiosInstance) => void]>([
    [
      'by a request interceptor',
      (client) =>
        client.interceptors.request.use((config) => {
          double(config.data);
          return config;
        }),
    ],
    [
      'by a transformRequest',
      (client) => {
        client.defaults.transformRequest = [
          (data, headers) => {
            double(data);
            headers['Content-Type'] = 'application/json';
            return JSON.stringify(data);
          },
        ];
      },
    ],
  ])('%s is changed once for each attempt', async (_name, change) => {
    const server = await start(failing(503, 503));
    const client = axios.create({ baseURL: server.url });
    attachRetry(client, QUICK);
    change(client);

    await client.put('/', order());

    const bodies = server.requests.map(({ body }) => body.toString());
    expect(bodies).toEqual(Array(3).fill('{"items":[{"price":2},{"price":4}],"tags":[["a","b"]]}'));
  });
});

test('an iterator is not sent a second time over the fetch adapter', async () => {
  const server = await start(failing(503));
  const client = axios.create({ baseURL: server.url, adapter: 'fetch', transformRequest: (data) => data });
  attachRetry(client, QUICK);
  async function* words() {
    yield new TextEncoder().encode('hello ');
    yield new TextEncoder().encode('world');
  }

  const error = await rejectionOf(client.put('/', words()));

  expect(retryStateOf(error)?.outcome).toBe('body-not-replayable');
  expect(server.requests.map(({ body }) => body.toString())).toEqual(['hello world']);
});

test('a form made of an instance of a class that holds a stream is not sent a second time', async () => {
  const server = await start(failing(503));
  const client = axios.create({ baseURL: server.url });
  attachRetry(client, QUICK);
  class Upload {
    name = 'n';
    file = Readable.from(['words']);
  }

  const error = await rejectionOf(client.putForm('/', new Upload()));

  expect(retryStateOf(error)?.outcome).toBe('body-not-replayable');
  expect(server.requests).toHaveLength(1);
});
