/**
 * Where another is better, found by comparing all numbers, so that the page cannot leave one out.
 */
import { decimals, integer } from './table.mjs';

const OURS = 'axios-retry-budget';
/** On the happy path: they retry nothing. */
const NO_PEERS = ['again', 'an empty pair'];

export function whereAPeerIsBetter(results) {
  const verdicts = [
    ...happyPath(results['happy-path']),
    ...memory(results['waiting-memory']),
    ...size(results['bundle-size']),
    ...callers(results.callers),
    ...hiccup(results.hiccup),
    ...storm(results.storm),
  ];
  return verdicts.length > 0
    ? verdicts.map((verdict) => `- ${verdict}`).join('\n')
    : 'Nowhere in these numbers.';
}

function happyPath({ shapes }) {
  return Object.entries(shapes).flatMap(([shape, { added }]) =>
    Object.entries(added)
      .filter(([name, peer]) => !NO_PEERS.includes(name) && peer.high95 < added[OURS].low95)
      .map(
        ([name, peer]) =>
          `Happy path, ${shape}: ${name} adds ${decimals(peer.median, 2)} µs to a request that succeeds, this library ${decimals(added[OURS].median, 2)} µs.`,
      ),
  );
}

function memory({ bytesPerRequest }) {
  const ours = bytesPerRequest[`backoff, ${OURS}`];
  return Object.entries(bytesPerRequest)
    .filter(([name, bytes]) => name.startsWith('backoff') && bytes < ours)
    .map(
      ([name, bytes]) =>
        `Waiting: a request in the backoff of ${name.slice('backoff, '.length)} holds ${integer(bytes)} bytes, in this library's ${integer(ours)}.`,
    );
}

function size({ bytes }) {
  const ours = bytes[OURS].gzipped;
  return Object.entries(bytes)
    .filter(([name, { gzipped }]) => name !== 'axios' && gzipped < ours)
    .map(
      ([name, { gzipped }]) =>
        `Bundle: ${name} is ${integer(gzipped)} bytes gzipped, this library ${integer(ours)}.`,
    );
}

/** What callers see, as the project's README has it; with what is compared in the hiccup as well, but its long outage. */
function callers({ runs }) {
  const OF = {
    failedCallers: 'callers failed',
    failedMsP50: 'ms at p50 to a failure',
    slowestMs: 'ms for the slowest',
  };
  return runs
    .filter(({ name }) => name === 'this library')
    .flatMap((ours) => {
      const others = runs.filter(({ scenario, name }) => scenario === ours.scenario && name !== ours.name);
      const onePercent = ours.callers / 100;
      const servesAsMany = others.filter(
        ({ failedCallers }) => failedCallers <= ours.failedCallers + onePercent,
      );
      const verdict = (peers, field, atLeast) =>
        better(peers, ours, field, (run) => `${integer(run[field])} ${OF[field]}`, atLeast);
      return [
        verdict(others, 'failedCallers', onePercent),
        // Who gives up at once is quick: compared with those only that fail about as few.
        verdict(
          servesAsMany.filter(({ name }) => name !== 'no retries'),
          'slowestMs',
          100,
        ),
      ]
        .filter(Boolean)
        .map((text) => `Callers, ${ours.scenario}: ${text}`);
    });
}

/** A tenth fewer is taken for better: runs of real HTTP differ by that. */
const clearlyFewer = (count, than, atLeast = 0) => count < 0.9 * than && than - count >= atLeast;

function hiccup({ runs }) {
  return runs
    .filter(({ name }) => name === 'this library')
    .flatMap((ours) => {
      const { kind, perSecond } = ours;
      const others = runs.filter(
        (run) => run.kind === kind && run.perSecond === perSecond && !run.name.startsWith(ours.name),
      );
      const onePercent = ours.callers / 100;
      // To serve the few that are quick to serve makes fine times; so only of those that fail about as few callers.
      const servesAsMany = others.filter((run) => run.failedCallers <= 1.1 * ours.failedCallers + onePercent);
      const duration = (field, name) => (run) => `${name} ${integer(run[field])} ms`;
      return [
        better(
          others,
          ours,
          'failedCallers',
          (run) => `${integer(run.failedCallers)} callers failed`,
          onePercent,
        ),
        better(servesAsMany, ours, 'caughtMsP50', duration('caughtMsP50', 'p50'), 20),
        better(servesAsMany, ours, 'caughtMsP99', duration('caughtMsP99', 'p99'), 20),
        better(others, ours, 'traffic', (run) => `${decimals(run.traffic, 2)} requests per call`, 0.01),
        kind !== 'flaky' &&
          better(others, ours, 'secondsToHealth', (run) => `healthy after ${run.secondsToHealth} s`, 1),
      ]
        .filter(Boolean)
        .map((verdict) =>
          kind === 'flaky' ? `Everyday: ${verdict}` : `Hiccup, ${kind}, ${perSecond} a second: ${verdict}`,
        );
    });
}

function better(others, ours, field, describe, atLeast) {
  const winners = others
    .filter((run) => clearlyFewer(run[field], ours[field], atLeast))
    .map((run) => `${run.name} (${describe(run)})`);
  return winners.length > 0 && `${ours.name} (${describe(ours)}) is outdone by ${winners.join(', ')}.`;
}

/** Where a law is broken, no retries may be kinder to somebody. */
function storm({ rows }) {
  return rows
    .filter(({ broken }) => broken > 0)
    .map(({ law, processes, isVarying, storms, broken, worst }) => {
      const over = worst.filter(({ value, atMost }) => value > atMost);
      const what = over.map(
        ({ metric, value, atMost }) => `${metric} ${decimals(value, 2)}, ${decimals(atMost, 2)} allowed`,
      );
      const where = `${integer(processes)} process${processes === 1 ? '' : 'es'}, ${isVarying ? 'varying' : 'fixed'} service times`;
      return `Storm, ${law}, ${where}: ${broken} of ${storms} broke the law (${what.join('; ')}).`;
    });
}
