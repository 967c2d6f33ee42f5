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

export function stormTable({ settings, runs }, outage) {
  const fleets = [...new Set(runs.map(({ processes }) => processes))];
  const policies = [...new Set(runs.map(({ policy }) => policy))];
  const longest = (settings.end - settings.outageEnd) / 1000;
  const cell = ({ failedPercent, amplification, secondsToHealth }) => {
    const health = secondsToHealth >= longest ? `not within ${longest} s` : `${secondsToHealth} s`;
    return `${decimals(failedPercent, 2)}% · ${decimals(amplification, 2)}x · ${health}`;
  };
  return table([
    [
      'failed · requests sent · healthy after',
      ...fleets.map((n) => (n === 1 ? '1 process' : `${integer(n)} processes`)),
    ],
    ...policies.map((policy) => [
      policy,
      ...fleets.map((processes) =>
        cell(
          runs.find((run) => run.outage === outage && run.policy === policy && run.processes === processes),
        ),
      ),
    ]),
  ]);
}
