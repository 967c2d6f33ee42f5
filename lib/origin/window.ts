/**
 * How many held calls may be out at once, and how long the line rests in between: what TCP does, for requests.
 */
import type { Pace } from './pace';
import { T } from './tune';

export class Window {
  /** How many may be out at once; below one: one at a time, with rests in between. */
  size = 2;
  out = 0;
  restUntil = Number.NEGATIVE_INFINITY;
  #failedProbes = 0;
  #lastCut = Number.NEGATIVE_INFINITY;
  #threshold = Number.POSITIVE_INFINITY;

  constructor(readonly pace: Pace) {}

  get isProbing(): boolean {
    return this.size < 1;
  }

  mayLeave(time: number): boolean {
    if (time < this.restUntil) return false;
    return this.isProbing ? this.out === 0 : this.out < Math.floor(this.size);
  }

  /** When the next one may leave, as far as time decides. */
  get nextAt(): number {
    return this.out < Math.max(1, Math.floor(this.size)) ? this.restUntil : Number.POSITIVE_INFINITY;
  }

  /** The origin is down: probes only. */
  collapse(time: number, took: number, probeAtOnce = false): void {
    if (this.isProbing) return;
    this.size = 1 / 8;
    this.#failedProbes = probeAtOnce ? 0 : 1;
    this.restUntil = time + (probeAtOnce ? T.firstRest! * Math.min(took, T.stallCap!) * (0.75 + Math.random() / 2) : this.#restAfterFailure(took));
  }

  /** Someone else's success while probes rest: rest no longer than after a success. */
  encourage(time: number): void {
    this.#failedProbes = 0;
    if (this.isProbing && this.out === 0) this.restUntil = Math.min(this.restUntil, time + this.#rest());
  }

  /** All that are out will be told the same. */
  limited(time: number): void {
    if (this.isProbing) return;
    this.#threshold = Math.max(1, this.size / 2);
    this.size = 1 / 2;
    this.#failedProbes = 0;
    this.#lastCut = time;
    this.restUntil = time + T.limRest! * (0.75 + Math.random() / 2);
  }

  reopen(): void {
    this.size = Math.max(this.size, T.reopen!);
    this.#failedProbes = 0;
    if (!this.isProbing) this.restUntil = Number.NEGATIVE_INFINITY;
  }

  returnedWell(time: number, took: number): void {
    this.#failedProbes = 0;
    if (this.pace.congested) {
      if (time - this.#lastCut > Math.max(took, T.cutWait! * this.pace.recent)) {
        this.#lastCut = time;
        this.#threshold = this.size;
        this.size = Math.min(this.size, Math.max(T.min!, this.size * T.down!));
      }
    } else if (this.isProbing) this.size = Math.min(1, this.size * T.up!);
    else this.size = Math.min(T.max!, this.size + (this.size < this.#threshold ? 1 : 1 / this.size));
    if (this.isProbing) this.restUntil = time + this.#rest();
  }

  returnedFailed(time: number, took: number): void {
    if (!this.isProbing) {
      if (this.pace.usual !== Number.POSITIVE_INFINITY)
        this.restUntil = Math.max(this.restUntil, time + Math.max(0, (this.pace.congested ? T.failRestC! * this.pace.recent : T.failRest! * this.pace.usual) - took));
      if (time - this.#lastCut > took) {
        this.#lastCut = time;
        this.size /= 2;
        if (this.isProbing) {
          this.size = 1 / 8;
          this.#failedProbes = 0;
        }
      }
    } else this.size = Math.min(this.size, Math.max(this.pace.congested && took < this.pace.recent ? T.overMin! : T.min!, this.size / 2));
    if (!this.isProbing) return;
    this.#failedProbes++;
    this.restUntil = time + this.#restAfterFailure(took);
  }

  #restAfterFailure(took: number): number {
    const factor = 2 ** (this.#failedProbes - 1);
    const refused = Math.min(T.restMax!, T.rest0! * factor);
    const hung = Math.min(T.stallCap!, T.stallExp! * took * factor);
    const rest = Math.max(refused, hung) * (0.75 + Math.random() / 2);
    return this.pace.congested && T.congestedFail && took < this.pace.recent ? Math.max(rest, this.#rest()) : rest;
  }

  #rest(): number {
    const { congested, recent, usual, gap } = this.pace;
    const rest = (congested ? Math.max(recent, T.useGap! * gap) : Math.max(usual, T.gapCalm! * gap)) / this.size;
    return Math.min(congested ? T.restCongested! : T.restMax!, rest) * (1 + Math.random() / 2);
  }
}
