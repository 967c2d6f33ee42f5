/**
 * Whose turn it is: retries and first attempts that were held each have a window, so that a retry that stalls again
 * takes no place of a call that may go elsewhere and be well.
 */
import { type HeldCall, HeldCalls } from './held-calls';
import type { Pace } from './pace';
import type { StallWatch } from './stall';
import { jitter, Window } from './window';

/** Fewer held than this are too few to burn their retries on probing. */
const FEW = 3;
const LONGEST_SPREAD = 5_000;

export class Lanes {
  readonly retries: Window;
  readonly unsent: Window;
  /** Of first retries that need no place, for nothing but bad luck befell them: nobody asks for its size. */
  readonly unlucky: Window;
  readonly calls = new HeldCalls();
  readonly #stall: StallWatch;

  constructor(pace: Pace, stall: StallWatch) {
    this.retries = new Window(pace);
    this.unsent = new Window(pace);
    this.unlucky = new Window(pace);
    this.#stall = stall;
  }

  /** @param began since when there has been no sign of life; now, if there is one */
  hold(call: HeldCall, time: number, began: number): void {
    if (!call.unsent) this.#spareFew(call, time);
    this.calls.add(call, call.unsent ? this.unsent : this.retries, time, began);
  }

  /** Who may leave now, if any. */
  next(time: number): HeldCall | undefined {
    if (this.unsent.opensAt <= time && this.calls.nextUnsent) return this.calls.nextUnsent;
    if (this.#retriesOpenAt > time) return undefined;
    return this.calls.nextRetry(this.retries.isProbing);
  }

  /** Since when somebody may leave, as far as time decides. */
  get opensAt(): number {
    const unsentAt = this.calls.nextUnsent ? this.unsent.opensAt : Number.POSITIVE_INFINITY;
    const retryAt = this.calls.nextRetry(true) ? this.#retriesOpenAt : Number.POSITIVE_INFINITY;
    return Math.min(unsentAt, retryAt);
  }

  /** While stalled, a call that was never sent is the better probe: it may well go to another endpoint. */
  get #retriesOpenAt(): number {
    const hasBetter = this.calls.nextUnsent !== undefined || this.unsent.out > 0;
    if (this.#stall.isStalled && hasBetter) return Number.POSITIVE_INFINITY;
    return this.retries.opensAt;
  }

  open(): void {
    this.retries.open();
    this.unsent.open();
  }

  /** Few calls, few retries: those that are left are spread over half the patience, and outlast three seconds. */
  #spareFew({ patience, retriesLeft }: HeldCall, time: number): void {
    if (!this.retries.isProbing || this.calls.size >= FEW) return;
    const spread = Math.min(LONGEST_SPREAD, patience / 2) / 2 ** (retriesLeft + FEW * this.calls.size);
    this.retries.restUntil = Math.max(this.retries.restUntil, time + spread * jitter());
  }
}
