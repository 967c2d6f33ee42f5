/**
 * What a request that succeeds costs more with a retry library attached: time, and instructions where they can be counted.
 *
 * Time is measured in paired rounds: each sends a block of requests through every client, in a new order, and what
 * counts is the median over the rounds of the difference to bare axios in the same round. So a slow moment of the
 * machine hits all clients of a round, not one of the libraries; and a block is short, so that it hits few rounds.
 */
import { performance } from 'node:perf_hooks';
import { MAKE, sendRequests } from './support/happy-clients.mjs';
import { instructionsPerRequest } from './support/instructions.mjs';
import { saveResult } from './support/results.mjs';
import { median, summary } from './support/stats.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 1_000);
const BLOCK = 100;
const WARM_UP = 8_000;

const names = Object.keys(MAKE);
const clients = Object.fromEntries(names.map((name) => [name, MAKE[name]()]));
for (const name of names) await sendRequests(clients[name], WARM_UP);

const perRequest = Object.fromEntries(names.map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const name of shuffled(names)) {
    const startedAt = performance.now();
    await sendRequests(clients[name], BLOCK);
    perRequest[name].push((1000 * (performance.now() - startedAt)) / BLOCK);
  }
}

const bareMicroseconds = median(perRequest.bare);
console.log(
  `bare axios: ${bareMicroseconds.toFixed(2)} us per request, ${ROUNDS} rounds of ${BLOCK} requests`,
);
const added = {};
for (const name of names.slice(1)) {
  added[name] = summary(perRequest[name].map((time, round) => time - perRequest.bare[round]));
  const { median: middle, low95, high95 } = added[name];
  console.log(`${name}: +${middle.toFixed(2)} us (95%: ${low95.toFixed(2)} to ${high95.toFixed(2)})`);
}
const instructions = process.argv.includes('--no-instructions')
  ? undefined
  : await instructionsPerRequest(names.filter((name) => name !== 'again'));
saveResult('happy-path', { rounds: ROUNDS, block: BLOCK, bareMicroseconds, added, instructions, perRequest });

function shuffled(items) {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
