import axios, { AxiosError, type InternalAxiosRequestConfig } from 'axios';
import { attachRetry } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { HANG, respond, stubAdapter } from '../support/stub-adapter';

/** What an origin looks like after these answers, one for each call. */
async function stateAfter(...answers: ((config: InternalAxiosRequestConfig) => unknown)[]) {
  const client = axios.create({ baseURL: 'http://api.test' });
  const retry = attachRetry(client, { maxRetries: 0 });
  for (const answer of answers)
    await client.get('/', { adapter: async (config) => answer(config) as never }).catch(() => {});
  return retry.origins()[0]?.state;
}

const failed =
  (status = 503, headers?: Record<string, string>) =>
  (config: InternalAxiosRequestConfig) =>
    respond(config, status, headers);
const good = (config: InternalAxiosRequestConfig) => respond(config, 200);

test('a success tells that an origin is well', async () => {
  expect(await stateAfter(failed(), good)).toBe('well');
});

test('an answer that is nobody’s to retry tells that an origin is alive', async () => {
  expect(await stateAfter(failed(), failed(404))).toBe('well');
});

test('a 429 tells so as well, but leaves no room for more', async () => {
  const client = axios.create({
    baseURL: 'http://api.test',
    adapter: async (config) => respond(config, 429),
  });
  const retry = attachRetry(client, { maxRetries: 0 });
  await rejectionOf(client.get('/'));
  expect(retry.origins()).toMatchObject([{ state: 'rate-limited', window: 0.5 }]);
});

describe('nothing is told of an origin', () => {
  const code = (code: string) => (config: InternalAxiosRequestConfig) => {
    throw new AxiosError('failed', code, config, {});
  };

  test('by what is no trouble of its own', async () => {
    expect(await stateAfter(code('CERT_HAS_EXPIRED'))).toBeUndefined();
    expect(await stateAfter(failed(), code('CERT_HAS_EXPIRED'))).toBe('failing');
  });

  test('by what its caller cancelled', async () => {
    expect(await stateAfter(code('ERR_CANCELED'))).toBeUndefined();
  });

  test('by what the time budget ended', async () => {
    const client = axios.create({ baseURL: 'http://api.test', adapter: stubAdapter(HANG).adapter });
    const retry = attachRetry(client, { maxRetries: 0, timeBudget: 10 });
    await rejectionOf(client.get('/'));
    expect(retry.origins()).toEqual([]);
  });
});

test('what is told is told of the origin that an interceptor sends to', async () => {
  const { adapter } = stubAdapter(503);
  const client = axios.create({ baseURL: 'http://api.test', adapter });
  client.interceptors.request.use((config) => ({ ...config, baseURL: 'http://other.test' }));
  const retry = attachRetry(client, { maxRetries: 0 });
  await rejectionOf(client.get('/'));
  expect(retry.origins()).toMatchObject([{ origin: 'http://other.test', state: 'failing' }]);
  await client.get('/');
  expect(retry.origins()).toMatchObject([{ origin: 'http://other.test', state: 'well' }]);
});

test('what a cache had tells nothing of it, what it had not is an answer like any other', async () => {
  const fresh = (config: InternalAxiosRequestConfig) => ({ ...good(config), cached: false });
  expect(await stateAfter(failed(), fresh)).toBe('well');
  const cached = (config: InternalAxiosRequestConfig) => ({ ...good(config), cached: true });
  expect(await stateAfter(failed(), cached)).toBe('failing');
});

test.each([
  [429, 'rate-limited'],
  [503, 'rate-limited'],
  [502, 'failing'],
])('a wait that is named with a %d: the origin is %s', async (status, state) => {
  expect(await stateAfter(failed(status, { 'retry-after': '2' }))).toBe(state);
});

test('a failure without a response has no request that could be told of, and is one all the same', async () => {
  const client = axios.create({
    adapter: async () => {
      throw Object.assign(new Error('bare'), { isAxiosError: true, code: 'ECONNRESET' });
    },
  });
  attachRetry(client, { backoff: () => 1_000, patience: 0 });
  const controller = new AbortController();
  const error = rejectionOf(client.get('/', { signal: controller.signal }));
  setImmediate(() => controller.abort());
  expect(await error).toMatchObject({ code: 'ERR_CANCELED', cause: { message: 'bare' } });
});
