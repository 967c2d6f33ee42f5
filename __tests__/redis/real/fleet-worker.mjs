/**
 * One process of a fleet whose calls fail all the time: does what its parent says, and says what it spent.
 * Started with: port, name of the client, options of the budget as JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisRetryBudget } from '../../../dist/redis.mjs';
import { CLIENTS } from './clients.mjs';

const [port, clientName, options] = process.argv.slice(2);
const { client, end } = await CLIENTS[clientName](Number(port));
const changes = [];
const budget = new RedisRetryBudget(client, {
  ...JSON.parse(options),
  onError: (error) => changes.push(error?.message ?? 'back'),
});
const tally = { taken: 0, refunded: 0, successes: 0, changes };
const KINDS = ['ordinary', 'ordinary', 'ordinary', 'after-timeout'];

/** A retry that asks for a token; one in four that get one succeeds and brings it back. */
async function retry() {
  const kind = KINDS[Math.floor(Math.random() * KINDS.length)];
  if (!(await askFor(kind))) return;
  tally.taken++;
  await sleep(Math.random() * 50);
  if (Math.random() < 0.75) return;
  tally.refunded++;
  budget.refund(kind);
}

async function askFor(kind) {
  try {
    return await budget.tryAcquire(kind);
  } catch {
    return false;
  }
}

function succeed() {
  tally.successes++;
  budget.recordSuccess();
}

/** 20 successes and 150 retries a second, for so many milliseconds; over when all have been answered. */
async function trafficFor(ms) {
  const until = performance.now() + ms;
  const retries = [];
  while (performance.now() < until) {
    retries.push(retry(), retry(), retry());
    if (Math.random() < 0.4) succeed();
    await sleep(20);
  }
  await Promise.all(retries);
}

const orders = {
  /** Takes what there is. */
  async drain() {
    let taken = 0;
    while (await askFor('ordinary')) taken++;
    return taken;
  },
  /** Succeeds so often, and asks for one token, which brings the deposits along. */
  async succeed(times) {
    for (let success = 0; success < times; success++) succeed();
    return (await askFor('ordinary')) ? 1 : 0;
  },
  /** Traffic for so many milliseconds, and on until Redis decides: a busy machine can be late at the very end, too. */
  async traffic(ms) {
    await trafficFor(ms);
    while (budget.budgetError) await trafficFor(500);
    await budget.close();
    return tally;
  },
};

process.on('message', async ([order, argument]) => process.send(await orders[order](argument)));
process.on('disconnect', end);
process.send('ready');
