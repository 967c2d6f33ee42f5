/**
 * withTelemetry: a policy whose calls are counted, and whose retries are known to spans.
 */
import { type Attributes, diag, type Meter } from '@opentelemetry/api';
import type { RetryObserver, SettledEvent } from '../policy/events';
import type { RetryPolicy } from '../policy/retry-policy';
import { errorType, methodAttribute, serverAttributes } from './attributes';
import { instrumentsFinder } from './instruments';
import { inContext } from './resend-count';

/** What measurements are made with. Every field is optional. */
export interface TelemetryOptions {
  /** Default: `axios-retry-budget` of the provider that is registered when a call ends. */
  meter?: Meter | undefined;
  /** Put on every measurement, such as which client it was. */
  attributes?: Attributes | undefined;
}

/** Milliseconds: less is no hold, but the time it takes to ask. */
const LEAST_HELD = 1;
/** Servers whose attributes are kept at hand. */
const MOST_SERVERS = 1_000;

/**
 * A policy whose calls are measured: `axios.retry.calls`, `axios.retry.retries`, `axios.retry.delay` and `axios.retry.held`. It
 * has an `observer`; its callbacks stay what they are.
 * @param policy left as it is
 * @example attachRetry(client, withTelemetry({ maxRetries: 3 }))
 */
export function withTelemetry(policy: RetryPolicy = {}, options: TelemetryOptions = {}): RetryPolicy {
  const record = recorder(options);
  const { observer } = policy;
  const telemetry: RetryObserver = {
    settled(event) {
      try {
        record(event);
      } catch (error) {
        diag.error('axios-retry-budget: a call could not be measured', error);
      }
      observer?.settled?.(event);
    },
    run: (retry, send) =>
      inContext(retry, observer?.run ? () => (observer.run as typeof inContext)(retry, send) : send),
  };
  return { ...policy, observer: telemetry };
}

function recorder({ meter, attributes }: TelemetryOptions): (event: SettledEvent) => void {
  const instruments = instrumentsFinder(meter);
  const subjects = new Subjects(attributes);
  return (event) => {
    const { state } = event;
    const { about, succeeded } = subjects.of(event);
    const { calls, retries, delay, held } = instruments();
    if (state.outcome === 'succeeded') calls.add(1, succeeded);
    else calls.add(1, { ...about, outcome: state.outcome, 'error.type': errorType(event) });
    if (state.totalHeld >= LEAST_HELD) held.record(state.totalHeld / 1_000, about);
    if (state.retries === 0) return;
    retries.record(state.retries, about);
    for (const failure of state.failures) {
      if (failure.delay !== undefined)
        delay.record(failure.delay / 1_000, { ...about, delay_source: failure.delaySource });
    }
  };
}

/** What a call is about. */
interface Subject {
  /** On all measurements of it. */
  readonly about: Attributes;
  /** On a good one. */
  readonly succeeded: Attributes;
}

/** Kept by origin and method: most calls of a process go to few, and making attributes takes longer than all the rest. */
class Subjects {
  readonly #common: Attributes | undefined;
  readonly #known = new Map<string, Map<string, Subject>>();

  constructor(common: Attributes | undefined) {
    this.#common = common;
  }

  of({ method, origin }: SettledEvent): Subject {
    return this.#known.get(origin)?.get(method) ?? this.#make(methodAttribute(method), origin);
  }

  #make(method: string, origin: string): Subject {
    let ofOrigin = this.#known.get(origin);
    if (!ofOrigin) {
      if (this.#known.size >= MOST_SERVERS) this.#known.clear();
      ofOrigin = new Map();
      this.#known.set(origin, ofOrigin);
    }
    const about = { ...this.#common, 'http.request.method': method, ...serverAttributes(origin) };
    const made = { about, succeeded: { ...about, outcome: 'succeeded' } };
    ofOrigin.set(method, made);
    return made;
  }
}
