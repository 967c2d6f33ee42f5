/**
 * One retry's permission to be sent: a token, the turn as the probe, or a place in the queue.
 */

import type { RetryKind } from '../policy/budget';
import { type Interrupters, type Interruption, interruptible, now, settled } from '../timing';
import type { SharedBudget } from './origins';
import { askForToken, tellBudget } from './retry-budget';
import type { Departure } from './retry-queue';

type OnBudgetError = (error: unknown) => void;

export class RetryPermit {
  #held: Departure | undefined;
  readonly #shared: SharedBudget | undefined;
  readonly #kind: RetryKind;
  readonly #onBudgetError: OnBudgetError;

  private constructor(shared: SharedBudget | undefined, kind: RetryKind, onBudgetError: OnBudgetError) {
    this.#shared = shared;
    this.#kind = kind;
    this.#onBudgetError = onBudgetError;
  }

  /**
   * Asks for a permit before the wait.
   * @param shared undefined where no budget applies: there is always a permit then
   * @param kind a patient one may wait for a token, any other must have one now
   * @param onBudgetError hears what a budget kept elsewhere rejects with, now and later
   * @returns undefined if the budget is empty and the retry may not wait for it
   */
  static async request(
    shared: SharedBudget | undefined,
    kind: RetryKind,
    onBudgetError: OnBudgetError,
  ): Promise<RetryPermit | undefined> {
    if (!shared) return new RetryPermit(undefined, kind, onBudgetError);
    // Those that are parked behind it are told as well, when they leave.
    const onError = (error: unknown) => {
      shared.queue.budgetError = error;
      onBudgetError(error);
    };
    const permit = new RetryPermit(shared, kind, onError);
    const mayPark = kind === 'patient';
    // Nobody overtakes those that are parked already.
    if (mayPark && shared.queue.parked > 0) return permit;
    if (await askForToken(shared.budget, kind, onError)) permit.#held = 'token';
    return mayPark || permit.#held === 'token' ? permit : undefined;
  }

  /**
   * After the wait: returns at once with a token, else parks for at most `longest` milliseconds.
   * @param failedAfter how many milliseconds the failed attempt took
   * @returns undefined when the retry may be sent
   */
  async ready(
    failedAfter: number,
    longest: number,
    interrupters: Interrupters,
  ): Promise<Interruption | 'expired' | undefined> {
    if (!this.#shared || this.#held === 'token') return undefined;
    const { queue } = this.#shared;
    const until = now() + longest;
    const interruption = queue.parked === 0 ? await this.#askAgain(longest, interrupters) : undefined;
    if (interruption || this.#held) return interruption;
    return this.#park(failedAfter, until - now(), interrupters);
  }

  /** Asks for a token that has come meanwhile; one that comes too late goes back. */
  async #askAgain(
    longest: number,
    interrupters: Interrupters,
  ): Promise<Interruption | 'expired' | undefined> {
    const { budget } = this.#shared as SharedBudget;
    const answer = askForToken(budget, this.#kind, this.#onBudgetError);
    if (typeof answer === 'boolean') {
      if (answer) this.#held = 'token';
      return undefined;
    }
    const end = await settled(answer, longest, interrupters);
    if (end) answer.then((granted) => granted && this.#refund());
    else if (await answer) this.#held = 'token';
    return end;
  }

  async #park(
    failedAfter: number,
    longest: number,
    interrupters: Interrupters,
  ): Promise<Interruption | 'expired' | undefined> {
    const { queue } = this.#shared as SharedBudget;
    let departure: Departure | undefined;
    const interruption = await interruptible(interrupters, (finish) =>
      queue.park(failedAfter, longest, (how) => {
        departure = how;
        finish();
      }),
    );
    if (departure === undefined || departure === 'expired') {
      if (queue.budgetError !== undefined) this.#onBudgetError(queue.budgetError);
      return interruption ?? 'expired';
    }
    this.#held = departure;
    return undefined;
  }

  /**
   * The retry is back after `duration` milliseconds. Only wasted retries cost a token, unless others wait for it.
   * @param answered whether the origin showed that it works: by a success, or by an answer that is nobody's to retry
   */
  returned(answered: boolean, duration: number): void {
    if (typeof this.#held === 'object')
      this.#shared?.queue.probeReturned(this.#held.probe, answered, duration);
    else if (answered && this.#held === 'token' && this.#shared?.queue.parked === 0) this.#refund();
  }

  /** The retry was not sent after all. */
  unused(): void {
    if (this.#held === 'token') this.#refund();
    else if (typeof this.#held === 'object') this.#shared?.queue.probeReturned(this.#held.probe, false, 0);
  }

  #refund(): void {
    const { budget } = this.#shared ?? {};
    if (budget) tellBudget(() => budget.refund(this.#kind));
  }
}
