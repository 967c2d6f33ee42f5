/**
 * What a request that succeeds costs more with a retry library attached: time, and instructions where they can be counted.
 *
 * Time is measured in paired rounds: each sends a block of requests through every client, in a new order, and what
 * counts is the median over the rounds of the difference to bare axios in the same round. So a slow moment of the
 * machine hits all clients of a round, not one of the libraries; and a block is short, so that it hits few rounds.
 *
 * `SHAPES='GET;PUT with a body'` measures some shapes of call only, `ROUNDS=300` fewer rounds.
 */
import { instructionsPerRequest } from './support/instructions.mjs';
import { addedTimes, SHAPE_NAMES } from './support/paired-rounds.mjs';
import { saveResult } from './support/results.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 1_000);
/** The shapes that are counted: a quarter of a minute each. */
const COUNTED = ['GET', 'POST with a body'];

const shapes = {};
for (const shape of SHAPE_NAMES) {
  const { bareMicroseconds, added } = await addedTimes(shape, ROUNDS);
  shapes[shape] = { bareMicroseconds, added };
  console.log(`${shape}: bare axios ${bareMicroseconds.toFixed(2)} us, ${ROUNDS} rounds`);
  for (const [name, { median, low95, high95 }] of Object.entries(added)) {
    console.log(`  ${name}: +${median.toFixed(2)} us (95%: ${low95.toFixed(2)} to ${high95.toFixed(2)})`);
  }
}
const instructions = {};
if (!process.argv.includes('--no-instructions')) {
  for (const shape of COUNTED.filter((name) => SHAPE_NAMES.includes(name))) {
    instructions[shape] = await instructionsPerRequest(shape, ['bare', 'axios-retry-budget', 'axios-retry']);
  }
}
saveResult('happy-path', { rounds: ROUNDS, shapes, instructions });
