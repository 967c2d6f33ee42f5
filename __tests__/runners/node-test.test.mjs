/** node:test: mock.timers has no performance.now, and what fires is due all the same. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import axios, { AxiosError } from 'axios';
import MockAdapter from 'axios-mock-adapter';
import { attachRetry, retryStateOf } from '../../dist/index.mjs';
import { outage, RULES } from './outage.js';

/** Lets promises settle between the timers that fire, which mock.timers does not. */
async function advance(ms) {
  for (let passed = 0; passed < ms; passed += 50) {
    mock.timers.tick(50);
    for (let round = 0; round < 3; round++) await turn();
  }
}

describe('under mock.timers', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }));
  afterEach(() => mock.timers.reset());

  for (const [rule, [policy, expected]] of Object.entries(RULES)) {
    test(rule, async () => {
      assert.deepEqual(
        await outage({ axios, AxiosError, attachRetry, retryStateOf }, policy, advance),
        expected,
      );
    });
  }

  test('the recipe: a hiccup, driven by fake timers', async () => {
    const client = axios.create();
    const retry = attachRetry(client);
    const server = new MockAdapter(client);
    server.onGet('/orders').replyOnce(503).onGet('/orders').reply(200, []);
    const call = client.get('/orders');
    await advance(1_000);
    assert.deepEqual((await call).data, []);
    retry.reset();
  });
});
