/** What node:diagnostics_channel and a policy's observer hear of calls over real HTTP. */
import diagnostics from 'node:diagnostics_channel';
import axios from 'axios';
import {
  attachRetry,
  type GateEvent,
  type RetryAttempt,
  type RetryEvent,
  type RetryObserver,
  type RetryPolicy,
  type SettledEvent,
} from '../../lib';
import { rejectionOf } from '../support/outcome';
import { type Answer, failing, servers } from '../support/server';

// Node before 20.16 has none, and an ES module is no main module that could be asked: docs/telemetry.md says this line.
(process as { getBuiltinModule?: unknown }).getBuiltinModule ??= () => diagnostics;

const start = servers();
const SOON: RetryPolicy = { backoff: { initialDelay: 2, jitter: 'none' } };

const unsubscribe: (() => void)[] = [];
afterEach(() => {
  for (const stop of unsubscribe.splice(0)) stop();
});

/** What is published from now on until the test ends. */
function hear<Event>(name: string): Event[] {
  const events: Event[] = [];
  const listener = (message: unknown) => events.push(message as Event);
  const channel = diagnostics.channel(`axios-retry-budget:${name}`);
  channel.subscribe(listener);
  unsubscribe.push(() => channel.unsubscribe(listener));
  return events;
}

async function clientOf(answer: Answer, policy: RetryPolicy = {}) {
  const { url } = await start(answer);
  const client = axios.create({ baseURL: url });
  return { url, client, retry: attachRetry(client, { ...SOON, ...policy }) };
}

describe('the channels', () => {
  test('retry and settled hear what onRetry and onSettled do, and where it went', async () => {
    const [retries, settled] = [hear<RetryEvent>('retry'), hear<SettledEvent>('settled')];
    const told: unknown[] = [];
    const note = (event: unknown) => told.push(event);
    const { client, url } = await clientOf(failing(503, 502), { onRetry: note, onSettled: note });
    const response = await client.post('/orders?secret=1', {}, { retryPolicy: { idempotencyKey: true } });
    expect([...retries, ...settled]).toEqual(told);
    expect(retries.map(({ retry, delay, error }) => [retry, delay, error.response?.status])).toEqual([
      [1, 2, 503],
      [2, 4, 502],
    ]);
    expect(settled.map(({ state, response }) => [state.outcome, response])).toEqual([
      ['succeeded', response],
    ]);
    for (const event of [...retries, ...settled]) {
      expect(event).toMatchObject({ method: 'POST', origin: url });
      expect(JSON.parse(JSON.stringify(event))).toMatchObject({ method: 'POST', origin: url });
      expect(JSON.stringify(event)).not.toContain('secret');
    }
  });

  test('settled hears of calls without retries, and of those that are given up', async () => {
    const settled = hear<SettledEvent>('settled');
    const { client } = await clientOf(failing(404));
    const error = await rejectionOf(client.get('/'));
    await client.get('/');
    expect(settled.map(({ state, error }) => [state.outcome, error])).toEqual([
      ['not-retryable', error],
      ['succeeded', undefined],
    ]);
  });

  test('settled hears of a call whose onGiveUp throws', async () => {
    const settled = hear<SettledEvent>('settled');
    const onGiveUp = () => {
      throw new Error('mine');
    };
    const { client } = await clientOf(failing(404), { onGiveUp });
    await expect(client.get('/')).rejects.toThrow('mine');
    expect(settled).toHaveLength(1);
  });

  test('gate hears when an origin is in another state, once', async () => {
    const heard = hear<GateEvent>('gate');
    const { client, url, retry } = await clientOf(failing(503, 503, 503));
    await client.get('/');
    await client.get('/');
    expect(heard.map(({ origin, previous, state }) => [origin, previous, state])).toEqual([
      [url, 'well', 'failing'],
      [url, 'failing', 'well'],
    ]);
    expect(heard.every(({ held, window }) => held === 0 && window > 0)).toBe(true);
    expect(retry.origins()).toMatchObject([{ state: 'well' }]);
  });

  test('gate hears that patience is over', async () => {
    const heard = hear<GateEvent>('gate');
    const { client } = await clientOf((_request, response) => response.writeHead(503).end(), {
      patience: 60,
      maxRetries: 20,
    });
    await rejectionOf(client.get('/'));
    expect(heard.map(({ state }) => state)).toEqual(['failing', 'given-up']);
  });

  test('a good call tells nothing of a gate', async () => {
    const heard = hear<GateEvent>('gate');
    const { client } = await clientOf(failing());
    await client.get('/');
    expect(heard).toEqual([]);
  });
});

describe('an observer', () => {
  test('hears of every end, beside the callbacks, and runs every retry', async () => {
    const ends: string[] = [];
    const runs: RetryAttempt[] = [];
    const observer: RetryObserver = {
      settled: ({ state, method, origin }) => void ends.push(`${method} ${origin} ${state.outcome}`),
      run(retry, send) {
        runs.push(retry);
        return send();
      },
    };
    const { client, url } = await clientOf(failing(503, 503, 200, 404), { observer });
    const onSettled = jest.fn();
    await client.get('/', { retryPolicy: { onSettled } });
    await rejectionOf(client.put('/'));
    expect(ends).toEqual([`GET ${url} succeeded`, `PUT ${url} not-retryable`]);
    expect(onSettled).toHaveBeenCalledTimes(1);
    expect(runs.map(({ retry, isOut }) => [retry, isOut])).toEqual([
      [1, false],
      [2, false],
    ]);
  });

  test('runs retries that have a time budget as well', async () => {
    const run = jest.fn((_retry: RetryAttempt, send: () => unknown) => send());
    const { client } = await clientOf(failing(503), {
      timeBudget: 60_000,
      observer: { run: run as NonNullable<RetryObserver['run']> },
    });
    await client.get('/');
    expect(run).toHaveBeenCalledTimes(1);
  });

  test('knows whether a retry is with the adapter', async () => {
    const seen: unknown[] = [];
    let attempt: RetryAttempt | undefined;
    const note = (where: string) => attempt && seen.push([where, attempt.isOut]);
    const { url } = await start((_request, response, count) => {
      note('server');
      response.writeHead(count === 1 ? 503 : 200).end();
    });
    const client = axios.create({ baseURL: url });
    client.interceptors.request.use((config) => {
      note('request interceptor');
      return config;
    });
    client.interceptors.response.use((response) => {
      note('response interceptor');
      return response;
    });
    const observer: RetryObserver = {
      run(retry, send) {
        attempt = retry;
        return send();
      },
    };
    attachRetry(client, { ...SOON, observer });
    await client.get('/');
    expect(seen).toEqual([
      ['request interceptor', false],
      ['server', true],
      ['response interceptor', false],
    ]);
  });

  test('does a call no harm by throwing', async () => {
    const settled = () => {
      throw new Error('mine');
    };
    const { client } = await clientOf(failing(), { observer: { settled } });
    expect((await client.get('/')).status).toBe(200);
  });
});
