/**
 * Whether an origin stalls: takes requests and answers none. One endpoint that does so is not it.
 */

/** Where the origin lately answered what was sent later, so many timeouts in a row make a stall; */
const TIMEOUTS_WHERE_MIXED = 3;
/** lately: milliseconds. */
const MIXED_FOR = 10_000;

export class StallWatch {
  isStalled = false;
  #lastSuccess: number;
  /** When that attempt was sent, of those that succeeded, which was sent last. */
  #answeredUpTo = Number.NEGATIVE_INFINITY;
  #mixedUntil = Number.NEGATIVE_INFINITY;
  #timeoutsInARow = 0;

  constructor(lastSuccess = Number.NEGATIVE_INFINITY) {
    this.#lastSuccess = lastSuccess;
  }

  /** A first attempt timed out. @returns whether that tells of a stall */
  timedOut(took: number, time: number): boolean {
    const sentAt = time - took;
    if (this.#answeredUpTo > sentAt) this.#mixedUntil = time + MIXED_FOR;
    if (this.#lastSuccess >= sentAt) return false;
    this.#timeoutsInARow++;
    const isStall = this.#timeoutsInARow >= (time < this.#mixedUntil ? TIMEOUTS_WHERE_MIXED : 1);
    this.isStalled ||= isStall;
    return isStall;
  }

  answered(took: number, time: number): void {
    this.#answeredUpTo = Math.max(this.#answeredUpTo, time - took);
  }

  /** @returns whether a stall has ended */
  signOfLife(time: number): boolean {
    const wasStalled = this.isStalled;
    this.isStalled = false;
    this.#timeoutsInARow = 0;
    this.#lastSuccess = time;
    return wasStalled;
  }
}
