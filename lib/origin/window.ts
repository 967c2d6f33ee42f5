/**
 * How many held calls may be out at once, and how long they rest in between: what TCP does for segments, for calls.
 */
import type { Pace } from './pace';

const FIRST_SIZE = 2;
const LARGEST = 1_000;
/** Of a window that shrinks since answers come late: a call in ten durations, or gaps between first attempts. */
const SMALLEST = 1 / 10;
/** Of one that is refused while answers come late: an overloaded server, to which each retry is one more. */
const SMALLEST_OVERLOADED = 1 / 30;
const COLLAPSED = 1 / 8;
/** What is left of a window when one fails, though answers come as quickly as ever. With half of it, calls would stand in line where one in
 * three fails; with more, a server that sheds load at once would get half as much again. */
const AFTER_FAILURE = 0.6;
/** Milliseconds without a late answer, or a 429, until a window grows quickly again: so many may be what the origin takes by now. */
const THRESHOLD_HOLDS_FOR = 5_000;

/** A probe that comes back well makes probing so many times faster. */
const FASTER = 4;
/** Milliseconds of rest after the first failed probe; it doubles with each, */
const FIRST_REST = 100;
/** up to this, */
const LONGEST_REST = 3_000;
/** and where calls are frequent, up to so many gaps between them: a probe is one call in ten, then; */
const LONGEST_REST_IN_GAPS = 10;
/** after one that was refused no less than this; */
const SHORTEST_LONGEST_REST = 600;
/** that for so many probes: in an outage of many seconds it would burn the retries of a batch. */
const FREQUENT_PROBES = 16;
/** Where calls are rare, and a probe hung, at least so many times as long as it took: it is still in the server's queue. */
const REST_AFTER_HANGING = 2;
const LONGEST_REST_CONGESTED = 15_000;
/** Milliseconds of rest after a 429 that names none. */
const REST_WHEN_LIMITED = 200;

/**
 * A window of one or more is the number of calls out at once. Below one it is probing: one call at a time, and rests.
 */
export class Window {
  size = FIRST_SIZE;
  /** How many are out. */
  out = 0;
  /** Nothing leaves before. */
  restUntil = Number.NEGATIVE_INFINITY;
  readonly #pace: Pace;
  #failedProbes = 0;
  #shrunkAt = Number.NEGATIVE_INFINITY;
  /** From here on it grows slowly: at this size answers came late, or were a 429; */
  #threshold = Number.POSITIVE_INFINITY;
  /** the last of them then. */
  #lateAt = Number.NEGATIVE_INFINITY;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  get isProbing(): boolean {
    return this.size < 1;
  }

  /** Since when one more may leave, as far as time decides; Infinity while all places are taken. */
  get opensAt(): number {
    return this.out < Math.max(1, Math.floor(this.size)) ? this.restUntil : Number.POSITIVE_INFINITY;
  }

  /** The origin fails every call: probes only. After a stall the first one comes soon: the next call may go elsewhere and be well. */
  collapse(time: number, took: number, isStall = false): void {
    if (this.isProbing) return;
    this.size = COLLAPSED;
    this.#failedProbes = isStall ? 0 : 1;
    this.restUntil =
      time + (isStall ? Math.min(LONGEST_REST, took) * jitter() : this.#restAfterFailure(time, took));
  }

  /** A 429: all that are out will be told the same. */
  collapseAsLimited(time: number): void {
    this.#lateAt = time;
    if (this.isProbing) return;
    this.#threshold = Math.max(1, this.size / 2);
    this.size = 1 / 2;
    this.#failedProbes = 0;
    this.#shrunkAt = time;
    this.restUntil = time + REST_WHEN_LIMITED * jitter();
  }

  /** What made it probe is over. It stays below one: a thousand processes learn so at the same time. */
  reopen(): void {
    this.size = Math.max(this.size, 1 / 2);
    this.#failedProbes = 0;
  }

  /** Somebody knows that all is well. */
  open(): void {
    this.size = Math.max(this.size, FIRST_SIZE);
    this.restUntil = Number.NEGATIVE_INFINITY;
  }

  /** Somebody else's success, while probes rest: rest no longer than after a probe that came back well. */
  encourage(time: number): void {
    this.#failedProbes = 0;
    if (this.isProbing && this.out === 0) this.restUntil = Math.min(this.restUntil, time + this.#rest());
  }

  /** One of those that were let go has succeeded. */
  returnedWell(time: number, took: number): void {
    this.#failedProbes = 0;
    if (this.#pace.congested) this.#shrink(time, took);
    else if (this.isProbing) this.size = Math.min(1, this.size * FASTER);
    else this.#grow(time);
    if (this.isProbing) this.restUntil = time + this.#rest();
  }

  /** One of those that were let go has failed. */
  returnedFailed(time: number, took: number): void {
    if (this.isProbing) {
      const smallest = this.#isOverloaded(took) ? SMALLEST_OVERLOADED : SMALLEST;
      this.size = Math.min(this.size, Math.max(smallest, this.size / 2));
    } else this.#reduce(time, took);
    if (!this.isProbing) return;
    this.#failedProbes++;
    this.restUntil = time + this.#restAfterFailure(time, took);
  }

  #grow(time: number): void {
    const isQuick = this.size < this.#threshold || time - this.#lateAt > THRESHOLD_HOLDS_FOR;
    this.size = Math.min(LARGEST, this.size + (isQuick ? 1 : 1 / this.size));
  }

  /** Answers come late. */
  #shrink(time: number, took: number): void {
    this.#lateAt = time;
    if (!this.#mayShrink(time, took)) return;
    this.#threshold = this.size;
    this.size = Math.min(this.size, Math.max(SMALLEST, this.size / 2));
  }

  /** One failed. */
  #reduce(time: number, took: number): void {
    const { congested, recent, usual } = this.#pace;
    // Refusals come back at once and cost nothing: without a rest there would be as many as the network carries.
    const roundTrips = congested ? 3 * recent : usual;
    if (roundTrips < Number.POSITIVE_INFINITY)
      this.restUntil = Math.max(this.restUntil, time + roundTrips - took);
    if (!this.#mayShrink(time, took)) return;
    this.size *= congested ? 1 / 2 : AFTER_FAILURE;
    if (!this.isProbing) return;
    this.size = COLLAPSED;
    this.#failedProbes = 0;
  }

  /** Once in two round trips: until then, what comes back tells of the window as it was. */
  #mayShrink(time: number, took: number): boolean {
    if (time - this.#shrunkAt <= Math.max(took, 2 * this.#pace.recent)) return false;
    this.#shrunkAt = time;
    return true;
  }

  /** Refused sooner than answered, and answers come late. */
  #isOverloaded(took: number): boolean {
    return this.#pace.congested && took < this.#pace.recent;
  }

  #restAfterFailure(time: number, took: number): number {
    const isFrequent = this.#failedProbes <= FREQUENT_PROBES;
    const longest = (gap: number) => (isFrequent ? LONGEST_REST_IN_GAPS * gap : LONGEST_REST);
    const doubled = 2 ** (this.#failedProbes - 1);
    const refused = Math.min(Math.max(SHORTEST_LONGEST_REST, longest(this.#pace.gap)), FIRST_REST * doubled);
    const hanging = Math.min(longest(this.#pace.gapAt(time)), REST_AFTER_HANGING * took * doubled);
    const hung = took < FIRST_REST ? 0 : hanging;
    const rest = Math.min(LONGEST_REST, Math.max(refused, hung)) * jitter();
    return this.#isOverloaded(took) ? Math.max(rest, this.#rest()) : rest;
  }

  /** Between probes that come back well. In small processes it goes by how often they call: the others call as often. */
  #rest(): number {
    const { congested, recent, usual, gap } = this.#pace;
    const rest = congested
      ? Math.min(LONGEST_REST_CONGESTED, Math.max(recent, gap / 10) / this.size)
      : Math.min(LONGEST_REST, usual / this.size);
    return rest * (1 + Math.random() / 2);
  }
}

/** So that processes that saw the same do not all come back at the same time. */
export function jitter(): number {
  return 0.75 + Math.random() / 2;
}
