/**
 * A clock, and one timer on it for whatever comes first. A timer that fired is due, whatever the system's clock says: fake
 * timers that leave `performance.now` alone (node:test's, vitest 2's) would have deadlines come never.
 */
import { now, startTimer } from '../timing';

/** Milliseconds by which a timer may fire too early without being one of a test's. */
const ROUNDING = 2;

export class Alarm {
  #at = Number.POSITIVE_INFINITY;
  #stop: () => void = () => {};
  /** Milliseconds that timers know to have passed, and the system's clock does not. */
  #lag = 0;
  readonly #ring: (time: number) => void;

  /** @param ring told the time: that for which it was set, or later */
  constructor(ring: (time: number) => void) {
    this.#ring = ring;
  }

  /** Milliseconds: the clock of `now()`, as far as timers agree. */
  get now(): number {
    return now() + this.#lag;
  }

  /** Rings at that time on this clock, or sooner, if it was to. */
  set(at: number): void {
    if (at >= this.#at) return;
    this.clear();
    this.#at = at;
    this.#stop = startTimer(Math.max(0, at - this.now), () => {
      this.#at = Number.POSITIVE_INFINITY;
      const early = at - this.now;
      if (early > ROUNDING) this.#lag += early;
      this.#ring(Math.max(at, this.now));
    });
  }

  clear(): void {
    if (this.#at === Number.POSITIVE_INFINITY) return;
    this.#stop();
    this.#at = Number.POSITIVE_INFINITY;
  }
}
