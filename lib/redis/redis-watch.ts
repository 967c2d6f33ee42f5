/**
 * Whether Redis answers: who hears of it, and when it is asked again.
 */
import { tellBudget } from '../origin/retry-budget';
import { show } from '../policy/validation';
import { now, startTimer } from '../timing';

/** Milliseconds between two questions whether Redis is back. */
const ASK_AGAIN = 1_000;

/** Milliseconds after which a question that was never answered is given up, and asked anew: the client may have lost it. */
const GIVE_UP_ASKING = 30_000;

/** Hears what went wrong, and `undefined` when Redis answers again. */
export type OnRedisChange = (error: Error | undefined) => unknown;

export class RedisWatch {
  /** Why Redis is not relied on; undefined while it is. */
  error: Error | undefined;
  readonly #timeout: number;
  readonly #onChange: OnRedisChange;
  readonly #ping: () => Promise<unknown>;
  /** When Redis was last asked, or failed, while it is not relied on. */
  #askedAt = 0;
  #isAsking = false;

  /**
   * @param timeout milliseconds in which Redis must answer
   * @param ping asks Redis something that it can answer only while it could also take tokens
   * @param onChange told once when Redis fails and once when it is back; what it throws is ignored
   */
  constructor(timeout: number, ping: () => Promise<unknown>, onChange: OnRedisChange) {
    this.#timeout = timeout;
    this.#ping = ping;
    this.#onChange = onChange;
  }

  /**
   * Waits for an answer of Redis.
   * @throws an Error with what went wrong; Redis is not relied on from then on
   */
  async wait<T>(answer: Promise<T>): Promise<T> {
    try {
      return await inTime(answer, this.#timeout);
    } catch (reason) {
      const error =
        reason instanceof Error ? reason : new Error(`Redis failed: ${show(reason)}`, { cause: reason });
      if (!this.error) {
        this.#askedAt = now();
        this.#change(error);
      }
      throw error;
    }
  }

  /** Asks whether Redis is back, at most once a second, one question at a time. Nobody waits for it. */
  askAgain(): void {
    const since = now() - this.#askedAt;
    if (since < (this.#isAsking ? GIVE_UP_ASKING : ASK_AGAIN)) return;
    this.#isAsking = true;
    this.#askedAt = now();
    const answer = this.#ping();
    const isSettled = () => {
      this.#isAsking = false;
    };
    answer.then(isSettled, isSettled);
    inTime(answer, this.#timeout).then(
      () => this.error && this.#change(undefined),
      () => {},
    );
  }

  #change(error: Error | undefined): void {
    this.error = error;
    tellBudget(() => this.#onChange(error));
  }
}

/** Rejects after `ms` milliseconds; an answer that has come by then, but that this process was too busy to read, counts. */
function inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    // Between two timers of different rounds Node reads its sockets.
    let stop = startTimer(ms - 1, () => {
      stop = startTimer(1, () => reject(new Error(`Redis did not answer within ${ms} ms`)));
    });
    const settle =
      <V>(end: (value: V) => void) =>
      (value: V) => {
        stop();
        end(value);
      };
    answer.then(settle(resolve), settle(reject));
  });
}
