/**
 * Trouble, over real HTTP on this machine: a server fails one request in ten (flaky), or is down for three seconds (the
 * hiccup: rejecting, refusing connections, stalling), while one client process sends it a steady load, through each library
 * in turn. What do its callers notice, and what does the server get to bear?
 * `node hiccup.mjs NAME...`: only through those, and nothing is written.
 */
import { CONNECT } from './support/http-clients.mjs';
import { inLanes, noticed, play } from './support/play.mjs';
import { saveResult } from './support/results.mjs';

const SETTINGS = {
  capacityPerSecond: 125,
  outageStart: 3_000,
  outageEnd: 6_000,
  flakyShare: 0.1,
  end: 20_000,
};
const CASES = [
  { kind: 'flaky', perSecond: 100 },
  { kind: 'rejecting', perSecond: 50 },
  { kind: 'rejecting', perSecond: 4 },
  { kind: 'refusing', perSecond: 50 },
  { kind: 'refusing', perSecond: 1 },
  { kind: 'stalling', perSecond: 50 },
  { kind: 'stalling', perSecond: 100 },
];
/** Milliseconds of one bin of the charts. */
const BIN = 500;
/** Scenarios at a time, each with a server and a client of its own: together they keep the machine far from busy. */
const LANES = 5;

const only = process.argv.slice(2);
const names = only.length > 0 ? only : Object.keys(CONNECT);
const scenarios = CASES.flatMap((scenario) => names.map((name) => ({ ...scenario, name })));
const runs = await inLanes(LANES, scenarios, async (scenario) => {
  const run = await playOne(scenario);
  print(run);
  return run;
});
if (only.length === 0) saveResult('hiccup', { settings: { ...SETTINGS, bin: BIN, lanes: LANES }, runs });
process.exit();

async function playOne({ kind, perSecond, name }) {
  const { capacityPerSecond, outageStart, outageEnd, flakyShare, end } = SETTINGS;
  const outage = kind === 'flaky' ? {} : { from: outageStart, until: outageEnd };
  const trouble = kind === 'flaky' ? { kind: 'rejecting', share: flakyShare } : { kind, ...outage };
  const run = await play({ server: { ...trouble, capacityPerSecond }, client: { name, perSecond, end } });
  const perBin = histogram(run.log);
  return {
    kind,
    perSecond,
    name,
    ...noticed(run, outage),
    failedPerBin: histogram(run.callers.filter(({ ok }) => !ok)),
    peakPerSecond: Math.max(...perBin) * (1000 / BIN),
    perBin,
    secondsToHealth: secondsToHealth(run.log),
    loopDelayP99: run.loopDelayP99,
  };
}

/** Seconds from the outage's end to the end of the last half second in which over 1% of the first attempts failed. */
function secondsToHealth(log) {
  const { outageEnd, end } = SETTINGS;
  const firsts = log.filter(({ first, at }) => first && at < end);
  const all = histogram(firsts);
  const failed = histogram(firsts.filter(({ answered }) => !answered));
  const lastBad = all.findLastIndex((count, bin) => failed[bin] > 0.01 * count);
  return Math.max(0, ((lastBad + 1) * BIN - outageEnd) / 1000);
}

function histogram(entries) {
  const counts = new Array(SETTINGS.end / BIN).fill(0);
  for (const { at } of entries) {
    const bin = Math.floor(at / BIN);
    if (bin < counts.length) counts[bin]++;
  }
  return counts;
}

function print(run) {
  const { kind, perSecond, name, failedCallers, callers, traffic, caughtMsP50, slowestMs } = run;
  console.log(
    `${kind}, ${perSecond}/s, ${name}: ${failedCallers} of ${callers} callers failed, ${traffic.toFixed(2)}x traffic, ` +
      `those caught waited ${caughtMsP50?.toFixed(0) ?? '–'} ms at p50, the slowest ${slowestMs.toFixed(0)} ms, ` +
      `healthy after ${run.secondsToHealth} s, ` +
      `event loops late by ${run.loopDelayP99.client.toFixed(1)} / ${run.loopDelayP99.server.toFixed(1)} ms at p99`,
  );
}
