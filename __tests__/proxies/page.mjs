/** The tables of a run behind proxies, and docs/proxies.md, which has them. */
import { writeFileSync } from 'node:fs';
import { decimals, integer, table } from '../../bench/support/table.mjs';

const PAGE = new URL('../../docs/proxies.md', import.meta.url);
/** What the clients of the benchmarks are called here. */
const NAMES = {
  'no retries': 'plain axios',
  'axios-retry, at its best': 'axios-retry',
  'this library': 'axios-retry-budget',
};

export const title = ({ proxy, title: what }) => `${proxy.name}, ${what}`;

export function tables(runs) {
  return ['outage', 'limit']
    .map((kind) => runs.filter((run) => run.kind === kind))
    .filter(({ length }) => length > 0)
    .map(tableOf)
    .join('\n\n');
}

export function savePage(runs, versions) {
  writeFileSync(PAGE, pageOf(runs, versions));
  console.log('wrote docs/proxies.md');
}

function tableOf(runs) {
  const [{ kind, clients }] = runs;
  const { head, cell } = COLUMNS[kind];
  return table([
    [head, ...clients.map(({ name }) => NAMES[name])],
    ...runs.map((run) => [title(run), ...run.clients.map(cell)]),
  ]);
}

const duration = (milliseconds) => (milliseconds === null ? '–' : `${integer(milliseconds)} ms`);
const requests = ({ traffic }) => `${decimals(traffic, 2)}x`;
const COLUMNS = {
  outage: {
    head: 'failed · p50 · slowest · requests',
    cell: (client) =>
      [client.failedCallers, duration(client.caughtMsP50), duration(client.slowestMs), requests(client)].join(
        ' · ',
      ),
  },
  limit: {
    head: 'failed · all done after · requests',
    cell: (client) =>
      [client.failedCallers, `${decimals(client.doneMs / 1000, 1)} s`, requests(client)].join(' · '),
  },
};

function pageOf(runs, { nginx, haproxy }) {
  const of = (kind) => tableOf(runs.filter((run) => run.kind === kind));
  const [outage, limit] = ['outage', 'limit'].map((kind) => runs.find((run) => run.kind === kind).load);
  return `# Behind nginx and haproxy

Between a client and its server there is mostly a proxy, and it is the proxy's answers that the client gets to see. Here a real one
gets into trouble, or its server does, while three clients, each with a proxy, a server and a process of its own, send it
the same calls:

- *plain axios*, with one second for each attempt, as the others have it;
- *axios-retry* at its best: \`{ retries: 5, retryDelay: exponentialDelay, shouldResetTimeout: true }\`;
- *axios-retry-budget* in its defaults: \`attachRetry(client)\`.

\`npm run test:proxies\` runs it all and fails if a law that is stated here is broken, \`npm run docs:proxies\` writes this page from
a run. One run differs from another by what chance and the machine make of it.
The configurations are in [\`scenarios.mjs\`](../__tests__/proxies/scenarios.mjs). Written by nginx ${nginx}, haproxy ${haproxy} and Node ${process.versions.node}.

## Outages

${outage.perSecond} GETs a second for ${outage.end / 1000} seconds; after the first second the trouble begins. *Failed*: callers that got no good answer, of
${(outage.perSecond * outage.end) / 1000}. *p50*: how long half of those who called during the trouble waited for a good answer at most. *Slowest*: of all callers, failed or not.
*Requests*: those sent, refused connections included, for each call. The law: with \`attachRetry(client)\` nobody fails.

${of('outage')}

- axios-retry does not repeat what timed out or was cut in the middle of its body unless it is told to. To tell it is to have no bound on
  what a stalled server gets.
- Who comes back when a proxy is back need not come back at once: so as not to be the next outage, held calls go a few at a time at first.

## Limits of rate

${limit.calls} GETs by ${limit.workers} workers, each of whom takes the next one when the last is done. The proxy allows fifty a second, and as many at once.
The law: nobody fails, and all is done within 1.5 times what the limit allows.

${of('limit')}

- To allow fifty a second is to ask for 8 seconds. haproxy's stick tables forget the last second little by little, so that whoever comes back after the second
  that \`Retry-After\` names is likely to be refused again. Workers that wait for just that second are done after 14 s, and after 32 s
  where those refused count too; those that wait for one to two seconds, at random, after 9.1 s and 13.9 s. These are taken for what such a limit allows.
`;
}
