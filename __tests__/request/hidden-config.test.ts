/**
 * Where nobody but axios and the adapter sees the config of a first attempt, the original is copied only in part. None of that shows.
 */
import { Readable } from 'node:stream';
import axios, { AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import MockAdapter from 'axios-mock-adapter';
import { attachRetry } from '../../lib';

type Config = InternalAxiosRequestConfig & Record<string, unknown>;
const QUICK = { backoff: () => 0, patience: 0 };

/** What a server would see of an attempt. */
const asSeen = ({ url, baseURL, params, data, headers, timeout, meta, late }: Config) =>
  JSON.parse(JSON.stringify({ url, baseURL, params, data, headers, timeout, meta, late }));

/** @param touch what the adapter, or somebody else meanwhile, does to the config */
function flaky(touch: (config: Config) => void = () => {}) {
  const seen: unknown[] = [];
  const adapter = async (config: InternalAxiosRequestConfig) => {
    seen.push(asSeen(config as Config));
    touch(config as Config);
    const response = { status: 200, statusText: 'OK', data: 'ok', headers: {}, config };
    if (seen.length < 3)
      throw new AxiosError('503', 'ERR_BAD_RESPONSE', config, {}, { ...response, status: 503 });
    return response;
  };
  return { seen, adapter };
}

function clientOf(adapter: unknown): AxiosInstance {
  const client = axios.create({ baseURL: 'http://a.test', timeout: 5_000, adapter: adapter as never });
  attachRetry(client, QUICK);
  return client;
}

function expectTheSameThrice(seen: unknown[]): void {
  expect(seen).toHaveLength(3);
  expect(seen).toEqual([seen[0], seen[0], seen[0]]);
}

test('what an adapter writes on the config reaches no retry, and what it removes is there again', async () => {
  const { seen, adapter } = flaky((config) => {
    config.url = `/elsewhere${config.url}`;
    config.timeout = 1;
    config.late = true;
    config.headers.set('X-Late', '1');
    config.params.page = 9;
    config.data = JSON.stringify({ signed: config.data });
    delete config.adapter;
  });
  const config = { params: { page: 1 }, headers: { 'X-Own': '1' }, meta: { list: [1] } };
  await clientOf(adapter).put('/a', { a: [{ b: 1 }] }, config);
  expectTheSameThrice(seen);
});

test('what the caller changes after the call reaches no retry', async () => {
  const rows = [{ b: 1 }];
  const params = new URLSearchParams('a=1');
  const { seen, adapter } = flaky(() => {
    (rows[0] as { b: number }).b++;
    params.append('x', '1');
  });
  await clientOf(adapter).put('/a', { rows }, { params });
  expect(seen.map((attempt) => (attempt as Config).data)).toEqual(Array(3).fill('{"rows":[{"b":1}]}'));
});

test.each([
  ['a form', { a: 1, b: { c: 2 } }, { 'Content-Type': 'application/x-www-form-urlencoded' }],
  ['a date and a null', { at: new Date(0), n: null }, {}],
  ['a list', [{ a: 1 }], {}],
  ['nothing in it', {}, {}],
  ['JSON already', '{"a":1}', { 'content-type': 'application/json' }],
  ['a type of JSON', { a: 1 }, { 'content-type': 'application/vnd.api+json' }],
  ['another type', { a: 1 }, { 'content-type': 'text/plain' }],
  ['what says itself what it is in JSON', { toJSON: () => 'word' }, {}],
])('sends %s the same each time', async (_, data, headers) => {
  const { seen, adapter } = flaky();
  await clientOf(adapter).put('/a', data, { headers });
  expectTheSameThrice(seen);
});

test('a form that its owner goes on filling is sent as it was', async () => {
  const form = { a: 1 };
  const { seen, adapter } = flaky(() => form.a++);
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  await clientOf(adapter).put('/a', form, { headers });
  expectTheSameThrice(seen);
});

test('a body that holds a stream is not sent twice, though JSON can be made of it', async () => {
  const { seen, adapter } = flaky();
  const sending = clientOf(adapter).put('/a', { file: Readable.from(['x']) });
  await expect(sending).rejects.toMatchObject({
    config: { retryState: { outcome: 'body-not-replayable' } },
  });
  expect(seen).toHaveLength(1);
});

test('the adapter and the caller see the adapter that was asked for', async () => {
  const { adapter } = flaky();
  const seenByItself: unknown[] = [];
  const asked = (config: Config) => {
    seenByItself.push(config.adapter);
    return adapter(config);
  };
  const { config } = await clientOf(asked).put('/a', { a: 1 });
  expect(seenByItself).toEqual([asked, asked, asked]);
  expect(config.adapter).toBe(asked);
});

test('a mock, which takes itself off the config', async () => {
  const client = axios.create();
  const mock = new MockAdapter(client);
  attachRetry(client, QUICK);
  mock.onPut('/a').replyOnce(503).onPut('/a').replyOnce(503).onPut('/a').reply(200, 'ok');
  expect((await client.put('/a', { a: 1 })).data).toBe('ok');
  expect(mock.history.put?.map(({ data }) => data)).toEqual(Array(3).fill('{"a":1}'));
});

test('an interceptor that is registered while the first attempt is out sees what the caller asked for', async () => {
  const bodies: unknown[] = [];
  const client = axios.create();
  const { seen, adapter } = flaky(() => {
    if (seen.length > 1) return;
    client.interceptors.request.use((config) => {
      bodies.push(config.data);
      return config;
    });
  });
  client.defaults.adapter = adapter as never;
  attachRetry(client, QUICK);
  await client.put('/a', { a: 1 });
  expectTheSameThrice(seen);
});

test('what an interceptor of responses writes on the config reaches no retry', async () => {
  const { seen, adapter } = flaky();
  const client = axios.create({ baseURL: 'http://a.test', adapter: adapter as never });
  client.interceptors.response.use(undefined, (error) => {
    error.config.url = '/elsewhere';
    error.config.timeout = 1;
    error.config.meta.list.push(2);
    return Promise.reject(error);
  });
  attachRetry(client, QUICK);
  await client.get('/a', { meta: { list: [1] } } as object);
  expectTheSameThrice(seen);
});
