/** A call to hold at a gate, as a test describes it. */
import type { Departure } from '../../lib/origin/gate-words';
import { HeldCall } from '../../lib/origin/held-calls';

interface Description {
  readonly retriesLeft: number;
  readonly longest: number;
  readonly patience: number;
  readonly unsent: boolean;
  readonly heldBefore: number;
  readonly leave: (departure: Departure) => void;
}

class DescribedCall extends HeldCall {
  constructor(
    { retriesLeft, longest }: Description,
    readonly patience: number,
    readonly unsent: boolean,
    readonly heldBefore: number,
    readonly leave: (departure: Departure) => void,
  ) {
    super(retriesLeft, longest);
  }
}

/** By default a retry that has all its retries left, half a minute to be held, and the default's patience. */
export function heldCall(description: Partial<Description> = {}): HeldCall {
  const whole = {
    retriesLeft: 5,
    longest: 30_000,
    patience: 10_000,
    unsent: false,
    heldBefore: 0,
    leave: () => {},
    ...description,
  };
  return new DescribedCall(whole, whole.patience, whole.unsent, whole.heldBefore, whole.leave);
}

export type { Description as HeldCallDescription };
