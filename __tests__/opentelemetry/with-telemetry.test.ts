import {
  type Attributes,
  type BatchObservableResult,
  type Context,
  type ContextManager,
  context,
  createContextKey,
  type DiagLogger,
  diag,
  type Meter,
  type MetricOptions,
  metrics,
  type MeterProvider as Provider,
  ROOT_CONTEXT,
  type Span,
} from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import axios, { type AxiosRequestConfig } from 'axios';
import { attachRetry, type OriginReport, RetryBudget, type RetryPolicy } from '../../lib';
import { observeOrigins, requestHook, type TelemetryOptions, withTelemetry } from '../../lib/opentelemetry';
import { errorType, methodAttribute, serverAttributes } from '../../lib/opentelemetry/attributes';
import { rejectionOf } from '../support/outcome';
import { type Step, stubAdapter } from '../support/stub-adapter';

const providers: MeterProvider[] = [];
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.shutdown();
});

function collector(temporality = AggregationTemporality.CUMULATIVE) {
  const exporter = new InMemoryMetricExporter(temporality);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  providers.push(provider);
  /** What was measured so far: value, or sum of a histogram, and attributes, by the name of the metric. */
  const points = async (name: string): Promise<[number, Attributes][]> => {
    exporter.reset();
    await provider.forceFlush();
    const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    return all
      .flatMap((scope) => scope.metrics)
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap((metric) => metric.dataPoints as { value: unknown; attributes: Attributes }[])
      .map(({ value, attributes }) => [(value as { sum?: number }).sum ?? (value as number), attributes]);
  };
  return { provider, meter: provider.getMeter('test'), points };
}

const SERVER = { 'server.address': 'orders.test', 'server.port': 443 };
const GET = { 'http.request.method': 'GET', ...SERVER };

function clientOf(policy: RetryPolicy, options: TelemetryOptions, ...steps: Step[]) {
  const { adapter } = stubAdapter(...steps);
  const client = axios.create({ adapter, baseURL: 'https://user:secret@orders.test/v1' });
  const retry = attachRetry(client, withTelemetry({ backoff: () => 2, ...policy }, options));
  return { client, retry };
}

test('a good call is counted, and nothing else is', async () => {
  const { meter, points } = collector();
  const { client } = clientOf({}, { meter });
  await client.get('/orders?secret=1');
  await client.get('/orders/2');
  expect(await points('axios.retry.calls')).toEqual([[2, { ...GET, outcome: 'succeeded' }]]);
  for (const name of ['retries', 'delay', 'held']) expect(await points(`axios.retry.${name}`)).toEqual([]);
});

test('retries and the waits before them, by who named them', async () => {
  const { meter, points } = collector();
  const named = { status: 503, headers: { 'retry-after-ms': '4' } };
  const { client } = clientOf({ patience: 0 }, { meter }, 'ECONNRESET', named);
  await client.get('/');
  expect(await points('axios.retry.retries')).toEqual([[2, GET]]);
  expect(await points('axios.retry.delay')).toEqual([
    [0.002, { ...GET, delay_source: 'backoff' }],
    // Two more than it was asked to wait: the backoff's own.
    [0.006, { ...GET, delay_source: 'retry-after-ms' }],
  ]);
});

test.each<[string, Step, RetryPolicy, AxiosRequestConfig, object]>([
  ['a status', 404, {}, {}, { outcome: 'not-retryable', 'error.type': '404' }],
  [
    'a code',
    'ECONNRESET',
    { maxRetries: 0 },
    {},
    { outcome: 'retries-exhausted', 'error.type': 'ECONNRESET' },
  ],
  [
    'a status that resolves',
    503,
    { maxRetries: 0 },
    { validateStatus: () => true },
    { outcome: 'retries-exhausted', 'error.type': '503' },
  ],
  [
    'an interceptor’s own error',
    () => Promise.reject(new TypeError('x is not a function')),
    {},
    {},
    { outcome: 'not-retryable', 'error.type': 'TypeError' },
  ],
  [
    'an unknown method',
    500,
    {},
    { method: 'brew' },
    { 'http.request.method': '_OTHER', 'error.type': '500' },
  ],
])('a call that is given up: %s', async (_name, step, policy, config, attributes) => {
  const { meter, points } = collector();
  const { client } = clientOf(policy, { meter }, step);
  await client.request({ url: '/', ...config }).catch(() => {});
  expect(await points('axios.retry.calls')).toMatchObject([[1, attributes]]);
});

test('the callbacks and the observer of the policy still run; a request’s own onSettled loses no measurement', async () => {
  const { meter, points } = collector();
  const policy = {
    onRetry: jest.fn(),
    onSettled: jest.fn(),
    observer: { settled: jest.fn(), run: jest.fn((_retry, send) => send()) },
  };
  const { client } = clientOf(policy, { meter, attributes: { client: 'orders' } }, 503);
  await client.get('/');
  for (const callback of [policy.onRetry, policy.onSettled, policy.observer.settled, policy.observer.run])
    expect(callback).toHaveBeenCalledTimes(1);
  const onSettled = jest.fn();
  await client.get('/', { retryPolicy: { onSettled } });
  expect(onSettled).toHaveBeenCalledTimes(1);
  expect(await points('axios.retry.calls')).toEqual([
    [2, { client: 'orders', ...GET, outcome: 'succeeded' }],
  ]);
});

test('the policy that it is made of is left as it is', () => {
  const policy = Object.freeze({ maxRetries: 1 });
  expect(withTelemetry(policy)).toEqual({ maxRetries: 1, observer: expect.anything() });
  expect(policy).toEqual({ maxRetries: 1 });
});

test('a provider that is registered after the client was made is used', async () => {
  const { client } = clientOf({}, {});
  await client.get('/');
  const { provider, points } = collector();
  metrics.setGlobalMeterProvider(provider as Provider);
  try {
    await client.get('/');
    await client.get('/');
  } finally {
    metrics.disable();
  }
  expect((await points('axios.retry.calls')).map(([value]) => value)).toEqual([2]);
});

test('a meter that throws does calls no harm, and is told of', async () => {
  const logger = { error: jest.fn() } as unknown as DiagLogger & { error: jest.Mock };
  diag.setLogger(logger);
  const broken = {
    add() {
      throw new Error('mine');
    },
  };
  const meter = { createCounter: () => broken, createHistogram: () => broken } as unknown as Meter;
  const { client } = clientOf({}, { meter });
  expect((await client.get('/')).status).toBe(200);
  expect(logger.error).toHaveBeenCalledWith(expect.stringContaining('axios-retry-budget'), new Error('mine'));
  diag.disable();
});

test('the failure that ends a call has no wait', async () => {
  const { meter, points } = collector();
  const { client } = clientOf({ patience: 0, maxRetries: 1 }, { meter }, 503, 503);
  await rejectionOf(client.get('/'));
  expect(await points('axios.retry.delay')).toEqual([[0.002, { ...GET, delay_source: 'backoff' }]]);
});

test('an observer that hears of no end is no trouble', async () => {
  const { meter, points } = collector();
  const { client } = clientOf({ observer: {} }, { meter });
  await client.get('/');
  expect(await points('axios.retry.calls')).toHaveLength(1);
});

test('thousands of servers are not all kept', async () => {
  const { meter, points } = collector();
  const { client } = clientOf({}, { meter });
  for (let n = 0; n < 1_001; n++) await client.get(`https://tenant-${n}.test/`);
  await client.get('https://tenant-0.test/');
  const first = (await points('axios.retry.calls')).find(
    ([, about]) => about['server.address'] === 'tenant-0.test',
  );
  expect(first?.[0]).toBe(2);
});

test('how long calls were held, where that was more than the time it takes to ask', async () => {
  const { meter, points } = collector();
  const { observer } = withTelemetry({}, { meter });
  for (const totalHeld of [0, 0.9, 1, 1_499, 500]) {
    const state = { outcome: 'succeeded', retries: 0, totalHeld, failures: [] };
    observer?.settled?.({ state, method: 'GET', origin: 'https://orders.test' } as never);
  }
  expect(await points('axios.retry.held')).toEqual([[2, GET]]);
});

test('the origins of an attached instance, until it ends', async () => {
  const { meter, points } = collector(AggregationTemporality.DELTA);
  const budget = new RetryBudget({ maxTokens: 5, refillPerSecond: 0 });
  const { client, retry } = clientOf({ budget, maxRetries: 1 }, { meter }, 503, 503);
  const end = observeOrigins(retry, { meter, attributes: { client: 'orders' } });
  expect(await points('axios.retry.origin.state')).toEqual([]);
  await rejectionOf(client.get('/'));
  const about = { client: 'orders', ...SERVER };
  expect(await points('axios.retry.tokens')).toEqual([[4, about]]);
  const states = await points('axios.retry.origin.state');
  expect(states).toEqual(
    ['well', 'failing', 'stalled', 'rate-limited', 'given-up'].map((state) => [
      state === 'failing' ? 1 : 0,
      { ...about, state },
    ]),
  );
  retry.reset();
  expect((await points('axios.retry.origin.state'))[0]).toEqual([1, { ...about, state: 'well' }]);
  end();
  expect(await points('axios.retry.origin.state')).toEqual([]);
});

test.each([
  ['https://a.test', { 'server.address': 'a.test', 'server.port': 443 }],
  ['http://a.test', { 'server.address': 'a.test', 'server.port': 80 }],
  ['http://[::1]:8080', { 'server.address': '::1', 'server.port': 8080 }],
  ['unix:/run/docker.sock', { 'server.address': '/run/docker.sock' }],
  ['app://local', { 'server.address': 'local' }],
  ['//user:secret@a.test', { 'server.address': 'a.test' }],
  ['unknown', { 'server.address': 'unknown' }],
])('the server of %s', (origin, attributes) => {
  expect(serverAttributes(origin)).toStrictEqual(attributes);
});

test('methods that there are keep their names', () => {
  const methods = 'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' ');
  expect(methods.map(methodAttribute)).toEqual(methods);
  expect(['get', 'BREW', ''].map(methodAttribute)).toEqual(['_OTHER', '_OTHER', '_OTHER']);
});

describe('the instruments', () => {
  const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

  function made(use: (meter: Meter) => void) {
    const seen: Record<string, { unit?: string; boundaries?: number[] }> = {};
    const create = (name: string, { description, unit, advice }: MetricOptions) => {
      expect(description).toMatch(/^[A-Z].{20,}\.$/);
      seen[name] = { ...(unit && { unit }), ...(advice && { boundaries: advice.explicitBucketBoundaries }) };
    };
    const meter = { createCounter: create, createHistogram: create, createObservableGauge: create };
    use({ ...meter, addBatchObservableCallback() {} } as unknown as Meter);
    return seen;
  }

  test('of calls say what they are, in what unit, and in which buckets', () => {
    expect(made((meter) => withTelemetry({}, { meter }))).toEqual({
      'axios.retry.calls': { unit: '{call}' },
      'axios.retry.retries': { unit: '{retry}', boundaries: [1, 2, 3, 4, 5, 10] },
      'axios.retry.delay': { unit: 's', boundaries: SECONDS },
      'axios.retry.held': { unit: 's', boundaries: SECONDS },
    });
  });

  test('of origins say what they are', () => {
    expect(made((meter) => observeOrigins({ origins: () => [] }, { meter }))).toEqual({
      'axios.retry.origin.state': {},
      'axios.retry.tokens': { unit: '{token}' },
    });
  });

  test('are those of a meter with this library’s name, made once for each provider', async () => {
    const counter = { add: jest.fn() };
    const meter = { createCounter: jest.fn(() => counter), createHistogram: jest.fn() };
    const provider = { getMeter: jest.fn((_name: string) => meter) };
    metrics.setGlobalMeterProvider(provider as unknown as Provider);
    const { client } = clientOf({}, {});
    try {
      await client.get('/');
      await client.get('/');
    } finally {
      metrics.disable();
    }
    expect(provider.getMeter.mock.calls).toEqual([['axios-retry-budget']]);
    expect(counter.add).toHaveBeenCalledTimes(2);
  });
});

describe('origins that are observed', () => {
  const report = (n: number) =>
    ({ origin: `https://tenant-${n}.test`, state: 'failing', held: 0, window: 1 }) as OriginReport;

  /** A meter that is asked by hand. */
  function collectorOf(origins: () => OriginReport[]) {
    const callbacks: ((result: BatchObservableResult) => void)[] = [];
    const meter = {
      createObservableGauge: (name: string) => name,
      addBatchObservableCallback: (callback: (result: BatchObservableResult) => void) =>
        void callbacks.push(callback),
    } as unknown as Meter;
    observeOrigins({ origins }, { meter });
    return () => {
      const observe = jest.fn();
      callbacks[0]?.({ observe });
      return observe.mock.calls as [name: string, value: unknown][];
    };
  }

  test('have no tokens where there is no budget', () => {
    const collect = collectorOf(() => [report(1)]);
    expect(collect().map(([name]) => name)).toEqual(Array(5).fill('axios.retry.origin.state'));
  });

  test.each([
    [10_000, 50_000],
    [10_001, 0],
  ])(
    'are told to be well again when they are forgotten, unless they were more than 10,000: %d',
    async (count, told) => {
      let reports = Array.from({ length: count }, (_, n) => report(n));
      const collect = collectorOf(() => reports);
      collect();
      reports = [];
      expect(collect()).toHaveLength(told);
    },
  );
});

describe('the span of a retry', () => {
  /** The least that keeps a context: synchronous. */
  class Contexts {
    #current = ROOT_CONTEXT;
    active = () => this.#current;
    with(current: Context, run: (...args: never[]) => unknown) {
      const before = this.#current;
      this.#current = current;
      try {
        return run() as never;
      } finally {
        this.#current = before;
      }
    }
    bind<T>(_context: Context, target: T) {
      return target;
    }
    enable = () => this;
    disable = () => this;
  }
  beforeEach(() => void context.setGlobalContextManager(new Contexts() as unknown as ContextManager));
  afterEach(() => context.disable());

  const attributesIn = (attempt?: object) => {
    const span = { setAttribute: jest.fn() };
    const hook = () => requestHook(span as unknown as Span);
    if (attempt) withTelemetry({}).observer?.run?.(attempt as never, hook as never);
    else hook();
    return span.setAttribute.mock.calls;
  };

  test('says which retry it is', () => {
    expect(attributesIn({ isOut: true, retry: 2 })).toEqual([['http.request.resend_count', 2]]);
  });

  test('is found by its name, so that two copies of this library share it', () => {
    const attempt = { isOut: true, retry: 2 };
    const send = () => context.active().getValue(createContextKey('axios-retry-budget.retry'));
    expect(withTelemetry({}).observer?.run?.(attempt, send)).toBe(attempt);
  });

  test('says nothing where it is that of something else', () => {
    expect([attributesIn({ isOut: false, retry: 2 }), attributesIn()]).toEqual([[], []]);
  });
});

test.each([undefined, null, 'text', { code: 5 }, { code: 'no such host: http://a.test/?secret=1' }])(
  'the type of %p thrown is no type',
  (error) => {
    expect(errorType({ error } as never)).toBe('_OTHER');
  },
);
