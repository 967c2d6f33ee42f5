/**
 * The gate: one per origin that has failed. Retries pass it freely while the origin is well, as probes while it fails,
 * and more and more of them as it recovers; those that may not go yet are held.
 */
import { Alarm } from './alarm';
import type { Failure, GateOptions, OriginState } from './gate-words';
import type { HeldCall } from './held-calls';
import { Lanes } from './lanes';
import { Pace } from './pace';
import { type Pass, Passes } from './passes';
import { RetryOdds } from './retry-odds';
import { StallWatch } from './stall';

/** So many failures in a row, and the origin is down; */
const DOWN_AFTER = 8;
/** where calls are frequent, as many as there are in so many milliseconds: of a thousand attempts eight in a row fail by chance where half do. */
const DOWN_AFTER_MS = 50;
/** Milliseconds without a failure until durations are usual again. */
const CALM_AFTER = 5_000;

export class Gate {
  readonly #pace: Pace;
  readonly #stall: StallWatch;
  readonly #lanes: Lanes;
  readonly #odds = new RetryOdds();
  /** Those that were let go and are not back. */
  readonly #passes = new Passes();
  #downSince: number | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #failuresInARow = 0;
  #namedUntil = Number.NEGATIVE_INFINITY;
  /** Since it is down: the end of the first wait that it named. Patience begins then; what it names later does not begin it anew. */
  #firstNamedUntil = Number.NEGATIVE_INFINITY;
  /** Whether it answers 429 and nothing else. */
  #isLimited = false;
  // For reports, in milliseconds since the epoch.
  #downDate = 0;
  #namedDate = 0;
  readonly #alarm = new Alarm((time) => this.#wake(time));

  constructor({ inheritedUsual, lastSuccess }: GateOptions = {}) {
    this.#pace = new Pace(inheritedUsual);
    this.#stall = new StallWatch(lastSuccess);
    this.#lanes = new Lanes(this.#pace, this.#stall);
  }

  /** How many calls are held. */
  get held(): number {
    return this.#lanes.calls.size;
  }

  /** How many retries may be out at once; below one: one at a time, with rests. */
  get window(): number {
    return this.#lanes.retries.size;
  }

  /** Whether retries go one at a time, to see. */
  get isProbing(): boolean {
    return this.#lanes.retries.isProbing;
  }

  /** Since when there has been no sign of life, on the clock of `now()`. */
  get downSince(): number | undefined {
    return this.#downSince;
  }

  /** When it went down, in milliseconds since the epoch, if it is. */
  get downDate(): number | undefined {
    return this.#downSince === undefined ? undefined : this.#downDate;
  }

  /** Until when the server asked to be left alone, in milliseconds since the epoch, if that is yet to come. */
  get namedDate(): number | undefined {
    return this.#alarm.now < this.#namedUntil ? this.#namedDate : undefined;
  }

  /** @param patience that of the policy that asks */
  state(patience: number): OriginState {
    if (this.givenUp(patience)) return 'given-up';
    if (this.#isLimited || this.#alarm.now < this.#namedUntil) return 'rate-limited';
    if (this.#stall.isStalled) return 'stalled';
    return this.#downSince === undefined ? 'well' : 'failing';
  }

  /** Whether a call of that patience is not retried. */
  givenUp(patience: number): boolean {
    return this.#downSince !== undefined && this.patienceLeft(patience) <= 0;
  }

  /** Milliseconds until calls of that patience are not retried; all of it while there are signs of life. */
  patienceLeft(patience: number): number {
    const time = this.#alarm.now;
    return Math.max(0, this.#patienceBegan(time) + patience - time);
  }

  /** Whether a first attempt has to be held. */
  isHoldingNewCalls(mode: 'stalled' | 'rate-limited' | false, patience: number): boolean {
    if (mode === false) return false;
    const isNamed = mode === 'rate-limited' && this.#namedUntil > Number.NEGATIVE_INFINITY;
    if (isNamed && this.#alarm.now < this.#namedUntil) return true;
    return this.#stall.isStalled && !this.givenUp(patience);
  }

  /** Any attempt failed. To be told before `returned`. */
  failed({ took, timedOut, first, countsAsStall }: Failure): void {
    const time = this.#alarm.now;
    if (this.#downSince === undefined) this.#goDown(time);
    this.#failedAt = time;
    this.#failuresInARow++;
    if (first) this.#pace.noteFirstAttempt(time, false);
    // While it stalls, calls are counted when they are held.
    if (first && !this.#stall.isStalled) this.#pace.noteCall(time);
    const isStall = timedOut && first && countsAsStall && this.#stall.timedOut(took, time);
    if (isStall) this.#lanes.unsent.collapse(time, took, true);
    if (isStall || this.#isDown(time)) this.#lanes.retries.collapse(time, took);
    this.#schedule();
  }

  /** An attempt succeeded that the gate did not let out. */
  succeeded(took: number): void {
    const time = this.#alarm.now;
    this.#pace.noteFirstAttempt(time, true);
    this.#pace.noteCall(time);
    this.#noteSuccess(took, time);
    this.#lanes.retries.encourage(time);
    this.#lanes.unsent.encourage(time);
    this.#move(time);
  }

  /** An answer that is nobody's to retry, like a 404: a sign of life. */
  alive(): void {
    const time = this.#alarm.now;
    this.#signOfLife(time);
    this.#move(time);
  }

  /** A 429: a sign of life, but no room for more. */
  limited(): void {
    const time = this.#alarm.now;
    this.#signOfLife(time);
    this.#pace.noteLimited();
    this.#isLimited = true;
    this.#lanes.retries.collapseAsLimited(time);
    this.#lanes.unsent.collapseAsLimited(time);
    this.#schedule();
  }

  /** The server said when to come back: until then nobody who is held leaves. */
  namedWait(ms: number): void {
    const until = this.#alarm.now + ms;
    if (until > this.#namedUntil) {
      this.#namedUntil = until;
      this.#namedDate = Date.now() + ms;
    }
    if (this.#firstNamedUntil === Number.NEGATIVE_INFINITY) this.#firstNamedUntil = this.#namedUntil;
  }

  /**
   * A pass for a retry that need not wait.
   * @param failedOnceAgo milliseconds since its call failed, if it has failed once; else 0
   */
  tryLeave(failedOnceAgo = 0): Pass | undefined {
    const time = this.#alarm.now;
    if (this.#namedUntil > time) return undefined;
    const { retries, unlucky, calls } = this.#lanes;
    const isLively = this.#pace.isLively(time - failedOnceAgo) && !this.#stall.isStalled;
    const isOpen = !retries.isProbing && retries.opensAt <= time && calls.size === 0;
    if (!isLively && !isOpen) return undefined;
    const window = isLively ? unlucky : retries;
    return this.#passes.give({ window, dueAt: 0, heapIndex: -1 }, time, this.#pace.recent);
  }

  /** Holds a retry, or a first attempt, until it may go or its time is up. */
  hold(call: HeldCall): void {
    const time = this.#alarm.now;
    if (call.unsent) this.#pace.noteCall(time);
    this.#lanes.hold(call, time, this.#patienceBegan(time));
    this.#schedule();
  }

  /** Takes out a call that is held still, without telling it. */
  release(call: HeldCall): void {
    if (!call.isHeld) return;
    this.#lanes.calls.remove(call);
    this.#schedule();
  }

  /** An attempt that was let go is over. `ok`: it succeeded, or its answer is nobody's to retry. */
  returned(pass: Pass, { ok, took }: { readonly ok: boolean; readonly took: number }): void {
    const time = this.#alarm.now;
    const wasOut = this.#passes.takeBack(pass);
    const { window } = pass;
    // A 429 says nothing of the odds. A wait that was named before there was no hope puts that off; one that is named later does not.
    if (window === this.#lanes.retries && (ok || !this.#isLimited)) {
      this.#odds.note(ok, Math.max(time, this.#namedUntil));
    }
    if (ok) {
      this.#noteSuccess(took, time);
      if (wasOut) window.returnedWell(time, took);
      (window === this.#lanes.retries ? this.#lanes.unsent : this.#lanes.retries).encourage(time);
    } else if (wasOut) {
      window.returnedFailed(time, took);
      // Other first attempts go as they come: those that were held are no worse.
      if (window === this.#lanes.unsent && !this.#stall.isStalled && !this.#pace.congested) window.reopen();
    }
    this.#move(time);
  }

  /** An attempt that was let go was not sent, or was cancelled: that says nothing about the origin. */
  unused(pass: Pass): void {
    this.#passes.takeBack(pass);
    this.#move(this.#alarm.now);
  }

  /** Somebody knows that the origin is well: those that are held go, as many as its window takes. */
  open(): void {
    const time = this.#alarm.now;
    this.#namedUntil = Number.NEGATIVE_INFINITY;
    this.#signOfLife(time);
    this.#odds.reset();
    this.#lanes.open();
    this.#move(time);
  }

  #goDown(time: number): void {
    this.#downSince = time;
    this.#downDate = Date.now();
    // What a 429 named counts as well, if that is yet to come.
    this.#firstNamedUntil = this.#namedUntil > time ? this.#namedUntil : Number.NEGATIVE_INFINITY;
  }

  #isDown(time: number): boolean {
    const { gap } = this.#pace;
    const lasts = Math.max(this.#failuresInARow * gap, time - (this.#downSince ?? time));
    return this.#failuresInARow >= DOWN_AFTER && (gap === 0 || lasts >= DOWN_AFTER_MS);
  }

  #patienceBegan(time: number): number {
    return this.#downSince === undefined ? time : Math.max(this.#downSince, this.#firstNamedUntil);
  }

  #noteSuccess(took: number, time: number): void {
    const isCalm = this.#lanes.calls.size === 0 && time - this.#failedAt > CALM_AFTER;
    this.#pace.sample(took, isCalm, time);
    this.#stall.answered(took, time);
    this.#signOfLife(time);
  }

  #signOfLife(time: number): void {
    this.#odds.signOfLife(this.#downSince ?? time, time);
    this.#failuresInARow = 0;
    this.#downSince = undefined;
    this.#firstNamedUntil = Number.NEGATIVE_INFINITY;
    this.#isLimited = false;
    if (this.#stall.signOfLife(time)) this.#lanes.unsent.reopen();
  }

  /** Lets go who may. */
  #move(time: number): void {
    if (this.#lanes.calls.size > 0 && this.#namedUntil <= time) {
      for (let next = this.#lanes.next(time); next; next = this.#lanes.next(time)) this.#let(next, time);
    }
    this.#schedule();
  }

  #let(call: HeldCall, time: number): void {
    this.#lanes.calls.remove(call);
    call.leave(this.#passes.give(call, time, this.#pace.recent));
  }

  #wake(time: number): void {
    this.#passes.giveUpLost(time);
    const began = this.#patienceBegan(time);
    const { hopelessSince } = this.#odds;
    for (
      let due = this.#lanes.calls.takeDue(time, began, hopelessSince);
      due;
      due = this.#lanes.calls.takeDue(time, began, hopelessSince)
    ) {
      due.leave(time >= began + due.patience ? 'given-up' : 'expired');
    }
    this.#move(time);
  }

  #schedule(): void {
    if (this.#lanes.calls.size === 0) {
      this.#alarm.clear();
      return;
    }
    const { calls, opensAt } = this.#lanes;
    this.#alarm.set(Math.min(calls.earliest, this.#passes.lostAt, Math.max(this.#namedUntil, opensAt)));
  }
}
