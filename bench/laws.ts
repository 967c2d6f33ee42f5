/**
 * The laws of the gate, judged: every scenario of `__tests__/support/laws.ts`, by seeds that nothing was tuned on.
 *   node scripts/run-ts.mjs bench/laws.ts [seeds=11-20] [law=REGEXP] [fleet=0..3] [client=library|gate|none] [broken]
 */
import { judge, LAWS, type Ruling } from '../__tests__/support/laws';
import { libraryFleet } from '../__tests__/support/library-fleet';
import { gatedFleet, noRetries } from '../__tests__/support/model-client';

const ARGS = new Map(process.argv.slice(2).map((arg) => arg.split('=') as [string, string | undefined]));
const [from = 11, to = from] = (ARGS.get('seeds') ?? '11-20').split('-').map(Number);
const only = new RegExp(ARGS.get('law') ?? '');
const FLEETS = { none: noRetries, gate: gatedFleet(), library: libraryFleet() };
const fleet = FLEETS[(ARGS.get('client') ?? 'library') as keyof typeof FLEETS];
const part = { fleet: ARGS.has('fleet') ? Number(ARGS.get('fleet')) : undefined };

/** The rulings of one law in one size of fleet, with fixed or varying service times. */
function line(rulings: readonly Ruling[]): string {
  const [{ law, sigma, processes }] = rulings as readonly [Ruling];
  const broken = rulings.filter((ruling) => ruling.broken.length > 0).length;
  const metrics = Object.keys(law.atMost) as (keyof typeof law.atMost)[];
  const worst = metrics.map((metric) => {
    const closest = rulings
      .map(({ bounds, result }) => ({ value: result[metric], atMost: bounds[metric] ?? 0 }))
      .reduce((most, next) => (next.value * most.atMost > most.value * next.atMost ? next : most));
    return `${metric} ${closest.value.toFixed(2)} of ${closest.atMost.toFixed(2)}`;
  });
  const verdict = broken > 0 ? `BROKEN ${broken} of ${rulings.length}` : 'met';
  return [
    law.name.padEnd(54),
    `${processes} processes`.padEnd(15),
    (sigma > 0 ? 'varying' : 'fixed').padEnd(8),
    verdict.padEnd(15),
    worst.join(', '),
  ].join(' ');
}

let runs = 0;
let broken = 0;
for (const law of LAWS.filter(({ name }) => only.test(name))) {
  const cells = new Map<string, Ruling[]>();
  for (let seed = from; seed <= to; seed++) {
    for (const ruling of await judge(law, seed, fleet, part)) {
      const cell = `${ruling.fleet} ${ruling.sigma > 0}`;
      cells.set(cell, [...(cells.get(cell) ?? []), ruling]);
    }
  }
  for (const rulings of cells.values()) {
    const count = rulings.filter((ruling) => ruling.broken.length > 0).length;
    runs += rulings.length;
    broken += count;
    if (count > 0 || !ARGS.has('broken')) console.log(line(rulings));
  }
}
console.log(`${broken} of ${runs} storms broke their law`);
