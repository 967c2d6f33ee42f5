/**
 * Whether this library is still light, quickly and with room for noise: what a good call adds beside axios-retry in the same rounds,
 * and what a waiting call holds. Ratios, for the microseconds of one machine are not another's. Fails where one is over its limit.
 */

import { heldBytes } from './support/held-bytes.mjs';
import { addedTimes } from './support/paired-rounds.mjs';
import { median } from './support/stats.mjs';

const ROUNDS = 200;
const TRIES = 3;
const WAITING = 5_000;
const OURS = 'axios-retry-budget';
const THEIRS = 'axios-retry';
const PAIR = 'an empty pair';

/** What this library may add, in times of what axios-retry adds: a third more than was measured on a quiet machine. */
const SHAPES = {
  GET: 1.4,
  'POST with a body': 1.7,
  // Both a few of 130 microseconds; a copy of the body would be 30 times as much.
  'POST with 500 rows': 5,
  'GET, an interceptor registered before': 2.8,
};
/** What it may add to a GET beside two interceptors that do nothing, in percent of what a bare GET takes. */
const MOST_BESIDE_AN_EMPTY_PAIR = 20;
/** Bytes in times of axios-retry's; memory is not noisy. */
const MOST_WAITING = 1.8;

const failures = [];
function hold(what, value, most, unit = `times ${THEIRS}`) {
  console.log(`${what}: ${value.toFixed(2)} ${unit}, at most ${most}`);
  if (!(value <= most)) failures.push(what);
}

for (const [shape, most] of Object.entries(SHAPES))
  hold(shape, await quietest(most, () => ratioToTheirs(shape)), most);
hold(
  'GET',
  await quietest(MOST_BESIDE_AN_EMPTY_PAIR, percentBesidePair),
  MOST_BESIDE_AN_EMPTY_PAIR,
  'percent of a bare one more than an empty pair',
);
const theirs = await heldBytes(`backoff, ${THEIRS}`, WAITING);
for (const how of ['backoff', 'held']) {
  hold(`waiting: ${how}`, (await heldBytes(`${how}, ${OURS}`, WAITING)) / theirs, MOST_WAITING);
}
if (failures.length > 0) {
  console.error(`too heavy: ${failures.join('; ')}`);
  process.exitCode = 1;
}

/** A noisy machine gets more tries: what was light once is light. */
async function quietest(most, measure) {
  const values = [];
  while (values.length < TRIES && !(Math.min(...values) <= most)) values.push(await measure());
  return values.length < TRIES ? Math.min(...values) : median(values.map((value) => Math.min(value, 99)));
}

async function ratioToTheirs(shape) {
  const { added } = await addedTimes(shape, ROUNDS, ['bare', OURS, THEIRS]);
  // A microsecond's tenth more for both: their difference to bare axios may come near to nothing.
  return (added[OURS].median + 0.1) / (Math.max(0, added[THEIRS].median) + 0.1);
}

async function percentBesidePair() {
  const { bareMicroseconds, added } = await addedTimes('GET', ROUNDS, ['bare', OURS, PAIR]);
  return (100 * (added[OURS].median - added[PAIR].median)) / bareMicroseconds;
}
