/**
 * OpenTelemetry as a service sets it up, but for its exporters, which are in memory. To be imported before axios is: the
 * instrumentation patches `http` when it is next required.
 */
import { createRequire } from 'node:module';
import { context, metrics, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { requestHook } from '../../../dist/opentelemetry.mjs';

const spanExporter = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] }),
);

const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const meterProvider = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 })],
});
metrics.setGlobalMeterProvider(meterProvider);

registerInstrumentations({
  instrumentations: [
    new HttpInstrumentation({ requestHook, ignoreIncomingRequestHook: () => true }),
    new UndiciInstrumentation({ requestHook }),
  ],
});
createRequire(import.meta.url)('http');

const tracer = trace.getTracer('test');

/** Runs `call` in a span of its own. @returns the id of that span, and what the call came to */
export function asCaller(call) {
  return tracer.startActiveSpan('caller', async (span) => {
    const [{ value, reason }] = await Promise.allSettled([call()]);
    span.end();
    const { traceId, spanId } = span.spanContext();
    return { traceId, spanId, value, reason };
  });
}

/** The CLIENT spans since the last time, in the order in which they began. */
export function takeClientSpans() {
  const spans = spanExporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.CLIENT);
  spanExporter.reset();
  return spans.sort((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1]);
}

export const resendCount = ({ attributes }) => attributes['http.request.resend_count'];

/** What was measured since the last time: data points by the name of their metric. */
export async function takeMetrics() {
  await meterProvider.forceFlush();
  const points = metricExporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap((scope) => scope.metrics)
    .filter(({ descriptor }) => descriptor.name.startsWith('axios.retry.'))
    .map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.map(({ value, attributes }) => ({ value, attributes })),
    ]);
  metricExporter.reset();
  return Object.fromEntries(points);
}

export const shutDown = () => meterProvider.shutdown();
