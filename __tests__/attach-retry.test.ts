import axios, { type AxiosInstance } from 'axios';
import MockAdapter from 'axios-mock-adapter';
import { attachRetry, RetryBudget, type RetryPolicy, retryStateOf } from '../lib';
import { deferred, rejectionOf, watch } from './support/outcome';
import { respond, type Step, type StubAdapter, stubAdapter } from './support/stub-adapter';

const QUICK: RetryPolicy = { backoff: () => 0, patience: 0 };

function clientOf(...steps: Step[]) {
  const stub = stubAdapter(...steps);
  return { stub, client: axios.create({ adapter: stub.adapter }) };
}

function handlersOf({ interceptors }: AxiosInstance): [number, number] {
  const count = ({ handlers }: { handlers: unknown[] }) => handlers.filter(Boolean).length;
  return [count(interceptors.request as never), count(interceptors.response as never)];
}

describe('attaching', () => {
  test('changes nothing about an instance but its interceptors', () => {
    const { client } = clientOf();
    const before = { keys: Reflect.ownKeys(client), defaults: JSON.stringify(client.defaults) };

    attachRetry(client);

    expect(Reflect.ownKeys(client)).toEqual(before.keys);
    expect(JSON.stringify(client.defaults)).toBe(before.defaults);
    expect(handlersOf(client)).toEqual([1, 1]);
  });

  test('is seen by other copies of this library, of whatever version', () => {
    const { client } = clientOf();
    const retry = attachRetry(client);
    const key = Symbol.for('axios-retry-budget.attached');
    expect(Reflect.get(client.interceptors.response, key)).toBe(retry);
  });

  test('twice does not multiply the retries; the later policy counts', async () => {
    const { client, stub } = clientOf(...Array(99).fill(503));
    attachRetry(client, { ...QUICK, maxRetries: 7 });
    attachRetry(client, { ...QUICK, maxRetries: 3 });

    const error = await rejectionOf(client.get('/'));

    expect(stub.configs).toHaveLength(4);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', retries: 3 });
    expect(handlersOf(client)).toEqual([1, 1]);
  });

  test('again ends requests that were waiting under the earlier attachment', async () => {
    const { client, stub } = clientOf(503);
    attachRetry(client, { backoff: () => 1e6 });
    const waiting = rejectionOf(
      client.get('/', {
        retryPolicy: { onRetry: () => void setImmediate(() => attachRetry(client, QUICK)) },
      }),
    );

    expect(await waiting).toBe(stub.errors[0]);
    expect(retryStateOf(await waiting)).toMatchObject({ outcome: 'detached', attempts: 1 });
    expect(retryStateOf(await client.get('/'))).toMatchObject({ outcome: 'succeeded' });
  });

  test('to two instances keeps them apart', async () => {
    const [first, second] = [clientOf(...Array(9).fill(503)), clientOf(...Array(9).fill(503))];
    const retry = attachRetry(first.client, { ...QUICK, maxRetries: 1 });
    attachRetry(second.client, { ...QUICK, maxRetries: 2 });
    retry.detach();

    await rejectionOf(first.client.get('/'));
    await rejectionOf(second.client.get('/'));

    expect([first.stub.configs.length, second.stub.configs.length]).toEqual([1, 3]);
  });

  const managers = { request: { use() {} }, response: { use() {} } };

  test.each([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['"client"', 'client', '"client"'],
    ['an object', {}, 'an object without request(), interceptors.request.use(), interceptors.response.use()'],
    ['a mock', { get() {}, interceptors: managers }, 'an object without request()'],
    [
      'a mocked axios',
      () => {},
      'a function without request(), interceptors.request.use(), interceptors.response.use()',
    ],
    [
      'the axios class of something else',
      { request() {}, interceptors: {} },
      'an object without interceptors.request.use(), interceptors.response.use()',
    ],
    [
      'what has no request interceptors',
      { request() {}, interceptors: { response: managers.response } },
      'an object without interceptors.request.use()',
    ],
    [
      'what has no response interceptors',
      { request() {}, interceptors: { request: managers.request } },
      'an object without interceptors.response.use()',
    ],
  ])('to %s throws a TypeError that says what is missing', (_what, instance, got) => {
    expect(() => attachRetry(instance as never)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: `attachRetry needs an axios instance, such as axios.create() returns; got ${got}`,
      }),
    );
  });
});

describe('detaching', () => {
  test('leaves the interceptors of others alone', async () => {
    const { client } = clientOf(503);
    client.interceptors.response.use((response) => response.data);
    const retry = attachRetry(client, QUICK);
    client.interceptors.response.use((data) => ({ wrapped: data }) as never);

    retry.detach();
    await rejectionOf(client.get('/'));

    expect(handlersOf(client)).toEqual([0, 2]);
    expect(await client.get('/')).toEqual({ wrapped: { status: 200 } });
  });

  test('twice does nothing more, not even to a later attachment', async () => {
    const { client } = clientOf(503);
    const retry = attachRetry(client, QUICK);
    retry.detach();
    attachRetry(client, QUICK);
    retry.detach();

    expect(retryStateOf(await client.get('/'))).toMatchObject({ attempts: 2 });
    attachRetry(client, QUICK);
    expect(handlersOf(client)).toEqual([1, 1]);
  });

  test('an attachment that was replaced does nothing to the one that replaced it', async () => {
    const { client } = clientOf(503);
    const replaced = attachRetry(client, QUICK);
    attachRetry(client, QUICK);
    replaced.detach();

    expect(retryStateOf(await client.get('/'))).toMatchObject({ attempts: 2 });
  });

  test('and attaching again works', async () => {
    const { client } = clientOf(503);
    attachRetry(client, QUICK).detach();
    attachRetry(client, QUICK);

    expect(retryStateOf(await client.get('/'))).toMatchObject({ attempts: 2 });
    expect(handlersOf(client)).toEqual([1, 1]);
  });

  test('in onRetry ends the request with its last error', async () => {
    const { client, stub } = clientOf(503);
    const retry = attachRetry(client, { ...QUICK, onRetry: () => retry.detach() });

    const error = await rejectionOf(client.get('/'));

    expect(error).toBe(stub.errors[0]);
    expect(retryStateOf(error)).toMatchObject({ outcome: 'detached', attempts: 1 });
  });

  test('during an attempt leaves what is not retryable what it is', async () => {
    const { client } = clientOf(async (config) => {
      retry.detach();
      return respond(config, 404);
    });
    const retry = attachRetry(client, QUICK);

    expect(retryStateOf(await rejectionOf(client.get('/')))).toMatchObject({ outcome: 'not-retryable' });
  });

  test('during an attempt that fails has no retry announced', async () => {
    const { client } = clientOf(async (config) => {
      retry.detach();
      return respond(config, 503);
    });
    const onRetry = jest.fn();
    const retry = attachRetry(client, { ...QUICK, onRetry });

    expect(retryStateOf(await rejectionOf(client.get('/')))).toMatchObject({ outcome: 'detached' });
    expect(onRetry).not.toHaveBeenCalled();
  });
});

describe('a policy that is not allowed', () => {
  const BAD: [string, object, string, RegExp][] = [
    ['a negative number of retries', { maxRetries: -1 }, 'RangeError', /retryPolicy\.maxRetries .*-1/],
    ['a fraction of a retry', { maxRetries: 1.5 }, 'RangeError', /retryPolicy\.maxRetries .*1\.5/],
    ['a word for a number', { maxRetries: '3' }, 'TypeError', /retryPolicy\.maxRetries .*"3"/],
    ['NaN', { timeBudget: Number.NaN }, 'RangeError', /retryPolicy\.timeBudget .*NaN/],
    ['a time budget of nothing', { timeBudget: 0 }, 'RangeError', /retryPolicy\.timeBudget /],
    [
      'an unknown jitter',
      { backoff: { jitter: 'some' } },
      'TypeError',
      /retryPolicy\.backoff\.jitter .*"some"/,
    ],
    ['an unknown field', { retries: 3 }, 'TypeError', /retryPolicy\.retries .*retryPolicy\.maxRetries/],
    ['a misspelt field', { maxRetry: 3 }, 'TypeError', /retryPolicy\.maxRetry .*retryPolicy\.maxRetries/],
    ['a wrong case', { onretry() {} }, 'TypeError', /retryPolicy\.onretry .*retryPolicy\.onRetry/],
    ['a misspelt deep field', { backoff: { delay: 3 } }, 'TypeError', /retryPolicy\.backoff\.delay .*Delay/],
    ['a status that is none', { statuses: [99] }, 'RangeError', /retryPolicy\.statuses .*99/],
    ['a callback that is none', { onRetry: true }, 'TypeError', /retryPolicy\.onRetry .*true/],
    ['null', null as never, 'TypeError', /retryPolicy .*null/],
    ['true', true as never, 'TypeError', /retryPolicy .*true/],
    ['a number', 3 as never, 'TypeError', /retryPolicy .*3/],
    ['an array', [] as never, 'TypeError', /retryPolicy .*array/],
  ];

  test.each(BAD)('such as %s makes attachRetry throw at once', (_what, policy, name, message) => {
    const { client } = clientOf();

    expect(() => attachRetry(client, policy as RetryPolicy)).toThrow(
      expect.objectContaining({ name, message: expect.stringMatching(message) }),
    );
    expect(handlersOf(client)).toEqual([0, 0]);
  });

  test('leaves an earlier attachment as it is', async () => {
    const { client } = clientOf(503);
    attachRetry(client, QUICK);
    expect(() => attachRetry(client, { maxRetries: -1 })).toThrow(RangeError);

    expect(retryStateOf(await client.get('/'))).toMatchObject({ attempts: 2 });
  });

  test.each(BAD)(
    'such as %s rejects the request that has it, unsent',
    async (_what, policy, name, message) => {
      const { client, stub } = clientOf();
      attachRetry(client);

      let rejected: Promise<unknown> | undefined;
      expect(() => {
        rejected = rejectionOf(client.get('/', { retryPolicy: policy as RetryPolicy }));
      }).not.toThrow();

      expect(await rejected).toMatchObject({ name, message: expect.stringMatching(message) });
      expect(stub.configs).toHaveLength(0);
      expect(await client.get('/')).toMatchObject({ status: 200 });
    },
  );

  test.each(BAD)('such as %s in the defaults rejects each request', async (_what, policy, name) => {
    const { client, stub } = clientOf();
    attachRetry(client);
    client.defaults.retryPolicy = policy as RetryPolicy;

    expect(await rejectionOf(client.get('/'))).toMatchObject({ name });
    expect(await rejectionOf(client.post('/', {}, { retryPolicy: {} }))).toMatchObject({ name });
    expect(stub.configs).toHaveLength(0);
  });

  test('rejects whichever request interceptors there are', async () => {
    const { client, stub } = clientOf();
    client.interceptors.request.use(async (config) => config);
    attachRetry(client);
    client.interceptors.request.use((config) => ({ ...config }));

    const error = await rejectionOf(client.get('/', { retryPolicy: { maxRetries: -1 } }));

    expect(error).toBeInstanceOf(RangeError);
    expect(stub.configs).toHaveLength(0);
  });

  test('rejects also where a request interceptor chooses the adapter', async () => {
    const { client, stub } = clientOf();
    attachRetry(client);
    client.interceptors.request.use((config) => ({ ...config, adapter: stub.adapter }));

    const error = await rejectionOf(client.get('/', { retryPolicy: { maxRetries: -1 } }));

    expect(error).toBeInstanceOf(RangeError);
    expect(stub.configs).toHaveLength(0);
  });

  test('rejects through the response interceptors, and is not retried', async () => {
    const { client } = clientOf();
    const seen: unknown[] = [];
    const record = (error: unknown) => {
      seen.push(error);
      throw error;
    };
    client.interceptors.response.use(undefined, record);
    attachRetry(client, { ...QUICK, isRetryable: () => true });
    client.interceptors.response.use(undefined, record);

    const error = await rejectionOf(client.get('/', { retryPolicy: { maxRetries: -1 } }));

    expect(seen).toEqual([error, error]);
  });
});

describe('the levels of policies', () => {
  const retries = (maxRetries: number): RetryPolicy => ({ ...QUICK, maxRetries });
  type Level = RetryPolicy | false | undefined;
  const LEVELS: [string, Level, Level, Level, number][] = [
    ['nothing said: the defaults', QUICK, undefined, undefined, 5],
    ['the attachment’s policy', retries(1), undefined, undefined, 1],
    ['the instance’s defaults over that', retries(1), { maxRetries: 2 }, undefined, 2],
    ['the request’s over both', retries(1), { maxRetries: 2 }, { maxRetries: 3 }, 3],
    ['the request’s over the attachment’s', retries(1), undefined, { maxRetries: 3 }, 3],
    ['an undefined field says nothing', retries(1), { maxRetries: undefined }, { maxRetries: undefined }, 1],
    ['an empty object says nothing', retries(1), { maxRetries: 2 }, {}, 2],
    ['false at the attachment switches it off', false, undefined, undefined, 0],
    ['false in the defaults switches it off', retries(1), false, undefined, 0],
    ['false at the request switches it off', retries(1), { maxRetries: 2 }, false, 0],
    ['an object in the defaults switches it on again', false, retries(2), undefined, 2],
    ['an object at the request switches it on again', false, false, retries(3), 3],
    ['an object switches it on again, with the weaker levels’ fields', retries(1), false, QUICK, 1],
    ['false at the attachment forgets nothing that was never there', false, { maxRetries: 2 }, QUICK, 2],
  ];

  test.each(LEVELS)('%s', async (_name, attached, defaults, own, expected) => {
    const { client, stub } = clientOf(...Array(99).fill(503));
    attachRetry(client, attached);
    if (defaults !== undefined) client.defaults.retryPolicy = defaults;

    const error = await rejectionOf(client.get('/', own === undefined ? {} : { retryPolicy: own }));

    expect(stub.configs).toHaveLength(expected + 1);
    expect(retryStateOf(error)?.retries).toBe(expected > 0 ? expected : undefined);
  });

  test('backoff merges field by field; other fields replace', async () => {
    const delays: number[] = [];
    const { client } = clientOf(503, 503, 500, 503);
    attachRetry(client, {
      backoff: { initialDelay: 3, jitter: 'none' },
      statuses: [500],
      onRetry: ({ delay }) => void delays.push(delay),
    });
    client.defaults.retryPolicy = { backoff: { multiplier: 1 } };

    await client.get('/', { retryPolicy: { backoff: { maxDelay: 2 }, statuses: [503] } }).catch(() => {});
    await rejectionOf(client.get('/', { retryPolicy: { backoff: { initialDelay: 1 } } }));

    // 500 is not of the first request's statuses, and 503 not of the second's.
    expect(delays).toEqual([2, 2]);
  });

  test('a function for backoff replaces fields, and fields a function', async () => {
    const delays: number[] = [];
    const { client } = clientOf(503, 200, 503);
    attachRetry(client, {
      backoff: { initialDelay: 3, jitter: 'none' },
      onRetry: ({ delay }) => void delays.push(delay),
    });

    await client.get('/', { retryPolicy: { backoff: () => 1 } });
    client.defaults.retryPolicy = { backoff: () => 2 };
    await client.get('/', { retryPolicy: { backoff: { initialDelay: 4, jitter: 'none' } } });

    expect(delays).toEqual([1, 4]);
  });

  test('none is changed', async () => {
    const { client } = clientOf(503, 503);
    const freeze = (policy: RetryPolicy) =>
      Object.freeze({ ...policy, backoff: Object.freeze(policy.backoff) });
    const [attached, defaults, own] = [
      freeze({ backoff: { initialDelay: 0 } }),
      freeze({ backoff: { multiplier: 3 } }),
      freeze({ backoff: { maxDelay: 1 } }),
    ] as RetryPolicy[];
    attachRetry(client, attached);
    client.defaults.retryPolicy = defaults as RetryPolicy;

    const config = Object.freeze({ retryPolicy: own as RetryPolicy });

    expect(retryStateOf(await client.get('/', config))).toMatchObject({ attempts: 3 });
    expect(Object.keys(config)).toEqual(['retryPolicy']);
  });

  test('of two requests at a time do not mix', async () => {
    const { client, stub } = clientOf(...Array(99).fill(503));
    attachRetry(client, QUICK);

    const errors = await Promise.all(
      [0, 1, 2, 3].map((maxRetries) =>
        rejectionOf(client.get('/', { retryPolicy: { maxRetries } })).then(
          (error) => retryStateOf(error)?.retries,
        ),
      ),
    );

    expect(errors).toEqual([0, 1, 2, 3]);
    expect(stub.configs).toHaveLength(1 + 2 + 3 + 4);
  });
});

describe('a chain of synchronous request interceptors stays synchronous', () => {
  test.each(['get', 'post', 'put'])('for a %s', (method) => {
    const { client, stub } = clientOf();
    attachRetry(client, { timeBudget: 1_000 });
    const log: string[] = [];
    client.interceptors.request.use(
      (config) => {
        log.push('interceptor');
        return config;
      },
      undefined,
      { synchronous: true },
    );

    watch(client.request({ url: '/', method }));
    log.push('after the call');

    expect(stub.configs).toHaveLength(1);
    expect(log).toEqual(['interceptor', 'after the call']);
  });

  test('on replays as well', async () => {
    const { client } = clientOf(503);
    const log: string[] = [];
    client.interceptors.request.use(
      (config) => {
        log.push('interceptor');
        queueMicrotask(() => log.push('microtask'));
        return config;
      },
      undefined,
      { synchronous: true },
    );
    attachRetry(client, QUICK);

    await client.get('/', {
      transformRequest: (data) => {
        log.push('transform');
        return data;
      },
    });

    expect(log).toEqual(['interceptor', 'transform', 'microtask', 'interceptor', 'transform', 'microtask']);
  });

  test('and one with an asynchronous interceptor stays asynchronous', async () => {
    const { client, stub } = clientOf();
    attachRetry(client);
    client.interceptors.request.use((config) => config);

    const request = client.get('/');
    expect(stub.configs).toHaveLength(0);
    await request;
    expect(stub.configs).toHaveLength(1);
  });
});

test('a config that is re-sent without retries leaves its earlier state behind', async () => {
  const { client } = clientOf(503, 503, 503);
  attachRetry(client, { ...QUICK, maxRetries: 1 });

  const error = await rejectionOf(client.get('/'));
  const again = await rejectionOf(client.request({ ...error.config, retryPolicy: false }));

  expect(retryStateOf(again)).toBeUndefined();
  expect(retryStateOf(error)).toMatchObject({ outcome: 'retries-exhausted', attempts: 2 });
});

test('a success counts for the budget also where an earlier interceptor strips the response', async () => {
  const { client } = clientOf(200, 503);
  client.interceptors.response.use((response) => response.data);
  const budget = { tryAcquire: () => true, recordSuccess: jest.fn(), refund() {} };
  attachRetry(client, { ...QUICK, budget });

  await client.get('/');
  expect(budget.recordSuccess).toHaveBeenCalledTimes(1);
  await client.get('/');
  expect(budget.recordSuccess).toHaveBeenCalledTimes(2);
});

describe('with axios-mock-adapter', () => {
  test('a request is retried until a reply succeeds', async () => {
    const client = axios.create();
    const mock = new MockAdapter(client);
    mock.onGet('/a').replyOnce(503).onGet('/a').networkErrorOnce().onGet('/a').timeoutOnce();
    mock.onGet('/a').reply(200, { ok: true });
    attachRetry(client, QUICK);

    const response = await client.get('/a', { params: { b: 1 } });

    expect(response.data).toEqual({ ok: true });
    expect(mock.history.get?.map(({ url, params }) => [url, params])).toEqual(
      Array(4).fill(['/a', { b: 1 }]),
    );
    expect(retryStateOf(response)?.failures).toMatchObject([{ status: 503 }, {}, { code: 'ECONNABORTED' }]);
  });

  test('works the same when it is put on after attachRetry', async () => {
    const client = axios.create();
    attachRetry(client, QUICK);
    const mock = new MockAdapter(client);
    mock.onPut('/a', { a: 1 }).replyOnce(503).onPut('/a', { a: 1 }).reply(200);

    await client.put('/a', { a: 1 });

    expect(mock.history.put?.map(({ data }) => data)).toEqual(['{"a":1}', '{"a":1}']);
  });
});

describe('a replay', () => {
  test('starts from the same config each time', async () => {
    const { client, stub } = clientOf(503, 503);
    attachRetry(client, QUICK);

    await client.put('/a', { b: 1 }, { params: { c: 1 }, headers: { 'X-D': '1' }, timeout: 5 });

    const [first, ...others] = stub.configs.map(({ retryState: _, ...config }) => JSON.stringify(config));
    expect(others).toEqual([first, first]);
  });

  test('has defaults that were changed in the meantime where the request said nothing, and no others', async () => {
    const { client, stub } = clientOf(503);
    client.defaults.headers.common['X-Then'] = 'then';
    attachRetry(client, {
      ...QUICK,
      onRetry: () => {
        client.defaults.headers.common['X-Then'] = 'now';
      },
    });

    await client.get('/');

    expect(stub.configs.map(({ headers }) => headers['X-Then'])).toEqual(['then', 'then']);
  });

  test('leaves the response interceptors of other requests in place', async () => {
    const { client } = clientOf(503, 503, 503, 503);
    attachRetry(client, QUICK);
    let after = 0;
    client.interceptors.response.use((response) => {
      after++;
      return response;
    });

    await Promise.all([client.get('/'), client.get('/'), client.get('/')]);

    expect(after).toBe(3);
    expect(Object.keys(client.interceptors.response)).not.toContain('forEach');
  });

  test('keeps apart from requests that a synchronous request interceptor makes', async () => {
    const { client, stub } = clientOf(...Array(99).fill(503));
    const seen: string[] = [];
    client.interceptors.response.use(undefined, (error) => {
      seen.push(error.config.url);
      throw error;
    });
    client.interceptors.request.use(
      (config) => {
        // Shadow traffic: the same once more, to another place.
        if (config.url === '/') client.request({ ...config, url: '/shadow' }).catch(() => {});
        return config;
      },
      undefined,
      { synchronous: true },
    );
    attachRetry(client, { ...QUICK, maxRetries: 2 });

    await rejectionOf(client.get('/'));

    const urls = stub.configs.map(({ url }) => url);
    expect(urls.filter((url) => url === '/')).toHaveLength(3);
    expect(urls.filter((url) => url === '/shadow')).toHaveLength(3);
    expect(seen.sort()).toEqual([...Array(3).fill('/'), ...Array(3).fill('/shadow')]);
  });

  test('does not go through what its owner wrapped around request, which a call goes through once', async () => {
    const { client, stub } = clientOf(503, 503);
    const original = client.request.bind(client);
    let calls = 0;
    client.request = (config) => {
      calls++;
      return original(config);
    };
    attachRetry(client, QUICK);
    let after = 0;
    client.interceptors.response.use((response) => {
      after++;
      return response;
    });

    await client.request({ url: '/' });

    expect(stub.configs).toHaveLength(3);
    expect(calls).toBe(1);
    expect(after).toBe(1);
  });

  test('works, its chain being whole each time, for an instance whose request became asynchronous', async () => {
    const { client, stub } = clientOf(503, 503);
    const original = client.request.bind(client);
    client.request = async (config) => {
      await Promise.resolve();
      return original(config);
    };
    attachRetry(client, { ...QUICK, maxRetries: 3 });

    const response = await client.request({ url: '/' });

    expect(stub.configs).toHaveLength(3);
    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
  });
});

test('one error handed to several requests is retried for each of them, by its own chain', async () => {
  const { client, stub } = clientOf(503, 503, 200, 200);
  // As a cache does that sends concurrent requests for the same once: all of them get the first one's error.
  const errors: unknown[] = [];
  const both = deferred();
  client.interceptors.response.use(undefined, async (error) => {
    if (errors.push(error) === 2) both.fulfil();
    await both.promise;
    throw errors[0];
  });
  attachRetry(client, QUICK);

  const answers = await Promise.all([client.get('/a'), client.get('/b')]);

  expect(answers.map(({ config }) => config.url)).toEqual(['/a', '/b']);
  expect(answers.map((answer) => retryStateOf(answer)?.attempts)).toEqual([2, 2]);
  expect(stub.configs).toHaveLength(4);
});

test('a budget that is a plain object, which axios copies with the defaults, is one and the same', async () => {
  const stub = stubAdapter(...Array<number>(20).fill(503));
  const budget = {
    left: 3,
    tryAcquire() {
      return this.left-- > 0;
    },
    recordSuccess() {},
    refund() {},
  };
  const client = axios.create({
    adapter: stub.adapter,
    retryPolicy: { backoff: () => 0, patience: 0, maxRetries: 2, budget },
  });
  attachRetry(client);

  for (let n = 0; n < 5; n++) await rejectionOf(client.get('/'));

  expect(stub.at).toHaveLength(5 + 3);
});

test('a bad policy is refused also where an interceptor sets the body’s transform', async () => {
  const stub = stubAdapter();
  const client = axios.create({ adapter: stub.adapter });
  attachRetry(client);
  client.interceptors.request.use((config) => {
    config.transformRequest = [(data) => data];
    return config;
  });

  const error = await rejectionOf(client.get('/', { retryPolicy: { maxRetries: -1 } }));

  expect(error).toBeInstanceOf(RangeError);
  expect(stub.at).toEqual([]);
});

describe('the transforms of the body', () => {
  const transformsOf = async (policy: RetryPolicy, url = '/') => {
    const { client, stub } = clientOf();
    attachRetry(client, policy);
    await client.get(url);
    return (
      [stub.configs[0]?.transformRequest].flat().length - [client.defaults.transformRequest].flat().length
    );
  };

  test('are the caller’s alone where we have nothing to put on an attempt', async () => {
    expect(await transformsOf({})).toBe(0);
    expect(await transformsOf({ timeBudget: 10_000 })).toBe(1);
    expect(await transformsOf({ idempotencyKey: true })).toBe(0);
    expect(await transformsOf({ attemptHeader: 'X-Attempt' })).toBe(0);
  });

  test('do not grow when an interceptor re-sends the config', async () => {
    const { client, stub } = clientOf(401, 401);
    client.interceptors.response.use(undefined, (error) =>
      error.response.status === 401 ? client.request(error.config) : Promise.reject(error),
    );
    attachRetry(client, { idempotencyKey: true, timeBudget: 10_000 });
    await client.post('/', {});
    const counts = stub.configs.map(({ transformRequest }) => [transformRequest].flat().length);
    expect(counts).toEqual([2, 2, 2]);
  });

  test('need not be there', async () => {
    const { client, stub } = clientOf(503);
    delete (client.defaults as { transformRequest?: unknown }).transformRequest;
    attachRetry(client, { ...QUICK, idempotencyKey: 'mine' });
    await client.post('/', 'body');
    expect(stub.configs.map(({ data, headers }) => [data, headers['Idempotency-Key']])).toEqual([
      ['body', 'mine'],
      ['body', 'mine'],
    ]);
  });
});

test('an attempt whose request interceptors outlast the time budget is not sent', async () => {
  jest.useFakeTimers();
  try {
    const { client, stub } = clientOf();
    client.interceptors.request.use(
      (config) => new Promise((resolve) => setTimeout(() => resolve(config), 200)),
    );
    attachRetry(client, { timeBudget: 100 });
    const call = watch(client.get('/'));
    await jest.advanceTimersByTimeAsync(200);
    expect(call.status).toBe('rejected');
    expect(retryStateOf(call.value)?.outcome).toBe('time-budget-exceeded');
    expect(stub.configs).toEqual([]);
  } finally {
    jest.useRealTimers();
  }
});

describe('origins()', () => {
  test('does not know the tokens of a budget that is kept elsewhere', async () => {
    const { client } = clientOf(503);
    const budget = { tryAcquire: () => true, recordSuccess() {}, refund() {}, tokens: 'many' };
    const retry = attachRetry(client, { ...QUICK, budget });
    await client.get('http://a.test/');
    expect(retry.origins()).toEqual([{ origin: 'http://a.test', state: 'well', held: 0, window: 2 }]);
  });

  test('is empty where retrying is switched off, or nothing has failed', async () => {
    const { client } = clientOf();
    expect(attachRetry(client, false).origins()).toEqual([]);
    const retry = attachRetry(client);
    await client.get('http://a.test/');
    expect(retry.origins()).toEqual([]);
  });
});

describe('instances that are not quite axios’', () => {
  test('may have no defaults', async () => {
    const { client, stub } = clientOf(503);
    const { interceptors } = client;
    attachRetry({ request: client.request.bind(client), interceptors } as never, QUICK);
    await client.get('/', { retryPolicy: { maxRetries: 1 } });
    expect(stub.configs).toHaveLength(2);
  });

  /** Managers as those of early axios: `clear()` makes ids start again. */
  function manager(hasForEach: boolean) {
    let handlers: ({ fulfilled: unknown } | null)[] = [];
    return {
      use: (fulfilled: unknown) => handlers.push({ fulfilled }) - 1,
      eject: (id: number) => {
        handlers[id] = null;
      },
      clear: () => {
        handlers = [];
      },
      get left() {
        return handlers.filter(Boolean).length;
      },
      ...(hasForEach && {
        forEach: (visit: (handler: unknown) => void) => handlers.filter(Boolean).forEach(visit),
      }),
    };
  }
  function instanceOf(hasForEach: boolean) {
    const interceptors = { request: manager(hasForEach), response: manager(hasForEach) };
    return { request: async () => {}, defaults: {}, interceptors };
  }

  test.each([true, false])('detaching takes ours off, forEach or not: %s', (hasForEach) => {
    const instance = instanceOf(hasForEach);
    attachRetry(instance).detach();
    expect([instance.interceptors.request.left, instance.interceptors.response.left]).toEqual([0, 0]);
  });

  test('detaching leaves those in place that came to our ids after a clear()', () => {
    const instance = instanceOf(true);
    const retry = attachRetry(instance);
    const { request, response } = instance.interceptors;
    for (const manager of [request, response]) {
      manager.clear();
      manager.use(() => {});
    }
    retry.detach();
    expect([request.left, response.left]).toEqual([1, 1]);
  });
});

describe('what interceptors before ours make of an answer', () => {
  test.each([undefined, null, 'data', {}])('may be %p, and goes on to the caller', async (made) => {
    const { client } = clientOf();
    client.interceptors.response.use(() => made as never);
    attachRetry(client);
    expect(await client.get('/')).toBe(made);
  });

  test.each([undefined, null, 'oops'])('may be a rejection with %p', async (made) => {
    const { client } = clientOf();
    client.interceptors.response.use(() => Promise.reject(made));
    attachRetry(client);
    expect(await rejectionOf(client.get('/'))).toBe(made);
  });

  test('goes through where the request’s own policy switches retrying off', async () => {
    const { client, stub } = clientOf(200, 503);
    attachRetry(client);
    expect(await client.get('/', { retryPolicy: false })).toMatchObject({ status: 200 });
    expect(await rejectionOf(client.get('/', { retryPolicy: false }))).toBe(stub.errors[0]);
  });
});

describe('the mark of an instance', () => {
  /** Another instance that has the very interceptor managers, as some clients do that wrap axios. */
  function sharer(client: AxiosInstance, stub: StubAdapter) {
    const other = new axios.Axios({ ...axios.defaults, adapter: stub.adapter } as never);
    return Object.assign(other, { interceptors: client.interceptors });
  }

  test('keeps it from retrying what another one sends through the same interceptors', async () => {
    const { client, stub } = clientOf(503, 503);
    attachRetry(client, QUICK);
    await rejectionOf(sharer(client, stub).get('/'));
    expect(stub.configs).toHaveLength(1);
    expect((await client.get('/')).status).toBe(200);
  });

  test('is off its defaults when it is detached', () => {
    const { client } = clientOf();
    const retry = attachRetry(client, QUICK);
    expect(client.defaults).toHaveProperty('retryState');
    retry.detach();
    expect(client.defaults).not.toHaveProperty('retryState');
  });

  test('is put on again where somebody took it off', async () => {
    const { client, stub } = clientOf(503);
    attachRetry(client, QUICK);
    Reflect.deleteProperty(client.defaults, 'retryState');
    expect((await client.get('/')).status).toBe(200);
    expect(stub.configs).toHaveLength(2);
    expect(client.defaults).toHaveProperty('retryState');
  });

  test.each([
    ['cannot be written to', (client: AxiosInstance) => Object.freeze(client.defaults)],
    ['are missing', (client: AxiosInstance) => Reflect.deleteProperty(client, 'defaults')],
  ])('is not needed where defaults %s', async (_what, change) => {
    const { client, stub } = clientOf(503, 503);
    change(client);
    const retry = attachRetry(client, QUICK);
    expect((await client.get('/')).status).toBe(200);
    expect(stub.configs).toHaveLength(3);
    retry.detach();
    expect(handlersOf(client)).toEqual([0, 0]);
  });

  test('does not take another’s mark off defaults that they share', () => {
    const { client } = clientOf();
    const other = Object.assign(new axios.Axios(), { defaults: client.defaults });
    const retry = attachRetry(client, QUICK);
    attachRetry(other, QUICK);
    const mark = Reflect.get(client.defaults, 'retryState');
    retry.detach();
    expect(Reflect.get(client.defaults, 'retryState')).toBe(mark);
  });
});

describe('the tokens that are reported', () => {
  const reported = async (policy: RetryPolicy | false, ofRequest?: RetryPolicy) => {
    const { client } = clientOf(...Array(9).fill(503));
    const retry = attachRetry(client, policy);
    await rejectionOf(client.get('/', ofRequest && { retryPolicy: ofRequest }));
    return retry.origins().map(({ tokens }) => tokens);
  };

  test('are those of the origin where nothing is held', async () => {
    expect(await reported({ patience: 0, maxRetries: 0 })).toEqual([20]);
    expect(await reported({ maxRetries: 0 })).toEqual([undefined]);
  });

  test('are those of the budget where the policy has one', async () => {
    const budget = new RetryBudget({ maxTokens: 7, refillPerSecond: 0 });
    expect(await reported({ patience: 0, maxRetries: 0, budget })).toEqual([7]);
    expect(await reported({ maxRetries: 0, budget })).toEqual([7]);
  });

  test('are none where no tokens are asked for', async () => {
    expect(await reported({ patience: 0, maxRetries: 0, budget: false })).toEqual([undefined]);
  });
});

test('a request with a policy of its own draws on the instance’s budget itself, not on one that shares its function', async () => {
  function tryAcquire(this: { asked: number }) {
    this.asked++;
    return false;
  }
  const make = () => ({ asked: 0, tryAcquire, recordSuccess() {}, refund() {} });
  const [first, second] = [make(), make()];
  const ofRequest = { retryPolicy: { maxRetries: 2 } };
  for (const budget of [first, second]) {
    const { client } = clientOf(503);
    attachRetry(client, { ...QUICK, budget });
    await rejectionOf(client.get('/', ofRequest));
  }
  const { client } = clientOf(503);
  attachRetry(client, QUICK);
  client.defaults.retryPolicy = { budget: second };
  await rejectionOf(client.get('/', ofRequest));
  expect([first.asked, second.asked]).toEqual([1, 2]);
});
