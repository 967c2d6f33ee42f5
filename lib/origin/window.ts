/**
 * How many held calls may be out at once, and how long the line rests in between: what TCP does, for requests.
 */
import { T } from './tune';

export class Window {
  /** How many may be out at once; below one: one at a time, with rests in between. */
  size = 2;
  out = 0;
  restUntil = Number.NEGATIVE_INFINITY;
  /** Average of successes while the origin is well. Milliseconds. */
  usual: number;
  recent: number;
  #samples = 0;
  #failedProbes = 0;
  #lastCut = Number.NEGATIVE_INFINITY;
  #threshold = Number.POSITIVE_INFINITY;

  constructor(inheritedUsual: number | undefined) {
    this.usual = inheritedUsual ?? Number.POSITIVE_INFINITY;
    this.recent = inheritedUsual ?? 0;
    if (inheritedUsual !== undefined) this.#samples = 10;
  }

  get isProbing(): boolean {
    return this.size < 1;
  }

  get congested(): boolean {
    return this.recent > this.usual * T.inflate! + T.slack!;
  }

  mayLeave(time: number): boolean {
    if (time < this.restUntil) return false;
    return this.isProbing ? this.out === 0 : this.out < Math.floor(this.size);
  }

  sample(took: number, isCalm: boolean): void {
    this.recent = this.recent ? this.recent + T.alpha! * (took - this.recent) : took;
    if (!isCalm && this.#samples >= 10) return;
    this.#samples++;
    if (this.usual === Number.POSITIVE_INFINITY) this.usual = took;
    else this.usual += Math.max(T.beta!, 1 / this.#samples) * (took - this.usual);
  }

  /** An attempt showed that the origin works. */
  alive(): void {
    this.#failedProbes = 0;
  }

  /** The origin is down: probes only. */
  collapse(time: number, rest: number): void {
    this.size = 1 / 8;
    this.#failedProbes = 1;
    this.restUntil = time + Math.max(T.rest0!, rest) * jitter();
  }

  /** Someone else's success while probes rest: rest no longer than after a success. */
  encourage(time: number): void {
    if (this.isProbing && this.out === 0) this.restUntil = Math.min(this.restUntil, time + this.#rest());
  }

  returnedWell(time: number, took: number): void {
    if (this.congested) {
      if (time - this.#lastCut > took) {
        this.#lastCut = time;
        this.#threshold = this.size;
        this.size = Math.max(T.min!, this.size * T.down!);
      }
    } else if (this.isProbing) this.size = Math.min(1, this.size * T.up!);
    else this.size = Math.min(T.max!, this.size + (this.size < this.#threshold ? 1 : 1 / this.size));
    if (this.isProbing) this.restUntil = time + this.#rest();
  }

  returnedFailed(time: number, took: number): void {
    if (!this.isProbing) {
      if (this.usual !== Number.POSITIVE_INFINITY)
        this.restUntil = Math.max(this.restUntil, time + Math.max(0, T.failRest! * this.usual - took));
      if (time - this.#lastCut > took) {
        this.#lastCut = time;
        this.size /= 2;
        if (this.isProbing) {
          this.size = 1 / 8;
          this.#failedProbes = 0;
        }
      }
    } else this.size = Math.max(T.min!, this.size / 2);
    if (!this.isProbing) return;
    this.#failedProbes++;
    const backoff = Math.min(T.restMax!, T.rest0! * 2 ** (this.#failedProbes - 1)) * jitter();
    const stallRest = T.stallExp ? Math.min(T.stallCap!, T.stallExp! * took * 2 ** (this.#failedProbes - 1)) : Math.min(T.stallCap!, T.stallRest! * took);
    this.restUntil = time + Math.max(backoff, stallRest * jitter());
  }

  #rest(): number {
    const { congested } = this;
    const rest = (congested ? this.recent : this.usual) / this.size;
    return Math.min(congested ? T.restCongested! : T.restMax!, rest) * (1 + Math.random() / 2);
  }
}

export function jitter(): number {
  return 0.75 + Math.random() / 2;
}
