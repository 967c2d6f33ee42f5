/**
 * Once a call has settled, nothing of it is sent any more, whichever part of an attempt's chain was slow.
 */
import axios, { type AxiosAdapter, type InternalAxiosRequestConfig } from 'axios';
import { type AttachedRetry, attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { deferred, rejectionOf } from '../support/outcome';
import { failing, servers } from '../support/server';
import { stoppableClock } from '../support/stoppable-clock';

const start = servers();
const { stop, freezeAt, pass, until, settling } = stoppableClock();
beforeEach(stop);

/** What ends the call while its second attempt is on the way to the adapter. */
type End = {
  by: string;
  policy?: RetryPolicy;
  end?(of: { controller: AbortController; retry: AttachedRetry }): void;
};

const ENDS: End[] = [
  { by: 'an abort', end: ({ controller }) => controller.abort() },
  { by: 'the time budget', policy: { timeBudget: 30_000 } },
];

/** A client whose second attempt is held in one phase until the call has settled. */
async function heldIn(phase: 'request interceptor' | 'transform' | 'adapter', { policy, end }: End) {
  const server = await start(failing(503));
  const released = deferred();
  const client = axios.create({ baseURL: server.url });
  const controller = new AbortController();
  let runs = 0;
  const hold = async () => {
    if (++runs !== 2) return;
    await released.promise;
  };
  if (phase === 'request interceptor') {
    client.interceptors.request.use(async (config) => {
      await hold();
      return config;
    });
  }
  if (phase === 'transform') {
    // Transforms are synchronous: it ends the call, or lets its time pass, and goes on.
    client.defaults.transformRequest = [
      (data) => {
        if (++runs === 2) {
          end?.({ controller, retry });
          // What is synchronous lets no timer fire.
          freezeAt(performance.now() + (policy?.timeBudget ?? 0));
        }
        return JSON.stringify(data);
      },
    ];
  }
  if (phase === 'adapter') {
    const send = axios.getAdapter('http') as AxiosAdapter;
    client.defaults.adapter = async (config: InternalAxiosRequestConfig) => {
      await hold();
      // As adapters do that ask for a token first.
      (config.signal as AbortSignal | undefined)?.throwIfAborted();
      return send(config);
    };
  }
  const retry = attachRetry(client, { patience: 0, backoff: () => 0, idempotencyKey: true, ...policy });
  const call = rejectionOf(client.post('/', { order: 1 }, { signal: controller.signal }));
  await until(() => runs >= 2);
  if (phase !== 'transform') {
    end?.({ controller, retry });
    if (policy?.timeBudget) await pass(policy.timeBudget);
  }
  return { server, call, released };
}

describe.each(['request interceptor', 'transform', 'adapter'] as const)(
  'a second attempt that is held up in a %s',
  (phase) => {
    test.each(ENDS)('is not sent after $by has ended the call', async (ending) => {
      const { server, call, released } = await heldIn(phase, ending);

      // An abort is heard where axios asks for it: when the interceptor lets go.
      if (ending.policy === undefined) released.fulfil();
      const error = await call;
      released.fulfil();
      await pass(50);

      expect(retryStateOf(error)?.outcome).toBe(ending.policy ? 'time-budget-exceeded' : 'aborted');
      expect(server.requests).toHaveLength(1);
    });
  },
);

test('a first attempt whose request interceptors outlast the time budget is not sent', async () => {
  const server = await start(failing());
  const client = axios.create({ baseURL: server.url });
  client.interceptors.request.use(async (config) => {
    await pass(60);
    return config;
  });
  attachRetry(client, { timeBudget: 30, idempotencyKey: true });

  const error = await rejectionOf(client.post('/', {}));

  expect(error.code).toBe('ETIMEDOUT');
  expect(server.requests).toHaveLength(0);
});

test('a detach ends a wait at once, and the attempt that it waited for is not sent', async () => {
  const server = await start(failing(503));
  const client = axios.create({ baseURL: server.url });
  const retry = attachRetry(client, {
    backoff: () => 20,
    onRetry: () => void setImmediate(() => retry.detach()),
  });

  const error = await settling(rejectionOf(client.get('/')));
  await pass(50);

  expect(retryStateOf(error)?.outcome).toBe('detached');
  expect(server.requests).toHaveLength(1);
});

test('a detach leaves an attempt that is on its way to end by itself, and its answer counts', async () => {
  const server = await start(failing(503));
  const client = axios.create({ baseURL: server.url });
  const released = deferred();
  let runs = 0;
  client.interceptors.request.use(async (config) => {
    if (++runs === 2) {
      await released.promise;
    }
    return config;
  });
  const retry = attachRetry(client, { patience: 0, backoff: () => 0 });
  const call = client.get('/');
  await until(() => runs >= 2);
  retry.detach();
  released.fulfil();

  expect(retryStateOf(await call)).toMatchObject({ outcome: 'succeeded', attempts: 2 });
  expect(server.requests).toHaveLength(2);
});
