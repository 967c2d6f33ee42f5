/** The laws of a fleet: eight processes, one real server, and what they may spend at most together. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLIENTS } from './clients.mjs';
import { RedisServer, servers } from './redis-server.mjs';

const PROCESSES = 8;

class Fleet {
  static async start(server, options) {
    const fleet = new Fleet();
    const names = Object.keys(CLIENTS);
    fleet.workers = Array.from({ length: PROCESSES }, (_, index) =>
      fork(new URL('fleet-worker.mjs', import.meta.url), [
        server.port,
        names[index % names.length],
        JSON.stringify({ key: 'retries:orders', ...options }),
      ]),
    );
    await fleet.#answers();
    return fleet;
  }

  /** Has all do it at once. @returns what each answers */
  tell(order, argument) {
    for (const worker of this.workers) worker.send([order, argument]);
    return this.#answers();
  }

  async #answers() {
    return (await Promise.all(this.workers.map((worker) => once(worker, 'message')))).map(
      ([answer]) => answer,
    );
  }

  async end() {
    for (const worker of this.workers) worker.disconnect();
    await Promise.all(this.workers.map((worker) => worker.exitCode ?? once(worker, 'exit')));
  }
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

const OPTIONS = { maxTokens: 100, refillPerSecond: 5, tokensPerSuccess: 0.1, localTokens: 10 };

/** Traffic of 30 seconds; the server is killed after ten, and started again four seconds later. */
async function spentThroughARestart(server) {
  const fleet = await Fleet.start(server, OPTIONS);
  const startedAt = performance.now();
  const traffic = fleet.tell('traffic', 30_000);
  await sleep(10_000);
  await server.kill();
  await sleep(4_000);
  await server.start();
  const tallies = await traffic;
  const seconds = (performance.now() - startedAt) / 1_000;
  await fleet.end();
  return { seconds, tallies };
}

/** What the fleet may have spent at most. */
function mostFor({ seconds, tallies }) {
  const { maxTokens, refillPerSecond, tokensPerSuccess, localTokens } = OPTIONS;
  const localRefill = (refillPerSecond * localTokens) / maxTokens;
  const paid = tokensPerSuccess * sum(tallies.map((tally) => tally.successes));
  return maxTokens + refillPerSecond * seconds + paid + PROCESSES * (localTokens + localRefill * seconds);
}

const spentBy = ({ tallies }) => sum(tallies.map((tally) => tally.taken - tally.refunded));

function assertEachNoticed({ tallies }) {
  for (const { changes } of tallies) {
    assert.ok(changes.length >= 2 && changes.at(-1) === 'back', JSON.stringify(changes));
    for (const [index, change] of changes.entries()) assert.equal(change === 'back', index % 2 === 1);
  }
}

for (const command of servers) {
  describe(`a fleet of eight processes and ${command}`, { concurrency: true }, () => {
    it('spends what the bucket holds, and what successes pay, to the last token', async () => {
      const server = await RedisServer.start(command);
      const fleet = await Fleet.start(server, { ...OPTIONS, refillPerSecond: 0, timeout: 20_000 });
      assert.equal(sum(await fleet.tell('drain')), 100);
      // Each pays five.
      const first = sum(await fleet.tell('succeed', 50));
      assert.equal(first + sum(await fleet.tell('drain')), PROCESSES * 5);
      await fleet.end();
      await server.end();
    });

    it('spends no more than the cap, refill, pay of successes, and a local bucket each, though the server is killed', async () => {
      const server = await RedisServer.start(command, '--appendonly', 'yes', '--appendfsync', 'always');
      const run = await spentThroughARestart(server);
      await server.end();
      const [spent, most] = [spentBy(run), mostFor(run)];
      console.log(`${command}, kept on disk: spent ${spent}, at most ${most.toFixed(1)}`);
      assert.ok(spent <= most, `${spent} spent, at most ${most}`);
      assert.ok(spent >= OPTIONS.maxTokens, `${spent} spent`);
      assertEachNoticed(run);
    });

    it('spends at most one cap more where the server forgets everything when it is killed', async () => {
      const server = await RedisServer.start(command);
      const run = await spentThroughARestart(server);
      await server.end();
      const [spent, most] = [spentBy(run), mostFor(run) + OPTIONS.maxTokens];
      console.log(`${command}, nothing kept: spent ${spent}, at most ${most.toFixed(1)}`);
      assert.ok(spent <= most, `${spent} spent, at most ${most}`);
      assertEachNoticed(run);
    });
  });
}
