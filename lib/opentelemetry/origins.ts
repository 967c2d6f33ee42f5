/**
 * Gauges of the origins that failed lately.
 */
import { type Attributes, type BatchObservableResult, metrics } from '@opentelemetry/api';
import type { OriginState } from '../origin/gate-words';
import type { OriginReport } from '../origin/origins';
import { serverAttributes } from './attributes';
import { METER_NAME } from './instruments';
import type { TelemetryOptions } from './with-telemetry';

/** As much of what `attachRetry` returns as is needed. */
export interface Observed {
  /** The origins that failed lately. */
  origins(): OriginReport[];
}

/** As many as an attached instance keeps itself. */
const MOST_ORIGINS = 10_000;
const STATES: readonly OriginState[] = ['well', 'failing', 'stalled', 'rate-limited', 'given-up'];

/**
 * Has two gauges tell of an attached instance's origins whenever metrics are collected: `axios.retry.origin.state`, 1 for the
 * state it is in and 0 for the others, and `axios.retry.tokens`. An origin that never failed has none. To be called when the meter
 * provider is registered.
 * @param retry what `attachRetry` returned
 * @param options as for `withTelemetry`; where several instances call the same origin, `attributes` tell them apart
 * @returns what ends it
 */
export function observeOrigins(
  retry: Observed,
  { meter = metrics.getMeter(METER_NAME), attributes }: TelemetryOptions = {},
): () => void {
  const state = meter.createObservableGauge('axios.retry.origin.state', {
    description: 'Whether an origin is in that state: 1 or 0.',
  });
  const tokens = meter.createObservableGauge('axios.retry.tokens', {
    description: 'Tokens left for retries to an origin, where there is a budget.',
    unit: '{token}',
  });
  /** All that were reported ever; what is not observed any more would keep its last value, where values are cumulative. */
  const known = new Set<string>();
  const observe = (result: BatchObservableResult) => {
    const about = (origin: string): Attributes => ({ ...attributes, ...serverAttributes(origin) });
    const tellState = (origin: string, current: OriginState) => {
      for (const each of STATES)
        result.observe(state, each === current ? 1 : 0, { ...about(origin), state: each });
    };
    const reports = retry.origins();
    for (const report of reports) {
      known.add(report.origin);
      tellState(report.origin, report.state);
      if (report.tokens !== undefined) result.observe(tokens, report.tokens, about(report.origin));
    }
    const current = new Set(reports.map(({ origin }) => origin));
    for (const origin of known) if (!current.has(origin)) tellState(origin, 'well');
    if (known.size > MOST_ORIGINS) known.clear();
  };
  meter.addBatchObservableCallback(observe, [state, tokens]);
  return () => meter.removeBatchObservableCallback(observe, [state, tokens]);
}
