/**
 * The calls that wait at a gate: whose turn it is, and whose time is up. In and out cost O(log n).
 */
import { DeadlineHeap } from './deadline-heap';
import type { Departure } from './gate-words';
import { type InLine, Line } from './line';
import type { Pass } from './passes';
import type { Window } from './window';

/**
 * A call that is to be held: what the gate has to know of it, its place there, and its pass when it is let go. One object for all,
 * because there may be thousands.
 */
export abstract class HeldCall implements InLine, Pass {
  // Its place. The gate's own.
  window!: Window;
  since = 0;
  dueAt = 0;
  heapIndex = -1;
  ahead: InLine | undefined = undefined;
  behind: InLine | undefined = undefined;
  isHeld = false;

  /**
   * @param retriesLeft how many retries the call has left, this one included
   * @param longest milliseconds it may be held at most
   */
  constructor(
    readonly retriesLeft: number,
    readonly longest: number,
  ) {}

  /** Milliseconds without a sign of life after which it gives up. */
  abstract get patience(): number;

  /** A first attempt. */
  abstract get unsent(): boolean;

  /** Milliseconds for which its call was held before. */
  abstract get heldBefore(): number;

  /** Called once, never before `hold` has returned, and never after it was taken out. */
  abstract leave(departure: Departure): void;
}

export class HeldCalls {
  /** First attempts. */
  readonly #unsent = new Line<HeldCall>();
  readonly #retries = new Line<HeldCall>();
  /** Retries whose calls were held before, and probed in vain: they have waited longest. */
  readonly #again = new Line<HeldCall>();
  /** Retries that are their calls' last: they do not probe as long as others can. */
  readonly #lastChances = new Line<HeldCall>();
  readonly #deadlines = new DeadlineHeap<HeldCall>();
  size = 0;

  get nextUnsent(): HeldCall | undefined {
    return this.#unsent.first;
  }

  nextRetry(isProbing: boolean): HeldCall | undefined {
    const lines = [this.#lastChances, this.#again, this.#retries];
    return (isProbing ? lines.reverse() : lines).find(({ first }) => first)?.first;
  }

  /** When somebody's time may be up. */
  get earliest(): number {
    return this.#deadlines.earliest?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  /** @param downSince since when there has been no sign of life; now, if there is one */
  add(call: HeldCall, window: Window, time: number, downSince: number): void {
    call.window = window;
    // Whole milliseconds: each fraction would be an object of its own.
    call.since = Math.ceil(time);
    call.dueAt = Math.ceil(endOf(call, call.since, downSince, Number.NEGATIVE_INFINITY));
    call.isHeld = true;
    this.#lineOf(call).add(call);
    this.#deadlines.add(call);
    this.size++;
  }

  remove(call: HeldCall): void {
    call.isHeld = false;
    this.#lineOf(call).remove(call);
    this.#deadlines.remove(call);
    this.size--;
  }

  /**
   * Takes out one whose time is up, if any. Patience begins anew with every sign of life: that moves no deadline of
   * thousands, but each is looked at again when it comes.
   * @param downSince as `add` has it
   * @param hopelessSince since when retries do not succeed, though the origin lives; Infinity while they do
   */
  takeDue(time: number, downSince: number, hopelessSince: number): HeldCall | undefined {
    for (let due = this.#deadlines.earliest; due && due.dueAt <= time; due = this.#deadlines.earliest) {
      const end = endOf(due, due.since, downSince, hopelessSince);
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

  #lineOf({ unsent, retriesLeft, heldBefore }: HeldCall): Line<HeldCall> {
    if (unsent) return this.#unsent;
    if (retriesLeft <= 1) return this.#lastChances;
    return heldBefore > 0 ? this.#again : this.#retries;
  }
}

function endOf(
  { longest, patience, unsent, heldBefore }: HeldCall,
  since: number,
  downSince: number,
  hopelessSince: number,
): number {
  const expires = since + longest;
  // What was never sent leaves at the pace at which it came, not as one burst.
  if (unsent) return Math.min(expires, Math.max(since, downSince) + patience);
  // Where the origin lives and retries do not succeed, patience is for as long as the call has been held in all.
  const inVain = Math.max(since - heldBefore, hopelessSince);
  return Math.min(expires, Math.min(downSince, inVain) + patience);
}
