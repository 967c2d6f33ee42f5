/**
 * A client in ioredis' shape that answers what a test says, and a bucket simple enough to answer for Redis: one number.
 */
import { type IoredisClient, RedisRetryBudget, type RedisRetryBudgetOptions } from '../../lib/redis';

/** What the script is asked to do. */
export interface Asked {
  readonly isWhole: boolean;
  readonly key: string;
  readonly deposit: number;
  readonly proven: number;
  readonly takes: boolean;
  readonly limit: number;
  readonly deadline: number;
  readonly seen: { readonly sequence: number; readonly tokens: number };
}

export const answerOf = (
  granted: boolean,
  tokens: number,
  sequence: number,
  time = performance.now(),
): string => `${granted ? 1 : 0} ${tokens} ${sequence} ${time}`;

export class FakeRedis implements IoredisClient {
  readonly asked: Asked[] = [];
  tokens = 100;
  sequence = 0;
  /** By how much its clock is ahead. */
  ahead = 1_000_000;
  /** What it answers in place of the truth. */
  answer: (asked: Asked) => unknown = (asked) => this.carryOut(asked);

  evalsha = (_sha: string, _keys: number, ...args: string[]) => this.#ask(false, args);
  eval = (_script: string, _keys: number, ...args: string[]) => this.#ask(true, args);

  /** The last thing it was asked to do. */
  get last(): Asked {
    return this.asked.at(-1) as Asked;
  }

  /** What the real script does, but for time and proof. */
  carryOut({ deposit, takes, deadline }: Asked): string {
    const time = performance.now() + this.ahead;
    if (deadline > 0 && time > deadline) return `-1 0 0 ${time}`;
    this.tokens += deposit;
    const granted = takes && this.tokens >= 1;
    if (granted) this.tokens--;
    return answerOf(granted, this.tokens, ++this.sequence, time);
  }

  #ask(isWhole: boolean, [key = '', ...args]: string[]): Promise<unknown> {
    const [, , deposit = 0, proven = 0, takes, limit = 0, deadline = 0, sequence = 0, tokens = 0] =
      args.map(Number);
    const seen = { sequence, tokens };
    const asked = { isWhole, key, deposit, proven, takes: takes === 1, limit, deadline, seen };
    this.asked.push(asked);
    return this.answer(asked) as Promise<unknown>;
  }
}

/** A promise and what settles it. */
export function deferred<T>(): {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
} {
  let settle = {} as { resolve(value: T): void; reject(error: unknown): void };
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

/** A call of the client that is never answered. */
export const hangs = (): Promise<unknown> => new Promise(() => {});

export const advance = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

/** What a test of a budget has: a fake Redis, and what `onError` has heard. */
export interface FakeFleet {
  redis: FakeRedis;
  changes: (string | undefined)[];
  make(options?: Partial<RedisRetryBudgetOptions>): RedisRetryBudget;
}

/** Sets up a new one before each test, on a clock that stands still; no rejection may be left unhandled. */
export function withFakeRedis(): FakeFleet {
  const unhandled = jest.fn();
  const fleet: FakeFleet = {
    redis: new FakeRedis(),
    changes: [],
    make: (options) => {
      const onError = (error: Error | undefined) => fleet.changes.push(error?.message);
      return new RedisRetryBudget(fleet.redis, { key: 'k', refillPerSecond: 0, onError, ...options });
    },
  };
  beforeEach(() => {
    jest.useFakeTimers();
    // No clock starts at zero.
    jest.advanceTimersByTime(5_000);
    process.on('unhandledRejection', unhandled);
    fleet.redis = new FakeRedis();
    fleet.changes = [];
  });
  afterEach(() => {
    jest.useRealTimers();
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
  return fleet;
}
