/**
 * Who watches without a say in anything: the policy's observer, and whoever listens to a channel. As long as nobody does,
 * nothing is made to be told.
 */
import { originOf } from '../origin/destination';
import type { Gate } from '../origin/gate';
import type { OriginState } from '../origin/gate-words';
import { type End, settledEvent } from './call-events';
import type { LogicalRequest } from './logical-request';

/** What the channel `axios-retry-budget:gate` says: an attempt showed that its origin is not in the state that it was in. */
export interface GateEvent {
  /** As `origins()` spells it. */
  readonly origin: string;
  /** As `origins()` has it. */
  readonly state: OriginState;
  /** The state that was told before, or `well`. */
  readonly previous: OriginState;
  /** Calls that are held at its gate. */
  readonly held: number;
  /** How many held calls may be out at once; below 1: one at a time, with a rest in between. */
  readonly window: number;
}

/** A logical request has ended. */
export function tellWatchers(request: LogicalRequest, end: End): void {
  const { policy, attachment } = request;
  tellOfGate(request);
  const channel = attachment.channels?.settled;
  const isHeard = channel?.hasSubscribers;
  if (!isHeard && !policy.observer?.settled) return;
  const event = settledEvent(request, end);
  if (isHeard) channel?.publish(event);
  try {
    policy.observer?.settled?.(event);
  } catch {}
}

/** The state that was told of each gate. */
const told = new WeakMap<Gate, OriginState>();

/** After an attempt has told the gate of its origin how it was. */
export function tellOfGate({ attachment, attempt, original }: LogicalRequest): void {
  const { channels, origins, patience } = attachment;
  if (!channels?.gate.hasSubscribers) return;
  const destination = attempt.sent ?? original.destination;
  const gate = origins.find(destination)?.gate;
  if (!gate) return;
  const state = gate.state(patience);
  const previous = told.get(gate) ?? 'well';
  if (state === previous) return;
  told.set(gate, state);
  const { held, window } = gate;
  channels.gate.publish({ origin: originOf(destination), state, previous, held, window } satisfies GateEvent);
}
