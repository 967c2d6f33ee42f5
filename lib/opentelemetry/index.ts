/** The public names of axios-retry-budget/opentelemetry, nothing else. */
export { type Observed, observeOrigins } from './origins';
export { requestHook } from './resend-count';
export { type TelemetryOptions, withTelemetry } from './with-telemetry';
