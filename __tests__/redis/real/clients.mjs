/** Every client a RedisRetryBudget takes, connected to a server. */
import * as ioredis5 from 'ioredis-5';
import * as ioredis6 from 'ioredis-6';
import * as redis4 from 'redis-4';
import * as redis5 from 'redis-5';
import * as redis6 from 'redis-6';

async function withIoredis({ Redis }, port) {
  const client = new Redis(port, '127.0.0.1');
  client.on('error', () => {});
  return { client, end: () => client.disconnect() };
}

async function withIoredisCluster({ Cluster }, port) {
  const client = new Cluster([{ host: '127.0.0.1', port }]);
  client.on('error', () => {});
  return { client, end: () => client.disconnect() };
}

async function withNodeRedis(client) {
  client.on('error', () => {});
  await client.connect();
  return { client, end: () => (client.destroy ? client.destroy() : client.disconnect()) };
}

const at = (port) => ({ url: `redis://127.0.0.1:${port}` });
const clusterAt = (port) => ({ rootNodes: [at(port)] });

export const CLIENTS = {
  'ioredis 5': (port) => withIoredis(ioredis5, port),
  'ioredis 6': (port) => withIoredis(ioredis6, port),
  'redis 4': (port) => withNodeRedis(redis4.createClient(at(port))),
  'redis 5': (port) => withNodeRedis(redis5.createClient(at(port))),
  'redis 5, RESP 3': (port) => withNodeRedis(redis5.createClient({ ...at(port), RESP: 3 })),
  'redis 6': (port) => withNodeRedis(redis6.createClient(at(port))),
  'redis 6, a pool': (port) => withNodeRedis(redis6.createClientPool(at(port))),
};

export const CLUSTER_CLIENTS = {
  'ioredis 5': (port) => withIoredisCluster(ioredis5, port),
  'ioredis 6': (port) => withIoredisCluster(ioredis6, port),
  'redis 4': (port) => withNodeRedis(redis4.createCluster(clusterAt(port))),
  'redis 5': (port) => withNodeRedis(redis5.createCluster(clusterAt(port))),
  'redis 6': (port) => withNodeRedis(redis6.createCluster(clusterAt(port))),
};
