/** Every client a RedisRetryBudget takes, connected to a server; loaded when it is used. */
async function withIoredis(client) {
  client.on('error', () => {});
  return { client, end: () => client.disconnect() };
}

async function withNodeRedis(client) {
  client.on('error', () => {});
  await client.connect();
  return { client, end: () => (client.destroy ? client.destroy() : client.disconnect()) };
}

const at = (port) => ({ url: `redis://127.0.0.1:${port}` });
const ioredis = (name) => async (port) => {
  const { Redis } = await import(name);
  return withIoredis(new Redis(port, '127.0.0.1'));
};

const ioredisCluster = (name) => async (port) => {
  const { Cluster } = await import(name);
  return withIoredis(new Cluster([{ host: '127.0.0.1', port }]));
};

/** @param make which of its functions makes the client */
const nodeRedis =
  (name, make = 'createClient', options = {}) =>
  async (port) =>
    withNodeRedis((await import(name))[make]({ ...at(port), ...options }));

const nodeRedisCluster = (name) => async (port) =>
  withNodeRedis((await import(name)).createCluster({ rootNodes: [at(port)] }));

export const CLIENTS = {
  'ioredis 5': ioredis('ioredis-5'),
  'ioredis 6': ioredis('ioredis-6'),
  'redis 4': nodeRedis('redis-4'),
  'redis 5': nodeRedis('redis-5'),
  'redis 5, RESP 3': nodeRedis('redis-5', 'createClient', { RESP: 3 }),
  'redis 6': nodeRedis('redis-6'),
  'redis 6, a pool': nodeRedis('redis-6', 'createClientPool'),
};

export const CLUSTER_CLIENTS = {
  'ioredis 5': ioredisCluster('ioredis-5'),
  'ioredis 6': ioredisCluster('ioredis-6'),
  'redis 4': nodeRedisCluster('redis-4'),
  'redis 5': nodeRedisCluster('redis-5'),
  'redis 6': nodeRedisCluster('redis-6'),
};
