/**
 * Which span is a resend: a retry is made in a context that knows its number, and a hook of the instrumentation puts it on
 * the span.
 */
import { context, createContextKey, type Span } from '@opentelemetry/api';
import type { RetryAttempt } from '../policy/events';

/** The same in each copy of this library (ESM beside CJS): the key is made of the name. */
const RETRY = createContextKey('axios-retry-budget.retry');

/** Makes a retry in a context of its own, within its caller's. */
export function inContext<T>(retry: RetryAttempt, send: () => T): T {
  return context.with(context.active().setValue(RETRY, retry), send);
}

/**
 * Puts `http.request.resend_count` on the span of each request that is a retry: 1 for the first. It is the `requestHook` of
 * `@opentelemetry/instrumentation-http` and `@opentelemetry/instrumentation-undici`. What interceptors send while a retry is
 * prepared or judged is left alone.
 * @example new HttpInstrumentation({ requestHook })
 */
export function requestHook(span: Span): void {
  const attempt = context.active().getValue(RETRY) as RetryAttempt | undefined;
  if (attempt?.isOut) span.setAttribute('http.request.resend_count', attempt.retry);
}
