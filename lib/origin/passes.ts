/**
 * The attempts that were let go and are not back. One that hangs does not hold its place for as long as it hangs.
 */
import { DeadlineHeap, type Due } from './deadline-heap';
import type { Window } from './window';

/** Permission to send one attempt. */
export interface Pass extends Due {
  /** Whose place it has. */
  readonly window: Window;
  /** When it counts as lost. */
  dueAt: number;
}

/** Milliseconds, and durations of late, after which a call counts as lost. */
const LOST_AFTER = 2_000;
const LOST_AFTER_DURATIONS = 4;

export class Passes {
  readonly #out = new DeadlineHeap<Pass>();

  /** When the next one may be lost. */
  get lostAt(): number {
    return this.#out.earliest?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  /** @param duration how long a success has taken of late */
  give<P extends Pass>(pass: P, time: number, duration: number): P {
    pass.window.out++;
    pass.dueAt = time + Math.max(LOST_AFTER, LOST_AFTER_DURATIONS * duration);
    this.#out.add(pass);
    return pass;
  }

  /** @returns false if it was lost, or taken back, before */
  takeBack(pass: Pass): boolean {
    if (pass.heapIndex < 0) return false;
    this.#out.remove(pass);
    pass.window.out--;
    return true;
  }

  /** Those that should be back are failures to their windows. */
  giveUpLost(time: number): void {
    for (let lost = this.#out.earliest; lost && lost.dueAt <= time; lost = this.#out.earliest) {
      this.takeBack(lost);
      lost.window.returnedFailed(time, LOST_AFTER);
    }
  }
}
