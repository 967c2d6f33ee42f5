/**
 * One client process sends its load to one server process, which gets into trouble; a proxy may stand between them.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { quantile } from './stats.mjs';

/**
 * @param server settings of hiccup-server.mjs
 * @param client settings of hiccup-client.mjs, but for the port
 * @param startProxy `(port of the server) => { port, begin(startAt), stop() }`
 */
export async function play({ server: serverSettings, client: clientSettings, startProxy }) {
  const server = start('hiccup-server', serverSettings);
  let client;
  let proxy;
  try {
    const { port } = await reportOf(server);
    proxy = await startProxy?.(port);
    client = start('hiccup-client', { ...clientSettings, port: proxy?.port ?? port });
    await reportOf(client);
    const begin = { startAt: Date.now() + 200 };
    server.send(begin);
    client.send(begin);
    proxy?.begin(begin.startAt);
    const { callers, requests, loopDelayP99: ofClient } = await reportOf(client);
    server.send('report');
    const { log, loopDelayP99: ofServer } = await reportOf(server);
    return { callers, requests, log, loopDelayP99: { client: ofClient, server: ofServer } };
  } finally {
    client?.kill();
    server.kill();
    await proxy?.stop();
  }
}

/** What the callers of a run noticed: those *caught* called while there was trouble, and got an answer in the end. */
export function noticed({ callers, requests }, { from = 0, until = Number.POSITIVE_INFINITY } = {}) {
  const caught = callers.filter(isWithin({ from, until })).flatMap(({ ok, took }) => (ok ? [took] : []));
  const failed = callers.filter(({ ok }) => !ok).map(({ took }) => took);
  return {
    callers: callers.length,
    failedCallers: failed.length,
    failedMsP50: failed.length > 0 ? quantile(failed, 0.5) : null,
    caughtMsP50: caught.length > 0 ? quantile(caught, 0.5) : null,
    caughtMsP99: caught.length > 0 ? quantile(caught, 0.99) : null,
    slowestMs: Math.max(...callers.map(({ took }) => took)),
    doneMs: Math.max(...callers.map(({ at, took }) => at + took)),
    traffic: requests / callers.length,
  };
}

/** Whether something was while there was trouble. */
export function isWithin({ from = 0, until = Number.POSITIVE_INFINITY } = {}) {
  return ({ at }) => at >= from && at < until;
}

/** Plays scenarios, some at a time; the results are in the order of the scenarios. */
export async function inLanes(lanes, scenarios, playOne) {
  const results = new Array(scenarios.length);
  let next = 0;
  const lane = async () => {
    while (next < scenarios.length) {
      const index = next++;
      results[index] = await playOne(scenarios[index]);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

function start(script, settings) {
  return fork(new URL(`./${script}.mjs`, import.meta.url), [JSON.stringify(settings)]);
}

async function reportOf(child) {
  const waiting = new AbortController();
  const { signal } = waiting;
  try {
    const died = once(child, 'exit', { signal }).then(([code, signal]) => {
      throw new Error(`${child.spawnargs.slice(1).join(' ')} ended with ${code ?? signal}`);
    });
    const [message] = await Promise.race([once(child, 'message', { signal }), died]);
    return message;
  } finally {
    waiting.abort();
  }
}
