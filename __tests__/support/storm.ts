/**
 * A storm in virtual time: a fleet of processes calls one server that goes down and comes back. Deterministic: the same
 * seed gives the same storm. The client is whatever the caller makes of a process: a small model, or the library itself.
 */
import { type Answer, ServerModel, type ServerOptions } from './server-model';
import { VirtualTime } from './virtual-time';

/** One attempt, as a client of the storm sends it. */
export type Send = (endpoint: Endpoint, isFirst: boolean) => Promise<Answer>;
export type Endpoint = 'good' | 'bad';
/** A logical request of one process: rejects when its caller sees a failure. */
export type Call = (process: number, endpoint: Endpoint) => Promise<unknown>;
/** Makes the clients of a fleet. */
export type Fleet = (processes: number, send: Send) => Call;

/** When calls begin. */
export type Load =
  /** At random, so many a second in all; before `start`, another number. */
  | { readonly perSecond: number; readonly before?: number }
  /** `count` at once, at `at` milliseconds. */
  | { readonly batch: number; readonly at: number }
  /** So many workers do `calls` one after another, from `at` on. */
  | { readonly workers: number; readonly calls: number; readonly at: number }
  /** One call of each process, at random within `spread` milliseconds. */
  | { readonly oneEachWithin: number };

export interface StormOptions extends Partial<ServerOptions> {
  readonly processes: number;
  readonly load: Load;
  readonly seed?: number;
  /** Of when calls begin and where: so that they do alike, whatever the clients make of them. Else that is drawn from `seed`. */
  readonly arrivals?: number;
  /** No logical request begins after this many milliseconds; all that have begun are waited for. */
  readonly until?: number;
  /** Calls the storm off. */
  readonly signal?: AbortSignal;
}

export const DEFAULTS: Required<
  Omit<StormOptions, 'processes' | 'load' | 'retryAfter' | 'arrivals' | 'signal'>
> & {
  retryAfter: number | undefined;
} = {
  outage: 'none',
  workers: 20,
  service: 20,
  sigma: 0,
  start: 5_000,
  end: 8_000,
  share: 1 / 3,
  unlucky: 0,
  slower: 5,
  refusal: 10,
  queue: Number.POSITIVE_INFINITY,
  allowed: Number.POSITIVE_INFINITY,
  retryAfter: undefined,
  timeout: 1_000,
  seed: 1,
  until: 40_000,
};

/** A logical request that is over. Milliseconds. */
interface Done {
  readonly startedAt: number;
  readonly took: number;
  readonly ok: boolean;
  readonly endpoint: Endpoint;
}

export interface StormResult {
  readonly requests: number;
  readonly failed: number;
  /** Percent of the logical requests. */
  readonly failedPercent: number;
  /** Requests the server got, over logical requests. */
  readonly traffic: number;
  /** Seconds from the outage's end until fewer than 1% of the first attempts sent in each second fail, for good. */
  readonly healthyAfter: number;
  /** Seconds from the outage's end until all that began before it are served. */
  readonly backlogGoneAfter: number;
  /** The same if the server worked through them without a pause, and calls came as they come. */
  readonly backlogLimit: number;
  /** When the last call was over, in seconds after the first began. */
  readonly lastDoneAfter: number;
  /** Seconds that calls took which succeeded; of them, those to good endpoints begun in the outage. */
  readonly p99: number;
  readonly goodP50: number;
  readonly goodP99: number;
  /** Calls to good endpoints, begun in the outage, that failed. */
  readonly goodFailed: number;
  /** Seconds that calls took which failed. */
  readonly failingP50: number;
  readonly failingMax: number;
  /** p99 of the calls that began in the fifteen seconds after the outage. */
  readonly p99After: number;
  readonly peak: number;
  readonly timersLeft: number;
}

export async function storm(options: StormOptions, fleet: Fleet): Promise<StormResult> {
  const full = { ...DEFAULTS, ...options };
  const time = new VirtualTime();
  const random = seededRandom(full.seed);
  const arrivals = full.arrivals === undefined ? random : seededRandom(full.arrivals);
  const server = new ServerModel(time, random, full);
  const firsts: number[] = [];
  const failedFirsts: number[] = [];
  const done: Done[] = [];
  const send: Send = async (endpoint, isFirst) => {
    // Seconds since the outage's end.
    const second = Math.floor((time.now - full.end) / 1000);
    if (isFirst) firsts[second] = (firsts[second] ?? 0) + 1;
    const answer = await server.request(endpoint);
    if (isFirst && answer.kind !== 'ok') failedFirsts[second] = (failedFirsts[second] ?? 0) + 1;
    return answer;
  };
  const { random: mathRandom } = Math;
  const { stackTraceLimit } = Error;
  // Tens of thousands of errors: jest would map the stack of each to its source.
  Error.stackTraceLimit = 0;
  Math.random = random;
  time.install();
  try {
    const call = fleet(full.processes, send);
    const begin = (process = Math.floor(arrivals() * full.processes)): Promise<void> => {
      const startedAt = time.now;
      const hasBadOnes = full.outage === 'endpoint' || full.outage === 'endpoint-stall';
      const endpoint = hasBadOnes && arrivals() < full.share ? 'bad' : 'good';
      const end = (ok: boolean) => void done.push({ startedAt, took: time.now - startedAt, ok, endpoint });
      return call(process, endpoint).then(
        () => end(true),
        () => end(false),
      );
    };
    startCalls(full, time, arrivals, begin);
    await time.runToEnd(full.signal);
  } finally {
    time.uninstall();
    Math.random = mathRandom;
    Error.stackTraceLimit = stackTraceLimit;
  }
  return measure(full, server, firsts, failedFirsts, done, time.pending);
}

function startCalls(
  { load, until, processes, start }: { load: Load; until: number; processes: number; start: number },
  time: VirtualTime,
  random: () => number,
  begin: (process?: number) => Promise<void>,
): void {
  if ('perSecond' in load) {
    const next = () => {
      if (time.now >= until) return;
      begin();
      const perSecond = time.now < start ? (load.before ?? load.perSecond) : load.perSecond;
      time.after((-Math.log(1 - random()) * 1000) / perSecond, next);
    };
    time.after(0, next);
  } else if ('batch' in load) {
    time.after(load.at, () => {
      for (let index = 0; index < load.batch; index++) begin();
    });
  } else if ('workers' in load) {
    let left = load.calls;
    const work = async () => {
      while (left-- > 0) await begin();
    };
    time.after(load.at, () => {
      for (let worker = 0; worker < load.workers; worker++) work();
    });
  } else {
    for (let process = 0; process < processes; process++) {
      time.after(random() * load.oneEachWithin, () => begin(process));
    }
  }
}

function measure(
  { start, end, until, workers, service, load }: typeof DEFAULTS & StormOptions,
  server: ServerModel,
  firsts: readonly number[],
  failedFirsts: readonly number[],
  done: readonly Done[],
  timersLeft: number,
): StormResult {
  const isIn = ({ startedAt }: Done) => startedAt >= start && startedAt < end;
  const seconds = (calls: readonly Done[]) => calls.map(({ took }) => took / 1000).sort((a, b) => a - b);
  const failed = done.filter(({ ok }) => !ok);
  const inOutage = done.filter(isIn);
  const good = seconds(inOutage.filter(({ ok, endpoint }) => ok && endpoint === 'good'));
  const isIll = (second: number) => (failedFirsts[second] ?? 0) > 0.01 * (firsts[second] ?? 0);
  let healthyAfter = firsts.length;
  while (healthyAfter > 0 && !isIll(healthyAfter - 1)) healthyAfter--;
  const spare = (1000 * workers) / service - ('perSecond' in load ? load.perSecond : 0);
  const backlog = 'perSecond' in load ? (load.perSecond * (end - start)) / 1000 : done.length;
  const perSecond = 'perSecond' in load ? load.perSecond : 1;
  return {
    requests: done.length,
    failed: failed.length,
    failedPercent: (100 * failed.length) / done.length,
    traffic: server.got / done.length,
    healthyAfter,
    backlogGoneAfter:
      inOutage.reduce((last, { startedAt, took }) => Math.max(last, startedAt + took - end), 0) / 1000,
    backlogLimit: spare > 0 ? backlog / spare : Number.POSITIVE_INFINITY,
    lastDoneAfter:
      (done.reduce((last, { startedAt, took }) => Math.max(last, startedAt + took), 0) -
        done.reduce((first, { startedAt }) => Math.min(first, startedAt), until)) /
      1000,
    p99: quantile(seconds(done.filter(({ ok }) => ok)), 0.99),
    goodP50: quantile(good, 0.5),
    goodP99: quantile(good, 0.99),
    goodFailed: inOutage.filter(({ ok, endpoint }) => !ok && endpoint === 'good').length,
    failingP50: quantile(seconds(failed), 0.5),
    failingMax: quantile(seconds(failed), 1),
    p99After: quantile(
      seconds(done.filter(({ ok, startedAt }) => ok && startedAt >= end && startedAt < end + 15_000)),
      0.99,
    ),
    peak: server.perSecond.reduce((most, count) => Math.max(most, count ?? 0), 0) / perSecond,
    timersLeft,
  };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
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
