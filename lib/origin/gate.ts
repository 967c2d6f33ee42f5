/**
 * The gate: one per origin. Retries pass it freely while the origin is well, a few at a time while it fails, and more
 * as it recovers; those that may not go yet are held.
 */
import { now, startTimer } from '../timing';
import { DeadlineHeap, type Due } from './deadline-heap';
import { type InLine, Line } from './line';
import { jitter, Window } from './window';
import { T } from './tune';

/** Permission to send one attempt, to be handed back when the attempt is over. */
export interface Pass extends Due {
  dueAt: number;
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
  readonly #window: Window;
  readonly #retries = new Line<Held>();
  readonly #unsent = new Line<Held>();
  readonly #deadlines = new DeadlineHeap<Held>();
  readonly #out = new DeadlineHeap<Pass>();
  #held = 0;
  #downSince: number | undefined;
  #streak = 0;
  #stalled = false;
  #lastSuccess = Number.NEGATIVE_INFINITY;
  #namedUntil = Number.NEGATIVE_INFINITY;
  #wakesAt = Number.POSITIVE_INFINITY;
  #stopTimer: () => void = () => {};

  constructor({ inheritedUsual }: { inheritedUsual?: number | undefined } = {}) {
    this.#window = new Window(inheritedUsual); (globalThis as any).__gates?.push(this);
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
    return this.#stalled && this.#window.isProbing && !this.givenUp(patience);
  }

  failed({ took, timedOut, first, countsAsStall }: { took: number; timedOut: boolean; first: boolean; countsAsStall: boolean }): void {
    const time = now();
    this.#downSince ??= time;
    this.#streak++;
    const stalled = timedOut && first && countsAsStall && this.#lastSuccess < time - took;
    this.#stalled ||= stalled;
    if ((this.#streak >= T.K! || stalled) && !this.#window.isProbing) {
      this.#window.collapse(time, stalled ? Math.min(T.stallCap!, (T.stallExp || T.stallRest!) * took) : 0);
    }
    this.#schedule();
  }

  succeeded(took: number): void {
    this.#window.sample(took, this.#held === 0 && this.#downSince === undefined);
    this.alive();
    this.#window.encourage(now());
    this.#drain();
    this.#schedule();
  }

  alive(): void {
    this.#window.alive();
    this.#streak = 0;
    this.#stalled = false;
    this.#lastSuccess = now();
    this.#downSince = undefined;
  }

  namedWait(ms: number): void {
    this.#namedUntil = Math.max(this.#namedUntil, now() + ms);
  }

  tryLeave(): Pass | undefined {
    const time = now();
    if (this.#held > 0 || this.#window.isProbing || time < this.#namedUntil || !this.#window.mayLeave(time)) return undefined;
    return this.#send({ dueAt: 0, heapIndex: -1 });
  }

  hold(call: CallToHold): () => void {
    const time = now();
    const w = this.#window;
    if (w.isProbing && this.#held < 3 && !call.unsent) {
      const spread = call.patience / 2 / 2 ** Math.min(20, call.retriesLeft + 3 * this.#held);
      w.restUntil = Math.max(w.restUntil, time + spread * jitter());
    }
    const entry: Held = { call, since: time, dueAt: time + Math.min(call.longest, call.patience), heapIndex: -1, ahead: undefined, behind: undefined };
    if (this.#downSince !== undefined) entry.dueAt = this.#endOf(entry, time);
    (call.unsent ? this.#unsent : this.#retries).add(entry);
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
      this.#window.sample(took, false);
      this.alive();
      if (!isLost) this.#window.returnedWell(time, took);
    } else if (!isLost) this.#window.returnedFailed(time, took);
    this.#drain();
    this.#schedule();
  }

  unused(pass: Pass): void {
    if (pass.heapIndex >= 0) this.#back(pass);
    this.#drain();
    this.#schedule();
  }

  #send<P extends Pass>(pass: P): P {
    const w = this.#window;
    w.out++;
    pass.dueAt = now() + Math.max(T.lostAfter!, 4 * w.recent);
    this.#out.add(pass);
    return pass;
  }

  #back(pass: Pass): void {
    this.#out.remove(pass);
    this.#window.out--;
  }

  /** When a held call's time is up. */
  #endOf({ since, call }: Held, time: number): number {
    const begun = this.#downSince ?? time;
    // What was never sent leaves at the pace at which it came, not as one burst.
    return Math.min(since + call.longest, (call.unsent ? Math.max(since, begun) : begun) + call.patience);
  }

  #head(): Held | undefined {
    const retry = this.#retries.first;
    const unsent = this.#unsent.first;
    if (!retry || !unsent) return retry ?? unsent;
    return this.#window.isProbing ? unsent : retry.since <= unsent.since ? retry : unsent;
  }

  #drain(): void {
    const time = now();
    if (time < this.#namedUntil) return;
    for (let head = this.#head(); head && this.#window.mayLeave(time); head = this.#head()) {
      this.#remove(head);
      this.#send(head);
      head.call.leave(head);
    }
  }

  #remove(entry: Held): void {
    (entry.call.unsent ? this.#unsent : this.#retries).remove(entry);
    this.#deadlines.remove(entry);
    this.#held--;
    if (this.#held === 0) this.#sleep();
  }

  /** @param time that of the timer: it is due whatever the clock says */
  #wake(time: number): void {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    for (let pass = this.#out.earliest; pass && pass.dueAt <= time; pass = this.#out.earliest) {
      this.#back(pass);
      this.#window.returnedFailed(time, T.lostAfter!);
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
    const mayLeaveAt = Math.max(this.#window.restUntil, this.#namedUntil);
    if (this.#window.out < Math.max(1, Math.floor(this.#window.size))) at = Math.min(at, mayLeaveAt);
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
