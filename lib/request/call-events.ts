/**
 * The events of a logical request, as callbacks, observers and channels get them.
 */
import type { AxiosResponse } from 'axios';
import { originOf } from '../origin/destination';
import type {
  AboutRequest,
  GiveUpEvent,
  GiveUpReason,
  RetryEvent,
  RetryState,
  SettledEvent,
} from '../policy/events';
import type { Delay } from '../verdict/verdict';
import type { AttemptConfig } from './attempt';
import { type Failure, withHidden } from './endings';
import type { LogicalRequest } from './logical-request';

/** How a logical request ended. */
export interface End {
  /** Why it was given up; absent on success. */
  readonly reason?: GiveUpReason;
  readonly error?: unknown;
  readonly response?: AxiosResponse | undefined;
}

/** The getters are on the prototype, so they are worked out only if asked for. */
class CallEvent implements AboutRequest {
  readonly state: RetryState;
  readonly #config: AttemptConfig;

  constructor({ state, attempt, original }: LogicalRequest) {
    this.state = state;
    this.#config = attempt.sent ?? original.destination;
  }

  toJSON(): object {
    const { method, origin } = this;
    return { ...this, method, origin };
  }

  get method(): string {
    return String(this.#config.method ?? 'get').toUpperCase();
  }

  get origin(): string {
    return originOf(this.#config);
  }
}

export function retryEvent(request: LogicalRequest, { error }: Failure, next: Delay): RetryEvent {
  const event = new CallEvent(request);
  return withHidden(Object.assign(event, { retry: request.retries + 1, ...next }), { error });
}

export function giveUpEvent(request: LogicalRequest, reason: GiveUpReason, error: unknown): GiveUpEvent {
  const { budgetError, state } = request;
  const { retryAfter } = state;
  const event = new CallEvent(request);
  const visible = Object.assign(event, { reason, ...(retryAfter !== undefined && { retryAfter }) });
  return withHidden(visible, { error, budgetError });
}

/** Getters again: one is made for every good call of who wants to know. */
class EventOfEnd extends CallEvent {
  readonly #end: End;

  constructor(request: LogicalRequest, end: End) {
    super(request);
    this.#end = end;
  }

  get error(): unknown {
    return this.#end.error;
  }

  get response(): AxiosResponse | undefined {
    return this.#end.error === undefined ? this.#end.response : undefined;
  }
}

export function settledEvent(request: LogicalRequest, end: End): SettledEvent {
  return new EventOfEnd(request, end) as SettledEvent;
}
