import axios from 'axios';
import { attachRetry, type RetryPolicy } from '../../lib';
import axiosRetry from '../../lib/compat';
import { stubAdapter } from '../support/stub-adapter';

const QUICK: RetryPolicy = { backoff: () => 0 };
const TOLD = Symbol.for('axios-retry-budget.told');

let warnings: string[];
beforeEach(() => {
  Reflect.deleteProperty(globalThis, TOLD);
  warnings = [];
  jest.spyOn(console, 'warn').mockImplementation((...words) => void warnings.push(words.join(' ')));
});
afterEach(() => jest.restoreAllMocks());

function client(
  attach: (instance: ReturnType<typeof axios.create>) => unknown = (it) => attachRetry(it, QUICK),
) {
  const instance = axios.create({ adapter: stubAdapter().adapter });
  attach(instance);
  return instance;
}

/** As axios-retry leaves a config: with all options and how far it got. */
const theirState = () => ({ retries: 3, retryCount: 0, lastRequestTime: Date.now() });

test('what no plugin left says nothing', async () => {
  await client().get('/');
  await client().get('/', { 'axios-retry': null, raxConfig: null } as object);
  expect(warnings).toEqual([]);
});

test("a left-over 'axios-retry' on a request gets one word in the life of a process", async () => {
  const first = client();
  await first.get('/', { 'axios-retry': { retries: 0 } });
  await first.get('/', { 'axios-retry': { retries: 0 } });
  await client().get('/', { 'axios-retry': {} });
  expect(warnings).toEqual([
    "axios-retry-budget: 'axios-retry' on a request's config does nothing here; say retryPolicy, or attach by axios-retry-budget/compat",
  ]);
});

test('so does one on the defaults', async () => {
  const instance = client();
  Object.assign(instance.defaults, { 'axios-retry': { retries: 0 } });
  await instance.get('/');
  expect(warnings).toHaveLength(1);
});

test('and a left-over raxConfig', async () => {
  await client().get('/', { raxConfig: { retry: 0 } } as object);
  await client().get('/', { raxConfig: { retry: 0 } } as object);
  expect(warnings).toEqual([
    "axios-retry-budget: raxConfig on a request's config does nothing here; say retryPolicy",
  ]);
});

test.each([
  ['inside', (instance: ReturnType<typeof client>, use: () => void) => [use(), attachRetry(instance, QUICK)]],
  [
    'outside',
    (instance: ReturnType<typeof client>, use: () => void) => [attachRetry(instance, QUICK), use()],
  ],
])('axios-retry %s on the same instance is told by what it puts on the config', async (_where, attach) => {
  const instance = client((it) =>
    attach(it, () =>
      it.interceptors.request.use((config) => Object.assign(config, { 'axios-retry': theirState() })),
    ),
  );
  await instance.get('/', { 'axios-retry': { retries: 1 } });
  await instance.get('/');
  expect(warnings).toEqual([
    'axios-retry-budget: axios-retry is on this instance as well, so retries multiply; take one of the two off',
  ]);
});

test('retry-axios on the same instance is told by the request that it sends again', async () => {
  await client().get('/', { raxConfig: { retry: 3, currentRetryAttempt: 1 } } as object);
  expect(warnings).toEqual([
    'axios-retry-budget: retry-axios is on this instance as well, so retries multiply; take one of the two off',
  ]);
});

test('where axios-retry-budget/compat is at work nothing is left over', async () => {
  const instance = client((it) => axiosRetry(it));
  const { config } = await instance.get('/', { 'axios-retry': { retries: 1 } });
  // Nor where its config goes to another instance.
  await client().request(config);
  expect(warnings).toEqual([]);
});

test('nor where retryPolicy is false: nobody retries that one', async () => {
  await client().get('/', { 'axios-retry': { retries: 1 }, retryPolicy: false });
  expect(warnings).toEqual([]);
});

test('a platform without a console is spared', async () => {
  jest.replaceProperty(globalThis, 'console', undefined as never);
  await expect(client().get('/', { 'axios-retry': {} })).resolves.toMatchObject({ status: 200 });
});
