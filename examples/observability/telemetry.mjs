/** OpenTelemetry's metrics, where Prometheus can scrape them. Imported before any client is made. */
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

const exporter = new PrometheusExporter({ preventServerStart: true });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [exporter] }));

/** Answers `GET /metrics`. */
export const answerScrape = (request, response) => exporter.getMetricsRequestHandler(request, response);
