/**
 * How long an origin's successes take: usually, and lately. The difference is what a client knows of a server's queue.
 */

/** A mean of so many samples is good enough to go by. */
const LEARNED = 50;
/** One more sample weighs at most this much, and moves the mean by no more than its share of half a minute:
 * what a busy process sees in the second in which its server is overrun is not what is usual. */
const WEIGHT_OF_USUAL = 0.02;
const USUAL_FOLLOWS_IN = 30_000;
/** Where there is trouble all the time, what is slow becomes usual in minutes; else such an origin would be congested for ever. */
const USUAL_FOLLOWS_IN_TROUBLE_IN = 120_000;

/** Milliseconds by which answers of a quick server are late for other reasons than its queue: a client that is busy itself. */
const NOISE = 25;

/** Recent is the last twenty samples or the last second, whichever is less. */
const WEIGHT_OF_RECENT = 0.05;
const RECENT = 1_000;

/** Weight of a new gap between calls, at least: of the first ones it is the mean. */
const WEIGHT_OF_GAP = 0.1;

/** Of the share of first attempts that succeed a new one has so much; */
const WEIGHT_OF_FIRST = 0.05;
/** most of them: this share. */
const MOST = 0.7;

/** The first answers to come back are the shortest: they say nothing until so many durations later the others are back. */
const SETTLED_AFTER_DURATIONS = 10;

/** A mean of durations that costs a healthy call next to nothing; one per attached instance, for origins that never failed. */
export class Usual {
  /** When the last success was, on the clock of `now()`. */
  lastSuccess = Number.NEGATIVE_INFINITY;
  #firstSuccess = Number.POSITIVE_INFINITY;
  #average = 0;
  #samples = 0;

  /** Milliseconds; undefined while it is too early to tell. */
  known(time: number): number | undefined {
    return time - this.#firstSuccess > SETTLED_AFTER_DURATIONS * this.#average ? this.#average : undefined;
  }

  /** @param time when the success came, on the clock of `now()` */
  observe(took: number, time: number): void {
    if (this.#samples === 0) this.#firstSuccess = time;
    const weight =
      this.#samples < LEARNED
        ? 1 / ++this.#samples
        : Math.min(WEIGHT_OF_USUAL, (time - this.lastSuccess) / USUAL_FOLLOWS_IN);
    this.#average += weight * (took - this.#average);
    this.lastSuccess = time;
  }
}

/** What one origin's answers tell; fed with every success. */
export class Pace {
  /** Average of successes while the origin is well, in milliseconds; Infinity before the first. */
  usual: number;
  /** Average of the last successes; 0 before the first. */
  recent: number;
  /** Milliseconds between calls, on average. */
  gap = 0;
  #samples: number;
  #sampledAt = Number.NEGATIVE_INFINITY;
  #gaps = 0;
  #lastCall = Number.NEGATIVE_INFINITY;
  #firstsWell = 1;
  #lastWell = Number.NEGATIVE_INFINITY;

  /** @param inherited the attached instance's average, if it has one */
  constructor(inherited: number | undefined) {
    this.usual = inherited ?? Number.POSITIVE_INFINITY;
    this.recent = inherited ?? 0;
    this.#samples = inherited === undefined ? 0 : LEARNED;
  }

  /** Whether answers come so late that the server must have a queue: sending more would only make it longer. */
  get congested(): boolean {
    return this.recent > this.usual + Math.max(this.usual + 5, NOISE);
  }

  /** Whether most first attempts succeed of late, and in time, and one has since then: what failed once has been unlucky, more likely than not. */
  isLively(since: number): boolean {
    return this.#firstsWell >= MOST && this.#lastWell > since && !this.congested;
  }

  /** A 429: there is no room for more, however many succeed. */
  noteLimited(): void {
    this.#firstsWell = 0;
  }

  /** A first attempt is over. */
  noteFirstAttempt(time: number, ok: boolean): void {
    this.#firstsWell += WEIGHT_OF_FIRST * (Number(ok) - this.#firstsWell);
    if (ok) this.#lastWell = time;
  }

  /** A call has shown itself: its first attempt is over, or has to be held. */
  noteCall(time: number): void {
    const gap = time - this.#lastCall;
    this.#lastCall = time;
    if (gap === Number.POSITIVE_INFINITY) return;
    this.gap += Math.max(WEIGHT_OF_GAP, 1 / ++this.#gaps) * (gap - this.gap);
  }

  /** The gap, or the time since the last call, if that is longer: who waits for his own calls makes no others. Infinity before the second. */
  gapAt(time: number): number {
    return this.gap === 0 ? Number.POSITIVE_INFINITY : Math.max(this.gap, time - this.#lastCall);
  }

  /** @param isCalm whether nothing has failed lately */
  sample(took: number, isCalm: boolean, time: number): void {
    const elapsed = time - this.#sampledAt;
    this.#sampledAt = time;
    // Of a process that calls once a second the last sample is all there is to know.
    const weight = Math.max(WEIGHT_OF_RECENT, 1 - Math.exp(-elapsed / RECENT));
    this.recent += weight * (took - this.recent);
    this.#learn(took, isCalm, Math.min(1_000, elapsed));
  }

  #learn(took: number, isCalm: boolean, elapsed: number): void {
    if (this.#samples === 0) this.usual = took;
    let weight = Math.min(WEIGHT_OF_USUAL, elapsed / USUAL_FOLLOWS_IN);
    // Who has never seen the origin well goes by what there is.
    if (this.#samples < LEARNED) weight = 1 / ++this.#samples;
    else if (!isCalm) weight = 1 - Math.exp(-elapsed / USUAL_FOLLOWS_IN_TROUBLE_IN);
    this.usual += weight * (took - this.usual);
  }
}
