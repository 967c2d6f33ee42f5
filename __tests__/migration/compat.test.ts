import http from 'node:http';
import { Readable } from 'node:stream';
import { AxiosError, type AxiosInstance, type AxiosRequestConfig } from 'axios';
import * as theirModule from 'axios-retry';
import axiosRetry, { type IAxiosRetryConfig } from 'axios-retry';
import { RetryBudget, retryStateOf } from '../../lib';
import * as ourModule from '../../lib/compat';
import { type Answer, failing } from '../support/server';
import { guide } from './guide';
import {
  type Act,
  abortedInTheWait,
  always,
  bodiesOf,
  cancelledInTheWait,
  cutOff,
  gapsOf,
  get,
  inTheWait,
  type Observation,
  once,
  post,
  put,
  requestsOf,
  reset,
  sideBySide,
  silent,
  soon,
} from './side-by-side';

const ours = ourModule.default;
type Library = typeof axiosRetry | typeof ours;

/** Options for one of the two libraries; what they `note` is compared. */
type Options =
  | IAxiosRetryConfig
  | ((note: (...seen: unknown[]) => void, library: Library) => IAxiosRetryConfig);

/** Attaches both with the same options, and does something before and after. */
function both(options: Options = {}, around: { before?: Around; after?: Around } = {}) {
  const notes: Record<'theirs' | 'ours', unknown[]> = { theirs: [], ours: [] };
  const attaching = (library: Library, noted: unknown[]) => (client: AxiosInstance) => {
    const note = (...seen: unknown[]) => void noted.push(seen.length === 1 ? seen[0] : seen);
    around.before?.(client, note);
    library(client, typeof options === 'function' ? options(note, library) : options);
    around.after?.(client, note);
  };
  return {
    notes,
    policies: { theirs: attaching(axiosRetry, notes.theirs), ours: attaching(ours, notes.ours) },
  };
}
type Around = (client: AxiosInstance, note: (...seen: unknown[]) => void) => unknown;

/** What is to be the same: what the server got, what the caller got, what callbacks were told. */
function summary({ requests, value, error }: Observation<unknown>, notes: unknown[]) {
  const answer = (value ?? error) as { config?: AxiosRequestConfig; status?: number; data?: unknown };
  const { retries, retryCount, lastRequestTime } = answer?.config?.['axios-retry'] ?? {};
  return {
    requests: requests.map(({ method, url, body, headers }) => {
      return {
        method,
        url,
        body: body.toString(),
        type: headers['content-type'],
        auth: headers.authorization,
      };
    }),
    outcome: answer?.config ? { status: answer.status, data: answer.data } : value,
    error: error && {
      name: error.name,
      message: error.message,
      code: error.code,
      status: error.response?.status,
    },
    state: { retries, retryCount, lastRequestTime: typeof lastRequestTime },
    notes,
  };
}

/** Does the same with both, and expects the same of both. @returns what it was */
async function sameOf(answer: Answer, options: Options, act: Act<unknown> = get, around = {}) {
  const { notes, policies } = both(options, around);
  const seen = await sideBySide(answer, policies, act);
  const theirs = summary(seen.theirs, notes.theirs);
  expect(summary(seen.ours, notes.ours)).toEqual(theirs);
  return { ...theirs, count: theirs.requests.length, gaps: [gapsOf(seen.theirs), gapsOf(seen.ours)] };
}

/** Milliseconds of each wait that was asked for meanwhile, whatever became of it. */
async function waitsOf(act: () => Promise<unknown>): Promise<unknown[]> {
  const timers = jest.spyOn(globalThis, 'setTimeout');
  await act();
  const waits = timers.mock.calls.map(([, ms]) => ms);
  timers.mockRestore();
  return waits.filter((ms) => Number(ms) > 0);
}

const whole: Act<unknown> = (client) => client.get('/');
const withOptions =
  (options: IAxiosRetryConfig): Act<unknown> =>
  (client) =>
    client.get('/', { 'axios-retry': options });
const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
/** Each failure comes after that many milliseconds. */
const slowly =
  (ms: number, answer: Answer): Answer =>
  (...request) =>
    setTimeout(() => answer(...request), ms);
const resets =
  (times: number): Answer =>
  (request, response, count) =>
    count <= times ? reset(request, response, count) : response.end('{"ok":true}');

guide(
  'axios-retry',
  ({ same, claim }) => {
    test('the same names are exported, and stand on the function', () => {
      expect(Object.keys(ourModule).sort()).toEqual(Object.keys(theirModule).sort());
      expect(Object.keys(ours).sort()).toEqual(
        Object.keys(axiosRetry)
          .filter((name) => name !== 'default')
          .sort(),
      );
    });

    same('A good response resolves, with `config["axios-retry"]` on it', async () => {
      expect(await sameOf(failing(), { retries: 0 }, whole)).toMatchObject({
        count: 1,
        outcome: { status: 200 },
        state: { retries: 0, retryCount: 0, lastRequestTime: 'number' },
      });
    });

    same('`retries` is 3 by default, 0 is none, and Infinity and fractions are taken', async () => {
      expect((await sameOf(always(503), {})).count).toBe(4);
      expect((await sameOf(always(503), { retries: 0 })).count).toBe(1);
      expect((await sameOf(always(503), { retries: -1 })).count).toBe(1);
      expect((await sameOf(always(503), { retries: 1.5 })).count).toBe(3);
      expect((await sameOf(always(503), { retries: undefined as never })).count).toBe(1);
      expect(
        (await sameOf(failing(...Array(9).fill(503)), { retries: Number.POSITIVE_INFINITY })).count,
      ).toBe(10);
    });

    same('It is retried until it succeeds, and `retryCount` says how often', async () => {
      const seen = await sameOf(failing(503, 503), { retries: 4 }, whole);
      expect(seen).toMatchObject({ count: 3, state: { retries: 4, retryCount: 2 } });
    });

    same('The error is the last attempt’s, with `retryCount` on its config', async () => {
      const seen = await sameOf(failing(503, 500, 502), { retries: 2 }, whole);
      expect(seen).toMatchObject({ count: 3, error: { status: 502 }, state: { retryCount: 2 } });
    });

    same('500 to 599 and 429 are retried, 400 to 428 are not', async () => {
      for (const status of [429, 500, 501, 505, 599])
        expect((await sameOf(failing(status), {})).count).toBe(2);
      for (const status of [400, 401, 404, 408, 425])
        expect((await sameOf(failing(status), {})).count).toBe(1);
    });

    same(
      'After a status GET, HEAD, OPTIONS, PUT and DELETE are retried, POST and PATCH are not',
      async () => {
        const count = async (method: string) =>
          (await sameOf(failing(503), {}, (client) => client.request({ method, url: '/' }))).count;
        for (const method of ['get', 'head', 'options', 'put', 'delete']) expect(await count(method)).toBe(2);
        for (const method of ['post', 'patch']) expect(await count(method)).toBe(1);
      },
    );

    same('After a reset connection every method is retried', async () => {
      expect((await sameOf(reset, {})).count).toBe(4);
      expect((await sameOf(reset, {}, post)).count).toBe(4);
    });

    same('A host that is not found: GET is retried, POST is not', async () => {
      const refuse = (method: string) => async (client: AxiosInstance) =>
        client.request({ method, url: 'http://nowhere.invalid/' });
      const options: Options = (note) => ({ onRetry: (count, { code }) => note(count, code) });
      expect((await sameOf(silent, options, refuse('get'))).notes).toHaveLength(3);
      expect((await sameOf(silent, options, refuse('post'))).notes).toHaveLength(0);
    });

    same('A code that nobody knows is worth a retry', async () => {
      const adapter = async (config: AxiosRequestConfig) => {
        throw new AxiosError('odd', 'EODD', config as never, {});
      };
      const seen = await sameOf(
        silent,
        (note) => ({ onRetry: (count) => note(count) }),
        (client) => client.post('/', {}, { adapter }),
      );
      expect(seen.notes).toEqual([1, 2, 3]);
    });

    same('axios’ own timeout is not retried', async () => {
      const seen = await sameOf(silent, {}, (client) => client.get('/', { timeout: 100 }));
      expect(seen).toMatchObject({ count: 1, error: { code: 'ECONNABORTED' } });
    });

    same('A response that was cut off is not retried', async () => {
      expect((await sameOf(cutOff, {})).count).toBe(1);
    });

    same('`retryCondition` gets the error, and decides, whatever the method and the status', async () => {
      const options: Options = (note) => ({
        retryCondition: ({ response, message }) => {
          note(response?.status, message);
          return response?.status === 418;
        },
      });
      expect((await sameOf(failing(418, 418), options, post)).count).toBe(3);
      expect((await sameOf(failing(503), options)).count).toBe(1);
    });

    same('`retryCondition` is not asked when no retry is left', async () => {
      const seen = await sameOf(always(503), (note) => ({
        retries: 2,
        retryCondition: () => {
          note('asked');
          return true;
        },
      }));
      expect(seen.notes).toEqual(['asked', 'asked']);
    });

    same('A promise from `retryCondition` is awaited: false is no, anything else yes', async () => {
      expect((await sameOf(failing(503), { retryCondition: async () => true })).count).toBe(2);
      expect((await sameOf(failing(503), { retryCondition: async () => false })).count).toBe(1);
      const nothing = (async () => {}) as unknown as () => Promise<boolean>;
      expect((await sameOf(failing(503), { retryCondition: nothing })).count).toBe(2);
    });

    same('A promise that is rejected is no, and the error is the request’s', async () => {
      const seen = await sameOf(failing(503), { retryCondition: () => Promise.reject() });
      expect(seen).toMatchObject({ count: 1, error: { status: 503 } });
    });

    same('Without a promise what counts is whether it is true-ish; null is yes', async () => {
      const answering = (value: unknown) => ({ retryCondition: () => value as boolean });
      for (const value of [0, '', undefined])
        expect((await sameOf(failing(503), answering(value))).count).toBe(1);
      for (const value of [1, 'yes', null, {}])
        expect((await sameOf(failing(503), answering(value))).count).toBe(2);
    });

    same('What `retryCondition` throws reaches the caller', async () => {
      const seen = await sameOf(failing(503), {
        retryCondition: () => {
          throw new Error('condition');
        },
      });
      expect(seen).toMatchObject({ count: 1, error: { message: 'condition' } });
    });

    same('By default there is no delay, but for Retry-After in seconds or as a date', async () => {
      expect(await waitsOf(() => sameOf(failing(503), {}))).toEqual([]);
      const seconds = await sameOf(once(503, { 'retry-after': '1' }), {});
      for (const [first = 0] of seconds.gaps) {
        expect(first).toBeGreaterThanOrEqual(990);
        expect(first).toBeLessThan(1_900);
      }
      for (const [first = 0] of (await sameOf(soon, {})).gaps) expect(first).toBeGreaterThanOrEqual(290);
    });

    same('`retryDelay` gets the number of the retry, from 1, and the error', async () => {
      const seen = await sameOf(failing(503, 500, 503), (note) => ({
        retryDelay: (count, { response }) => {
          note(count, response?.status);
          return 40 * count;
        },
      }));
      expect(seen.notes).toEqual([
        [1, 503],
        [2, 500],
        [3, 503],
      ]);
      for (const [first = 0, second = 0, third = 0] of seen.gaps) {
        expect(first).toBeGreaterThanOrEqual(39);
        expect(second).toBeGreaterThanOrEqual(79);
        expect(third).toBeGreaterThanOrEqual(119);
      }
    });

    same('A delay that is no number is none', async () => {
      for (const delay of [undefined, Number.NaN, -5, Promise.resolve(5_000)]) {
        const waits = await waitsOf(async () => {
          const { count } = await sameOf(failing(503), { retryDelay: () => delay as number });
          expect(count).toBe(2);
        });
        expect(waits).toEqual([]);
      }
    });

    same('`exponentialDelay` and `linearDelay`, Retry-After included', async () => {
      const response = (value: string) => ({ response: { headers: { 'retry-after': value } } }) as never;
      const delays = (library: typeof theirModule | typeof ourModule) => {
        jest.spyOn(Math, 'random').mockReturnValue(0.5);
        const { exponentialDelay, linearDelay, retryAfter } = library;
        const seen = [0, 1, 2, 9].flatMap((retry) => [
          exponentialDelay(retry),
          exponentialDelay(retry, undefined, 20),
          exponentialDelay(retry, response('3')),
          linearDelay()(retry, undefined),
          linearDelay(70)(retry, response('0.9')),
        ]);
        const named = ['', '0', '3', '0.9', '-4', 'soon', 'Mon, 01 Jan 1990 00:00:00 GMT'];
        const all = [...seen, exponentialDelay(), ...named.map((value) => retryAfter(response(value)))];
        jest.restoreAllMocks();
        return [...all, retryAfter(), retryAfter(new AxiosError('no response'))];
      };
      expect(delays(ourModule)).toEqual(delays(theirModule));
      expect(ourModule.DEFAULT_OPTIONS.retryDelay(1, response('2'))).toBe(2_000);
      const date = new Date(Date.now() + 60_000).toUTCString();
      expect(ourModule.retryAfter(response(date))).toBeCloseTo(theirModule.retryAfter(response(date)), -2);
    });

    same('`timeout` is for all attempts together, and the last one times out when it is over', async () => {
      const resetOnce = slowly(500, (request, response, count) => {
        if (count === 1) reset(request, response, count);
      });
      const seen = await sideBySide(resetOnce, both().policies, (client) =>
        client.get('/', { timeout: 1_000 }),
      );
      for (const { error, elapsed, requests } of [seen.theirs, seen.ours]) {
        expect(error.code).toBe('ECONNABORTED');
        const [, left] = /^timeout of (\d+(?:\.\d+)?)ms exceeded$/.exec(error.message) ?? [];
        expect(Number(left)).toBeLessThanOrEqual(500);
        expect(requests).toHaveLength(2);
        expect(elapsed).toBeLessThan(1_490);
      }
    });

    same('A retry for which too little is left of `timeout` is not made, and counts', async () => {
      const options: Options = (note) => ({
        retryDelay: (count) => 450 * count,
        onRetry: (count) => note('retry', count),
        onMaxRetryTimesExceeded: () => note('exceeded'),
        retries: 2,
      });
      const seen = await sameOf(always(503), options, (client) => client.get('/', { timeout: 1_200 }));
      expect(seen).toMatchObject({ count: 2, error: { status: 503 }, notes: [['retry', 1]] });
      const { policies } = both(options);
      const { theirs, ours } = await sideBySide(always(503), policies, (client) =>
        client.get('/', { timeout: 1_200 }),
      );
      for (const { error } of [theirs, ours]) expect(error.config['axios-retry'].retryCount).toBe(2);
      expect(retryStateOf(ours.error)?.outcome).toBe('time-budget-exceeded');
    });

    same('With `shouldResetTimeout` each attempt has all of it', async () => {
      const seen = await sameOf(slowly(600, resets(2)), { shouldResetTimeout: true }, (client) =>
        client.get('/', { timeout: 1_000, validateStatus: () => true }),
      );
      expect(seen).toMatchObject({ count: 3, outcome: { status: 200 } });
    });

    same('The body arrives as it did the first time', async () => {
      const seen = await sameOf(failing(503, 503), {}, put);
      expect(seen.requests.map(({ body }) => body)).toEqual(Array(3).fill('{"a":1}'));
      const stringify = { transformRequest: [(data: unknown) => JSON.stringify(data)] };
      const posted = await sameOf(resets(1), {}, (client) => client.post('/', { a: 'b' }, stringify));
      expect(posted.requests.map(({ body }) => body)).toEqual(['{"a":"b"}', '{"a":"b"}']);
    });

    same('Agents of the instance’s, circular ones too, stay in use', async () => {
      for (const key of ['agent', 'httpAgent']) {
        const circular: { self?: unknown } = {};
        circular.self = circular;
        const agent = Object.assign(new http.Agent({ keepAlive: true }), { circular });
        const seen = await sameOf(failing(503), {}, get, {
          before: ({ defaults }: AxiosInstance) => Object.assign(defaults, { [key]: agent }),
        });
        expect(seen.count).toBe(2);
        agent.destroy();
      }
    });

    same(
      '`config["axios-retry"]` overrides the instance’s options, also from `instance.defaults`',
      async () => {
        expect((await sameOf(failing(503, 503), { retries: 0 }, withOptions({ retries: 2 }))).count).toBe(3);
        const before: Around = (client) => Object.assign(client.defaults, { 'axios-retry': { retries: 1 } });
        expect((await sameOf(always(503), {}, get, { before })).count).toBe(2);
      },
    );

    same('A request interceptor may say it, registered before or after', async () => {
      const saying: Around = (client) =>
        client.interceptors.request.use((config) => {
          config['axios-retry'] ??= { retries: 1 };
          return config;
        });
      expect((await sameOf(always(503), {}, get, { after: saying })).count).toBe(2);
      const insisting: Around = (client) =>
        client.interceptors.request.use((config) => {
          Object.assign(config['axios-retry'] as object, { retries: 5, retryCondition: () => true });
          return config;
        });
      expect((await sameOf(always(404), {}, get, { before: insisting })).count).toBe(6);
    });

    same('`onRetry` gets the number, the error and the config', async () => {
      const seen = await sameOf(always(503), (note) => ({
        retries: 2,
        onRetry: (count, error, config) =>
          note(count, error.response?.status, config.method, config === error.config),
      }));
      expect(seen.notes).toEqual([
        [1, 503, 'get', true],
        [2, 503, 'get', true],
      ]);
    });

    same('`onRetry` of a request’s own is called in place of the instance’s', async () => {
      const notes: unknown[] = [];
      const seen = await sameOf(
        always(503),
        (note) => ({ retries: 2, onRetry: () => note('instance') }),
        withOptions({ onRetry: (count) => void notes.push(count) }),
      );
      expect(seen.notes).toEqual([]);
      expect(notes.sort()).toEqual([1, 1, 2, 2]);
    });

    same('`onRetry` is awaited', async () => {
      const { count, gaps } = await sameOf(failing(503), { onRetry: () => later(100) });
      expect(count).toBe(2);
      for (const [first = 0] of gaps) expect(first).toBeGreaterThanOrEqual(99);
    });

    same('What `onRetry` throws, or its promise rejects with, reaches the caller', async () => {
      const thrower = () => {
        throw new Error('onRetry');
      };
      for (const onRetry of [thrower, async () => thrower()]) {
        expect(await sameOf(always(503), { onRetry })).toMatchObject({
          count: 1,
          error: { message: 'onRetry' },
        });
      }
    });

    same(
      'What `onRetry` changes on the config, or on `error.config`, goes with all attempts to come',
      async () => {
        const onRetry: IAxiosRetryConfig['onRetry'] = (count, error, config) => {
          if (count === 1)
            config.headers = Object.assign(config.headers ?? {}, { Authorization: 'Bearer new' });
          if (count === 2) Object.assign(error.config ?? {}, { url: '/elsewhere', data: '{"a":2}' });
        };
        const seen = await sameOf(failing(503, 503, 503), { onRetry }, (client) =>
          client.put('/', { a: 1 }, { headers: { Authorization: 'Bearer old' } }),
        );
        expect(seen.requests.map(({ url, auth, body }) => [url, auth, body])).toEqual([
          ['/', 'Bearer old', '{"a":1}'],
          ['/', 'Bearer new', '{"a":1}'],
          ['/elsewhere', 'Bearer new', '{"a":2}'],
          ['/elsewhere', 'Bearer new', '{"a":2}'],
        ]);
      },
    );

    same('A host that `onRetry` puts in gets the same credentials', async () => {
      const seen = await sameOf(
        failing(503, 503),
        {
          onRetry: (_count, _error, config) => {
            config.baseURL = String(config.baseURL).replace('127.0.0.1', 'localhost');
          },
        },
        (client) => client.get('/', { auth: { username: 'a', password: 'b' } }),
      );
      expect(new Set(seen.requests.map(({ auth }) => auth))).toEqual(new Set(['Basic YTpi']));
      expect(seen.count).toBe(3);
    });

    same('`onMaxRetryTimesExceeded` gets the last error and the number of retries', async () => {
      const options: Options = (note) => ({
        retries: 2,
        onMaxRetryTimesExceeded: (error, count) => note(error.response?.status, count),
      });
      expect((await sameOf(always(503), options)).notes).toEqual([[503, 2]]);
      expect((await sameOf(failing(503, 503, 404), options)).notes).toEqual([[404, 2]]);
      expect((await sameOf(failing(404), options)).notes).toEqual([]);
      expect((await sameOf(failing(503), options)).notes).toEqual([]);
    });

    same('With no retries at all it is called for any error', async () => {
      const options: Options = (note) => ({
        retries: 0,
        onMaxRetryTimesExceeded: (error, count) => note(error.response?.status, count),
      });
      expect((await sameOf(failing(404), options)).notes).toEqual([[404, 0]]);
      expect(
        (await sameOf(failing(503), options, (client) => client.put('/', Readable.from(['x'])))).notes,
      ).toHaveLength(1);
    });

    same('It is awaited, and what it throws, or rejects with, reaches the caller', async () => {
      const custom = new Error('custom');
      for (const onMaxRetryTimesExceeded of [
        () => {
          throw custom;
        },
        () => later(20).then(() => Promise.reject(custom)),
      ]) {
        const seen = await sameOf(always(503), { retries: 1, onMaxRetryTimesExceeded });
        expect(seen).toMatchObject({ count: 2, error: { message: 'custom' } });
      }
    });

    same('`validateResponse` decides what is good, whatever the status', async () => {
      const options: IAxiosRetryConfig = { validateResponse: ({ status }) => status === 404 };
      expect(await sameOf(failing(404), options, whole)).toMatchObject({
        count: 1,
        outcome: { status: 404 },
      });
      expect(await sameOf(failing(503, 404), options, whole)).toMatchObject({
        count: 2,
        outcome: { status: 404 },
      });
      expect(await sameOf(failing(), options, whole)).toMatchObject({
        count: 1,
        error: { message: 'Request failed with status code 200' },
      });
    });

    same(
      'A response that it refuses is retried as `retryCondition` says, and is the error in the end',
      async () => {
        const busy: Answer = (_request, response, count) =>
          response.writeHead(200, { 'content-type': 'application/json' }).end(`{"busy":${count < 3}}`);
        const options: Options = (note) => ({
          validateResponse: ({ data }) => !data.busy,
          retryCondition: ({ response }) => {
            note('asked');
            return Boolean((response?.data as { busy?: boolean } | undefined)?.busy);
          },
          onMaxRetryTimesExceeded: (error, count) => note(error.response?.data, count),
        });
        expect(await sameOf(busy, options)).toMatchObject({ count: 3, outcome: { busy: false } });
        const given = await sameOf(busy, options, withOptions({ retries: 1 }));
        expect(given).toMatchObject({ count: 2, error: { message: 'Request failed with status code 200' } });
        for (const status of [400, 503]) {
          const seen = await sameOf(failing(status), { validateResponse: () => false, retries: 0 });
          expect(seen.error.status).toBe(status);
        }
      },
    );

    same('The predicates, of every kind of error', async () => {
      const errors = [undefined, 200, 302, 400, 404, 408, 429, 499, 500, 503, 599, 600].flatMap((status) =>
        [
          undefined,
          'ECONNABORTED',
          'ERR_CANCELED',
          'ECONNRESET',
          'ETIMEDOUT',
          'ENOTFOUND',
          'CERT_HAS_EXPIRED',
          'HOSTNAME_MISMATCH',
          'CRL_HAS_EXPIRED',
          'EODD',
        ].flatMap((code) =>
          [undefined, 'get', 'head', 'options', 'put', 'delete', 'post', 'patch', 'GET', 'query'].map(
            (method) => {
              const error = new AxiosError(
                'error',
                code,
                method === undefined ? undefined : ({ method } as never),
              );
              if (status !== undefined) Object.assign(error, { response: { status } });
              return error;
            },
          ),
        ),
      );
      const named = ({ ...predicates }: typeof theirModule | typeof ourModule) =>
        [
          predicates.isNetworkError,
          predicates.isRetryableError,
          predicates.isSafeRequestError,
          predicates.isIdempotentRequestError,
          predicates.isNetworkOrIdempotentRequestError,
        ] as ((error: AxiosError) => boolean)[];
      for (const [index, predicate] of named(theirModule).entries()) {
        const answers = errors.map(predicate);
        expect(errors.map(named(ourModule)[index] as typeof predicate)).toEqual(answers);
        expect(new Set(answers).size).toBe(2);
      }
      expect({ ...ours }).toMatchObject({ isNetworkError: ourModule.isNetworkError });
      expect(ourModule.isNetworkError(new Error('plain'))).toBe(
        theirModule.isNetworkError(new Error('plain')),
      );
    });

    same('Interceptors can be ejected by the ids that are returned', async () => {
      for (const which of ['request', 'response'] as const) {
        const seen = await sideBySide(
          failing(503, 503),
          {
            theirs: (client) => {
              const ids = axiosRetry(client);
              client.interceptors.request.eject(ids.requestInterceptorId);
              client.interceptors.response.eject(ids.responseInterceptorId);
            },
            ours: (client) => client.interceptors[which].eject(ours(client)[`${which}InterceptorId`]),
          },
          get,
        );
        for (const { requests, error } of [seen.theirs, seen.ours]) {
          expect(requests).toHaveLength(1);
          expect(error.response.status).toBe(503);
        }
      }
    });

    same('A request that waits while they are ejected is sent once more', async () => {
      const ejecting = (library: Library) => (client: AxiosInstance) => {
        const ids = library(client, { retryDelay: () => 300 });
        Object.assign(client.defaults, {
          validateStatus: inTheWait(() => {
            client.interceptors.request.eject(ids.requestInterceptorId);
            client.interceptors.response.eject(ids.responseInterceptorId);
          }),
        });
      };
      const seen = await requestsOf(always(503), { theirs: ejecting(axiosRetry), ours: ejecting(ours) }, get);
      expect(seen).toEqual({ theirs: 2, ours: 2 });
    });

    same('A config that is sent once more goes on counting', async () => {
      const again: Act<unknown> = async (client) => {
        const error = (await client.get('/').catch((reason) => reason)) as AxiosError;
        return client.request(error.config as AxiosRequestConfig);
      };
      const seen = await sameOf(
        always(503),
        (note) => ({ retries: 2, onRetry: (count) => note(count) }),
        again,
      );
      expect(seen).toMatchObject({ count: 4, notes: [1, 2], state: { retryCount: 2 } });
    });

    same('A signal that aborts ends the wait at once', async () => {
      const seen = await sideBySide(
        always(503),
        both({ retryDelay: () => 5_000 }).policies,
        abortedInTheWait,
      );
      for (const { error, elapsed } of [seen.theirs, seen.ours]) {
        expect(error.code).toBe('ERR_CANCELED');
        expect(elapsed).toBeLessThan(1_000);
      }
    });

    claim('An error is retried though an interceptor took its config', async () => {
      const seen = await requestsOf(
        failing(503),
        both(
          { retryCondition: () => true },
          {
            before: (client) =>
              client.interceptors.response.use(null, () => Promise.reject(new Error('our own words'))),
          },
        ).policies,
        get,
      );
      expect(seen).toEqual({ theirs: 1, ours: 2 });
    });

    claim('The callbacks get the error as axios made it', async () => {
      const translating: Around = (client) =>
        client.interceptors.response.use(null, (error) => {
          throw new AxiosError(
            `translated: ${error.message}`,
            'EOURS',
            error.config,
            error.request,
            error.response,
          );
        });
      const { notes, policies } = both(
        (note) => ({ retries: 1, onRetry: (_count, { code }) => note(code) }),
        {
          before: translating,
        },
      );
      const seen = await sideBySide(always(503), policies, get);
      expect(notes).toEqual({ theirs: ['EOURS'], ours: ['ERR_BAD_RESPONSE'] });
      for (const { error } of [seen.theirs, seen.ours]) expect(error.code).toBe('EOURS');
    });

    claim(
      'An error that an interceptor throws of itself is retried only if it is an AxiosError',
      async () => {
        const throwing: Around = (client) =>
          client.interceptors.response.use(({ config }) => {
            throw Object.assign(new Error('odd'), { config, code: 'EODD' });
          });
        const { policies } = both({ retryCondition: () => true }, { before: throwing });
        expect(await requestsOf(failing(), policies, get)).toEqual({ theirs: 4, ours: 1 });
      },
    );

    claim('Interceptors are in pairs', async () => {
      const counting: Around = (client, note) => {
        client.interceptors.request.use((config) => {
          note('out');
          return { ...config, url: `/v1${config.url}` };
        });
        client.interceptors.response.use((response) => {
          note('back');
          return response.data;
        });
      };
      const { notes, policies } = both({}, { after: counting });
      const seen = await sideBySide(failing(503, 503), policies, whole);
      expect(notes.ours).toEqual(['out', 'back']);
      expect(notes.theirs.filter((note) => note === 'out')).toHaveLength(3);
      expect(seen.ours.value).toEqual({ ok: true });
      expect(seen.theirs.error).toBeInstanceOf(TypeError);
      expect(seen.theirs.requests.map(({ url }) => url)).toEqual(['/v1/', '/v1/v1/', '/v1/v1/v1/']);
      expect(seen.ours.requests.map(({ url }) => url)).toEqual(['/v1/', '/v1/', '/v1/']);
    });

    claim('Inside interceptors and transforms start from what the caller wrote', async () => {
      let signatures = 0;
      const seen = await sideBySide(failing(503), both().policies, (client) =>
        client.put(
          '/',
          { a: 1 },
          { transformRequest: [(data) => `${JSON.stringify(data)} #${++signatures}`] },
        ),
      );
      expect(new Set(bodiesOf(seen.theirs)).size).toBe(1);
      expect(new Set(bodiesOf(seen.ours)).size).toBe(2);
    });

    claim('A stream is not sent a second time', async () => {
      const seen = await sideBySide(failing(503), both().policies, async (client) =>
        client.put('/', Readable.from(['the whole file'])),
      );
      expect(bodiesOf(seen.theirs)).toEqual(['the whole file', '']);
      expect(bodiesOf(seen.ours)).toEqual(['the whole file']);
      expect(seen.ours.error.response.status).toBe(503);
    });

    claim('Retry-After always counts, and not for ever', async () => {
      const early = await sideBySide(
        once(503, { 'retry-after': '1' }),
        both({ retryDelay: () => 0 }).policies,
        get,
      );
      expect(gapsOf(early.theirs)[0]).toBeLessThan(500);
      expect(gapsOf(early.ours)[0]).toBeGreaterThanOrEqual(990);
      // Theirs would wait for an hour.
      const { theirs, ours } = await sideBySide(
        once(503, { 'retry-after': '3600' }),
        both({ retryDelay: () => 0 }).policies,
        get,
      );
      expect(theirs.requests).toHaveLength(2);
      expect(ours.requests).toHaveLength(1);
      expect(retryStateOf(ours.error)).toMatchObject({
        outcome: 'retry-after-too-long',
        retryAfter: 3_600_000,
      });
    });

    claim('More of what servers say is heard', async () => {
      const stop = await sideBySide(always(503, { 'x-should-retry': 'false' }), both().policies, get);
      expect([stop.theirs.requests.length, stop.ours.requests.length]).toEqual([4, 1]);
      const wait = await sideBySide(once(429, { 'ratelimit-reset': '1' }), both().policies, get);
      expect(gapsOf(wait.theirs)[0]).toBeLessThan(500);
      expect(gapsOf(wait.ours)[0]).toBeGreaterThanOrEqual(990);
    });

    claim('A cancelled request is over, and its callbacks are called no more', async () => {
      const { notes, policies } = both((note) => ({
        onRetry: (count) => note(count),
        onMaxRetryTimesExceeded: () => note('exceeded'),
      }));
      await sideBySide(silent, policies, async (client) => {
        const controller = new AbortController();
        setTimeout(() => controller.abort(), 30);
        return client.get('/', { signal: controller.signal });
      });
      expect(notes).toEqual({ theirs: [1, 2, 3, 'exceeded'], ours: [] });
    });

    claim('A cancelToken ends a wait at once, as a signal does', async () => {
      const { theirs, ours } = await sideBySide(
        always(503),
        both({ retryDelay: () => 700, retries: 1 }).policies,
        cancelledInTheWait,
      );
      expect(theirs.elapsed).toBeGreaterThanOrEqual(690);
      expect(ours.elapsed).toBeLessThan(600);
    });

    claim('Calling axiosRetry twice replaces', async () => {
      const notes = { theirs: 0, ours: 0 };
      const twice = (library: Library, key: keyof typeof notes) => (client: AxiosInstance) => {
        for (const retries of [2, 3])
          library(client, { retries, onMaxRetryTimesExceeded: () => void notes[key]++ });
      };
      await sideBySide(always(503), { theirs: twice(axiosRetry, 'theirs'), ours: twice(ours, 'ours') }, get);
      expect(notes.theirs).toBeGreaterThan(1);
      expect(notes.ours).toBe(1);
    });

    claim(
      'An interceptor inside sees a response that validateResponse is to judge as a response',
      async () => {
        const { notes, policies } = both(
          { validateResponse: ({ status }) => status === 200, retries: 0 },
          {
            before: (client, note) =>
              client.interceptors.response.use(
                (response) => {
                  note('response', response.status);
                  return response;
                },
                (error) => {
                  note('error', error.response.status);
                  return Promise.reject(error);
                },
              ),
          },
        );
        await sideBySide(failing(), policies, get);
        await sideBySide(failing(503), policies, get);
        expect(notes).toEqual({
          theirs: [
            ['error', 200],
            ['error', 503],
          ],
          ours: [
            ['response', 200],
            ['response', 503],
          ],
        });
      },
    );

    test('what this library can do beyond: a third argument, and retryPolicy on requests', async () => {
      const budget = new RetryBudget({ maxTokens: 1 });
      const seen = await sideBySide(
        always(503),
        { theirs: (client) => axiosRetry(client), ours: (client) => ours(client, {}, { budget }) },
        get,
      );
      expect([seen.theirs.requests.length, seen.ours.requests.length]).toEqual([4, 2]);
      expect(retryStateOf(seen.ours.error)?.outcome).toBe('retry-budget-empty');
      const off = await sideBySide(always(503), both().policies, (client) =>
        client.get('/', { retryPolicy: false }),
      );
      expect([off.theirs.requests.length, off.ours.requests.length]).toEqual([4, 1]);
    });
  },
  'the drop-in',
);
