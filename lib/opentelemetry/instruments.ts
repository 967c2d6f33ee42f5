/**
 * The instruments, made once per meter.
 */
import { type Counter, type Histogram, type Meter, type MeterProvider, metrics } from '@opentelemetry/api';

export const METER_NAME = 'axios-retry-budget';

/** What is measured of a call when it has ended. */
export interface Instruments {
  readonly calls: Counter;
  readonly retries: Histogram;
  readonly delay: Histogram;
  readonly held: Histogram;
}

/** Seconds: from a first backoff to the longest wait that is honoured by default. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

function instrumentsOf(meter: Meter): Instruments {
  return {
    calls: meter.createCounter('axios.retry.calls', {
      description: 'Calls that have ended, by their outcome.',
      unit: '{call}',
    }),
    retries: meter.createHistogram('axios.retry.retries', {
      description: 'Retries of a call; calls without any are not recorded.',
      unit: '{retry}',
      advice: { explicitBucketBoundaries: [1, 2, 3, 4, 5, 10] },
    }),
    delay: meter.createHistogram('axios.retry.delay', {
      description: 'The wait before a retry, without the time at the gate.',
      unit: 's',
      advice: { explicitBucketBoundaries: SECONDS },
    }),
    held: meter.createHistogram('axios.retry.held', {
      description:
        'How long a call was held at the gate of its origin; calls that were not are not recorded.',
      unit: 's',
      advice: { explicitBucketBoundaries: SECONDS },
    }),
  };
}

/**
 * Finds the instruments anew for each call: the provider may be registered after the clients have been made, and one that is not
 * there yet is not stood in for, as that of traces is.
 */
export function instrumentsFinder(meter: Meter | undefined): () => Instruments {
  if (meter) {
    const instruments = instrumentsOf(meter);
    return () => instruments;
  }
  let provider: MeterProvider | undefined;
  let instruments: Instruments | undefined;
  return () => {
    const current = metrics.getMeterProvider();
    if (!instruments || current !== provider) {
      provider = current;
      instruments = instrumentsOf(current.getMeter(METER_NAME));
    }
    return instruments;
  };
}
