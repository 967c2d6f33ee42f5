/**
 * A long life in one process: requests that are all retried, over both adapters, and what they leave behind.
 * Run it with `npm run test:soak`.
 */
import { getEventListeners, setMaxListeners } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import axios, { type AxiosInstance, type AxiosRequestConfig } from 'axios';
import { attachRetry, RetryBudget } from '../../lib';

export interface SoakOptions {
  readonly requests: number;
  /** How often to measure; the first time counts as the start. */
  readonly measurements: number;
  /** Collects garbage. */
  readonly gc: () => void;
  readonly onMeasured?: (measurement: Measurement) => void;
}

export interface Measurement {
  readonly requests: number;
  readonly attempts: number;
  /** Megabytes, the least that was left by several collections of garbage. */
  readonly heap: number;
  /** Connections, timers and listeners on the one signal of all requests, while no request is running. */
  readonly sockets: number;
  readonly timers: number;
  readonly listeners: number;
}

const CONCURRENCY = 20;

/** What the first attempt of a request meets, the header `x-fail` says which. All later ones succeed. */
const FAILURES: readonly ((response: http.ServerResponse) => unknown)[] = [
  (response) => response.writeHead(503).end('{"error":"unavailable"}'),
  (response) => response.writeHead(429, { 'retry-after': '0' }).end(),
  (response) => response.destroy(),
  (response) => {
    response.writeHead(200, { 'content-length': '100' }).write('cut off');
    setImmediate(() => response.destroy());
  },
  (response) => response.writeHead(502).end('x'.repeat(10_000)),
];

/** Of those that are held. */
const patientBudget = new RetryBudget({ tokensPerSuccess: 1 });

/** How requests are sent, in turn. */
const WAYS: readonly ((client: AxiosInstance, config: AxiosRequestConfig) => Promise<unknown>)[] = [
  (client, config) => client.get('/', config),
  (client, config) => client.put('/', { order: { id: 1, lines: ['a', 'b'] } }, config),
  (client, config) =>
    client.post('/', { id: 1 }, { ...config, retryPolicy: { idempotencyKey: true, timeBudget: 60_000 } }),
  async (client, config) => {
    // Not the failure that breaks off in the body: the caller has the stream by then.
    const headers = { 'x-fail': String(Number(config.headers?.['x-fail']) % 3) };
    const { data } = await client.get('/', { ...config, headers, responseType: 'stream' });
    for await (const _chunk of data);
  },
  (client, config) => client.get('/', { ...config, adapter: 'fetch' }),
  (client, config) => {
    // Some are held at the gate. Not many, because they take turns.
    const retryPolicy = Math.random() < 0.05 ? { patience: 5_000, budget: patientBudget } : {};
    return client.get('/', { ...config, retryPolicy });
  },
];

export async function soak({ requests, measurements, gc, onMeasured }: SoakOptions): Promise<Measurement[]> {
  let attempts = 0;
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      attempts++;
      const break_ = FAILURES[Number(request.headers['x-fail'])];
      if (request.headers['x-attempt'] === '1') break_?.(response);
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const httpAgent = new http.Agent({ keepAlive: true });
  const client = axios.create({
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    httpAgent,
    proxy: false,
  });
  attachRetry(client, {
    backoff: { initialDelay: 1 },
    patience: 0,
    attemptHeader: 'X-Attempt',
    budget: new RetryBudget({ maxTokens: 10 * CONCURRENCY }),
  });
  const { signal } = new AbortController();
  setMaxListeners(0, signal);

  const results: Measurement[] = [];
  try {
    let sent = 0;
    for (let round = 1; round <= measurements; round++) {
      const until = Math.round((requests * round) / measurements);
      const work = async () => {
        while (sent < until) {
          const headers = { 'x-fail': String(sent % FAILURES.length) };
          await WAYS[sent++ % WAYS.length]?.(client, { signal, headers });
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
      const measured = { requests: sent, attempts, ...(await measure(gc)), listeners: listenersOf(signal) };
      results.push(measured);
      onMeasured?.(measured);
    }
  } finally {
    httpAgent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return results;
}

async function measure(gc: () => void): Promise<Pick<Measurement, 'heap' | 'sockets' | 'timers'>> {
  // What was called back last has returned, and what was destroyed has closed.
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
  const heaps: number[] = [];
  // One collection does not free what finalizers, which run later, still hold: up to 2 MB of fetch's, now and then.
  for (let collections = 0; collections < 4; collections++) {
    gc();
    heaps.push(process.memoryUsage().heapUsed / 1_048_576);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const resources = process.getActiveResourcesInfo();
  const count = (type: string) => resources.filter((resource) => resource === type).length;
  return {
    heap: Math.min(...heaps),
    sockets: count('TCPSocketWrap'),
    timers: count('Timeout'),
  };
}

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;
