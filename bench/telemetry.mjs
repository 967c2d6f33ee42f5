/**
 * What a call that succeeds costs more with telemetry on, in microseconds of the processor, and that it costs nothing where it
 * is off.
 *
 * In paired rounds, as happy-path.mjs: each sends a block of requests through every client, in a new order, and what counts is
 * the median over the rounds of the difference between two clients in the same round.
 *
 * npm run bench:telemetry                  in the root, which builds the library first; fails where it is more than 3 us (on a slow machine, a quarter of a call)
 * BASE=/path/to/dist npm run ...           beside another build of the library, such as that of the commit before
 */
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import axios from 'axios';
import { attachRetry } from '../dist/index.mjs';
import { withTelemetry } from '../dist/opentelemetry.mjs';
import { summary } from './support/stats.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 1_000);
const BLOCK = 100;
const WARM_UP = 8_000;
/** Microseconds per good call. */
const MOST = 3;
/** A machine on which a call takes so many microseconds without telemetry is slow, and telemetry may take that share of it. */
const SLOW = 30;
const MOST_OF_SLOW = 0.25;

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const meters = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
});
// The instruments are looked up for each call, as in a service that passes no meter.
metrics.setGlobalMeterProvider(meters);

function clientOf(attach) {
  const adapter = (config) =>
    Promise.resolve({ data: 'ok', status: 200, statusText: 'OK', headers: {}, config });
  const client = axios.create({ baseURL: 'http://server.test', timeout: 10_000, adapter });
  attach(client);
  return client;
}

const { BASE } = process.env;
const base = BASE && (await import(`${BASE}/index.mjs`));
const clients = {
  off: clientOf((client) => attachRetry(client)),
  'off, once more (the error of the method)': clientOf((client) => attachRetry(client)),
  ...(base && { 'the other build': clientOf((client) => base.attachRetry(client)) }),
  on: clientOf((client) => attachRetry(client, withTelemetry())),
};
const names = Object.keys(clients);

async function send(client, count) {
  for (let n = 0; n < count; n++) await client.get('/orders', { params: { page: 1 } });
}

for (const name of names) await send(clients[name], WARM_UP);
const perRequest = Object.fromEntries(names.map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (let turn = 0; turn < names.length; turn++) {
    const name = names[(round + turn) % names.length];
    const before = process.cpuUsage();
    await send(clients[name], BLOCK);
    const { user, system } = process.cpuUsage(before);
    perRequest[name].push((user + system) / BLOCK);
  }
}

const differenceTo = (one, other) =>
  summary(perRequest[one].map((time, round) => time - perRequest[other][round]));
console.log(
  `telemetry off: ${summary(perRequest.off).median.toFixed(2)} us per good call; added to that, median of ${ROUNDS} paired rounds:`,
);
for (const name of names.slice(1)) {
  const { median, low95, high95 } = differenceTo(name, 'off');
  console.log(
    `  ${name}: ${median.toFixed(2)} us (95% of the median: ${low95.toFixed(2)} to ${high95.toFixed(2)})`,
  );
}
const price = differenceTo('on', 'off').median;
const off = summary(perRequest.off).median;
const most = off < SLOW ? MOST : MOST_OF_SLOW * off;
await meters.forceFlush();
const [calls] = exporter.getMetrics()[0].scopeMetrics[0].metrics;
if (calls.dataPoints[0].value !== WARM_UP + ROUNDS * BLOCK) throw new Error('not every call was counted');
await meters.shutdown();
if (price > most) {
  console.error(
    `Telemetry may cost ${most.toFixed(2)} us per good call here, and costs ${price.toFixed(2)}.`,
  );
  process.exitCode = 1;
}
