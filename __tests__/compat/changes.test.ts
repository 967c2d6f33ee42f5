import { AxiosHeaders, type AxiosRequestConfig } from 'axios';
import { Snapshot, together } from '../../lib/compat/changes';

/** What a change comes to. */
function changesOf(config: AxiosRequestConfig, change: (config: AxiosRequestConfig) => void) {
  const snapshot = new Snapshot(config);
  change(config);
  return snapshot.changes();
}

const sent = (): AxiosRequestConfig => ({
  url: '/orders',
  baseURL: 'https://a.example.com',
  data: '{"a":1}',
  params: { page: 1 },
  headers: new AxiosHeaders({
    Authorization: 'Bearer secret',
    Cookie: 'session=1',
    'Content-Type': 'application/json',
    'X-Trace': '1',
  }),
});

test('nothing was changed', () => {
  expect(changesOf(sent(), () => {})).toBeUndefined();
  expect(changesOf({}, () => {})).toBeUndefined();
  expect(
    changesOf(sent(), (config) => {
      config.params = { page: 1 };
    }),
  ).toBeUndefined();
});

test('a field was set, replaced, or taken off', () => {
  expect(changesOf(sent(), (config) => Object.assign(config, { timeout: 5 }))).toEqual({ timeout: 5 });
  expect(changesOf({ timeout: 4 }, (config) => Object.assign(config, { timeout: 5 }))).toEqual({
    timeout: 5,
  });
  expect(changesOf({ timeout: 4 }, (config) => delete config.timeout)).toEqual({ timeout: undefined });
});

test('what is in a field was changed in place', () => {
  expect(changesOf(sent(), ({ params }) => Object.assign(params, { page: 2 }))).toEqual({
    params: { page: 2 },
  });
  expect(changesOf({ params: { page: 1 } }, (config) => (config.params = undefined))).toEqual({
    params: undefined,
  });
});

test('a header was set, in place or in headers of one’s own', () => {
  expect(changesOf(sent(), ({ headers }) => (headers as AxiosHeaders).set('X-Trace', '2'))).toEqual({
    headers: { 'X-Trace': '2' },
  });
  expect(changesOf({ headers: { a: '1' } }, (config) => (config.headers = { a: '1', b: '2' }))).toEqual({
    headers: { b: '2' },
  });
});

test('a header that was taken off is one that axios leaves out', () => {
  expect(changesOf(sent(), ({ headers }) => (headers as AxiosHeaders).delete('X-Trace'))).toEqual({
    headers: { 'X-Trace': false },
  });
  expect(changesOf({ headers: { a: '1' } }, (config) => delete config.headers)).toEqual({
    headers: { a: false },
  });
});

test('a body comes with the name of what it is', () => {
  expect(changesOf(sent(), (config) => (config.data = '{"a":2}'))).toEqual({
    data: '{"a":2}',
    headers: { 'Content-Type': 'application/json' },
  });
  expect(changesOf({ data: 'a' }, (config) => (config.data = 'b'))).toEqual({ data: 'b', headers: {} });
});

test('another host gets the credentials that are on the config', () => {
  const auth = { username: 'a', password: 'b' };
  const moved = changesOf({ ...sent(), auth }, (config) => (config.baseURL = 'https://b.example.com'));
  expect(moved).toEqual({
    baseURL: 'https://b.example.com',
    headers: { Authorization: 'Bearer secret', Cookie: 'session=1' },
    auth,
  });
});

test('but not those that were taken off or changed', () => {
  const moved = changesOf(sent(), (config) => {
    config.url = 'https://b.example.com/';
    (config.headers as AxiosHeaders).delete('Cookie');
    (config.headers as AxiosHeaders).set('Authorization', 'Bearer other');
  });
  expect(moved?.headers).toEqual({ Authorization: 'Bearer other', Cookie: false });
});

test('later changes lie on earlier ones', () => {
  const earlier = { timeout: 1, headers: { a: '1', b: '1' } };
  expect(together(undefined, undefined)).toBeUndefined();
  expect(together(earlier, undefined)).toBe(earlier);
  expect(together(undefined, earlier)).toBe(earlier);
  expect(together(earlier, { url: '/', headers: { b: '2' } })).toEqual({
    timeout: 1,
    url: '/',
    headers: { a: '1', b: '2' },
  });
});

test.each(['url', 'baseURL', 'allowAbsoluteUrls', 'socketPath'])('%s says where a request goes', (key) => {
  const moved = changesOf(sent(), (config) => Object.assign(config, { [key]: 'other' }));
  expect(moved).toStrictEqual({
    [key]: 'other',
    headers: { Authorization: 'Bearer secret', Cookie: 'session=1' },
  });
});

test('the proxy’s credentials are credentials', () => {
  const config = { headers: { 'Proxy-Authorization': 'Basic a' } };
  expect(changesOf(config, (config) => (config.url = '/b'))?.headers).toEqual(config.headers);
});

test('what is no plain object is compared as it is', () => {
  const change = (before: unknown, after: unknown) =>
    changesOf({ params: before }, (config) => (config.params = after));
  expect(change({ a: 1 }, null)).toEqual({ params: null });
  expect(change(null, { a: 1 })).toEqual({ params: { a: 1 } });
  expect(change({ a: 1 }, 'a=1')).toEqual({ params: 'a=1' });
  expect(change(new Date(0), new Date(1))).toEqual({ params: new Date(1) });
});

test('an object without a prototype is plain', () => {
  const bare = (fields: object) => Object.assign(Object.create(null), fields);
  expect(changesOf({ params: bare({ a: 1 }) }, (config) => (config.params = bare({ a: 1 })))).toBeUndefined();
  const changed = changesOf({ params: bare({ a: 1 }) }, (config) => (config.params.a = 2));
  expect(changed?.params).toMatchObject({ a: 2 });
});
