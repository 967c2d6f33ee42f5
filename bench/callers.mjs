/**
 * What callers see, as the README's first table and picture have it: three seconds of trouble, a minute of it, and everyday
 * failures, over real HTTP, without retries, through axios-retry, and through this library in its defaults.
 */
import { inLanes, isWithin, noticed, play } from './support/play.mjs';
import { saveResult } from './support/results.mjs';

const CAPACITY_PER_SECOND = 125;
const START = 3_000;
const NAMES = ['no retries', 'axios-retry', 'axios-retry, at its best', 'this library'];
const SCENARIOS = {
  'a minute of 503': { kind: 'rejecting', seconds: 60, perSecond: 50 },
  'three seconds of 503': { kind: 'rejecting', seconds: 3, perSecond: 50 },
  'three seconds of silence': { kind: 'stalling', seconds: 3, perSecond: 50 },
  'one request in ten fails': { kind: 'rejecting', share: 0.1, perSecond: 100 },
};
/** Scenarios at a time, each with a server and a client of its own: together they keep the machine far from busy. */
const LANES = 4;

const plan = Object.keys(SCENARIOS).flatMap((scenario) => NAMES.map((name) => ({ scenario, name })));
const runs = await inLanes(LANES, plan, async ({ scenario, name }) => {
  const run = { scenario, name, ...(await callersOf(SCENARIOS[scenario], name)) };
  console.log(
    `${scenario}, ${name}: ${run.failedCallers} of ${run.callers} failed, half of those caught and served waited ` +
      `${run.caughtMsP50} ms, half of those who failed ${run.failedMsP50} ms, the slowest ${run.slowestMs} ms, ` +
      `${run.requestsMeanwhile} requests meanwhile, event loops late by ${run.loopDelayP99.client} / ${run.loopDelayP99.server} ms at p99`,
  );
  return run;
});
saveResult('callers', { scenarios: SCENARIOS, runs });
process.exit();

async function callersOf({ kind, seconds, share, perSecond }, name) {
  const outage = seconds ? { from: START, until: START + seconds * 1000 } : {};
  const run = await play({
    server: { kind, share, ...outage, capacityPerSecond: CAPACITY_PER_SECOND },
    // After the outage comes the time that the slowest need.
    client: { name, perSecond, end: START + (seconds ?? 0) * 1000 + 14_000 },
  });
  return {
    ...noticed(run, outage),
    calledMeanwhile: run.callers.filter(isWithin(outage)).length,
    requestsMeanwhile: run.log.filter(isWithin(outage)).length,
    loopDelayP99: run.loopDelayP99,
  };
}
