/**
 * One policy in the storm: the world of the benchmarks and of the tests (`__tests__/support/storm.ts`), in virtual time, with the library
 * itself in every process.
 */
import { type Call, type Fleet, type StormOptions, storm } from '../../__tests__/support/storm';
import { BIN, CAPACITY, LAST_CALL_AT, OUTAGE_AT, SHOWN } from './axis';
import type { Kind, Settings } from './settings';

const SERVER = { workers: 10, service: 10_000 / CAPACITY, sigma: 0.8 };
const BINS = SHOWN / BIN;

const OUTAGES: Readonly<Record<Kind, Partial<StormOptions>>> = {
  refusing: { outage: 'refusing' },
  stalling: { outage: 'stalling' },
  flaky: { outage: 'flaky', share: 1 / 3 },
  rare: { outage: 'flaky', share: 1 / 10 },
  slow: { outage: 'slow', slower: 5 },
};

/** One value for each half second. */
export interface Lines {
  /** Requests a second at the server. */
  readonly requests: number[];
  /** Callers that have no answer yet. */
  readonly waiting: number[];
  /** Callers a second that got a good answer, or none. */
  readonly served: number[];
  readonly failed: number[];
}

export interface Result {
  readonly lines: Lines;
  readonly calls: number;
  readonly failed: number;
  readonly requestsPerCall: number;
  /** Seconds that half of those waited at most who called in the outage and got an answer; null if nobody did. */
  readonly halfWaited: number | null;
  /** Seconds, of all callers. */
  readonly slowest: number;
}

export async function play(settings: Settings, fleet: Fleet, signal: AbortSignal): Promise<Result> {
  const log = new Log(OUTAGE_AT, OUTAGE_AT + settings.down);
  await storm(
    {
      ...SERVER,
      ...OUTAGES[settings.kind],
      processes: settings.processes,
      load: { perSecond: (CAPACITY * settings.load) / 100 },
      start: OUTAGE_AT * 1_000,
      end: (OUTAGE_AT + settings.down) * 1_000,
      until: LAST_CALL_AT * 1_000,
      seed: settings.seed,
      arrivals: settings.seed,
      signal,
    },
    watched(fleet, log),
  );
  return log.result();
}

/** The fleet, and whoever keeps the log of what it sends and how its calls end. */
function watched(fleet: Fleet, log: Log): Fleet {
  // The clock is the storm's.
  const now = () => performance.now() / 1_000;
  return (processes, send) => {
    const call: Call = fleet(processes, (endpoint, isFirst) => {
      log.sent(now());
      return send(endpoint, isFirst);
    });
    return (process, endpoint) => {
      const from = now();
      const answer = call(process, endpoint);
      answer.then(
        () => log.ended(from, now(), true),
        () => log.ended(from, now(), false),
      );
      return answer;
    };
  };
}

class Log {
  readonly #outageFrom: number;
  readonly #outageTo: number;
  readonly #sent = zeros();
  readonly #served = zeros();
  readonly #failed = zeros();
  /** By how much the number of those who wait changes in each half second. */
  readonly #change = zeros();
  readonly #caught: number[] = [];
  #requests = 0;
  #calls = 0;
  #failures = 0;
  #slowest = 0;

  constructor(outageFrom: number, outageTo: number) {
    this.#outageFrom = outageFrom;
    this.#outageTo = outageTo;
  }

  sent(at: number): void {
    this.#requests++;
    count(this.#sent, at, 1);
  }

  ended(from: number, to: number, ok: boolean): void {
    const took = to - from;
    this.#calls++;
    this.#slowest = Math.max(this.#slowest, took);
    if (!ok) this.#failures++;
    if (ok && from >= this.#outageFrom && from < this.#outageTo) this.#caught.push(took);
    count(ok ? this.#served : this.#failed, to, 1);
    count(this.#change, from, 1);
    count(this.#change, to, -1);
  }

  result(): Result {
    const aSecond = (counts: readonly number[]) => counts.map((number) => number / BIN);
    let now = 0;
    const waiting = this.#change.map((change) => {
      now += change;
      return now;
    });
    const caught = this.#caught.sort((a, b) => a - b);
    return {
      lines: {
        requests: aSecond(this.#sent),
        waiting,
        served: aSecond(this.#served),
        failed: aSecond(this.#failed),
      },
      calls: this.#calls,
      failed: this.#failures,
      requestsPerCall: this.#requests / Math.max(1, this.#calls),
      halfWaited: caught[Math.floor(caught.length / 2)] ?? null,
      slowest: this.#slowest,
    };
  }
}

function zeros(): number[] {
  return new Array(BINS).fill(0);
}

/** What comes after the end of the charts is not shown. */
function count(bins: number[], at: number, by: number): void {
  const bin = Math.floor(at / BIN);
  if (bin < BINS) bins[bin] = (bins[bin] ?? 0) + by;
}
