/**
 * A retry budget that all processes of a fleet share: its tokens are kept in Redis.
 */
import { RetryBudget } from '../origin/retry-budget';
import type { Budget, RetryKind } from '../policy/budget';
import { startTimer } from '../timing';
import { type RedisClient, scriptRunner } from './client';
import { type RedisRetryBudgetOptions, type Settings, settingsOf } from './options';
import { RedisWatch } from './redis-watch';
import { type Deposit, SharedBucket } from './shared-bucket';

/** Milliseconds for which deposits are gathered. */
const GATHERING = 250;

/** What a success counts at least, of a retry that was sent without proof that the server works. */
const LEAST_PROOF = 0.1;

const NOTHING: Deposit = { tokens: 0, proven: 0 };

/**
 * A token bucket in Redis, the same for all processes that name the same key. While Redis does not answer, a local one
 * decides: no call fails or hangs because of it.
 * Needs Redis 5 or later, or Valkey. The client stays yours: connect it, listen to its `error` events, close it.
 * @throws TypeError or RangeError naming an option that is not allowed, its value and the fix
 */
export class RedisRetryBudget implements Budget {
  /** Tokens the fleet's bucket holds at most. */
  readonly maxTokens: number;
  readonly #settings: Settings;
  readonly #shared: SharedBucket;
  readonly #local: RetryBudget;
  readonly #redis: RedisWatch;
  /** What successes and refunds have brought since it was last sent. */
  #gathered = NOTHING;
  #stopGathering: (() => void) | undefined;
  /** Settles when the deposits that are on their way have arrived, or are given up. */
  #sending: Promise<void> | undefined;
  #isClosed = false;

  /**
   * @param client of ioredis 5 or 6, or of node-redis (`redis` 4, 5 or 6); clusters, pools and sentinels included
   */
  constructor(client: RedisClient, options: RedisRetryBudgetOptions) {
    const run = scriptRunner(client);
    const settings = settingsOf(options);
    this.maxTokens = settings.maxTokens;
    this.#settings = settings;
    this.#shared = new SharedBucket(run, settings);
    this.#local = localBucket(settings);
    this.#redis = new RedisWatch(
      settings.timeout,
      () => this.#shared.send(NOTHING),
      (error) => this.#isClosed || settings.onError(error),
    );
  }

  /** Tokens of the bucket that decides now; where that is the fleet's, as this process last heard of it. */
  get tokens(): number {
    return this.#redis.error ? this.#local.tokens : (this.#shared.tokens ?? this.maxTokens);
  }

  /** Why the local bucket decides; undefined while Redis does. */
  get budgetError(): Error | undefined {
    return this.#redis.error;
  }

  /**
   * Takes a token for one retry, in one round trip to Redis of at most `timeout`. If there is no answer by then, or was
   * none lately, the local bucket decides; if it has no token either, the promise rejects with what is wrong with Redis,
   * which counts as `false` and becomes `GiveUpEvent.budgetError`.
   * Where Redis said within the last 100 ms that there is no token, it is not asked again.
   */
  tryAcquire(kind: RetryKind = 'ordinary'): boolean | Promise<boolean> {
    const { error } = this.#redis;
    if (!error && this.#gathered === NOTHING && this.#shared.isEmpty) return false;
    if (!error) return this.#askRedis(kind);
    this.#redis.askAgain();
    return this.#local.tryAcquire(kind) || Promise.reject(error);
  }

  /** Gathers `tokensPerSuccess`; they are sent within 250 ms, or with the next retry. Never waits for Redis. */
  recordSuccess(): void {
    if (this.#redis.error) {
      this.#redis.askAgain();
      this.#local.recordSuccess();
      return;
    }
    const { tokensPerSuccess } = this.#settings;
    // Where successes deposit nothing, they are proof all the same that the server works.
    this.#gather(tokensPerSuccess, Math.max(LEAST_PROOF, tokensPerSuccess));
  }

  /** Gives back the token of a retry that succeeded, or that was not sent after all. Never waits for Redis. */
  refund(kind: RetryKind = 'ordinary'): void {
    if (this.#redis.error) this.#local.refund(kind);
    else this.#gather(1, unproven(kind));
  }

  /**
   * Sends what is gathered, waits for the answer at most `timeout`, and gathers nothing from then on. Never rejects.
   * Call it before you close the client; retries that are still under way may go on asking.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#sending, this.#sendGathered()]);
  }

  async #askRedis(kind: RetryKind): Promise<boolean> {
    const takeBelow = kind === 'ordinary' ? -1 : this.#settings.maxTimeoutTokens;
    const answer = this.#shared.send({ ...this.#takeGathered(), takeBelow });
    try {
      return await this.#redis.wait(answer);
    } catch (error) {
      // The local bucket decides in its place, so a token that comes too late goes back.
      answer.then((granted) => granted && this.#gather(1, unproven(kind))).catch(() => {});
      if (this.#local.tryAcquire(kind)) return true;
      throw error;
    }
  }

  #gather(tokens: number, proven: number): void {
    if (this.#isClosed) return;
    const gathered = this.#gathered;
    this.#gathered = {
      tokens: Math.min(this.maxTokens, gathered.tokens + tokens),
      proven: gathered.proven + proven,
    };
    const send = () => {
      const before = this.#sending;
      this.#sending = this.#sendGathered().then(() => before);
    };
    this.#stopGathering ??= startTimer(GATHERING, send, true);
  }

  #takeGathered(): Deposit {
    this.#stopGathering?.();
    this.#stopGathering = undefined;
    const gathered = this.#gathered;
    this.#gathered = NOTHING;
    return gathered;
  }

  /** What fails to arrive is lost: it may have arrived after all, and nothing is deposited twice. */
  async #sendGathered(): Promise<void> {
    const gathered = this.#takeGathered();
    if (gathered === NOTHING) return;
    if (this.#redis.error) {
      // Nothing to lose yet: it waits until Redis is back.
      this.#redis.askAgain();
      this.#gather(gathered.tokens, gathered.proven);
      return;
    }
    // Who hears of it has heard.
    await this.#redis.wait(this.#shared.send(gathered)).catch(() => {});
  }
}

/** How much proof a success of such a retry brings. */
function unproven(kind: RetryKind): number {
  return kind === 'ordinary' ? 0 : 1;
}

/** The bucket that decides while Redis does not: a small share of the fleet's. */
function localBucket(settings: Settings): RetryBudget {
  const { maxTokens, localTokens, refillPerSecond, tokensPerSuccess, maxTimeoutTokens } = settings;
  const share = localTokens / maxTokens;
  return new RetryBudget({
    maxTokens: localTokens,
    refillPerSecond: refillPerSecond * share,
    tokensPerSuccess,
    maxTimeoutTokens: Math.max(1, maxTimeoutTokens * share),
  });
}
