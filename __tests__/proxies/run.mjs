/**
 * Trouble behind real proxies, met by plain axios, axios-retry and this library side by side; fails if a caller of this
 * library in its defaults notices what the laws of scenarios.mjs keep from him. Run: npm run test:proxies
 * --print: whatever the laws say, succeed. --write: docs/proxies.md and bench/results/proxies.json as well.
 * --only PATTERN: those scenarios only, by proxy and title.
 * Where nginx or haproxy is missing, one line says so; with REQUIRE_PROXIES=1 that is a failure.
 */
import { parseArgs } from 'node:util';
import { inLanes, noticed, play } from '../../bench/support/play.mjs';
import { saveResult } from '../../bench/support/results.mjs';
import { savePage, tables, title } from './page.mjs';
import { installed, startProxy } from './proxies.mjs';
import { SCENARIOS } from './scenarios.mjs';

const CLIENTS = ['no retries', 'axios-retry, at its best', 'this library'];
/** Scenarios at a time, each with all clients at a time. */
const LANES = 2;
/** Milliseconds by which a client's timers may be late at p99 for what it noticed to be worth a page, and for a failure to be the library's. */
const PUNCTUAL = 100;

const { values: flags } = parseArgs({
  options: { print: { type: 'boolean' }, write: { type: 'boolean' }, only: { type: 'string', default: '' } },
});
const versions = installed();
const missing = ['nginx', 'haproxy'].filter((name) => !(name in versions));
if (missing.length > 0) {
  const isRequired = process.env.REQUIRE_PROXIES === '1';
  console.log(
    `${isRequired ? 'FAILED' : 'skipped'}: the tests behind proxies need ${missing.join(' and ')}. ` +
      'Run .ci/install-debian-packages nginx haproxy',
  );
  process.exit(isRequired ? 1 : 0);
}

const startedAt = performance.now();
const wanted = SCENARIOS.filter((scenario) => title(scenario).includes(flags.only));
const runs = await inLanes(LANES, wanted, async (scenario) =>
  judged(scenario, await Promise.all(CLIENTS.map((name) => playOne(scenario, name)))),
);
// A machine that cannot keep up fails callers by itself: there, less at a time.
for (const [index, { problem, clients }] of runs.entries()) {
  if (problem && lateness(clients) > PUNCTUAL) {
    console.log(`once more, alone, for timers came ${Math.ceil(lateness(clients))} ms late:`);
    const alone = await playOne(wanted[index], CLIENTS.at(-1));
    runs[index] = judged(wanted[index], [...clients.slice(0, -1), alone]);
  }
}
const late = Math.max(...runs.map(({ clients }) => lateness(clients)));
console.log(`\n${tables(runs)}\n`);
console.log(
  `${runs.length} scenarios in ${Math.round((performance.now() - startedAt) / 1000)} s; ` +
    `99% of the clients' timers came less than ${Math.ceil(late)} ms late`,
);
if (flags.write && late > PUNCTUAL) {
  console.log('nothing is written: the machine was busy with something else');
} else if (flags.write && !flags.only) {
  saveResult('proxies', { proxies: versions, runs });
  savePage(runs, versions);
}
const failed = runs.filter(({ problem }) => problem);
if (failed.length > 0) console.log(`${failed.length} of ${runs.length} laws do not hold`);
process.exit(failed.length > 0 && !flags.print ? 1 : 0);

function judged({ law, ...scenario }, clients) {
  const problem = law(clients.at(-1)) || undefined;
  console.log(problem ? `not ok: ${title(scenario)}: ${problem}` : `ok: ${title(scenario)}`);
  return { ...scenario, problem, clients };
}

/** Milliseconds by which 99% of the clients' timers came late at most. */
function lateness(clients) {
  return Math.max(...clients.map(({ loopDelayP99 }) => loopDelayP99.client));
}

async function playOne({ proxy, server, load }, name) {
  const run = await play({
    server,
    client: { name, ...load },
    startProxy: (upstreamPort) => startProxy(proxy, upstreamPort),
  });
  return { name, ...noticed(run, server), loopDelayP99: run.loopDelayP99 };
}
