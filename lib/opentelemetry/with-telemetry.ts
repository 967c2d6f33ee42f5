/**
 * withTelemetry: a policy whose calls are counted, and whose retries are known to spans.
 */
import { type Attributes, diag, type Meter } from '@opentelemetry/api';
import type { RetryObserver, SettledEvent } from '../policy/events';
import type { RetryPolicy } from '../policy/retry-policy';
import { errorType, methodAttribute, serverAttributes } from './attributes';
import { type Instruments, instrumentsFinder } from './instruments';
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
  const requestAttributes = requestAttributesOf(attributes);
  return (event) => {
    const about = requestAttributes(event);
    const { outcome } = event.state;
    const { calls, ...ofRetries } = instruments();
    if (outcome === 'succeeded') calls.add(1, { ...about, outcome });
    else calls.add(1, { ...about, outcome, 'error.type': errorType(event) });
    recordRetries(ofRetries, event, about);
  };
}

function recordRetries(
  { retries, delay, held }: Omit<Instruments, 'calls'>,
  { state }: SettledEvent,
  about: Attributes,
): void {
  if (state.totalHeld >= LEAST_HELD) held.record(state.totalHeld / 1_000, about);
  if (state.retries === 0) return;
  retries.record(state.retries, about);
  for (const failure of state.failures) {
    if (failure.delay !== undefined)
      delay.record(failure.delay / 1_000, { ...about, delay_source: failure.delaySource });
  }
}

/** What all measurements of a call have, kept by method and origin: most calls of a process go to few. */
function requestAttributesOf(common: Attributes | undefined): (event: SettledEvent) => Attributes {
  const known = new Map<string, Attributes>();
  return ({ method, origin }) => {
    const key = `${method} ${origin}`;
    const found = known.get(key);
    if (found) return found;
    if (known.size >= MOST_SERVERS) known.clear();
    const made = { ...common, 'http.request.method': methodAttribute(method), ...serverAttributes(origin) };
    known.set(key, made);
    return made;
  };
}
