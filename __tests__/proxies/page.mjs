/** The tables of docs/proxies.md, and the page around them. */
import { writeFileSync } from 'node:fs';
import { decimals, integer, table } from '../../bench/support/table.mjs';

export function tables(runs) {
  const sections = { outage: 'During an outage', limit: 'At a limit' };
  const cell = (kind, c) => kind === 'limit' ? `${c.failedCallers} · ${decimals(c.doneMs/1000,1)} s · ${decimals(c.traffic,2)}x` : `${c.failedCallers} · ${integer(c.caughtMsP50 ?? NaN)} · ${integer(c.slowestMs)} ms · ${decimals(c.traffic,2)}x`;
  return Object.keys(sections).map(kind => table([
    [sections[kind], ...runs[0].clients.map(({name}) => name)],
    ...runs.filter(r => r.kind === kind).map(r => [`${r.proxy}, ${r.title}`, ...r.clients.map(c => cell(kind, c))]),
  ])).join('\n\n') + '\n' + Math.max(...runs.flatMap(r=>r.clients.map(c=>c.loopDelayP99.client))) + ' ' + Math.max(...runs.flatMap(r=>r.clients.map(c=>c.loopDelayP99.server)));
}
export function savePage() {}
