/**
 * A service with one dependency, whose retries can be seen.
 * UPSTREAM=http://127.0.0.1:4000 PORT=3000 npm start, and have Prometheus scrape http://127.0.0.1:3000/metrics.
 */

import axios from 'axios';
import { attachRetry, retriesExhausted } from 'axios-retry-budget';
import { observeOrigins, withTelemetry } from 'axios-retry-budget/opentelemetry';
import express from 'express';
import { answerScrape } from './telemetry.mjs';

export function createService(upstream) {
  const client = axios.create({ baseURL: upstream, timeout: 2_000 });
  const retry = attachRetry(client, withTelemetry({ maxRetries: 8 }));
  observeOrigins(retry);

  const app = express();
  app.get('/metrics', answerScrape);
  app.get('/orders/:id', async (request, response) => {
    try {
      const { data } = await client.get(`/orders/${encodeURIComponent(request.params.id)}`);
      response.json(data);
    } catch (error) {
      if (retriesExhausted(error)) response.set('x-should-retry', 'false');
      response.status(502).json({ error: error.code });
    }
  });
  return app;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const { UPSTREAM = 'http://127.0.0.1:4000', PORT = '3000' } = process.env;
  createService(UPSTREAM).listen(Number(PORT), () => console.log(`service on port ${PORT}`));
}
