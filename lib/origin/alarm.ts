/**
 * One timer for whatever comes first.
 */
import { now, startTimer } from '../timing';

export class Alarm {
  #at = Number.POSITIVE_INFINITY;
  #stop: () => void = () => {};
  readonly #ring: (time: number) => void;

  /** @param ring told the time: that for which it was set, or later. A timer that fired is due, whatever the clock says. */
  constructor(ring: (time: number) => void) {
    this.#ring = ring;
  }

  /** Rings at that time, on the clock of `now()`, or sooner, if it was to. */
  set(at: number): void {
    if (at >= this.#at) return;
    this.clear();
    this.#at = at;
    this.#stop = startTimer(Math.max(0, at - now()), () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#ring(Math.max(at, now()));
    });
  }

  clear(): void {
    this.#stop();
    this.#at = Number.POSITIVE_INFINITY;
  }
}
