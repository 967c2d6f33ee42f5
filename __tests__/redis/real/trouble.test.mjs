/** What a real server and real connections can do to a budget; none of it may cost a call more than `timeout`. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { attachRetry, retryStateOf } from '../../../dist/index.mjs';
import { RedisRetryBudget } from '../../../dist/redis.mjs';
import { CLIENTS } from './clients.mjs';
import { RedisServer, servers } from './redis-server.mjs';

const OPTIONS = { key: 'retries:orders', maxTokens: 30, refillPerSecond: 0, localTokens: 3, timeout: 500 };

/** Tries to take `count` tokens, one after the other. */
async function take(budget, count) {
  const errors = [];
  let taken = 0;
  for (let retry = 0; retry < count; retry++) {
    try {
      if (await budget.tryAcquire()) taken++;
    } catch (error) {
      errors.push(error);
    }
  }
  return { taken, errors };
}

/** Retries and successes go on meanwhile, as in a service. */
async function untilBack(budget) {
  while (budget.budgetError) {
    budget.recordSuccess();
    await sleep(20);
  }
}

/** @type {Record<string, { breaks: (server: RedisServer, other: RedisServer) => unknown, heals: (server: RedisServer) => unknown, says: RegExp }>} */
const TROUBLES = {
  'is killed, and started anew without its memory': {
    breaks: (server) => server.kill(),
    heals: (server) => server.start(),
    says: /./,
  },
  'hangs, and goes on later': {
    breaks: (server) => server.signal('SIGSTOP'),
    heals: (server) => server.signal('SIGCONT'),
    says: /^Redis did not answer within 500 ms$/,
  },
  'becomes a replica, which cannot be written': {
    breaks: (server, other) => server.say('REPLICAOF', '127.0.0.1', other.port),
    heals: (server) => server.say('REPLICAOF', 'NO', 'ONE'),
    says: /READONLY/,
  },
  'is out of memory': {
    breaks: (server) => server.say('CONFIG', 'SET', 'maxmemory', '1'),
    heals: (server) => server.say('CONFIG', 'SET', 'maxmemory', '0'),
    says: /OOM/,
  },
};

for (const command of servers) {
  for (const [name, connect] of Object.entries(CLIENTS)) {
    describe(`${command} through ${name}`, () => {
      let server;
      let other;
      let connection;
      beforeEach(async () => {
        [server, other] = await Promise.all(
          [1, 2].map(() => RedisServer.start(command, '--repl-diskless-sync', 'no')),
        );
        connection = await connect(server.port);
      });
      afterEach(async () => {
        connection.end();
        await Promise.all([server.end(), other.end()]);
      });

      for (const [trouble, { breaks, heals, says }] of Object.entries(TROUBLES)) {
        it(`${trouble}: the local bucket decides, and the fleet's goes on where it was`, async () => {
          const changes = [];
          const onError = (error) => changes.push(error);
          const budget = new RedisRetryBudget(connection.client, {
            ...OPTIONS,
            tokensPerSuccess: 0,
            onError,
          });
          assert.equal((await take(budget, 5)).taken, 5);
          assert.equal(budget.tokens, 25);

          await breaks(server, other);
          const { taken, errors } = await take(budget, 10);
          assert.equal(taken, 3);
          for (const error of errors) assert.match(error.message, says);
          assert.equal(changes.length, 1);

          await heals(server);
          await untilBack(budget);
          assert.equal(changes.length, 2);
          assert.equal(changes[1], undefined);
          // Commands that waited for the server in a queue take nothing when they come there at last.
          assert.equal((await take(budget, 31)).taken, 25);
        });
      }

      it('is away from the start: a call is retried all the same, and is told why it is not any more', async () => {
        await server.kill();
        const budget = new RedisRetryBudget(connection.client, OPTIONS);
        const client = axios.create({ adapter: async (config) => fail(config) });
        attachRetry(client, { budget, backoff: () => 0, patience: 0 });
        const error = await client.get('http://localhost/').catch((error) => error);
        const { attempts, outcome } = retryStateOf(error);
        assert.deepEqual({ attempts, outcome }, { attempts: 4, outcome: 'retry-budget-empty' });
        assert.ok(budget.budgetError instanceof Error);
        await budget.close();
      });
    });
  }
}

function fail(config) {
  throw new axios.AxiosError('reset', 'ECONNRESET', config, {});
}
