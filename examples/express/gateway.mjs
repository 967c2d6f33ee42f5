/**
 * A gateway in front of one upstream service. When the upstream is down, it sheds: few retries, quick answers,
 * and word to the callers not to retry what has been retried here.
 */
import axios from 'axios';
import { attachRetry, retriesExhausted, retryStateOf } from 'axios-retry-budget';
import express from 'express';

/** Milliseconds that the caller will wait for an answer: a span and not a date, so that no two clocks need to agree. */
const DEADLINE = 'x-deadline-ms';
const LONGEST_DEADLINE = 10_000;

export function createGateway(upstream) {
  const client = axios.create({ baseURL: upstream, timeout: 2_000 });
  // Before attachRetry, so for each attempt: by now `timeout` is cut to what is left of the time budget, and the upstream
  // learns its own deadline.
  client.interceptors.request.use((config) => {
    config.headers.set(DEADLINE, String(config.timeout));
    return config;
  });
  // A gateway sheds load: nothing is held, and when the bucket of tokens is empty the caller learns so at once.
  const retry = attachRetry(client, { maxRetries: 3, backoff: { initialDelay: 20 }, patience: 0 });

  const app = express();
  app.get('/health', (_request, response) => {
    response.json({ origins: retry.origins() });
  });
  app.get('/orders/:id', async (request, response) => {
    const { data } = await client.get(`/orders/${encodeURIComponent(request.params.id)}`, {
      retryPolicy: { timeBudget: deadlineOf(request) },
      signal: callerGone(response),
    });
    response.json(data);
  });
  app.use(answerFailure);
  return app;
}

function deadlineOf(request) {
  const asked = Number(request.get(DEADLINE));
  return asked > 0 ? Math.min(asked, LONGEST_DEADLINE) : LONGEST_DEADLINE;
}

/** Aborts when the caller hangs up: nobody is there to retry for. */
function callerGone(response) {
  const controller = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** What the upstream's failure looks like to the caller. Express knows error handlers by their four parameters. */
function answerFailure(error, _request, response, next) {
  if (!axios.isAxiosError(error) || response.headersSent) return next(error);
  if (retriesExhausted(error)) response.set('x-should-retry', 'false');
  const retryAfter = error.response?.headers['retry-after'];
  if (retryAfter) response.set('Retry-After', retryAfter);
  response.status(statusFor(error)).json({ error: retryStateOf(error)?.outcome });
}

function statusFor({ code, response }) {
  if (!response) return code === 'ETIMEDOUT' || code === 'ECONNABORTED' ? 504 : 502;
  // 404, 429 and 503 mean the same to the caller as to us.
  return response.status < 500 || response.status === 503 ? response.status : 502;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const { UPSTREAM = 'http://127.0.0.1:4000', PORT = '3000' } = process.env;
  createGateway(UPSTREAM).listen(Number(PORT), () => console.log(`gateway to ${UPSTREAM} on port ${PORT}`));
}
