/**
 * Trouble behind real proxies, met by plain axios, axios-retry and this library side by side; fails if a caller of this
 * library in its defaults notices what the laws of scenarios.mjs keep from him. Run: npm run test:proxies
 * --print: whatever the laws say, succeed. --write: docs/proxies.md and bench/results/proxies.json as well.
 * Where nginx or haproxy is missing, one line says so; with REQUIRE_PROXIES=1 that is a failure.
 */
import { inLanes, noticed, play } from '../../bench/support/play.mjs';
import { saveResult } from '../../bench/support/results.mjs';
import { savePage, tables } from './page.mjs';
import { installed, startProxy } from './proxies.mjs';
import { SCENARIOS } from './scenarios.mjs';

const CLIENTS = ['no retries', 'axios-retry, at its best', 'this library'];
/** Scenarios at a time, each with all clients at a time. */
const LANES = 2;

const flags = process.argv.slice(2);
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
const runs = await inLanes(LANES, SCENARIOS.filter(({title})=>!process.env.ONLY||new RegExp(process.env.ONLY).test(title)), async (scenario) => {
  const clients = await Promise.all(CLIENTS.map((name) => playOne(scenario, name)));
  const problem = scenario.law(clients.at(-1)) || undefined;
  console.log(`${problem ? 'not ok' : 'ok'}: ${scenario.proxy.name}, ${scenario.title}${problem ? `: ${problem}` : ''}`);
  return { kind: scenario.kind, proxy: scenario.proxy.name, title: scenario.title, problem, clients };
});
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
console.log(`\n${tables(runs)}\n\n${SCENARIOS.length} scenarios in ${seconds} s`);
if (flags.includes('--write')) {
  saveResult('proxies', { proxies: versions, runs });
  savePage(runs, versions);
}
const failed = runs.filter(({ problem }) => problem);
if (failed.length > 0) console.log(`${failed.length} of ${runs.length} laws do not hold`);
process.exit(failed.length > 0 && !flags.includes('--print') ? 1 : 0);

async function playOne({ proxy, server, load }, name) {
  const run = await play({
    server,
    client: { name, ...load },
    startProxy: (upstreamPort) => startProxy(proxy, upstreamPort),
  });
  return { name, ...noticed(run, server), loopDelayP99: run.loopDelayP99 };
}
