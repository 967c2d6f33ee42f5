/** vitest: its fake timers leave performance.now real by default (in vitest 2), and what then fires is due all the same. */
import axios, { AxiosError } from 'axios';
import MockAdapter from 'axios-mock-adapter';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { attachRetry, retryStateOf } from '../../dist/index.mjs';
import { outage, RULES } from './outage.js';

afterEach(() => vi.useRealTimers());

describe.each([
  ['with the clock', { toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }],
  ['without performance', { toFake: ['setTimeout', 'clearTimeout', 'Date'] }],
])('under fake timers %s', (_name, options) => {
  beforeEach(() => vi.useFakeTimers(options));

  test.each(Object.entries(RULES))('%s', async (_rule, [policy, expected]) => {
    const outcomes = await outage({ axios, AxiosError, attachRetry, retryStateOf }, policy, (ms) =>
      vi.advanceTimersByTimeAsync(ms),
    );
    expect(outcomes).toEqual(expected);
  });
});

test('the recipe: a hiccup, driven by fake timers', async () => {
  vi.useFakeTimers();
  const client = axios.create();
  const retry = attachRetry(client);
  const mock = new MockAdapter(client);
  mock.onGet('/orders').replyOnce(503).onGet('/orders').reply(200, []);
  const call = client.get('/orders');
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await call).data).toEqual([]);
  retry.reset();
});
