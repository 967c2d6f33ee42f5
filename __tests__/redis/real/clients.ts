/** Compiled only: every client is one that a RedisRetryBudget takes, without a cast. */
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis-5';
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis-6';
import * as redis4 from 'redis-4';
import * as redis5 from 'redis-5';
import * as redis6 from 'redis-6';
import { RedisRetryBudget } from '../../../lib/redis';

const options = { key: 'retries:orders' };
const sentinel = { name: 'primary', sentinelRootNodes: [{ host: 'localhost', port: 26379 }] };
const cluster = { rootNodes: [{ url: 'redis://localhost:7000' }] };

export const budgets = (): RedisRetryBudget[] => [
  new RedisRetryBudget(new Redis5(), options),
  new RedisRetryBudget(new Cluster5([7000]), options),
  new RedisRetryBudget(new Redis6(), options),
  new RedisRetryBudget(new Cluster6([7000]), options),
  new RedisRetryBudget(redis4.createClient(), options),
  new RedisRetryBudget(redis4.createCluster(cluster), options),
  new RedisRetryBudget(redis5.createClient({ RESP: 3 }), options),
  new RedisRetryBudget(redis5.createClientPool(), options),
  new RedisRetryBudget(redis5.createCluster(cluster), options),
  new RedisRetryBudget(redis5.createSentinel(sentinel), options),
  new RedisRetryBudget(redis6.createClient(), options),
  new RedisRetryBudget(redis6.createClientPool(), options),
  new RedisRetryBudget(redis6.createCluster(cluster), options),
  new RedisRetryBudget(redis6.createSentinel(sentinel), options),
];

// @ts-expect-error anything else is no client
new RedisRetryBudget({ get: async () => null }, options);
// @ts-expect-error the key is required
new RedisRetryBudget(new Redis5(), {});
