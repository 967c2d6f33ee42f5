/**
 * What is needed of a Redis client, and how each kind is asked. They are told apart by their shape.
 */
import { show } from '../policy/validation';
import { SCRIPT, SCRIPT_SHA } from './script';

/** As much of an ioredis 5 or 6 client as is needed: a `Redis` or a `Cluster`. */
export interface IoredisClient {
  /** Runs a script that the server knows. */
  evalsha(sha: string, numberOfKeys: number, ...keyAndArguments: string[]): Promise<unknown>;
  /** Runs a script. */
  eval(script: string, numberOfKeys: number, ...keyAndArguments: string[]): Promise<unknown>;
}

/** As much of a node-redis (`redis` 4, 5 or 6) client as is needed: from `createClient`, `createCluster`, `createClientPool` or `createSentinel`. */
export interface NodeRedisClient {
  /** Runs a script that the server knows. */
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Runs a script. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** A client that a {@link RedisRetryBudget} can use. It is connected, and closed, by you. */
export type RedisClient = IoredisClient | NodeRedisClient;

/** Runs the script once on a key. What a client throws, the promise rejects with. */
export type RunScript = (key: string, args: string[]) => Promise<unknown>;

/**
 * How to run the script with this client: by its SHA-1 once the server has been seen to have it, whole otherwise.
 * @throws TypeError if it is no client of a kind that is known
 */
export function scriptRunner(client: RedisClient): RunScript {
  const { bySha, whole } = commandsOf(client);
  let isLoaded = false;
  return async (key, args) => {
    if (isLoaded) {
      try {
        return await bySha(key, args);
      } catch (error) {
        // The server was restarted, or somebody said SCRIPT FLUSH.
        if (!/^NOSCRIPT/.test((error as Error | undefined)?.message ?? '')) throw error;
      }
    }
    const answer = await whole(key, args);
    isLoaded = true;
    return answer;
  };
}

function commandsOf(client: RedisClient): { bySha: RunScript; whole: RunScript } {
  if (isFunction(client, 'evalSha') && isFunction(client, 'eval')) {
    if (isFunction(client, 'getSlotMaster')) return commandsOfCluster(client as unknown as NodeRedisCluster);
    const nodeRedis = client as NodeRedisClient;
    return {
      bySha: (key, args) => nodeRedis.evalSha(SCRIPT_SHA, { keys: [key], arguments: args }),
      whole: (key, args) => nodeRedis.eval(SCRIPT, { keys: [key], arguments: args }),
    };
  }
  if (isFunction(client, 'evalsha') && isFunction(client, 'eval')) {
    const ioredis = client as IoredisClient;
    return {
      bySha: (key, args) => ioredis.evalsha(SCRIPT_SHA, 1, key, ...args),
      whole: (key, args) => ioredis.eval(SCRIPT, 1, key, ...args),
    };
  }
  throw new TypeError(
    `RedisRetryBudget needs a client of ioredis (with evalsha and eval) or node-redis (with evalSha and eval); got ${show(client)}`,
  );
}

/** As much of a cluster of node-redis as is needed. */
interface NodeRedisCluster {
  sendCommand(firstKey: string, isReadonly: boolean, args: string[]): Promise<unknown>;
}

/** A cluster of node-redis 4 sends EVALSHA and EVAL to any node (redis/node-redis#2811) unless it is told the key. */
function commandsOfCluster(cluster: NodeRedisCluster): { bySha: RunScript; whole: RunScript } {
  const run =
    (...command: string[]): RunScript =>
    (key, args) =>
      cluster.sendCommand(key, false, [...command, '1', key, ...args]);
  return { bySha: run('EVALSHA', SCRIPT_SHA), whole: run('EVAL', SCRIPT) };
}

function isFunction(value: unknown, name: string): boolean {
  return typeof (value as Record<string, unknown> | null | undefined)?.[name] === 'function';
}
