/** The public names of axios-retry-budget/redis, nothing else. */
export type { IoredisClient, NodeRedisClient, RedisClient } from './client';
export type { RedisRetryBudgetOptions } from './options';
export { RedisRetryBudget } from './redis-retry-budget';
