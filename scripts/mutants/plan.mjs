/** Which tests a mutation is tried with, and in which order. */
import { basename } from 'node:path';

/** Tests that take longer, in ms, wait until the others of their file are done. */
export const SLOW = 30;

/**
 * @param dried what each test file came to without a mutation
 * @param fits whether a test is to be used, by its file and the milliseconds that it takes
 * @returns the parts of test files that reach it, that of its own room first, then the quickest
 */
export function planOf({ id, fileName }, dried, fits) {
  let hits = 0;
  let isAtLoad = false;
  const plan = [];
  for (const { file, took, coverage } of dried) {
    const atLoad = coverage.static[id] ?? 0;
    const reached = took.map((_, index) => coverage.perTest[index]?.[id] ?? 0);
    const all = [...took.keys()].filter((index) => atLoad > 0 || reached[index] > 0);
    hits += atLoad + reached.reduce((sum, count) => sum + count, 0);
    isAtLoad ||= atLoad > 0;
    const isMirrored = basename(file, '.test.ts') === basename(fileName, '.ts');
    const chosen = all.filter((index) => isMirrored || fits(file, took[index]));
    const fast = chosen.filter((index) => took[index] < SLOW);
    for (const only of [fast, chosen.filter((index) => took[index] >= SLOW)]) {
      if (only.length === 0) continue;
      const cost = isMirrored && only === fast ? 0 : only.reduce((sum, index) => sum + took[index], 20);
      plan.push({ file, only, took, cost });
    }
  }
  plan.sort((one, other) => one.cost - other.cost);
  // As Stryker has it: what is reached a hundred times as often as without the mutation is an endless loop.
  return { id, hitLimit: 100 * hits, plan, isAtLoad };
}
