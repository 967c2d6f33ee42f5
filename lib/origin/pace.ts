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
    const elapsed = Math.min(1000, time - this.#sampledAt);
    this.#sampledAt = time;
    this.recent = this.recent ? this.recent + alpha * (took - this.recent) : took;
    if (!isCalm && this.#samples >= 10) {
      if (T.drift) this.usual += (1 - Math.exp(-elapsed / T.drift)) * (took - this.usual);
      return;
    }
    this.#samples++;
    if (this.usual === Number.POSITIVE_INFINITY) this.usual = took;
    else this.usual += Math.max(Math.min(T.beta!, elapsed / T.usualTau!), this.#samples <= T.learn! ? 1 / this.#samples : 0) * (took - this.usual);
  }
}

/** The usual duration of an instance's successes, whatever their origin. */
export class Usual {
  average: number | undefined;
  lastSuccess = Number.NEGATIVE_INFINITY;
  #samples = 0;

  observe(took: number, time: number): void {
    const elapsed = time - this.lastSuccess;
    this.lastSuccess = time;
    if (this.average === undefined) this.average = took;
    else this.average += (this.#samples < T.learn! ? 1 / (this.#samples + 1) : Math.min(T.beta!, elapsed / T.usualTau!)) * (took - this.average);
    if (this.#samples < T.learn!) this.#samples++;
  }
}
