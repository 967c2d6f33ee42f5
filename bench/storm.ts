/**
 * The storm: fleets of 1 to 1,000 processes call one server that goes down, stalls, slows or is overrun. In virtual time, so
 * that an hour takes minutes; seeded, so that it is the same each time; with the library's own code in every process. Each scenario
 * is a law (`__tests__/support/laws.ts`), judged by seeds that nothing was tuned on.
 *   npm run bench -- storm [seeds=21-23] [law=REGEXP] [fleet=0..3] [client=library|gate|none] [broken]
 * Without a choice of laws, fleets or client, the numbers go to results/storm.json, beside those of no retries.
 */
import { judge, LAWS, type Ruling } from '../__tests__/support/laws';
import { libraryFleet } from '../__tests__/support/library-fleet';
import { gatedFleet, noRetries } from '../__tests__/support/model-client';
import { saveResult } from './support/results.mjs';

const CLIENTS = { library: libraryFleet(), gate: gatedFleet(), none: noRetries };
const ARGS = new Map(process.argv.slice(2).map((arg) => arg.split('=') as [string, string | undefined]));
const [from = 21, to = from] = (ARGS.get('seeds') ?? '21-23').split('-').map(Number);
const only = new RegExp(ARGS.get('law') ?? '');
const client = (ARGS.get('client') ?? 'library') as keyof typeof CLIENTS;
const part = { fleet: ARGS.has('fleet') ? Number(ARGS.get('fleet')) : undefined };
const isWhole = !['law', 'fleet', 'client'].some((name) => ARGS.has(name));

/** What came of one law in one size of fleet, with fixed or varying service times, by all seeds. */
function summary(rulings: readonly Ruling[]) {
  const [{ law, sigma, fleet, processes }] = rulings as readonly [Ruling];
  const metrics = Object.keys(law.atMost) as (keyof typeof law.atMost)[];
  const worst = metrics.map((metric) => {
    const { value, atMost } = rulings
      .map(({ bounds, result }) => ({ value: result[metric], atMost: bounds[metric] ?? 0 }))
      .reduce((most, next) => (next.value * most.atMost > most.value * next.atMost ? next : most));
    return { metric, value, atMost };
  });
  const broken = rulings.filter((ruling) => ruling.broken.length > 0).length;
  return { law: law.name, fleet, processes, isVarying: sigma > 0, storms: rulings.length, broken, worst };
}

function line({ law, processes, isVarying, storms, broken, worst }: ReturnType<typeof summary>): string {
  return [
    law.padEnd(54),
    `${processes} processes`.padEnd(15),
    (isVarying ? 'varying' : 'fixed').padEnd(8),
    (broken > 0 ? `BROKEN ${broken} of ${storms}` : 'met').padEnd(15),
    worst
      .map(({ metric, value, atMost }) => `${metric} ${value.toFixed(2)} of ${atMost.toFixed(2)}`)
      .join(', '),
  ].join(' ');
}

async function judgeAll(name: keyof typeof CLIENTS) {
  const rows: ReturnType<typeof summary>[] = [];
  for (const law of LAWS.filter(({ name }) => only.test(name))) {
    const cells = new Map<string, Ruling[]>();
    for (let seed = from; seed <= to; seed++) {
      for (const ruling of await judge(law, seed, CLIENTS[name], part)) {
        const cell = `${ruling.fleet} ${ruling.sigma > 0}`;
        cells.set(cell, [...(cells.get(cell) ?? []), ruling]);
      }
    }
    for (const row of [...cells.values()].map(summary)) {
      rows.push(row);
      if (row.broken > 0 || !ARGS.has('broken')) console.log(line(row));
    }
  }
  const sum = (field: 'storms' | 'broken') => rows.reduce((total, row) => total + row[field], 0);
  console.log(`${name}: ${sum('broken')} of ${sum('storms')} storms broke their law`);
  return rows;
}

const rows = await judgeAll(client);
if (isWhole) {
  const none = await judgeAll('none');
  saveResult('storm', { settings: { seeds: [from, to] }, rows, none });
}
