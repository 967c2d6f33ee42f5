/** `node --expose-gc wait-in-memory.mjs CASE COUNT`: prints how many bytes of heap that many waiting requests take. */
import { setTimeout as sleep } from 'node:timers/promises';
import axios, { AxiosError } from 'axios';
import axiosRetry from 'axios-retry';
import * as rax from 'retry-axios';
import { attachRetry } from './library.mjs';

const TEN_MINUTES = 600_000;
let answered = 0;
/** What an adapter holds on to while a request is on its way. */
const inFlight = [];

/** Refuses every request, as a server does that is down. */
function refusing(config) {
  answered++;
  const response = { data: '', status: 503, statusText: 'Service Unavailable', headers: {}, config };
  return Promise.reject(new AxiosError('status code 503', 'ERR_BAD_RESPONSE', config, {}, response));
}

function client(attach, config) {
  const made = axios.create({ baseURL: 'http://server.test', timeout: 10_000, adapter: refusing, ...config });
  attach?.(made);
  return made;
}

const CASES = {
  'in flight, bare axios': () =>
    client(undefined, { adapter: (config) => new Promise((resolve) => inFlight.push({ resolve, config })) }),
  'failed, its error kept': () => client(),
  'backoff, axios-retry-budget': () =>
    client((instance) =>
      attachRetry(instance, {
        backoff: () => TEN_MINUTES,
        patience: TEN_MINUTES,
      }),
    ),
  'held, axios-retry-budget': () =>
    client((instance) =>
      attachRetry(instance, {
        backoff: { initialDelay: 0 },
        patience: TEN_MINUTES,
        maxQueueTime: TEN_MINUTES,
        maxHeld: 1_000_000,
      }),
    ),
  'backoff, axios-retry': () =>
    client((instance) => axiosRetry(instance, { retryDelay: () => TEN_MINUTES, shouldResetTimeout: true })),
  'backoff, retry-axios': () =>
    client(rax.attach, { raxConfig: { backoffType: 'static', retryDelay: TEN_MINUTES } }),
};

const [name, count] = process.argv.slice(2);
const instance = CASES[name]();
const kept = [];
// The first requests fill caches and compile code, which no later one pays for.
await hold(50);
const before = heapUsed();
await hold(Number(count));
const used = heapUsed() - before;
if (answered + inFlight.length < Number(count))
  throw new Error(`only ${answered} of ${count} requests got as far as to wait`);
process.stdout.write(String(used));
process.exit();

/** Sends requests and keeps what a caller keeps: a promise, which must not settle, or (bare) the error. */
async function hold(requests) {
  for (let n = 0; n < requests; n++) {
    const pending = instance.get('/orders', { params: { page: n } });
    kept.push(pending.catch((error) => finished(error)));
  }
  await sleep(250);
}

function finished(error) {
  if (name !== 'failed, its error kept') throw new Error(`${name}: a request did not wait`, { cause: error });
  return error;
}

function heapUsed() {
  for (let round = 0; round < 3; round++) globalThis.gc();
  return process.memoryUsage().heapUsed;
}
