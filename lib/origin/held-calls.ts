/**
 * The calls that wait at a gate: whose turn it is, and whose time is up. In and out cost O(log n).
 */
import { DeadlineHeap } from './deadline-heap';
import type { CallToHold } from './gate-words';
import { type InLine, Line } from './line';
import type { Pass } from './passes';
import type { Window } from './window';

export interface Held extends InLine, Pass {
  readonly call: CallToHold;
  readonly since: number;
  isHeld: boolean;
}

export class HeldCalls {
  /** First attempts. */
  readonly #unsent = new Line<Held>();
  readonly #retries = new Line<Held>();
  /** Retries that are their calls' last: they do not probe as long as others can. */
  readonly #lastChances = new Line<Held>();
  readonly #deadlines = new DeadlineHeap<Held>();
  size = 0;

  get nextUnsent(): Held | undefined {
    return this.#unsent.first;
  }

  nextRetry(isProbing: boolean): Held | undefined {
    const retry = this.#retries.first;
    const lastChance = this.#lastChances.first;
    return isProbing ? (retry ?? lastChance) : (lastChance ?? retry);
  }

  /** When somebody's time may be up. */
  get earliest(): number {
    return this.#deadlines.earliest?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  /** @param downSince since when there has been no sign of life; now, if there is one */
  add(call: CallToHold, window: Window, time: number, downSince: number): Held {
    const held: Held = {
      call,
      window,
      since: time,
      dueAt: endOf(call, time, downSince),
      isHeld: true,
      heapIndex: -1,
      ahead: undefined,
      behind: undefined,
    };
    this.#lineOf(call).add(held);
    this.#deadlines.add(held);
    this.size++;
    return held;
  }

  remove(held: Held): void {
    held.isHeld = false;
    this.#lineOf(held.call).remove(held);
    this.#deadlines.remove(held);
    this.size--;
  }

  /**
   * Takes out one whose time is up, if any. Patience begins anew with every sign of life: that moves no deadline of
   * thousands, but each is looked at again when it comes.
   */
  takeDue(time: number, downSince: number): Held | undefined {
    for (let due = this.#deadlines.earliest; due && due.dueAt <= time; due = this.#deadlines.earliest) {
      const end = endOf(due.call, due.since, downSince);
      if (end <= time) {
        this.remove(due);
        return due;
      }
      this.#deadlines.remove(due);
      due.dueAt = end;
      this.#deadlines.add(due);
    }
    return undefined;
  }

  #lineOf({ unsent, retriesLeft }: CallToHold): Line<Held> {
    if (unsent) return this.#unsent;
    return retriesLeft <= 1 ? this.#lastChances : this.#retries;
  }
}

function endOf({ longest, patience, unsent }: CallToHold, since: number, downSince: number): number {
  // What was never sent leaves at the pace at which it came, not as one burst.
  const begun = unsent ? Math.max(since, downSince) : downSince;
  return Math.min(since + longest, begun + patience);
}
