/**
 * Holding a call at a gate until it may go, its time is up, or its caller ends the wait.
 */
import type { GiveUpReason } from '../policy/events';
import { type Interrupters, type Interruption, interruptible, type Waiting } from '../timing';
import type { Gate } from './gate';
import type { Departure } from './gate-words';
import { HeldCall } from './held-calls';

/** Why a retry may not be sent. */
export type Obstacle = Interruption | Refusal;

/** What speaks against it, other than its caller. */
export type Refusal = Extract<
  GiveUpReason,
  'origin-down' | 'held-too-long' | 'queue-full' | 'retry-budget-empty'
>;

/** The turn of a retry that is held. */
interface HeldTurn {
  readonly patience: number;
  readonly heldBefore: number;
  /** @returns why it may not be sent, if so */
  left(departure: Departure): Obstacle | undefined;
}

/** What is held, and how long it may be. */
interface Holding {
  readonly retriesLeft: number;
  readonly longest: number;
}

/** Holds a retry. @returns why it may not be sent, if so */
export function holdRetry(
  gate: Gate,
  turn: HeldTurn,
  { retriesLeft, longest }: Holding,
  interrupters: Interrupters,
): Promise<Obstacle | undefined> {
  return interruptible<Obstacle>(interrupters, (waiting) => {
    const call = new HeldRetry(gate, turn, waiting, retriesLeft, longest);
    waiting.held = call;
    gate.hold(call);
  });
}

/** Holds a first attempt at a gate. @returns its pass, or why it leaves without one */
export function holdAt(
  gate: Gate,
  { retriesLeft, longest, patience }: Holding & { readonly patience: number },
  interrupters: Interrupters,
): Promise<Departure | Interruption | undefined> {
  return interruptible<Departure>(interrupters, (waiting) => {
    const call = new HeldFirst(gate, waiting, retriesLeft, longest, patience);
    waiting.held = call;
    gate.hold(call);
  });
}

abstract class HeldAtGate extends HeldCall {
  readonly #gate: Gate;

  constructor(gate: Gate, retriesLeft: number, longest: number) {
    super(retriesLeft, longest);
    this.#gate = gate;
  }

  cancel(): void {
    this.#gate.release(this);
  }
}

class HeldRetry extends HeldAtGate {
  readonly #turn: HeldTurn;
  readonly #waiting: Waiting<Obstacle>;

  constructor(gate: Gate, turn: HeldTurn, waiting: Waiting<Obstacle>, retriesLeft: number, longest: number) {
    super(gate, retriesLeft, longest);
    this.#turn = turn;
    this.#waiting = waiting;
  }

  get patience(): number {
    return this.#turn.patience;
  }

  get unsent(): boolean {
    return false;
  }

  get heldBefore(): number {
    return this.#turn.heldBefore;
  }

  leave(departure: Departure): void {
    this.#waiting.end(this.#turn.left(departure));
  }
}

class HeldFirst extends HeldAtGate {
  readonly #waiting: Waiting<Departure>;

  constructor(
    gate: Gate,
    waiting: Waiting<Departure>,
    retriesLeft: number,
    longest: number,
    readonly patience: number,
  ) {
    super(gate, retriesLeft, longest);
    this.#waiting = waiting;
  }

  get unsent(): boolean {
    return true;
  }

  get heldBefore(): number {
    return 0;
  }

  leave(departure: Departure): void {
    this.#waiting.end(departure);
  }
}
