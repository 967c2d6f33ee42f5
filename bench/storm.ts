/**
 * The storm: fleets of 1 to 1,000 processes that share a load of 800 requests a second call one server that is down for
 * three seconds. In virtual time, so that it takes a minute and not an hour; seeded, so that it is the same each time;
 * with the library's own code in every process, and with the simulation that the tests run on.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { storm } from '../__tests__/support/storm-of-the-queue';
import { RetryBudget, type RetryPolicy } from '../lib/index';
import { saveResult } from './support/results.mjs';

const FLEETS = [1000, 200, 20, 1];
const OUTAGES = ['rejecting', 'stalling'] as const;
const SETTINGS = { seed: 1, outageStart: 5_000, outageEnd: 8_000, end: 30_000 };

/** Each makes the policy of one process; what is retried, and when, differs only where the name says so. */
const POLICIES: Record<string, () => RetryPolicy | false> = {
  'no retries': () => false,
  // Its defaults with the delay that its documentation recommends: 3 retries, 200, 400 and 800 ms plus 20%, no timeouts.
  "axios-retry's rules": () => ({
    budget: false,
    maxRetries: 3,
    backoff: (retry) => 2 ** retry * 100 * (1 + 0.2 * Math.random()),
    isRetryable: (error) => (error.code === 'ECONNABORTED' ? false : undefined),
  }),
  'retries without a budget': () => ({ budget: false }),
  "the article's budget": () => ({
    budget: new RetryBudget({ maxTokens: 100, refillPerSecond: 10, tokensPerSuccess: 1 }),
  }),
  'default budget': () => ({}),
  "default budget, 'wait'": () => ({ whenBudgetEmpty: 'wait' }),
};

async function runFleet(processes: number) {
  const runs = [];
  for (const outage of OUTAGES) {
    for (const [name, policy] of Object.entries(POLICIES)) {
      runs.push({
        processes,
        outage,
        policy: name,
        ...(await storm({ processes, outage, policy, ...SETTINGS })),
      });
    }
  }
  return runs;
}

/** Fleets in processes of their own, two at a time. */
async function runAll() {
  const waiting = [...FLEETS];
  const runs: Awaited<ReturnType<typeof runFleet>> = [];
  const worker = async () => {
    for (let fleet = waiting.shift(); fleet; fleet = waiting.shift()) {
      const child = fork(new URL(import.meta.url), [String(fleet)]);
      const [ofFleet] = (await once(child, 'message')) as [typeof runs];
      runs.push(...ofFleet);
      for (const run of ofFleet) {
        const { processes, outage, policy, failedPercent, amplification, secondsToHealth } = run;
        console.log(
          `${processes} processes, ${outage}, ${policy}: ${failedPercent.toFixed(2)}% failed, ` +
            `${amplification.toFixed(2)} x the requests, healthy after ${secondsToHealth} s`,
        );
      }
    }
  };
  await Promise.all([worker(), worker()]);
  runs.sort((a, b) => a.processes - b.processes);
  saveResult('storm', { settings: SETTINGS, runs });
}

const [fleet] = process.argv.slice(2);
if (fleet && process.send) process.send(await runFleet(Number(fleet)), () => process.disconnect());
else await runAll();
