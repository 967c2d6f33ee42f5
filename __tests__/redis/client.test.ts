import { createHash } from 'node:crypto';
import { type RedisClient, RedisRetryBudget } from '../../lib/redis';
import { scriptRunner } from '../../lib/redis/client';
import { SCRIPT, SCRIPT_SHA } from '../../lib/redis/script';

/** Runs the script twice. */
async function run(client: object): Promise<void> {
  const runner = scriptRunner(client as RedisClient);
  await runner('key', ['1', '2']);
  await runner('key', ['1', '2']);
}

describe('a client of Redis', () => {
  it('is known by its shape, and is asked as its kind is', async () => {
    const calls: unknown[][] = [];
    const record =
      (name: string) =>
      async (...args: unknown[]) =>
        void calls.push([name, ...args]);
    await run({ eval: record('ioredis'), evalsha: record('by SHA-1') });
    await run({ eval: record('node-redis'), evalSha: record('by SHA-1') });
    const sendCommand = record('cluster');
    await run({ eval: record('never'), evalSha: record('never'), getSlotMaster() {}, sendCommand });
    expect(calls).toEqual([
      ['ioredis', SCRIPT, 1, 'key', '1', '2'],
      ['by SHA-1', SCRIPT_SHA, 1, 'key', '1', '2'],
      ['node-redis', SCRIPT, { keys: ['key'], arguments: ['1', '2'] }],
      ['by SHA-1', SCRIPT_SHA, { keys: ['key'], arguments: ['1', '2'] }],
      ['cluster', 'key', false, ['EVAL', SCRIPT, '1', 'key', '1', '2']],
      ['cluster', 'key', false, ['EVALSHA', SCRIPT_SHA, '1', 'key', '1', '2']],
    ]);
  });

  it('gets the script whole once, then by its SHA-1, and whole again when the server has forgotten it', async () => {
    const sent: string[] = [];
    let isFlushed = false;
    const runner = scriptRunner({
      eval: async () => sent.push('whole'),
      evalsha: async (sha) => {
        sent.push(sha);
        if (isFlushed) throw new Error('NOSCRIPT No matching script. Please use EVAL.');
      },
    });
    await runner('key', []);
    await runner('key', []);
    isFlushed = true;
    await runner('key', []);
    expect(sent).toEqual(['whole', SCRIPT_SHA, SCRIPT_SHA, 'whole']);
  });

  it.each([new Error('READONLY'), new Error('ERR not a NOSCRIPT'), undefined, 'a word'])(
    'is heard when it rejects with %p',
    async (reason) => {
      const runner = scriptRunner({ eval: async () => 'fine', evalsha: () => Promise.reject(reason) });
      await runner('key', []);
      await expect(runner('key', [])).rejects.toBe(reason);
    },
  );

  it('may throw at once: that is a rejection', async () => {
    const error = new Error('closed');
    const fails = () => {
      throw error;
    };
    await expect(run({ eval: fails, evalsha: fails })).rejects.toBe(error);
  });

  it.each([undefined, null, 'redis://localhost', {}, { eval() {} }, { evalsha() {} }])(
    'must be one: %p is refused',
    (client) => {
      expect(() => new RedisRetryBudget(client as unknown as RedisClient, { key: 'k' })).toThrow(
        /^RedisRetryBudget needs a client of ioredis \(with evalsha and eval\) or node-redis \(with evalSha and eval\); got /,
      );
    },
  );

  it('is told the script’s own SHA-1', () => {
    expect(createHash('sha1').update(SCRIPT).digest('hex')).toBe(SCRIPT_SHA);
  });
});
