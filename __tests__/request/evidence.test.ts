import axios, { type InternalAxiosRequestConfig } from 'axios';
import { attachRetry } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { respond } from '../support/stub-adapter';

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

test('what a cache had tells nothing of it', async () => {
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
