/**
 * Retries that wait for their origin to recover (`whenBudgetEmpty: 'wait'`), first in, first out.
 */

import type { Budget } from '../policy/budget';
import { DEFAULT_BACKOFF } from '../policy/policy';
import { now, startTimer } from '../timing';
import { backoffDelay } from '../verdict/backoff';
import { DeadlineHeap, type Due } from './deadline-heap';
import { askForToken, tellBudget } from './retry-budget';

/** How a parked retry left: with a token, as the probe that goes without one (of that number), or as its time was up. */
export type Departure = 'token' | { readonly probe: number } | 'expired';

interface Parked extends Due {
  readonly leave: (how: Departure) => void;
  previous: Parked | undefined;
  next: Parked | undefined;
}

/** Milliseconds: the longest rest of a probe, so that it comes about within the time a retry is parked by default. */
const LONGEST_REST = 10_000;
/** Milliseconds after which a probe that is not back counts as failed: axios' own timeout is none by default. */
const PROBE_LOST_AFTER = 10_000;
const PROBE_BACKOFF = { ...DEFAULT_BACKOFF, maxDelay: LONGEST_REST, jitter: 'equal' as const };

/**
 * The rest after an attempt of `duration` milliseconds: ten times as long, so that probing costs about a tenth of one
 * connection; up to half as much again, so that clients that saw the same stall do not probe together.
 */
function rest(duration: number): number {
  return Math.min(LONGEST_REST, 10 * duration) * (1 + Math.random() / 2);
}

/**
 * Parked retries leave when successes have paid a token, or as the probe: at most one at a time goes
 * without a token, after a backoff while the origin keeps failing, and always only once it has rested ten
 * times as long as the last probe took. So a server that gets slower is probed more slowly, by every client.
 * One timer serves them all; the way in and out costs no scan.
 */
export class RetryQueue {
  readonly #budget: Budget;
  #head: Parked | undefined;
  #tail: Parked | undefined;
  #size = 0;
  readonly #expiries = new DeadlineHeap<Parked>();
  /** The number of the probe that is out. */
  #probeOut: number | undefined = undefined;
  #probes = 0;
  /** When the next probe may leave, or when the one that is out counts as lost. */
  #probeAt = 0;
  #failedProbes = 0;
  #isAskingForToken = false;
  #askAgain = false;
  #wakesAt = Number.POSITIVE_INFINITY;
  #stopTimer: () => void = () => {};

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** What the budget rejected with when it was last asked, if it did. */
  budgetError: unknown = undefined;

  /** How many retries are parked. */
  get parked(): number {
    return this.#size;
  }

  /**
   * Parks a retry for at most `longest` milliseconds.
   * @param failedAfter how many milliseconds the attempt took that is to be retried
   * @param leave called once, never before this method has returned, when it may leave or its time is up
   * @returns what takes it out of the queue without a call of `leave`
   */
  park(failedAfter: number, longest: number, leave: (how: Departure) => void): () => void {
    const entry: Parked = {
      leave,
      dueAt: now() + longest,
      heapIndex: -1,
      previous: this.#tail,
      next: undefined,
    };
    if (this.#tail) this.#tail.next = entry;
    else this.#head = entry;
    // A request that has just failed was as good as a probe: where requests keep coming, they do the probing.
    if (this.#probeOut === undefined)
      this.#probeAt = Math.max(this.#probeAt, now() + this.#restAfterFailure(failedAfter));
    this.#tail = entry;
    this.#size++;
    this.#expiries.add(entry);
    this.#schedule();
    return () => {
      if (entry.heapIndex >= 0) this.#remove(entry);
    };
  }

  /** A request to the origin succeeded in `duration` milliseconds: the tokens it paid let parked retries leave. */
  recordSuccess(duration: number): void {
    this.#failedProbes = 0;
    if (this.#size === 0) {
      // The next one that is parked brings its own rest.
      if (this.#probeOut === undefined) this.#probeAt = 0;
      return;
    }
    this.#drain();
    if (this.#probeOut === undefined) this.#probeAt = Math.min(this.#probeAt, now() + rest(duration));
    this.#schedule();
  }

  /** A probe is back after `duration` milliseconds. One that was lost is not heard any more. */
  probeReturned(probe: number, succeeded: boolean, duration: number): void {
    if (probe !== this.#probeOut) return;
    this.#probeOut = undefined;
    this.#failedProbes = succeeded ? 0 : this.#failedProbes + 1;
    this.#probeAt = now() + (succeeded ? rest(duration) : this.#restAfterFailure(duration));
    this.#schedule();
  }

  #restAfterFailure(duration: number): number {
    return Math.max(rest(duration), backoffDelay(PROBE_BACKOFF, this.#failedProbes + 1, undefined));
  }

  #remove(entry: Parked): void {
    if (entry.previous) entry.previous.next = entry.next;
    else this.#head = entry.next;
    if (entry.next) entry.next.previous = entry.previous;
    else this.#tail = entry.previous;
    this.#expiries.remove(entry);
    this.#size--;
    if (this.#size === 0) this.#sleep();
  }

  #release(entry: Parked, how: Departure): void {
    this.#remove(entry);
    entry.leave(how);
  }

  #drain(): void {
    if (this.#isAskingForToken) this.#askAgain = true;
    while (this.#head && !this.#isAskingForToken) {
      this.budgetError = undefined;
      const granted = askForToken(this.#budget, 'patient', (error) => {
        this.budgetError = error;
      });
      if (granted === false) return;
      if (granted === true) this.#release(this.#head, 'token');
      else {
        this.#isAskingForToken = true;
        granted.then((hasToken) => this.#answered(hasToken));
      }
    }
  }

  #answered(hasToken: boolean): void {
    this.#isAskingForToken = false;
    // A success that came while it was being asked may have paid what it had not then.
    if (!hasToken && !this.#askAgain) return;
    this.#askAgain = false;
    if (hasToken && this.#head) this.#release(this.#head, 'token');
    else if (hasToken) tellBudget(() => this.#budget.refund('patient'));
    this.#drain();
  }

  #wake(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    for (let due = this.#expiries.earliest; due && due.dueAt <= now(); due = this.#expiries.earliest) {
      this.#release(due, 'expired');
    }
    if (this.#head && this.#probeAt <= now()) {
      if (this.#probeOut !== undefined) this.probeReturned(this.#probeOut, false, PROBE_LOST_AFTER);
      else this.#probe();
    }
    this.#schedule();
  }

  #probe(): void {
    this.#drain();
    if (!this.#head) return;
    this.#probeOut = ++this.#probes;
    this.#probeAt = now() + PROBE_LOST_AFTER;
    this.#release(this.#head, { probe: this.#probeOut });
  }

  /** One timer, for whichever comes first: the next probe or the next retry whose time is up. */
  #schedule(): void {
    const { earliest } = this.#expiries;
    if (!earliest) return;
    const wakesAt = Math.min(earliest.dueAt, this.#probeAt);
    if (wakesAt >= this.#wakesAt) return;
    this.#stopTimer();
    this.#wakesAt = wakesAt;
    this.#stopTimer = startTimer(Math.max(0, wakesAt - now()), () => this.#wake());
  }

  #sleep(): void {
    this.#stopTimer();
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }
}
