/**
 * One retry's permission to be sent: a token, the turn as the probe, or a place in the queue.
 */
import { type Interrupters, type Interruption, interruptible } from '../timing';
import type { SharedBudget } from './per-origin';
import { askForToken, type RetryKind, tellBudget } from './retry-budget';
import type { Departure } from './retry-queue';

export class RetryPermit {
  #held: 'token' | 'probe' | 'nothing' = 'nothing';
  readonly #shared: SharedBudget | undefined;
  readonly #kind: RetryKind;

  private constructor(shared: SharedBudget | undefined, kind: RetryKind) {
    this.#shared = shared;
    this.#kind = kind;
  }

  /**
   * Asks for a permit before the wait.
   * @param shared undefined where no budget applies: there is always a permit then
   * @param kind a patient one may wait for a token, any other must have one now
   * @returns undefined if the budget is empty and the retry may not wait for it
   */
  static async request(
    shared: SharedBudget | undefined,
    kind: RetryKind,
    onBudgetError: (error: unknown) => void,
  ): Promise<RetryPermit | undefined> {
    const permit = new RetryPermit(shared, kind);
    if (!shared) return permit;
    const mayPark = kind === 'patient';
    // Nobody overtakes those that are parked already.
    if (mayPark && shared.queue.parked > 0) return permit;
    if (await askForToken(shared.budget, kind, onBudgetError)) permit.#held = 'token';
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
    const { queue, budget } = this.#shared;
    if (queue.parked === 0 && (await askForToken(budget, this.#kind))) {
      this.#held = 'token';
      return undefined;
    }
    let departure: Departure | undefined;
    const interruption = await interruptible(interrupters, (finish) =>
      queue.park(failedAfter, longest, (how) => {
        departure = how;
        finish();
      }),
    );
    if (departure === undefined || departure === 'expired') return interruption ?? 'expired';
    this.#held = departure;
    return undefined;
  }

  /** The retry is back after `duration` milliseconds. Only wasted retries cost a token, unless others wait for it. */
  returned(succeeded: boolean, duration: number): void {
    if (this.#held === 'probe') this.#shared?.queue.probeReturned(succeeded, duration);
    else if (succeeded && this.#shared?.queue.parked === 0) this.#refund();
  }

  /** The retry was not sent after all. */
  unused(): void {
    if (this.#held === 'token') this.#refund();
    else if (this.#held === 'probe') this.#shared?.queue.probeReturned(false, 0);
  }

  #refund(): void {
    const { budget } = this.#shared ?? {};
    if (budget) tellBudget(() => budget.refund(this.#kind));
  }
}
