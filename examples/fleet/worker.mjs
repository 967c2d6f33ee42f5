/** One process of the fleet: makes 20 calls a second through each of two clients, and counts what their retries spend. */
import axios from 'axios';
import { attachRetry, RetryBudget } from 'axios-retry-budget';
import { RedisRetryBudget } from 'axios-retry-budget/redis';
import { Redis } from 'ioredis';

const BUCKET = { maxTokens: 100, refillPerSecond: 0.1, tokensPerSuccess: 0.1 };

const redis = new Redis(Number(process.env.REDIS_PORT), '127.0.0.1');
redis.on('error', () => {});
const shared = new RedisRetryBudget(redis, {
  key: 'retries:orders',
  ...BUCKET,
  onError: (error) => console.warn(error ? `Redis: ${error.message}` : 'Redis is back'),
});

function side(name, budget) {
  const tally = { spent: 0, failed: 0, succeeded: 0 };
  const client = axios.create({ baseURL: process.env.SERVER, headers: { 'x-side': name } });
  // Nothing is held, so that the budget alone decides.
  const policy = {
    budget: counting(budget, tally),
    backoff: { initialDelay: 50, maxDelay: 400 },
    patience: 0,
  };
  attachRetry(client, policy);
  const call = () =>
    client.get('/').then(
      () => tally.succeeded++,
      () => tally.failed++,
    );
  return { tally, call };
}

/** A budget is anything with three methods: this one passes on, and counts. */
function counting(budget, tally) {
  return {
    async tryAcquire(kind) {
      const granted = await budget.tryAcquire(kind);
      if (granted) tally.spent++;
      return granted;
    },
    recordSuccess: () => budget.recordSuccess(),
    refund(kind) {
      tally.spent--;
      return budget.refund(kind);
    },
  };
}

const own = side('own', new RetryBudget(BUCKET));
const fleet = side('shared', shared);
let calls = [];
let asking;

const orders = {
  go() {
    asking = setInterval(() => calls.push(own.call(), fleet.call()), 50);
  },
  async stop() {
    clearInterval(asking);
    await Promise.all(calls);
    calls = [];
    await shared.close();
    redis.disconnect();
    process.send({ own: own.tally, shared: fleet.tally });
  },
};
process.on('message', (order) => orders[order]());
process.send('ready');
