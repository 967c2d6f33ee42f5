/**
 * Trouble, over real HTTP on this machine: a server fails one request in ten (flaky), or is down for three seconds (the
 * hiccup: rejecting, stalling), while one client process sends it a steady load, through each library in turn. What do
 * its callers notice, and what does the server get to bear?
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { CONNECT } from './support/http-clients.mjs';
import { saveResult } from './support/results.mjs';
import { quantile } from './support/stats.mjs';

const KINDS = ['flaky', 'rejecting', 'stalling'];
const SETTINGS = {
  requestsPerSecond: 100,
  capacityPerSecond: 125,
  outageStart: 3_000,
  outageEnd: 6_000,
  flakyShare: 0.1,
  // Later than the last parked retry may leave (`maxQueueTime`): a load that ends earlier would pay no tokens for it.
  end: 40_000,
};
/** Milliseconds of one bin of the charts. */
const BIN = 500;
/** Scenarios at a time, each with a server and a client of its own: together they keep the machine far from busy. */
const LANES = 5;

const scenarios = KINDS.flatMap((kind) => Object.keys(CONNECT).map((name) => ({ kind, name })));
const runs = new Array(scenarios.length);
let next = 0;
await Promise.all(
  Array.from({ length: LANES }, async () => {
    while (next < scenarios.length) {
      const index = next++;
      runs[index] = await play(scenarios[index]);
      print(runs[index]);
    }
  }),
);
saveResult('hiccup', { settings: { ...SETTINGS, bin: BIN, lanes: LANES }, runs });
process.exit();

async function play({ kind, name }) {
  const { requestsPerSecond, capacityPerSecond, outageStart, outageEnd, flakyShare, end } = SETTINGS;
  const server = start('hiccup-server', kind, capacityPerSecond, outageStart, outageEnd, flakyShare);
  const [{ port }] = await once(server, 'message');
  const client = start('hiccup-client', name, port, requestsPerSecond, end);
  await once(client, 'message');
  const begin = { startAt: Date.now() + 200 };
  server.send(begin);
  client.send(begin);
  const [{ callers, loopDelayP99 }] = await once(client, 'message');
  server.send('report');
  const [{ log, loopDelayP99: ofServer }] = await once(server, 'message');
  return {
    kind,
    name,
    ...judge(callers, log),
    loopDelayP99: { client: loopDelayP99, server: ofServer },
  };
}

function start(script, ...args) {
  return fork(new URL(`./support/${script}.mjs`, import.meta.url), args.map(String));
}

function judge(callers, log) {
  const served = callers.filter(({ ok }) => ok).map(({ took }) => took);
  const perBin = histogram(log);
  return {
    callers: callers.length,
    failedCallers: callers.length - served.length,
    failedPerBin: histogram(callers.filter(({ ok }) => !ok)),
    extraRequests: log.length - callers.length,
    peakPerSecond: Math.max(...perBin) * (1000 / BIN),
    perBin,
    servedMsP50: quantile(served, 0.5),
    servedMsP99: quantile(served, 0.99),
    slowestMs: Math.max(...callers.map(({ took }) => took)),
    secondsToHealth: secondsToHealth(log),
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
  const { kind, name, failedCallers, callers, extraRequests, peakPerSecond, servedMsP99, secondsToHealth } =
    run;
  console.log(
    `${kind}, ${name}: ${failedCallers} of ${callers} callers failed, ${extraRequests} extra requests, ` +
      `peak ${peakPerSecond}/s, p99 ${servedMsP99.toFixed(0)} ms, healthy after ${secondsToHealth} s, ` +
      `event loops late by ${run.loopDelayP99.client.toFixed(1)} / ${run.loopDelayP99.server.toFixed(1)} ms at p99`,
  );
}
