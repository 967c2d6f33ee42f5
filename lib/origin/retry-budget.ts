/**
 * The token bucket that all retries to one origin share: retries withdraw, successes deposit.
 */
import type { Budget, RetryKind } from '../policy/budget';
import { aFunction, type Check, checkFields, numberFrom, show } from '../policy/validation';
import { now } from '../timing';

/** What a {@link RetryBudget} holds and how it fills. Every field is optional. */
export interface RetryBudgetOptions {
  /** Tokens the bucket holds at most, and at first; a retry takes one. Default 100 (an origin's own budget holds 20). */
  maxTokens?: number | undefined;
  /** Tokens per second that come back with time alone. Default 0.1. */
  refillPerSecond?: number | undefined;
  /** Tokens a success deposits. Default 0.1: in the long run one retry for ten successes. */
  tokensPerSuccess?: number | undefined;
  /**
   * Of the tokens, how many retries after a timeout may take until they succeed or successes have paid for them,
   * `tokensPerSuccess` each, at least 0.1 (see {@link RetryKind}). Default 2.
   */
  maxTimeoutTokens?: number | undefined;
  /** Milliseconds on a monotonic clock. Default `performance.now()`. */
  clock?: (() => number) | undefined;
}

const FIELDS: Readonly<Record<keyof RetryBudgetOptions, Check>> = {
  maxTokens: numberFrom(1, ' tokens'),
  refillPerSecond: numberFrom(0, ' tokens'),
  tokensPerSuccess: numberFrom(0, ' tokens'),
  maxTimeoutTokens: numberFrom(1, ' tokens'),
  clock: aFunction,
};

/** What a success counts at least, of a retry that was sent without proof that the server works. */
const LEAST_PROOF = 0.1;

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
  readonly #maxTimeoutTokens: number;
  #tokens: number;
  /** Tokens that retries other than ordinary ones have taken, less what successes have paid since. */
  #unproven = 0;
  #updatedAt: number;

  constructor(options: RetryBudgetOptions = {}) {
    checkFields(options, 'RetryBudget', FIELDS);
    const {
      maxTokens = 100,
      refillPerSecond = 0.1,
      tokensPerSuccess = 0.1,
      maxTimeoutTokens = 2,
      clock = now,
    } = options;
    this.maxTokens = maxTokens;
    this.#refillPerMs = refillPerSecond / 1000;
    this.#tokensPerSuccess = tokensPerSuccess;
    this.#clock = clock;
    this.#tokens = maxTokens;
    this.#maxTimeoutTokens = maxTimeoutTokens;
    this.#updatedAt = clock();
    if (!Number.isFinite(this.#updatedAt)) {
      throw new TypeError(
        `RetryBudget.clock must return a finite number of milliseconds; got ${show(this.#updatedAt)}`,
      );
    }
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
    if (kind !== 'ordinary') {
      if (this.#unproven + 1 > this.#maxTimeoutTokens + ROUNDING) return false;
      this.#unproven++;
    }
    this.#tokens = Math.max(0, this.#tokens - 1);
    return true;
  }

  /** Deposits `tokensPerSuccess`. */
  recordSuccess(): void {
    // Where successes deposit nothing, they are proof all the same that the server works.
    this.#deposit(this.#tokensPerSuccess, Math.max(LEAST_PROOF, this.#tokensPerSuccess));
  }

  /** Gives back the token of a retry that succeeded, or that was not sent after all. */
  refund(kind: RetryKind = 'ordinary'): void {
    this.#deposit(1, kind === 'ordinary' ? 0 : 1);
  }

  #deposit(tokens: number, proven: number): void {
    this.#refill();
    this.#unproven = Math.max(0, this.#unproven - proven);
    this.#tokens = Math.min(this.maxTokens, this.#tokens + tokens);
  }

  /** A clock that jumps back refills nothing, and counts on from where it jumped to; what is no time is not heard. */
  #refill(): void {
    const time = this.#clock();
    if (!Number.isFinite(time)) return;
    const elapsed = Math.max(0, time - this.#updatedAt);
    this.#updatedAt = time;
    this.#tokens = Math.min(this.maxTokens, this.#tokens + elapsed * this.#refillPerMs);
  }
}

/** Asks a budget, wherever it is kept; what it throws or rejects with counts as "no token" and is handed to `onError`. */
export function askForToken(
  budget: Budget,
  kind: RetryKind,
  onError: (error: unknown) => void,
): boolean | Promise<boolean> {
  const noToken = (error: unknown) => {
    onError(error);
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
