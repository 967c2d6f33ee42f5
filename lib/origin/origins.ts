/**
 * The gates of an attached instance, one per origin, and what it knows of origins that never failed.
 */
import type { Budget } from '../policy/budget';
import { now } from '../timing';
import { type Destination, originOf } from './destination';
import { Gate } from './gate';
import type { OriginState } from './gate-words';
import { Usual } from './pace';
import { RetryBudget } from './retry-budget';

/** One line for a health page. */
export interface OriginReport {
  /** Scheme, host and port; `unix:` and the path of a unix socket. */
  readonly origin: string;
  /**
   * `well`: nothing is wrong. `failing`: attempts fail, retries pass a few at a time. `stalled`: it takes requests and
   * answers none, first attempts are held as well. `rate-limited`: it answers 429, or named a time to return. `given-up`: no sign of life
   * for `patience`, calls are tried once.
   */
  readonly state: OriginState;
  /** Calls that are held at its gate. */
  readonly held: number;
  /** How many held calls may be out at once; below 1: one at a time, with a rest in between. */
  readonly window: number;
  /** Tokens left in the `RetryBudget` that its retries draw on, if there is one. */
  readonly tokens?: number;
  /** Milliseconds since the epoch of the first failure without a sign of life since, if it is down. */
  readonly downSince?: number;
  /** Milliseconds since the epoch until which the server asked to be left alone, if it named such a time. */
  readonly until?: number;
}

/**
 * Fewer tokens than a RetryBudget has by itself. The buckets of all processes that call a server add up: 200 processes with
 * 100 tokens each fail more callers after an outage of rejections than without retries, with 20 they fail fewer.
 */
const TOKENS_PER_ORIGIN = 20;
/** Milliseconds. */
const FORGET_AFTER = 600_000;
const MOST_ORIGINS = 10_000;
const TOUCHED_FOR = 1_000;

/** What is kept of an origin, from its first failure on. */
export interface Origin {
  readonly gate: Gate;
  /** What retries with `patience: 0` draw on where their policy names no budget. */
  readonly bucket: RetryBudget;
  usedAt: number;
}

/**
 * Made when a request to an origin first fails: before that its gate would stand open. Those unused for ten minutes are forgotten,
 * and beyond 10,000 the least recently used ones.
 */
export class Origins {
  /** Least recently used first. */
  readonly #known = new Map<string, Origin>();
  /** Of all origins together: where to start from until an origin has its own. */
  readonly #usual = new Usual();

  /** An attempt took `took` milliseconds, and was well; how good calls take usually is learned here. */
  noteSuccess(took: number, time: number): void {
    this.#usual.observe(took, time);
  }

  /** Whether any origin may hold first attempts now. */
  mayHoldNewCalls(): boolean {
    for (const { gate } of this.#known.values())
      if (gate.isHoldingNewCalls('rate-limited', Number.POSITIVE_INFINITY)) return true;
    return false;
  }

  /** An origin, if any request to it failed lately. @param time on the clock of `now()` */
  find(destination: Destination, time = now()): Origin | undefined {
    if (this.#known.size === 0) return undefined;
    const origin = originOf(destination);
    const found = this.#known.get(origin);
    return found && this.#touch(origin, found, time);
  }

  findOrMake(destination: Destination): Origin {
    const time = now();
    const origin = originOf(destination);
    const found = this.#known.get(origin);
    if (found) return this.#touch(origin, found, time);
    const gate = new Gate({ inheritedUsual: this.#usual.known(time), lastSuccess: this.#usual.lastSuccess });
    const bucket = new RetryBudget({ maxTokens: TOKENS_PER_ORIGIN });
    const made = this.#touch(origin, { gate, bucket, usedAt: Number.NEGATIVE_INFINITY }, time);
    this.#forgetUnused(made);
    return made;
  }

  /** @param tokensOf the tokens that retries to an origin draw on, if they do */
  report(patience: number, tokensOf: (origin: Origin) => number | undefined): OriginReport[] {
    this.#forgetUnused();
    return [...this.#known].map(([origin, known]) => {
      const { gate } = known;
      const tokens = tokensOf(known);
      return {
        origin,
        state: gate.state(patience),
        held: gate.held,
        window: gate.window,
        ...(tokens !== undefined && { tokens }),
        ...(gate.downDate !== undefined && { downSince: gate.downDate }),
        ...(gate.namedDate !== undefined && { until: gate.namedDate }),
      };
    });
  }

  /** Forgets what is known of an origin, or of all; calls that are held go on as if it had just failed for the first time. */
  reset(origin?: string): void {
    for (const [name, { gate }] of this.#known) {
      if (origin !== undefined && name !== origin) continue;
      this.#known.delete(name);
      gate.open();
    }
  }

  #touch(origin: string, used: Origin, time: number): Origin {
    // Least recently used to the second: a move in the map costs more than the rest of a success.
    if (time - used.usedAt < TOUCHED_FOR) return used;
    used.usedAt = time;
    this.#known.delete(origin);
    this.#known.set(origin, used);
    return used;
  }

  /** @param inUse the one that somebody is about to use */
  #forgetUnused(inUse?: Origin): void {
    const longAgo = now() - FORGET_AFTER;
    for (const [origin, known] of this.#known) {
      if (known.usedAt > longAgo && this.#known.size <= MOST_ORIGINS) return;
      if (known.gate.held === 0 && known !== inUse) this.#known.delete(origin);
    }
  }
}

/** The tokens of a budget, by its looks: a RetryBudget may be of another copy of this library. */
export function tokensOf(budget: Budget): number | undefined {
  const { tokens } = budget as { tokens?: unknown };
  return typeof tokens === 'number' ? tokens : undefined;
}
