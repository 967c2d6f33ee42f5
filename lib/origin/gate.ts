/**
 * The gate: one per origin. Retries pass it freely while the origin is well, a few at a time while it fails, and more
 * as it recovers; those that may not go yet are held.
 */
import { now, startTimer } from '../timing';
import { DeadlineHeap, type Due } from './deadline-heap';
import { type InLine, Line } from './line';
import { Pace } from './pace';
import { Window } from './window';
import { T } from './tune';

/** Permission to send one attempt, to be handed back when the attempt is over. */
export interface Pass extends Due {
  dueAt: number;
  readonly window: Window;
}

export type Departure = Pass | 'expired' | 'given-up';

export interface CallToHold {
  readonly retriesLeft: number;
  /** Milliseconds it may be held at most. */
  readonly longest: number;
  readonly patience: number;
  /** A first attempt. */
  readonly unsent: boolean;
  /** Called once, never before `hold` has returned. */
  readonly leave: (how: Departure) => void;
}

interface Held extends InLine, Pass {
  readonly call: CallToHold;
  readonly since: number;
}

export class Gate {
  readonly #pace: Pace;
  /** Of the retries. */
  readonly #window: Window;
  /** Of first attempts that were held. */
  readonly #newWindow: Window;
  readonly #retries = new Line<Held>();
  /** Retries that are their calls' last: no probes, as long as there are others. */
  readonly #lastChances = new Line<Held>();
  readonly #unsent = new Line<Held>();
  readonly #deadlines = new DeadlineHeap<Held>();
  readonly #out = new DeadlineHeap<Pass>();
  #held = 0;
  #downSince: number | undefined;
  #streak = 0;
  #unanswered = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #mixedUntil = Number.NEGATIVE_INFINITY;
  #lastSuccessSent = Number.NEGATIVE_INFINITY;
  #stalled = false;
  #lastSuccess = Number.NEGATIVE_INFINITY;
  #namedUntil = Number.NEGATIVE_INFINITY;
  #wakesAt = Number.POSITIVE_INFINITY;
  #stopTimer: () => void = () => {};

  constructor({ inheritedUsual, lastSuccess }: { inheritedUsual?: number | undefined; lastSuccess?: number | undefined } = {}) {
    this.#pace = new Pace(inheritedUsual);
    this.#window = new Window(this.#pace);
    this.#newWindow = new Window(this.#pace);
    this.#lastSuccess = lastSuccess ?? Number.NEGATIVE_INFINITY; (globalThis as any).__gates?.push(this);
  }

  get held() { return this.#held; }
  get window() { return this.#window.size; }
  get downSince() { return this.#downSince; }

  givenUp(patience: number): boolean {
    return this.patienceLeft(patience) <= 0;
  }

  /** Milliseconds until calls of that patience fail fast; the whole patience while there are signs of life. */
  patienceLeft(patience: number): number {
    return this.#downSince === undefined ? patience : Math.max(0, this.#downSince + patience - now());
  }

  isHoldingNewCalls(mode: 'stalled' | 'rate-limited' | false, patience: number): boolean {
    if (mode === false) return false;
    if (mode === 'rate-limited' && now() < this.#namedUntil) return true;
    return this.#stalled && !this.givenUp(patience);
  }

  failed({ took, timedOut, first, countsAsStall }: { took: number; timedOut: boolean; first: boolean; countsAsStall: boolean }): void {
    const time = now();
    this.#downSince ??= time;
    this.#failedAt = time;
    this.#streak++;
    const stalled = timedOut && first && countsAsStall && this.#isStall(time, took);
    this.#stalled ||= stalled;
    if (first) this.#pace.firstAttempt(time);
    if (this.#streak >= T.K! || stalled || (T.over && !timedOut && this.#pace.congested)) this.#window.collapse(time, took);
    if (stalled) this.#newWindow.collapse(time, took, true);
    this.#schedule();
  }

  #isStall(time: number, took: number): boolean {
    // Answered what was sent later: it is that endpoint that stalls.
    if (this.#lastSuccessSent > time - took) this.#mixedUntil = time + T.mixed!;
    if (this.#lastSuccess >= time - took) return false;
    this.#unanswered++;
    return this.#unanswered >= (time < this.#mixedUntil ? T.need! : 1);
  }

  succeeded(took: number): void {
    const time = now();
    this.#lastSuccessSent = Math.max(this.#lastSuccessSent, time - took);
    this.#pace.firstAttempt(time);
    this.#pace.sample(took, time - this.#failedAt > T.calmAfter!, time);
    this.alive();
    this.#window.encourage(time);
    this.#newWindow.encourage(time);
    this.#drain();
    this.#schedule();
  }

  alive(): void {
    this.#streak = 0;
    this.#unanswered = 0;
    if (this.#stalled && T.reopen) this.#newWindow.reopen();
    this.#stalled = false;
    this.#lastSuccess = now();
    this.#downSince = undefined;
  }

  /** A 429: the origin is there, and has had enough. */
  limited(): void {
    const time = now();
    this.alive();
    this.#window.limited(time);
    this.#newWindow.limited(time);
    this.#schedule();
  }

  namedWait(ms: number): void {
    this.#namedUntil = Math.max(this.#namedUntil, now() + ms);
  }

  tryLeave(): Pass | undefined {
    const time = now();
    if (this.#held > 0 || this.#window.isProbing || time < this.#namedUntil || !this.#window.mayLeave(time)) return undefined;
    return this.#send({ window: this.#window, dueAt: 0, heapIndex: -1 });
  }

  hold(call: CallToHold): () => void {
    const time = now();
    const w = this.#window;
    if (w.isProbing && this.#held < 3 && !call.unsent) {
      const spread = call.patience / 2 / 2 ** Math.min(20, call.retriesLeft + 3 * this.#held);
      w.restUntil = Math.max(w.restUntil, time + spread * (0.75 + Math.random() / 2));
    }
    const entry: Held = { call, window: call.unsent ? this.#newWindow : w, since: time, dueAt: time + Math.min(call.longest, call.patience), heapIndex: -1, ahead: undefined, behind: undefined };
    if (this.#downSince !== undefined) entry.dueAt = this.#endOf(entry, time);
    this.#lineOf(call).add(entry);
    this.#deadlines.add(entry);
    this.#held++;
    this.#schedule();
    return () => {
      if (entry.heapIndex >= 0) this.#remove(entry);
    };
  }

  returned(pass: Pass, { ok, took }: { ok: boolean; took: number }): void {
    const isLost = pass.heapIndex < 0;
    if (!isLost) this.#back(pass);
    const time = now();
    if (ok) {
      this.#lastSuccessSent = Math.max(this.#lastSuccessSent, time - took);
      this.#pace.sample(took, false, time);
      this.alive();
      if (!isLost) pass.window.returnedWell(time, took);
      (pass.window === this.#window ? this.#newWindow : this.#window).encourage(time);
    } else if (!isLost) {
      pass.window.returnedFailed(time, took);
      if (T.floor && pass.window === this.#newWindow && !this.#stalled && !this.#pace.congested) this.#newWindow.reopen();
    }
    this.#drain();
    this.#schedule();
  }

  unused(pass: Pass): void {
    if (pass.heapIndex >= 0) this.#back(pass);
    this.#drain();
    this.#schedule();
  }

  #send<P extends Pass>(pass: P): P {
    pass.window.out++;
    pass.dueAt = now() + Math.max(T.lostAfter!, 4 * this.#pace.recent);
    this.#out.add(pass);
    return pass;
  }

  #back(pass: Pass): void {
    this.#out.remove(pass);
    pass.window.out--;
  }

  /** When a held call's time is up. */
  #endOf({ since, call }: Held, time: number): number {
    const begun = this.#downSince ?? time;
    // What was never sent leaves at the pace at which it came, not as one burst.
    return Math.min(since + call.longest, (call.unsent ? Math.max(since, begun) : begun) + call.patience);
  }

  #drain(): void {
    const time = now();
    if (time < this.#namedUntil) return;
    for (let call = this.#unsent.first; call && this.#newWindow.mayLeave(time); call = this.#unsent.first) this.#let(call);
    // While stalled, a call that was never sent is the better probe: it may well go to another endpoint.
    for (let call = this.#nextRetry; call && this.#retriesMayLeave(time); call = this.#nextRetry) this.#let(call);
  }

  get #nextRetry(): Held | undefined {
    return this.#window.isProbing ? (this.#retries.first ?? this.#lastChances.first) : (this.#lastChances.first ?? this.#retries.first);
  }

  #lineOf({ unsent, retriesLeft }: CallToHold): Line<Held> {
    if (unsent) return this.#unsent;
    return retriesLeft <= T.lastChance! ? this.#lastChances : this.#retries;
  }

  #retriesMayLeave(time: number): boolean {
    return this.#window.mayLeave(time) && !(this.#stalled && (this.#unsent.first || this.#newWindow.out > 0));
  }

  #let(call: Held): void {
    this.#remove(call);
    this.#send(call);
    call.call.leave(call);
  }

  #remove(entry: Held): void {
    this.#lineOf(entry.call).remove(entry);
    this.#deadlines.remove(entry);
    this.#held--;
    if (this.#held === 0) this.#sleep();
  }

  /** @param time that of the timer: it is due whatever the clock says */
  #wake(time: number): void {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    for (let pass = this.#out.earliest; pass && pass.dueAt <= time; pass = this.#out.earliest) {
      this.#back(pass);
      pass.window.returnedFailed(time, T.lostAfter!);
    }
    for (let due = this.#deadlines.earliest; due && due.dueAt <= time; due = this.#deadlines.earliest) {
      const end = this.#endOf(due, time);
      if (end > time) {
        this.#deadlines.remove(due);
        due.dueAt = end;
        this.#deadlines.add(due);
        continue;
      }
      this.#remove(due);
      due.call.leave(time >= due.since + due.call.longest ? 'expired' : 'given-up');
    }
    this.#drain();
    this.#schedule();
  }

  #schedule(): void {
    const earliest = this.#deadlines.earliest;
    if (!earliest) return;
    const time = now();
    let at = earliest.dueAt;
    if (this.#unsent.first) at = Math.min(at, this.#newWindow.nextAt);
    if (this.#nextRetry && !(this.#stalled && (this.#unsent.first || this.#newWindow.out > 0))) at = Math.min(at, this.#window.nextAt);
    at = Math.max(at, Math.min(earliest.dueAt, this.#namedUntil));
    const out = this.#out.earliest;
    if (out) at = Math.min(at, out.dueAt);
    if (at >= this.#wakesAt) return;
    this.#stopTimer();
    this.#wakesAt = at;
    this.#stopTimer = startTimer(Math.max(0, at - time), () => this.#wake(Math.max(at, now())));
  }

  #sleep(): void {
    this.#stopTimer();
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }
}
