/**
 * Tables of what a server that is down for three seconds does to callers, and callers to it.
 */
import { decimals, integer, table } from './table.mjs';

/** Milliseconds: a server process whose timers come later than that was short of processor time. */
const TOO_LATE = 50;

/** One table for each number of calls a second. */
export function hiccupTable({ settings, runs }, kind) {
  const ofKind = runs.filter((run) => run.kind === kind);
  const rates = [...new Set(ofKind.map(({ perSecond }) => perSecond))];
  return rates
    .map((rate) =>
      rateTable(
        ofKind.filter(({ perSecond }) => perSecond === rate),
        settings,
      ),
    )
    .join('\n\n');
}

function rateTable(runs, { end, outageEnd }) {
  const [{ kind, perSecond, callers }] = runs;
  const longest = (end - outageEnd) / 1000;
  const duration = (milliseconds) => (milliseconds === null ? '–' : `${integer(milliseconds)} ms`);
  const rows = runs.map((run) => [
    run.name,
    integer(run.failedCallers),
    duration(run.caughtMsP50),
    duration(run.caughtMsP99),
    duration(run.slowestMs),
    `${decimals(run.traffic, 2)}x`,
    integer(run.peakPerSecond),
    run.secondsToHealth >= longest ? `not within ${longest} s` : `${run.secondsToHealth} s`,
  ]);
  const head = [
    `${perSecond} calls a second, ${integer(callers)} in all`,
    'failed',
    'p50',
    'p99',
    'slowest',
    'requests',
    'peak requests/s',
    'healthy after',
  ];
  // Without an outage there is nothing to get over.
  return table([head, ...rows].map((row) => (kind === 'flaky' ? row.slice(0, -1) : row)));
}

export function hiccupWarning({ runs }) {
  const late = runs.filter(({ loopDelayP99 }) => loopDelayP99.server > TOO_LATE);
  const worst = Math.max(...runs.map(({ loopDelayP99 }) => loopDelayP99.server));
  if (late.length > 0) {
    const names = late.map(({ kind, name }) => `${name} (${kind})`).join(', ');
    return `**Do not trust this run:** the machine was busy with something else, the server's timers came more than ${TOO_LATE} ms late with ${names}.`;
  }
  return `The machine kept up: in every run, 99% of the server's timers came less than ${decimals(worst, 0)} ms late.`;
}

const FLEETS = ['1 process', '10 to 20', '150 to 200', '800 to 1,000'];

/** One row for each law and size of fleet: the worst of all seeds, fixed and varying service times. */
export function stormTable({ rows, none }) {
  const laws = [...new Set(rows.map(({ law }) => law))];
  return table([
    ['the worst of all storms, of what is allowed', 'processes', 'this library', 'no retries'],
    ...laws.flatMap((law) => {
      const ofLaw = rows.filter((row) => row.law === law);
      return [...new Set(ofLaw.map(({ fleet }) => fleet))].map((fleet) => [
        law,
        ofLaw.some((row) => row.fleet === 3) ? FLEETS[fleet] : integer(ofLaw[0].processes),
        worstOf(ofLaw.filter((row) => row.fleet === fleet)),
        worstOf(none.filter((row) => row.law === law && row.fleet === fleet)),
      ]);
    }),
  ]);
}

const WORDS = {
  failedPercent: (value) => `${decimals(value, 2)}% failed`,
  traffic: (value) => `${decimals(value, 2)}x requests`,
  healthyAfter: (value) => `healthy after ${decimals(value, 0)} s`,
  backlogGoneAfter: (value) => `backlog gone after ${decimals(value, 1)} s`,
  p99: (value) => `p99 ${decimals(value, 2)} s`,
  p99After: (value) => `p99 afterwards ${decimals(value, 2)} s`,
  failingP50: (value) => `half of those who fail know after ${decimals(value, 1)} s`,
  failingMax: (value) => `all of them after ${decimals(value, 1)} s`,
  goodFailed: (value) => `${integer(value)} to other endpoints failed`,
  goodP99: (value) => `p99 of other endpoints ${decimals(value, 2)} s`,
  lastDoneAfter: (value) => `all done after ${decimals(value, 1)} s`,
};

function worstOf(rows) {
  return rows[0].worst
    .map(({ metric }, at) => {
      const { value, atMost } = rows
        .map(({ worst }) => worst[at])
        .reduce((most, next) => (next.value - next.atMost > most.value - most.atMost ? next : most));
      const words = WORDS[metric](value);
      return value > atMost ? `**${words}** (${decimals(atMost, 2)})` : words;
    })
    .join(', ');
}
