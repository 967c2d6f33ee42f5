/**
 * A three-second hiccup, whatever its kind, is invisible to callers by default, and cheap for the server. All kinds at a
 * time, each with a client and a server process of its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { attachRetry } from '../../lib';
import { closedPort } from '../support/server';

const OUTAGE = { from: 1_000, until: 4_000 };
// Were answers quicker than other tests let this process run, a server would look overloaded that is not.
const SERVER_SETTINGS = { capacityPerSecond: 125, latency: 40 };
/** Milliseconds for which calls are sent. */
const END = 10_000;
const SERVER = 'bench/support/hiccup-server.mjs';

interface Case {
  readonly kind: 'rejecting' | 'refusing' | 'stalling';
  readonly perSecond: number;
  /** Milliseconds that the slowest caller may wait. */
  readonly slowest: number;
  /** Requests that may be sent for each call. */
  readonly traffic: number;
}

interface Noticed {
  readonly failures: unknown[];
  readonly slowest: number;
  readonly calls: number;
  readonly requests: number;
}

const MOST_TRAFFIC = 1.6;
const CASES: readonly Case[] = [
  { kind: 'rejecting', perSecond: 50, slowest: 7_000, traffic: MOST_TRAFFIC },
  { kind: 'rejecting', perSecond: 4, slowest: 7_000, traffic: MOST_TRAFFIC },
  { kind: 'refusing', perSecond: 50, slowest: 7_000, traffic: MOST_TRAFFIC },
  // Ten calls, of which the outage catches three: what is refused is a matter of single probes.
  { kind: 'refusing', perSecond: 1, slowest: 7_000, traffic: 2.5 },
  { kind: 'stalling', perSecond: 50, slowest: 9_000, traffic: MOST_TRAFFIC },
];

/** Milliseconds that timers may be late at p99 before the laws stretch with it: a busy machine is nobody's fault. */
const PUNCTUAL = 15;
const stretched = (bound: number) => bound * Math.max(1, loopDelay.percentile(99) / 1e6 / PUNCTUAL);

const processes: ChildProcess[] = [];
const loopDelay = monitorEventLoopDelay({ resolution: 5 });
let noticed: Noticed[];

beforeAll(async () => {
  loopDelay.enable();
  noticed = await Promise.all(CASES.map(play));
});

afterAll(() => {
  for (const process of processes) process.kill();
});

test.each(CASES.map((aCase, index) => ({ ...aCase, index })))('$kind, $perSecond calls a second', (law) => {
  const { failures, slowest, requests, calls } = noticed[law.index] as Noticed;
  expect(failures).toEqual([]);
  expect(slowest).toBeLessThanOrEqual(stretched(law.slowest));
  // What is answered late has timed out, and is asked for again.
  expect(requests).toBeLessThanOrEqual(stretched(law.traffic) * calls);
});

test('in total', () => {
  const sum = (field: 'requests' | 'calls') => noticed.reduce((sofar, one) => sofar + one[field], 0);
  expect(sum('requests')).toBeLessThanOrEqual(stretched(MOST_TRAFFIC) * sum('calls'));
});

async function play({ kind, perSecond }: Case): Promise<Noticed> {
  // None that the system gives to other tests' servers, while this one refuses: they would get its requests.
  const port = await closedPort();
  const server = fork(SERVER, [JSON.stringify({ kind, port, ...OUTAGE, ...SERVER_SETTINGS })]);
  processes.push(server);
  await once(server, 'message');
  const client = axios.create({ baseURL: `http://127.0.0.1:${port}`, timeout: 1_000 });
  let requests = 0;
  const sendByHttp = axios.getAdapter('http');
  client.defaults.adapter = (config) => {
    requests++;
    return sendByHttp(config);
  };
  attachRetry(client);
  // The first request loads and compiles much, which is nothing to judge a server by.
  await client.get('/warm-up');
  requests = 0;

  const startAt = Date.now() + 100;
  server.send({ startAt });
  const failures: unknown[] = [];
  let slowest = 0;
  const call = async (n: number) => {
    const beganAt = Date.now();
    await client.get(`/orders/${n}`).catch((error) => failures.push(String(error)));
    slowest = Math.max(slowest, Date.now() - beganAt);
  };
  const calls: Promise<void>[] = [];
  for (let n = 0; n < (END / 1000) * perSecond; n++) {
    await sleep(startAt + (n * 1000) / perSecond - Date.now());
    calls.push(call(n));
  }
  await Promise.all(calls);
  return { failures, slowest, calls: calls.length, requests };
}
