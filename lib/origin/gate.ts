/**
 * The gate: one per origin that has failed. Retries pass it freely while the origin is well, as probes while it fails,
 * and more and more of them as it recovers; those that may not go yet are held.
 */
import { now } from '../timing';
import { Alarm } from './alarm';
import type { CallToHold, Failure, GateOptions, GateState } from './gate-words';
import { type Held, HeldCalls } from './held-calls';
import { Pace } from './pace';
import { type Pass, Passes } from './passes';
import { StallWatch } from './stall';
import { Toll } from './toll';
import { jitter, Window } from './window';

/** So many failures in a row, and the origin is down. */
const DOWN_AFTER = 8;
/** Milliseconds without a failure until durations are usual again. */
const CALM_AFTER = 5_000;
/** Fewer held than this are too few to burn their retries on probing. */
const FEW = 3;
const LONGEST_SPREAD = 5_000;

export class Gate {
  readonly #pace: Pace;
  /** Of retries. */
  readonly #window: Window;
  /** Of first attempts that were held: a retry that stalls again takes no place of theirs. */
  readonly #windowOfUnsent: Window;
  readonly #stall: StallWatch;
  readonly #calls = new HeldCalls();
  /** Those that were let go and are not back. */
  readonly #passes = new Passes();
  readonly #toll: Toll;
  #downSince: number | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #failuresInARow = 0;
  #namedUntil = Number.NEGATIVE_INFINITY;
  readonly #alarm = new Alarm((time) => this.#wake(time));

  constructor({ inheritedUsual, lastSuccess, toll }: GateOptions = {}) {
    this.#pace = new Pace(inheritedUsual);
    this.#window = new Window(this.#pace);
    this.#windowOfUnsent = new Window(this.#pace);
    this.#stall = new StallWatch(lastSuccess);
    this.#toll = new Toll(toll);
  }

  /** How many calls are held. */
  get held(): number {
    return this.#calls.size;
  }

  /** How many retries may be out at once; below one: one at a time, with rests. */
  get window(): number {
    return this.#window.size;
  }

  /** Since when there has been no sign of life, on the clock of `now()`. */
  get downSince(): number | undefined {
    return this.#downSince;
  }

  /** @param patience that of the policy that asks */
  state(patience: number): GateState {
    if (this.givenUp(patience)) return 'given-up';
    if (now() < this.#namedUntil) return 'rate-limited';
    if (this.#stall.isStalled) return 'stalled';
    return this.#downSince === undefined ? 'well' : 'failing';
  }

  /** Whether a call of that patience fails fast. */
  givenUp(patience: number): boolean {
    return this.#downSince !== undefined && this.patienceLeft(patience) <= 0;
  }

  /** Milliseconds until calls of that patience fail fast; all of it while there are signs of life. */
  patienceLeft(patience: number): number {
    const time = now();
    return Math.max(0, this.#patienceBegan(time) + patience - time);
  }

  /** Whether a first attempt has to be held. */
  isHoldingNewCalls(mode: 'stalled' | 'rate-limited' | false, patience: number): boolean {
    if (mode === false) return false;
    if (mode === 'rate-limited' && now() < this.#namedUntil) return true;
    return this.#stall.isStalled && !this.givenUp(patience);
  }

  /** Any attempt failed. To be told before `returned`. */
  failed({ took, timedOut, first, countsAsStall }: Failure): void {
    const time = now();
    this.#downSince ??= time;
    this.#failedAt = time;
    this.#failuresInARow++;
    if (first) this.#pace.noteFirstAttempt(time);
    const isStall = timedOut && first && countsAsStall && this.#stall.timedOut(took, time);
    if (isStall) this.#windowOfUnsent.collapse(time, took, true);
    if (isStall || this.#failuresInARow >= DOWN_AFTER) this.#window.collapse(time, took);
    this.#schedule();
  }

  /** An attempt succeeded that the gate did not let out. */
  succeeded(took: number): void {
    const time = now();
    this.#pace.noteFirstAttempt(time);
    this.#noteSuccess(took, time);
    this.#window.encourage(time);
    this.#windowOfUnsent.encourage(time);
    this.#move(time);
  }

  /** An answer that is nobody's to retry, like a 404: a sign of life. */
  alive(): void {
    const time = now();
    this.#signOfLife(time);
    this.#move(time);
  }

  /** A 429: a sign of life, but no room for more. */
  limited(): void {
    const time = now();
    this.#signOfLife(time);
    this.#window.collapseAsLimited(time);
    this.#windowOfUnsent.collapseAsLimited(time);
    this.#schedule();
  }

  /** The server said when to come back: until then nobody who is held leaves, and no patience runs out. */
  namedWait(ms: number): void {
    this.#namedUntil = Math.max(this.#namedUntil, now() + ms);
  }

  /** A pass for a retry that need not wait. */
  tryLeave(): Pass | undefined {
    const time = now();
    const isOpen = !this.#window.isProbing && this.#window.opensAt <= time && this.#namedUntil <= time;
    if (!isOpen || this.#calls.size > 0 || !this.#toll.isPaid(time)) return undefined;
    return this.#passes.give({ window: this.#window, dueAt: 0, heapIndex: -1 }, time, this.#pace.recent);
  }

  /**
   * Holds a retry, or a first attempt, until it may go or its time is up.
   * @returns what takes it out, without a call of `leave`
   */
  hold(call: CallToHold): () => void {
    const time = now();
    if (!call.unsent) this.#spareFew(call, time);
    const window = call.unsent ? this.#windowOfUnsent : this.#window;
    const held = this.#calls.add(call, window, time, this.#patienceBegan(time));
    this.#schedule();
    return () => {
      if (!held.isHeld) return;
      this.#calls.remove(held);
      this.#schedule();
    };
  }

  /** An attempt that was let go is over. `ok`: it succeeded, or its answer is nobody's to retry. */
  returned(pass: Pass, { ok, took }: { readonly ok: boolean; readonly took: number }): void {
    const time = now();
    const wasOut = this.#passes.takeBack(pass);
    const { window } = pass;
    if (ok) {
      this.#noteSuccess(took, time);
      if (wasOut) window.returnedWell(time, took);
      (window === this.#window ? this.#windowOfUnsent : this.#window).encourage(time);
    } else if (wasOut) {
      window.returnedFailed(time, took);
      // Other first attempts go as they come: those that were held are no worse.
      if (window === this.#windowOfUnsent && !this.#stall.isStalled && !this.#pace.congested) window.reopen();
    }
    this.#move(time);
  }

  /** An attempt that was let go was not sent, or was cancelled: that says nothing about the origin. */
  unused(pass: Pass): void {
    this.#passes.takeBack(pass);
    this.#move(now());
  }

  #patienceBegan(time: number): number {
    return this.#downSince === undefined ? time : Math.max(this.#downSince, this.#namedUntil);
  }

  #noteSuccess(took: number, time: number): void {
    const isCalm = this.#calls.size === 0 && time - this.#failedAt > CALM_AFTER;
    this.#pace.sample(took, isCalm, time);
    this.#stall.answered(took, time);
    this.#toll.askAgain();
    this.#signOfLife(time);
  }

  #signOfLife(time: number): void {
    this.#failuresInARow = 0;
    this.#downSince = undefined;
    if (this.#stall.signOfLife(time)) this.#windowOfUnsent.reopen();
  }

  /** Few calls, few retries: those that are left are spread over half the patience, and outlast three seconds. */
  #spareFew({ patience, retriesLeft }: CallToHold, time: number): void {
    if (!this.#window.isProbing || this.#calls.size >= FEW) return;
    const spread = Math.min(LONGEST_SPREAD, patience / 2) / 2 ** (retriesLeft + FEW * this.#calls.size);
    this.#window.restUntil = Math.max(this.#window.restUntil, time + spread * jitter());
  }

  /** Lets go who may. */
  #move(time: number): void {
    if (this.#namedUntil <= time) {
      for (let next = this.#nextUnsent(time); next; next = this.#nextUnsent(time)) this.#let(next, time);
      for (let next = this.#nextRetry(time); next; next = this.#nextRetry(time)) this.#let(next, time);
    }
    this.#schedule();
  }

  #nextUnsent(time: number): Held | undefined {
    return this.#windowOfUnsent.opensAt <= time ? this.#calls.nextUnsent : undefined;
  }

  #nextRetry(time: number): Held | undefined {
    if (this.#retriesOpenAt > time) return undefined;
    const { isProbing } = this.#window;
    const next = this.#calls.nextRetry(isProbing);
    return next && (isProbing || this.#toll.isPaid(time)) ? next : undefined;
  }

  /** While stalled, a call that was never sent is the better probe: it may well go to another endpoint. */
  get #retriesOpenAt(): number {
    const hasBetter = this.#calls.nextUnsent !== undefined || this.#windowOfUnsent.out > 0;
    if (this.#stall.isStalled && hasBetter) return Number.POSITIVE_INFINITY;
    return Math.max(
      this.#window.opensAt,
      this.#window.isProbing ? Number.NEGATIVE_INFINITY : this.#toll.askAgainAt,
    );
  }

  #let(held: Held, time: number): void {
    this.#calls.remove(held);
    held.call.leave(this.#passes.give(held, time, this.#pace.recent));
  }

  #wake(time: number): void {
    this.#passes.giveUpLost(time);
    const began = this.#patienceBegan(time);
    for (let due = this.#calls.takeDue(time, began); due; due = this.#calls.takeDue(time, began)) {
      due.call.leave(time >= due.since + due.call.longest ? 'expired' : 'given-up');
    }
    this.#move(time);
  }

  #schedule(): void {
    if (this.#calls.size === 0) {
      this.#alarm.clear();
      return;
    }
    const unsentAt = this.#calls.nextUnsent ? this.#windowOfUnsent.opensAt : Number.POSITIVE_INFINITY;
    const retryAt = this.#calls.nextRetry(true) ? this.#retriesOpenAt : Number.POSITIVE_INFINITY;
    this.#alarm.set(
      Math.min(
        this.#calls.earliest,
        this.#passes.lostAt,
        Math.max(this.#namedUntil, Math.min(unsentAt, retryAt)),
      ),
    );
  }
}
