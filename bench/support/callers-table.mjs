/** What callers see, in their own units: the first table of the project's README. */
import { integer, table } from './table.mjs';

const COLUMNS = ['no retries', 'axios-retry, at its best', 'this library'];
const ROWS = {
  'three seconds of 503': 'A hiccup: three seconds of 503',
  'a minute of 503': 'An outage: a minute of 503',
  'one request in ten fails': 'Everyday: one request in ten fails',
};
const MINUTE = 60_000;

export function callersTable({ runs }) {
  const of = (scenario, name) => runs.find((run) => run.scenario === scenario && run.name === name);
  return table(
    [
      ['', ...COLUMNS.map((name) => (name === 'this library' ? 'axios-retry-budget' : name))],
      ...Object.entries(ROWS).map(([scenario, words]) => [
        words,
        ...COLUMNS.map((name) => describe(of(scenario, name), scenario)),
      ]),
    ],
    { isText: true },
  );
}

function describe(run, scenario) {
  // One that was on its way when the outage began met it as well.
  const of = integer(Math.max(run.calledMeanwhile, run.failedCallers));
  const failed =
    run.failedCallers === 0 ? `none of ${of} failed` : `**${integer(run.failedCallers)} of ${of} failed**`;
  return [failed, ...waits(run, scenario), `${integer(run.requestsMeanwhile)} requests`].join('; ');
}

/** Of those who failed in a long outage, how soon they knew; else of those who were served, how long it took. */
function waits({ failedCallers, failedMsP50, caughtMsP50, caughtMsP99, slowestMs }, scenario) {
  if (failedCallers === 0 && scenario.startsWith('one'))
    return [`99% waited at most ${seconds(caughtMsP99)}`];
  if (failedCallers === 0) return [`half waited ${seconds(caughtMsP50)}, the slowest ${seconds(slowestMs)}`];
  return slowestMs > 1000
    ? [`half knew after ${seconds(failedMsP50)}, the slowest after ${seconds(slowestMs)}`]
    : ['at once'];
}

function seconds(milliseconds) {
  if (milliseconds > MINUTE) throw new Error(`a caller waited ${milliseconds} ms: say it in minutes`);
  return milliseconds < 1000 ? `${milliseconds.toFixed()} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
