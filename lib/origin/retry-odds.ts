/**
 * Whether retries are of use. Where one endpoint is broken next to none succeeds, though the origin lives; where one
 * server of several is, every other one does.
 */

/** Of the share of retries that succeed, a new one has so much. */
const WEIGHT = 0.1;
/** Less than this share, and there is no hope. */
const HOPELESS = 0.2;
/** Milliseconds after which what was noted says nothing any more. */
const STALE = 60_000;

export class RetryOdds {
  /** Since when there is no hope, on the clock of `now()`; Infinity while there is. */
  hopelessSince = Number.POSITIVE_INFINITY;
  #share = 1;
  #notedAt = Number.NEGATIVE_INFINITY;

  /** A retry is back. */
  note(ok: boolean, time: number): void {
    if (time - this.#notedAt > STALE) this.#share = 1;
    this.#notedAt = time;
    this.#share += WEIGHT * (Number(ok) - this.#share);
    if (this.#share >= HOPELESS) this.hopelessSince = Number.POSITIVE_INFINITY;
    else this.hopelessSince = Math.min(this.hopelessSince, time);
  }

  /** The origin lives (again): what has been hopeless only since it was down need not be so any more. */
  signOfLife(downSince: number, time: number): void {
    if (this.hopelessSince > downSince && this.hopelessSince < time) this.hopelessSince = time;
  }

  /** Somebody knows that all is well. */
  reset(): void {
    this.#share = 1;
    this.hopelessSince = Number.POSITIVE_INFINITY;
  }
}
