/**
 * A storm in virtual time: a fleet of processes, the library itself in each, calls one server that goes
 * down for three seconds. Deterministic: the same seed gives the same storm.
 */
import axios, { AxiosError, type InternalAxiosRequestConfig } from 'axios';
import { attachRetry, type RetryPolicy } from '../../lib/index';
import { VirtualTime } from './virtual-time';

export interface StormOptions {
  /** Client processes that share the load. */
  readonly processes: number;
  /** How the server is down: it refuses at once, or accepts and does not answer. */
  readonly outage: 'rejecting' | 'stalling';
  /** A policy made for each process (so that each has budgets of its own), or false for no retries. */
  readonly policy: () => RetryPolicy | false;
  readonly seed?: number;
  readonly requestsPerSecond?: number;
  readonly capacityPerSecond?: number;
  /** Milliseconds. */
  readonly clientTimeout?: number;
  readonly outageStart?: number;
  readonly outageEnd?: number;
  /** No new logical request begins after this; all that have begun are waited for. */
  readonly end?: number;
}

export interface StormResult {
  readonly requests: number;
  readonly failed: number;
  /** Percent of the logical requests. */
  readonly failedPercent: number;
  /** Requests the server got, over logical requests. */
  readonly amplification: number;
  /** Seconds from the outage's end until fewer than 1% of each second's first attempts fail, for good. */
  readonly secondsToHealth: number;
  /** Requests the server got in each second. */
  readonly perSecond: readonly number[];
  /** Callers that saw a failure, by the second in which their request began. */
  readonly failedPerSecond: readonly number[];
  /** Timers left when all was over. */
  readonly timersLeft: number;
}

/** One server, first in first out, each request taking the same time; work for clients that have gone is done all the same. */
class Server {
  #freeAt = 0;
  readonly perSecond: number[] = [];

  constructor(
    readonly time: VirtualTime,
    readonly options: Required<Omit<StormOptions, 'policy'>>,
  ) {}

  adapter = (config: InternalAxiosRequestConfig) =>
    new Promise<never>((resolve, reject) => {
      const { time, options } = this;
      const { outage, outageStart, outageEnd, clientTimeout, capacityPerSecond } = options;
      count(this.perSecond, time.now);
      const isDown = time.now >= outageStart && time.now < outageEnd;
      if (isDown && outage === 'rejecting') {
        time.after(1, () => reject(new AxiosError('connect ECONNREFUSED', 'ECONNREFUSED', config, {})));
        return;
      }
      let startsAt = Math.max(time.now, this.#freeAt);
      if (outage === 'stalling' && startsAt >= outageStart && startsAt < outageEnd) startsAt = outageEnd;
      this.#freeAt = startsAt + 1000 / capacityPerSecond;
      const took = this.#freeAt - time.now;
      if (took > clientTimeout) {
        const message = `timeout of ${clientTimeout}ms exceeded`;
        time.after(clientTimeout, () => reject(new AxiosError(message, 'ECONNABORTED', config, {})));
      } else {
        const response = { status: 200, statusText: 'OK', data: '', headers: {}, config };
        time.after(took, () => resolve(response as never));
      }
    });
}

export async function storm(options: StormOptions): Promise<StormResult> {
  const full = {
    seed: 1,
    requestsPerSecond: 800,
    capacityPerSecond: 1000,
    clientTimeout: 1000,
    outageStart: 5_000,
    outageEnd: 8_000,
    end: 120_000,
    ...options,
  };
  const time = new VirtualTime();
  const random = seededRandom(full.seed);
  const server = new Server(time, full);
  const firstAttempts: number[] = [];
  const failedFirstAttempts: number[] = [];
  const failedPerSecond: number[] = [];
  let requests = 0;
  let failed = 0;
  const { random: mathRandom } = Math;
  const { stackTraceLimit } = Error;
  // Tens of thousands of errors: jest would map the stack of each to its source.
  Error.stackTraceLimit = 0;
  Math.random = random;
  time.install();
  try {
    const attachments: { detach(): void }[] = [];
    const clients = Array.from({ length: full.processes }, () => {
      const client = axios.create({ baseURL: 'http://server.test', adapter: server.adapter });
      // Registered before attachRetry, so it sees every attempt.
      client.interceptors.response.use(undefined, (error) => {
        if (error.config.retryState === undefined || error.config.retryState.attempts === 1) {
          count(failedFirstAttempts, error.config.startedAt);
        }
        throw error;
      });
      const policy = full.policy();
      attachments.push(attachRetry(client, policy));
      return client;
    });
    const begin = () => {
      if (time.now >= full.end) return;
      const startedAt = time.now;
      requests++;
      count(firstAttempts, startedAt);
      const client = clients[Math.floor(random() * clients.length)];
      client?.get('/', { startedAt } as object).catch(() => {
        failed++;
        count(failedPerSecond, startedAt);
      });
      time.after((-Math.log(1 - random()) * 1000) / full.requestsPerSecond, begin);
    };
    time.after(0, begin);
    await time.runToEnd();
  } finally {
    time.uninstall();
    Math.random = mathRandom;
    Error.stackTraceLimit = stackTraceLimit;
  }
  let lastBad = full.outageEnd / 1000;
  for (let second = lastBad; second < full.end / 1000; second++) {
    if ((failedFirstAttempts[second] ?? 0) > 0.01 * (firstAttempts[second] ?? 0)) lastBad = second + 1;
  }
  const seconds = full.end / 1000;
  const fill = (counts: number[]) => Array.from({ length: seconds }, (_, second) => counts[second] ?? 0);
  return {
    requests,
    failed,
    failedPercent: (100 * failed) / requests,
    amplification: server.perSecond.reduce((sum, n) => sum + (n ?? 0), 0) / requests,
    secondsToHealth: lastBad - full.outageEnd / 1000,
    perSecond: fill(server.perSecond),
    failedPerSecond: fill(failedPerSecond),
    timersLeft: time.pending,
  };
}

function count(counts: number[], at: number): void {
  const second = Math.floor(at / 1000);
  counts[second] = (counts[second] ?? 0) + 1;
}

/** mulberry32: small, fast, and good enough to spread arrivals. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
