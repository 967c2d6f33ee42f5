/**
 * What is said at a gate.
 */
import type { Pass } from './passes';

/** What an origin looks like from here; see {@link OriginReport}. */
export type OriginState = 'well' | 'failing' | 'stalled' | 'given-up' | 'rate-limited';

export interface GateOptions {
  /** Milliseconds that successes of the attached instance take on average: good until the origin has its own. */
  readonly inheritedUsual?: number | undefined;
  /** When the instance last had a success, on the clock of `now()`: a gate is made at the first failure, and saw none. */
  readonly lastSuccess?: number | undefined;
}

/** A failed attempt. */
export interface Failure {
  /** Milliseconds. */
  readonly took: number;
  readonly timedOut: boolean;
  /** A first attempt: a retry that times out again tells nothing new. */
  readonly first: boolean;
  /** False for a call that is meant to time out, like a long poll. */
  readonly countsAsStall: boolean;
}

/** What left the gate, or why it did not. */
export type Departure =
  /** It may be sent; to be handed back when the attempt is over. */
  | Pass
  /** It was held as long as it may be. A first attempt is sent all the same. */
  | 'expired'
  /** Its patience is over. A first attempt is sent all the same. */
  | 'given-up';
