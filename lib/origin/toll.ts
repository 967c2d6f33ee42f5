/**
 * What a retry pays that is no probe: a token of a budget, if there is one.
 */
const AGAIN_AFTER = 1_000;

export class Toll {
  /** Not asked before: a budget that is empty is not asked by every call in the line. */
  askAgainAt = Number.NEGATIVE_INFINITY;
  readonly #take: (() => boolean) | undefined;

  constructor(take: (() => boolean) | undefined) {
    this.#take = take;
  }

  isPaid(time: number): boolean {
    if (!this.#take) return true;
    if (time < this.askAgainAt) return false;
    if (this.#take()) return true;
    this.askAgainAt = time + AGAIN_AFTER;
    return false;
  }

  /** A success may have brought tokens. */
  askAgain(): void {
    this.askAgainAt = Number.NEGATIVE_INFINITY;
  }
}
