/**
 * Times of all clients in paired rounds, for one shape of call.
 */
import { performance } from 'node:perf_hooks';
import { CLIENTS, SHAPES, sender } from './happy-clients.mjs';
import { median, summary } from './stats.mjs';

const BLOCK = 100;
const WARM_UP = 5_000;

const wanted = process.env.SHAPES?.split(';');
export const SHAPE_NAMES = Object.keys(SHAPES).filter((name) => !wanted || wanted.includes(name));

/** @returns microseconds of a bare request, and what each client adds to them in the same round */
export async function addedTimes(shape, rounds, names = CLIENTS) {
  const block = SHAPES[shape].block ?? BLOCK;
  const senders = {};
  for (const name of names) senders[name] = await sender(name, shape);
  for (const name of names) await senders[name]((WARM_UP * block) / BLOCK);
  const perRequest = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(names)) {
      const startedAt = performance.now();
      await senders[name](block);
      perRequest[name].push((1000 * (performance.now() - startedAt)) / block);
    }
  }
  const added = {};
  for (const name of names.slice(1)) {
    added[name] = summary(perRequest[name].map((time, round) => time - perRequest.bare[round]));
  }
  return { bareMicroseconds: median(perRequest.bare), added };
}

function shuffled(items) {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
