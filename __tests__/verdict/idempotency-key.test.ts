import axios, { AxiosHeaders } from 'axios';
import { attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { type ResolvedPolicy, resolvePolicy } from '../../lib/policy/policy';
import { idempotencyKeyOf, keyOnConfig, setHeader } from '../../lib/verdict/idempotency-key';
import { rejectionOf } from '../support/outcome';
import { stubAdapter } from '../support/stub-adapter';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const policyOf = (policy: RetryPolicy = {}) => resolvePolicy([policy]) as ResolvedPolicy;

/** The headers of each attempt, as far as their names match. */
const sent = ({ configs }: ReturnType<typeof stubAdapter>, name: RegExp) =>
  configs.map(({ headers }) => Object.entries(headers).filter(([key]) => name.test(key)));

describe('setHeader', () => {
  test.each([
    ['AxiosHeaders', () => new AxiosHeaders({ 'x-attempt': 'old', accept: '*/*' })],
    ['a plain object', () => ({ 'x-attempt': 'old', accept: '*/*' })],
  ])('takes the place of a header of another case, and of no other, in %s', (_what, make) => {
    const config = { headers: make() as unknown };
    setHeader(config, 'X-Attempt', '2');
    expect({ ...(config.headers as object) }).toEqual({ accept: '*/*', 'X-Attempt': '2' });
  });

  test('makes headers where there are none', () => {
    const config: { headers?: unknown } = {};
    setHeader(config, 'X-Attempt', '2');
    expect(config).toEqual({ headers: { 'X-Attempt': '2' } });
  });
});

describe('keyOnConfig', () => {
  test('finds the key in a header of any case', () => {
    const policy = policyOf({ idempotencyKeyHeader: 'X-Key' });
    expect(keyOnConfig({ headers: { 'x-KEY': 'mine' } }, policy)).toBe('mine');
    expect(keyOnConfig({ headers: { 'Idempotency-Key': 'mine' } }, policy)).toBeUndefined();
    expect(keyOnConfig({}, policy)).toBeUndefined();
  });
});

describe('idempotencyKeyOf', () => {
  test('is what is there already, else a new one for each request that changes something', () => {
    const policy = policyOf({ idempotencyKey: true });
    expect(idempotencyKeyOf({ method: 'post', headers: { 'idempotency-key': 'mine' } }, policy)).toBe('mine');
    const made = idempotencyKeyOf({ method: 'post' }, policy);
    expect(made).toMatch(UUID_V4);
    expect(idempotencyKeyOf({ method: 'post' }, policy)).not.toBe(made);
  });

  test.each(['get', 'HEAD', 'options', 'Trace', 'query'])(
    'is none for %s, which changes nothing',
    (method) => {
      expect(idempotencyKeyOf({ method }, policyOf({ idempotencyKey: true }))).toBeUndefined();
    },
  );

  test('comes from the global crypto where there is one, and without it is random all the same', () => {
    const { crypto } = globalThis;
    const policy = policyOf({ idempotencyKey: true });
    const random = jest.spyOn(Math, 'random');
    try {
      expect(idempotencyKeyOf({ method: 'post' }, policy)).toMatch(UUID_V4);
      expect(random).not.toHaveBeenCalled();
      Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
      expect(idempotencyKeyOf({ method: 'post' }, policy)).toMatch(UUID_V4);
      expect(random).toHaveBeenCalledTimes(16);
    } finally {
      Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true, writable: true });
      random.mockRestore();
    }
  });
});

describe('on the attempts', () => {
  test('the attempt’s number takes the place of a header of another case that the caller set', async () => {
    const stub = stubAdapter(503);
    const client = axios.create({ adapter: stub.adapter, headers: { 'x-attempt': 'mine' } });
    attachRetry(client, { patience: 0, backoff: () => 0, attemptHeader: 'X-Attempt' });
    await client.get('/');
    expect(sent(stub, /x-attempt/i)).toEqual([[['X-Attempt', '1']], [['X-Attempt', '2']]]);
  });

  test('the key of the first takes the place of what an interceptor made of it, in whatever case', async () => {
    const stub = stubAdapter(503, 503);
    const client = axios.create({ adapter: stub.adapter });
    let made = 0;
    client.interceptors.request.use((config) => {
      delete config.headers['Idempotency-Key'];
      config.headers['idempotency-key'] = `made-${++made}`;
      return config;
    });
    attachRetry(client, { patience: 0, backoff: () => 0, idempotencyKey: true });
    await client.post('/', {});
    expect(sent(stub, /idempotency-key/i)).toEqual([
      [['Idempotency-Key', 'made-1']],
      [['Idempotency-Key', 'made-1']],
      [['Idempotency-Key', 'made-1']],
    ]);
  });

  test('there is none on a POST that the caller wants no key for, and it is sent once', async () => {
    const stub = stubAdapter(503);
    const client = axios.create({ adapter: stub.adapter });
    attachRetry(client, { patience: 0, backoff: () => 0 });
    await rejectionOf(client.post('/', {}));
    expect(sent(stub, /idempotency-key/i)).toEqual([[]]);
  });

  test('an attempt’s number alone brings no key', async () => {
    const stub = stubAdapter(503);
    const client = axios.create({ adapter: stub.adapter });
    attachRetry(client, { patience: 0, backoff: () => 0, attemptHeader: 'X-Attempt' });
    await client.get('/');
    expect(sent(stub, /idempotency-key/i)).toEqual([[], []]);
  });

  test('the key is there for interceptors that run after ours, which may have to sign it', async () => {
    const stub = stubAdapter(503);
    const client = axios.create({ adapter: stub.adapter });
    const signed: unknown[] = [];
    client.interceptors.request.use((config) => {
      signed.push(config.headers['Idempotency-Key']);
      return config;
    });
    attachRetry(client, { patience: 0, backoff: () => 0, idempotencyKey: 'mine' });
    await client.post('/', {});
    expect(signed).toEqual(['mine', 'mine']);
  });

  test('a key that comes only with the second is left alone', async () => {
    const stub = stubAdapter(503);
    const client = axios.create({ adapter: stub.adapter });
    let attempts = 0;
    client.interceptors.request.use((config) => {
      if (++attempts === 2) config.headers['Idempotency-Key'] = 'late';
      return config;
    });
    attachRetry(client, { patience: 0, backoff: () => 0, attemptHeader: 'X-Attempt' });
    await client.get('/');
    expect(sent(stub, /idempotency-key/i)).toEqual([[], [['Idempotency-Key', 'late']]]);
  });

  test('of a GET without any option, the caller’s key is none of our business, time budget or not', async () => {
    const client = axios.create({ adapter: stubAdapter().adapter, headers: { 'Idempotency-Key': 'mine' } });
    attachRetry(client, { timeBudget: 10_000 });
    expect(retryStateOf(await client.get('/'))?.idempotencyKey).toBeUndefined();
  });

  test.each(['before', 'after'])(
    'an interceptor %s ours may lose the state, and the key is sent all the same',
    async (when) => {
      const stub = stubAdapter();
      const client = axios.create({ adapter: stub.adapter });
      const lose = () =>
        client.interceptors.request.use((config) => ({ ...config, retryState: undefined }) as never);
      // axios runs request interceptors in the reverse order.
      if (when === 'after') lose();
      attachRetry(client, { idempotencyKey: 'mine', timeBudget: 10_000 });
      if (when === 'before') lose();
      await client.post('/', 'body');
      expect(stub.configs[0]?.data).toBe('body');
      expect(sent(stub, /idempotency-key/i)).toEqual([[['Idempotency-Key', 'mine']]]);
    },
  );
});
