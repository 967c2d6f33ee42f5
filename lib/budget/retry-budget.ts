/**
 * The token bucket that all retries to one origin share: retries withdraw, successes deposit.
 */
import { now } from '../timing';
import { aFunction, type Check, checkFields, numberBetween } from '../validation';

/** What a {@link RetryBudget} holds and how it fills. Every field is optional. */
export interface RetryBudgetOptions {
  /** Tokens the bucket holds at most, and at first; a retry takes one. Default 100. */
  maxTokens?: number | undefined;
  /** Tokens per second that come back with time alone. Default 0.1. */
  refillPerSecond?: number | undefined;
  /** Tokens a success deposits. Default 0.1: in the long run one retry for ten successes. */
  tokensPerSuccess?: number | undefined;
  /**
   * Of the tokens, how many cautious retries may take without a success in between (see {@link RetryKind}): these come
   * back with successes only, `tokensPerSuccess` at a time. Default 1.
   */
  maxCautiousTokens?: number | undefined;
  /** Milliseconds on a monotonic clock. Default `performance.now()`. */
  clock?: (() => number) | undefined;
}

/**
 * A retry is cautious after a timeout (the server is congested, and may still be at work for a client that has gone),
 * and whenever it can wait (`whenBudgetEmpty: 'wait'`); any other is ordinary. A process that calls the server once a
 * second cannot tell a lost request from a stalled server; with a thousand such processes, a hundred tokens
 * each would be the outage.
 */
export type RetryKind = 'ordinary' | 'cautious';

/** What a retry budget must offer, wherever its tokens are kept. */
export interface Budget {
  /** Takes a token for one retry; `false`: there is none. A rejected promise counts as `false`. */
  tryAcquire(kind: RetryKind): boolean | Promise<boolean>;
  /** A request succeeded. */
  recordSuccess(): unknown;
  /** A retry succeeded, or was not sent after all: its token comes back. */
  refund(kind: RetryKind): unknown;
}

const FIELDS: Readonly<Record<keyof RetryBudgetOptions, Check>> = {
  maxTokens: numberBetween(1, Number.MAX_VALUE, ' tokens'),
  refillPerSecond: numberBetween(0, Number.MAX_VALUE, ' tokens'),
  tokensPerSuccess: numberBetween(0, Number.MAX_VALUE, ' tokens'),
  maxCautiousTokens: numberBetween(1, Number.MAX_VALUE, ' tokens'),
  clock: aFunction,
};

/** Ten deposits of 0.1 make 0.9999999999999999; that is a token. */
const ROUNDING = 1e-9;

/**
 * A token bucket, after the retry throttling of gRPC (gRFC A6) and the retry quota of the AWS SDKs.
 * Share one between clients that burden the same dependency.
 * @throws TypeError or RangeError naming an option that is not allowed, its value and the fix
 */
export class RetryBudget implements Budget {
  /** Tokens the bucket holds at most. */
  readonly maxTokens: number;
  readonly #refillPerMs: number;
  readonly #tokensPerSuccess: number;
  readonly #clock: () => number;
  readonly #maxCautiousTokens: number;
  #tokens: number;
  #cautiousTokens: number;
  #updatedAt: number;

  constructor(options: RetryBudgetOptions = {}) {
    checkFields(options, 'RetryBudget', FIELDS);
    const {
      maxTokens = 100,
      refillPerSecond = 0.1,
      tokensPerSuccess = 0.1,
      maxCautiousTokens = 1,
      clock = now,
    } = options;
    this.maxTokens = maxTokens;
    this.#refillPerMs = refillPerSecond / 1000;
    this.#tokensPerSuccess = tokensPerSuccess;
    this.#clock = clock;
    this.#tokens = maxTokens;
    this.#maxCautiousTokens = maxCautiousTokens;
    this.#cautiousTokens = maxCautiousTokens;
    this.#updatedAt = clock();
  }

  /** Tokens there are now, fractions included: 0 to `maxTokens`. */
  get tokens(): number {
    this.#refill();
    return this.#tokens;
  }

  /** Takes a token for one retry; `false`, and nothing taken, if there is not a whole one. */
  tryAcquire(kind: RetryKind = 'ordinary'): boolean {
    this.#refill();
    if (this.#tokens < 1 - ROUNDING) return false;
    if (kind === 'cautious') {
      if (this.#cautiousTokens < 1 - ROUNDING) return false;
      this.#cautiousTokens = Math.max(0, this.#cautiousTokens - 1);
    }
    this.#tokens = Math.max(0, this.#tokens - 1);
    return true;
  }

  /** Deposits `tokensPerSuccess`. */
  recordSuccess(): void {
    this.#deposit(this.#tokensPerSuccess, this.#tokensPerSuccess);
  }

  /** Gives back the token of a retry that succeeded, or that was not sent after all. */
  refund(kind: RetryKind = 'ordinary'): void {
    this.#deposit(1, kind === 'cautious' ? 1 : 0);
  }

  #deposit(tokens: number, cautiousTokens: number): void {
    this.#refill();
    this.#cautiousTokens = Math.min(this.#maxCautiousTokens, this.#cautiousTokens + cautiousTokens);
    this.#tokens = Math.min(this.maxTokens, this.#tokens + tokens);
  }

  /** A clock that jumps back refills nothing, and counts on from where it jumped to. */
  #refill(): void {
    const time = this.#clock();
    const elapsed = Math.max(0, time - this.#updatedAt);
    this.#updatedAt = time;
    this.#tokens = Math.min(this.maxTokens, this.#tokens + elapsed * this.#refillPerMs);
  }
}

/** Asks a budget, wherever it is kept; what it throws or rejects with counts as "no token" and is handed to `onError`. */
export function askForToken(
  budget: Budget,
  kind: RetryKind,
  onError?: (error: unknown) => void,
): boolean | Promise<boolean> {
  const noToken = (error: unknown) => {
    onError?.(error);
    return false;
  };
  try {
    const answer = budget.tryAcquire(kind);
    return typeof answer === 'boolean' ? answer : Promise.resolve(answer).then(Boolean, noToken);
  } catch (error) {
    return noToken(error);
  }
}

/** Tells a budget something; if it cannot take it, the request that is served by it is none the worse. */
export function tellBudget(tell: () => unknown): void {
  try {
    Promise.resolve(tell()).catch(() => {});
  } catch {}
}
