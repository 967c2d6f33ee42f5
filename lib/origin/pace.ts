/**
 * What successes tell of an origin: how long they take usually, how long lately, and how often calls are made.
 */
import { T } from './tune';

export class Pace {
  /** Average of successes while the origin is well, in milliseconds. */
  usual: number;
  recent: number;
  /** Milliseconds between first attempts, on average. */
  gap = 0;
  #lastFirst = Number.NEGATIVE_INFINITY;
  #samples = 0;
  #sampledAt = Number.NEGATIVE_INFINITY;

  constructor(inheritedUsual: number | undefined) {
    this.usual = inheritedUsual ?? Number.POSITIVE_INFINITY;
    this.recent = inheritedUsual ?? 0;
    if (inheritedUsual !== undefined) this.#samples = 10;
  }

  get congested(): boolean {
    return this.recent > this.usual * T.inflate! + T.slack!;
  }

  firstAttempt(time: number): void {
    const gap = time - this.#lastFirst;
    this.#lastFirst = time;
    if (gap === Number.POSITIVE_INFINITY) return;
    this.gap = this.gap ? this.gap + T.gapAlpha! * (gap - this.gap) : gap;
  }

  sample(took: number, isCalm: boolean, time: number): void {
    const alpha = T.tau ? Math.max(T.alpha!, 1 - Math.exp((this.#sampledAt - time) / T.tau)) : T.alpha!;
    this.#sampledAt = time;
    this.recent = this.recent ? this.recent + alpha * (took - this.recent) : took;
    if (!isCalm && this.#samples >= 10) return;
    this.#samples++;
    if (this.usual === Number.POSITIVE_INFINITY) this.usual = took;
    else this.usual += Math.max(T.beta!, 1 / this.#samples) * (took - this.usual);
  }
}
