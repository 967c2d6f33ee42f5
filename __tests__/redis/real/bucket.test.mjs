/** The bucket in a real server, through every client. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RetryBudget } from '../../../dist/index.mjs';
import { RedisRetryBudget } from '../../../dist/redis.mjs';
import { CLIENTS, CLUSTER_CLIENTS } from './clients.mjs';
import { RedisServer, servers } from './redis-server.mjs';

/** No answer of a healthy server is late, however busy this machine is. */
const PATIENT = { refillPerSecond: 0, timeout: 20_000 };

let keys = 0;
const newKey = () => `retries:${keys++}`;

async function take(budget, kind) {
  let taken = 0;
  while (taken < 1_000 && (await budget.tryAcquire(kind))) taken++;
  return taken;
}

/** @type {[string, (client: object, nodes: RedisServer[]) => Promise<void>][]} */
const LAWS = [
  [
    'is full at first, gives one token to each retry, and none when it is empty',
    async (client) => {
      const budget = new RedisRetryBudget(client, { key: newKey(), maxTokens: 5, ...PATIENT });
      assert.equal(budget.tokens, 5);
      assert.equal(await take(budget), 5);
      assert.equal(await budget.tryAcquire(), false);
      assert.equal(budget.tokens, 0);
      assert.equal(budget.budgetError, undefined);
    },
  ],
  [
    'is one bucket for all that name its key',
    async (client) => {
      const options = { key: newKey(), maxTokens: 5, ...PATIENT };
      const budgets = [new RedisRetryBudget(client, options), new RedisRetryBudget(client, options)];
      const both = await Promise.all(budgets.map((budget) => take(budget)));
      assert.equal(both[0] + both[1], 5);
    },
  ],
  [
    'gets a whole token from ten successes, with the next retry that asks',
    async (client) => {
      const budget = new RedisRetryBudget(client, { key: newKey(), maxTokens: 2, ...PATIENT });
      await take(budget);
      for (let success = 0; success < 9; success++) budget.recordSuccess();
      assert.equal(await budget.tryAcquire(), false);
      budget.recordSuccess();
      assert.equal(await take(budget), 1);
    },
  ],
  [
    'gives 1,000 retries that ask at once what there is',
    async (client) => {
      const budget = new RedisRetryBudget(client, { key: newKey(), maxTokens: 100, ...PATIENT });
      const answers = await Promise.all(Array.from({ length: 1_000 }, () => budget.tryAcquire()));
      assert.equal(answers.filter(Boolean).length, 100);
    },
  ],
  [
    'goes on after SCRIPT FLUSH',
    async (client, nodes) => {
      const budget = new RedisRetryBudget(client, { key: newKey(), maxTokens: 3, ...PATIENT });
      assert.equal(await budget.tryAcquire(), true);
      for (const node of nodes) await node.say('SCRIPT', 'FLUSH');
      assert.equal(await take(budget), 2);
      assert.equal(budget.budgetError, undefined);
    },
  ],
  [
    'sends what is gathered when it is closed',
    async (client, nodes) => {
      const key = newKey();
      const budget = new RedisRetryBudget(client, { key, maxTokens: 5, tokensPerSuccess: 0.5, ...PATIENT });
      await take(budget);
      budget.recordSuccess();
      budget.refund();
      await budget.close();
      const states = await Promise.all(nodes.map((node) => node.say('GET', key)));
      assert.match(states.join(), /\$\d+\r\n1\.5 /);
    },
  ],
  [
    'answers as a RetryBudget does, whatever the order of retries, successes and refunds',
    async (client) => {
      const options = { maxTokens: 4, refillPerSecond: 0, tokensPerSuccess: 0.3, maxTimeoutTokens: 2 };
      const here = new RetryBudget(options);
      const there = new RedisRetryBudget(client, { ...options, key: newKey(), timeout: 20_000 });
      const kinds = ['ordinary', 'after-timeout'];
      const pick = generator(7);
      for (let step = 0; step < 600; step++) {
        const kind = kinds[pick(3)];
        const what = pick(4);
        if (what < 2) assert.equal(await there.tryAcquire(kind), here.tryAcquire(kind), `step ${step}`);
        else if (what === 2) for (const budget of [here, there]) budget.recordSuccess();
        else for (const budget of [here, there]) budget.refund(kind);
      }
      await there.close();
    },
  ],
];

/** The same numbers every time. */
function generator(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

for (const command of servers) {
  describe(`a bucket in ${command}`, () => {
    let server;
    before(async () => {
      server = await RedisServer.start(command);
    });
    after(() => server.end());
    for (const [name, connect] of Object.entries(CLIENTS)) lawsHoldWith(name, connect, () => [server]);

    it('does with the key what its time says: expires it once it is surely full, or never', async (t) => {
      const { client, end } = await CLIENTS['ioredis 5'](server.port);
      t.after(end);
      const ttl = async (options) => {
        const key = newKey();
        await new RedisRetryBudget(client, { key, timeout: 20_000, ...options }).tryAcquire();
        return Number((await server.say('PTTL', key)).slice(1));
      };
      const full = await ttl({ maxTokens: 50, refillPerSecond: 0.5 });
      assert.ok(full > 80_000 && full <= 100_000, String(full));
      assert.equal(await ttl({ refillPerSecond: 0 }), -1);
      assert.equal(await ttl({ refillPerSecond: 1e-300 }), -1);
    });

    it('refills with the time of the server’s clock; one that was set back refills nothing', async (t) => {
      const { client, end } = await CLIENTS['redis 5'](server.port);
      t.after(end);
      const [seconds] = (await server.say('TIME')).match(/\d{10}/);
      const takenOf = async (state) => {
        const key = newKey();
        await server.say('SET', key, state);
        return take(new RedisRetryBudget(client, { key, refillPerSecond: 0.1, timeout: 20_000 }));
      };
      assert.equal(await takenOf(`1.5 ${(seconds - 40) * 1_000} 0 1`), 5);
      assert.equal(await takenOf(`3 ${(Number(seconds) + 3_600) * 1_000} 0 1`), 3);
      assert.equal(await takenOf(`3 ${(seconds - 1e6) * 1_000} 0 1`), 100);
    });

    it('does nothing for a command that comes when nobody waits for it any more', async (t) => {
      const { client, end } = await CLIENTS['ioredis 5'](server.port);
      t.after(end);
      let release;
      const held = new Promise((resolve) => {
        release = resolve;
      });
      let isHeld = false;
      const queueing = {
        eval: (...args) => client.eval(...args),
        evalsha: (...args) => (isHeld ? held.then(() => client.evalsha(...args)) : client.evalsha(...args)),
      };
      const key = newKey();
      const budget = new RedisRetryBudget(queueing, { key, timeout: 1_000 });
      await budget.tryAcquire();
      const before = await server.say('GET', key);
      isHeld = true;
      budget.refund();
      assert.equal(await budget.tryAcquire(), true);
      assert.equal(budget.budgetError.message, 'Redis did not answer within 1000 ms');
      release();
      // Commands of one connection are carried out in their order.
      await client.ping();
      assert.equal(await server.say('GET', key), before);
    });

    it('leaves alone a key that something else uses', async (t) => {
      const { client, end } = await CLIENTS['redis 6'](server.port);
      t.after(end);
      await server.say('HSET', 'profile', 'tokens', '3');
      await server.say('SET', 'word', 'hello there 3 4');
      for (const key of ['profile', 'word']) {
        const budget = new RedisRetryBudget(client, { key, timeout: 20_000 });
        assert.equal(await budget.tryAcquire(), true);
        assert.match(budget.budgetError.message, /^WRONGTYPE/);
      }
      assert.equal(await server.say('HGET', 'profile', 'tokens'), '$1\r\n3');
      assert.equal(await server.say('GET', 'word'), '$15\r\nhello there 3 4');
    });
  });

  describe(`a bucket in a cluster of two, ${command}`, () => {
    let nodes;
    before(async () => {
      nodes = await cluster(command);
    });
    after(() => Promise.all(nodes.map((node) => node.end())));
    for (const [name, connect] of Object.entries(CLUSTER_CLIENTS)) lawsHoldWith(name, connect, () => nodes);
  });
}

async function cluster(command) {
  const options = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'];
  const nodes = await Promise.all([1, 2].map(() => RedisServer.start(command, ...options)));
  await nodes[0].say('CLUSTER', 'ADDSLOTSRANGE', 0, 8_191);
  await nodes[1].say('CLUSTER', 'ADDSLOTSRANGE', 8_192, 16_383);
  await nodes[0].say('CLUSTER', 'MEET', '127.0.0.1', nodes[1].port);
  for (const node of nodes) {
    while (!/state:ok.*known_nodes:2/s.test(await node.say('CLUSTER', 'INFO'))) await sleep(50);
  }
  return nodes;
}

function lawsHoldWith(name, connect, nodes) {
  describe(`through ${name}`, () => {
    let connection;
    before(async () => {
      connection = await connect(nodes()[0].port);
    });
    after(() => connection.end());
    for (const [law, holds] of LAWS) it(law, () => holds(connection.client, nodes()));
  });
}
