/** What a collector gets to see of a call and its retries, over real HTTP. */
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { asCaller, resendCount, shutDown, takeClientSpans, takeMetrics } from './collector.mjs';
import { startServer } from './server.mjs';

const { default: axios } = await import('axios');
const { attachRetry, retryStateOf } = await import('../../../dist/index.mjs');
const { observeOrigins, withTelemetry } = await import('../../../dist/opentelemetry.mjs');

const SOON = { backoff: { initialDelay: 4, jitter: 'none', maxDelay: 20 } };

after(shutDown);
beforeEach(async () => {
  takeClientSpans();
  await takeMetrics();
});

async function clientOf(t, answer, policy = SOON, config = {}) {
  const server = await startServer(answer);
  t.after(() => server.close());
  const client = axios.create({ baseURL: server.url, ...config });
  const retry = attachRetry(client, withTelemetry(policy));
  return { server, client, retry };
}

async function until(condition) {
  while (!condition()) await new Promise((next) => setImmediate(next));
}

const failing = (until) => (_request, response, count) =>
  response.writeHead(count <= until ? 503 : 200).end();

/** Spans by the id of their caller's span, which they must be children of. */
function byCaller(spans, callers) {
  return callers.map(({ traceId, spanId }) => {
    const own = spans.filter((span) => span.spanContext().traceId === traceId);
    for (const span of own) assert.equal(span.parentSpanContext.spanId, spanId);
    return own;
  });
}

for (const adapter of ['http', 'fetch']) {
  describe(`axios' adapter ${adapter}`, () => {
    it('a call of three attempts: three spans, the resends counted, and its metrics', async (t) => {
      const { server, client } = await clientOf(t, failing(2), SOON, { adapter });
      const caller = await asCaller(() => client.get('/orders/7?secret=1'));
      assert.equal(caller.value.status, 200);

      const spans = takeClientSpans();
      assert.deepEqual(spans.map(resendCount), [undefined, 1, 2]);
      assert.equal(byCaller(spans, [caller]).flat().length, 3);

      const about = {
        'http.request.method': 'GET',
        'server.address': '127.0.0.1',
        'server.port': server.port,
      };
      const measured = await takeMetrics();
      assert.deepEqual(measured['axios.retry.calls'], [
        { value: 1, attributes: { ...about, outcome: 'succeeded' } },
      ]);
      const [retries] = measured['axios.retry.retries'];
      assert.deepEqual(retries.attributes, about);
      assert.deepEqual([retries.value.count, retries.value.sum], [1, 2]);
      const [delay] = measured['axios.retry.delay'];
      assert.deepEqual(delay.attributes, { ...about, delay_source: 'backoff' });
      assert.deepEqual([delay.value.count, delay.value.sum], [2, 0.012]);
    });

    it('a call that is given up', async (t) => {
      const { client } = await clientOf(t, failing(9), { ...SOON, maxRetries: 1 }, { adapter });
      const caller = await asCaller(() => client.put('/orders', { amount: 5 }));
      assert.equal(retryStateOf(caller.reason).outcome, 'retries-exhausted');
      assert.deepEqual(takeClientSpans().map(resendCount), [undefined, 1]);
      const [{ value, attributes }] = (await takeMetrics())['axios.retry.calls'];
      assert.equal(value, 1);
      assert.deepEqual(
        [attributes.outcome, attributes['error.type'], attributes['http.request.method']],
        ['retries-exhausted', '503', 'PUT'],
      );
    });

    it('retries that others let go at the gate are children of their own callers', async (t) => {
      let isDown = true;
      const { client, retry } = await clientOf(
        t,
        (_request, response) => response.writeHead(isDown ? 503 : 200).end(),
        { ...SOON, maxRetries: 30 },
        { adapter },
      );
      const calls = Array.from({ length: 20 }, (_, id) => asCaller(() => client.get(`/orders/${id}`)));
      await until(() => retry.origins()[0]?.held >= 15);
      isDown = false;
      const callers = await Promise.all(calls);
      const states = callers.map(({ value }) => retryStateOf(value));
      assert.deepEqual(
        states.map(({ outcome }) => outcome),
        callers.map(() => 'succeeded'),
      );
      assert.ok(states.filter(({ totalHeld }) => totalHeld >= 1).length >= 15);
      byCaller(takeClientSpans(), callers).forEach((spans, id) => {
        const { attempts } = states[id];
        assert.deepEqual(
          spans.map(resendCount),
          Array.from({ length: attempts }, (_, count) => count || undefined),
        );
        for (const { attributes } of spans)
          assert.match(attributes['url.full'], new RegExp(`/orders/${id}$`));
      });
      const [held] = (await takeMetrics())['axios.retry.held'];
      const measured = states.map(({ totalHeld }) => totalHeld).filter((ms) => ms >= 1);
      assert.equal(held.value.count, measured.length);
      assert.ok(Math.abs(held.value.sum - measured.reduce((sum, ms) => sum + ms) / 1_000) < 1e-6);
      assert.equal(retry.origins()[0].held, 0);
    });

    it('first attempts that are held in a stall are children of their own callers, and no resends', async (t) => {
      let isStalled = true;
      const { client, retry } = await clientOf(
        t,
        (_request, response) => {
          if (!isStalled) response.end();
        },
        SOON,
        { adapter, timeout: 100 },
      );
      const first = asCaller(() => client.get('/orders/first'));
      await until(() => retry.origins()[0]?.state === 'stalled');
      const later = Array.from({ length: 5 }, (_, id) => asCaller(() => client.get(`/orders/${id}`)));
      await until(() => retry.origins()[0].held >= 5);
      isStalled = false;
      const callers = await Promise.all([first, ...later]);
      byCaller(takeClientSpans(), callers).forEach((spans, id) => {
        const { attempts, totalHeld, outcome } = retryStateOf(callers[id].value);
        assert.equal(outcome, 'succeeded');
        assert.ok(totalHeld > 0);
        assert.deepEqual(
          spans.map(resendCount),
          Array.from({ length: attempts }, (_, count) => count || undefined),
        );
      });
    });

    it('what interceptors send meanwhile is no resend', async (t) => {
      const tokens = await startServer((_request, response) => response.end('token'));
      t.after(() => tokens.close());
      const server = await startServer(failing(1));
      t.after(() => server.close());
      const fetchToken = async (value) => {
        await axios.get(tokens.url, { adapter });
        return value;
      };
      const inside = axios.create({ baseURL: server.url, adapter });
      inside.interceptors.request.use(fetchToken);
      inside.interceptors.response.use(fetchToken);
      attachRetry(inside, withTelemetry(SOON));
      await asCaller(() => inside.get('/'));
      const spans = takeClientSpans();
      const to = (url) => spans.filter(({ attributes }) => attributes['url.full'].startsWith(url));
      assert.deepEqual(to(server.url).map(resendCount), [undefined, 1]);
      assert.deepEqual(to(tokens.url).map(resendCount), [undefined, undefined, undefined]);
    });
  });
}

it('the origins of an attached instance, as gauges', async (t) => {
  const { client, retry, server } = await clientOf(t, failing(9), { ...SOON, patience: 0, maxRetries: 1 });
  const stop = observeOrigins(retry, { attributes: { client: 'orders' } });
  assert.equal((await takeMetrics())['axios.retry.origin.state'], undefined);
  await asCaller(() => client.get('/'));
  const measured = await takeMetrics();
  const about = { client: 'orders', 'server.address': '127.0.0.1', 'server.port': server.port };
  const states = ['well', 'failing', 'stalled', 'rate-limited', 'given-up'];
  assert.deepEqual(
    measured['axios.retry.origin.state'],
    states.map((state) => ({
      value: state === retry.origins()[0].state ? 1 : 0,
      attributes: { ...about, state },
    })),
  );
  assert.deepEqual(measured['axios.retry.tokens'], [
    { value: measured['axios.retry.tokens'][0].value, attributes: about },
  ]);
  assert.ok(measured['axios.retry.tokens'][0].value >= 19 && measured['axios.retry.tokens'][0].value < 20);
  stop();
  assert.equal((await takeMetrics())['axios.retry.tokens'], undefined);
});
