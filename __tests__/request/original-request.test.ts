import http from 'node:http';
import { Duplex, PassThrough, Readable } from 'node:stream';
import vm from 'node:vm';
import axios, { AxiosHeaders, type InternalAxiosRequestConfig } from 'axios';
import fc from 'fast-check';
import FormDataPackage from 'form-data';
import { axiosTransformOf, isReplayable, OriginalRequest } from '../../lib/request/original-request';
import { stubAdapter } from '../support/stub-adapter';

/** What a replay is sent from. */
const captureOriginal = (config: object) => new OriginalRequest(config).toConfig();

/** An object of another realm, such as an iframe's or a worker's. */
const foreign = <T>(code: string): T => vm.runInNewContext(`(${code})`);

describe('the captured original', () => {
  test('has all fields of the config, those that are undefined included', () => {
    const config = { url: '/', method: 'get', timeout: 0, data: undefined, params: null };
    const original = captureOriginal(config);
    expect(original).toEqual(config);
    expect(Object.keys(original)).toEqual(Object.keys(config));
  });

  test('does not follow what interceptors do to the config in place', () => {
    const config = {
      url: '/orders',
      headers: new AxiosHeaders({ Accept: 'text/*' }),
      params: { page: 1, filter: { open: true } },
      data: { lines: [1, 2], customer: { name: 'Ada' } },
      transformRequest: [(data: unknown) => data],
      retryPolicy: { backoff: { maxDelay: 1 } },
    };
    const original = captureOriginal(config);

    config.url = 'https://elsewhere.test/signed';
    config.headers.set('Authorization', 'Bearer once');
    config.headers.delete('Accept');
    config.params.page = 2;
    config.params.filter.open = false;
    config.data.lines.push(3);
    config.data.customer.name = 'Grace';
    config.transformRequest.length = 0;
    config.retryPolicy.backoff.maxDelay = 9;
    (config as { added?: boolean }).added = true;

    expect(original).toEqual({
      url: '/orders',
      headers: { Accept: 'text/*' },
      params: { page: 1, filter: { open: true } },
      data: { lines: [1, 2], customer: { name: 'Ada' } },
      transformRequest: [expect.any(Function)],
      retryPolicy: { backoff: { maxDelay: 1 } },
    });
  });

  test('changes nothing about the config itself', () => {
    const config = {
      headers: Object.freeze({ Accept: 'text/*' }),
      params: Object.freeze({ page: 1 }),
      data: Object.freeze({ list: Object.freeze([1]) }),
    };
    const before = JSON.stringify(config);
    const original = captureOriginal(Object.freeze(config));
    Object.assign(original.data as object, { more: 1 });
    (original.headers as Record<string, string>).Accept = '*/*';
    expect(JSON.stringify(config)).toBe(before);
  });

  test('has the headers as a plain object, which axios takes for its own again', () => {
    const { headers } = captureOriginal({
      headers: new AxiosHeaders({ 'x-Tenant': 'a', Accept: ['b', 'c'] }),
    });
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
    expect(AxiosHeaders.from(headers as Record<string, string>).toJSON()).toEqual({
      'x-Tenant': 'a',
      Accept: ['b', 'c'],
    });
  });

  test.each([undefined, null])('has headers where the config has %p', (headers) => {
    expect(captureOriginal({ headers })).toEqual({ headers: {} });
  });

  test('has symbols for keys as well, which axios passes on since 1.19', () => {
    const key = Symbol('traced');
    const original = captureOriginal({ [key]: { span: 1 }, data: { [key]: 2 } }) as Record<symbol, unknown>;
    expect(original[key]).toEqual({ span: 1 });
    expect((original as { data?: Record<symbol, unknown> }).data?.[key]).toBe(2);
  });

  test.each([
    ['without a prototype', Object.assign(Object.create(null), { deep: { a: 1 } })],
    ['of another realm', foreign<{ deep: { a: number } }>('{ deep: { a: 1 } }')],
  ])('copies a plain object %s, all the way down', (_what, data) => {
    const original = captureOriginal({ data }) as { data: { deep: { a: number } } };
    data.deep.a = 2;
    expect(original.data.deep.a).toBe(1);
  });

  describe('of a body with more than 1,000 lists and objects, which would take longer to copy than to send', () => {
    /** Rows that know whether anybody looks into them. */
    const rowsOf = (length: number) => {
      const looked = jest.fn();
      const row = () =>
        Object.defineProperty({}, 'name', { enumerable: true, get: () => looked() ?? 'Ada' }) as {
          name: string;
        };
      return { rows: Array.from({ length }, row), looked };
    };

    test.each<[string, (rows: object[]) => object, (data: never) => object[]]>([
      ['a list', (rows) => rows, (data) => data],
      [
        'a list in an object',
        (rows) => ({ table: { rows } }),
        (data) => (data as { table: { rows: object[] } }).table.rows,
      ],
    ])('%s is copied as axios copies it: the list, not its rows', (_what, bodyOf, rowsIn) => {
      const { rows, looked } = rowsOf(300_000);
      const original = captureOriginal({ data: bodyOf(rows) }) as { data: never };
      rows.pop();
      expect(rowsIn(original.data)).toHaveLength(300_000);
      expect(rowsIn(original.data)[0]).toBe(rows[0]);
      expect(looked).not.toHaveBeenCalled();
    });

    test('many short lists are not copied either, the objects around them are', () => {
      const lines = Array.from({ length: 40 }, () => Array.from({ length: 40 }, () => [1, 2]));
      const data = { type: { name: 'MultiLineString' }, lines };
      const original = captureOriginal({ data }) as { data: typeof data };
      data.type.name = 'Point';
      expect(original.data).toEqual({ type: { name: 'MultiLineString' }, lines });
      expect(original.data.lines).not.toBe(lines);
      expect(original.data.lines[0]).toBe(lines[0]);
    });

    test('one with fewer is copied all the way down', () => {
      const data = Array.from({ length: 999 }, () => ({ a: 1 }));
      const original = captureOriginal({ data }) as { data: typeof data };
      for (const row of data) row.a = 2;
      expect(original.data).toEqual(Array(999).fill({ a: 1 }));
    });

    test('one that holds itself is no trap', () => {
      const data: unknown[] = [];
      data.push(data, { data });
      expect((captureOriginal({ data }).data as unknown[]).length).toBe(2);
    });
  });

  test('copies a list, all the way down', () => {
    const data = [{ a: 1, b: [{ c: 1 }] }, [1, null, undefined]] as [
      { a: number; b: [{ c: number }] },
      unknown[],
    ];
    const original = captureOriginal({ data }) as { data: typeof data };
    data[0].a = 2;
    data[0].b[0].c = 2;
    data[1].push(2);
    data.push([]);
    expect(original.data).toEqual([{ a: 1, b: [{ c: 1 }] }, [1, null, undefined]]);
  });

  test('copies a list that holds itself without end only once', () => {
    const data: unknown[] = [{ a: 1 }];
    data.push(data, { data });
    const original = captureOriginal({ data }) as { data: unknown[] };
    expect(original.data).not.toBe(data);
    expect(original.data[0]).toEqual({ a: 1 });
  });

  test('copies URLSearchParams', () => {
    const data = new URLSearchParams('a=1&a=2&b=%C3%BC');
    const params = new URLSearchParams({ page: '1' });
    const original = captureOriginal({ data, params });
    data.append('signature', 'once');
    params.set('page', '2');
    expect(String(original.data)).toBe('a=1&a=2&b=%C3%BC');
    expect(String(original.params)).toBe('page=1');
  });

  test('copies a FormData, with its files’ names and types', async () => {
    const data = new FormData();
    data.append('word', 'ü');
    data.append('word', 'again');
    data.append('file', new Blob(['<b>'], { type: 'text/html' }), 'a.html');
    data.append('unnamed', new Blob(['x']));
    const original = captureOriginal({ data }) as { data: FormData };
    data.append('signature', 'once');
    data.delete('word');

    expect([...original.data.keys()]).toEqual(['word', 'word', 'file', 'unnamed']);
    expect(original.data.getAll('word')).toEqual(['ü', 'again']);
    const file = original.data.get('file') as File;
    expect([file.name, file.type, await file.text()]).toEqual(['a.html', 'text/html', '<b>']);
    expect((original.data.get('unnamed') as File).name).toBe('blob');
  });

  test('does without FormData where there is none', () => {
    const { FormData } = globalThis;
    try {
      delete (globalThis as { FormData?: unknown }).FormData;
      expect(captureOriginal({ data: { a: 1 } })).toEqual({ data: { a: 1 } });
    } finally {
      globalThis.FormData = FormData;
    }
  });

  class Order {
    lines = [1];
  }
  test.each([
    ['a class instance', new Order()],
    ['a Date', new Date(0)],
    ['a Map', new Map([['a', 1]])],
    ['a Buffer', Buffer.from('bytes')],
    ['a typed array', new Uint8Array(3)],
    ['an ArrayBuffer', new ArrayBuffer(3)],
    ['a Blob', new Blob(['x'])],
    ['a Node stream', Readable.from(['x'])],
    ['a web stream', new ReadableStream()],
    ['the form-data package’s form', new FormDataPackage()],
    ['a signal', new AbortController().signal],
    ['a cancel token', axios.CancelToken.source().token],
    ['an agent', new http.Agent()],
    ['a function', () => 1],
    ['an error', new Error('bug')],
  ])('has %s as the very one it is, at any depth', (_what, value) => {
    const original = captureOriginal({ top: value, data: { deep: { value } } });
    expect(original.top).toBe(value);
    expect(original).toHaveProperty('data.deep.value', value);
    expect((original as { data: { deep: { value: unknown } } }).data.deep.value).toBe(value);
  });

  test('has nothing to do with prototypes, whatever the names in it', () => {
    const hostile = '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}';
    const original = captureOriginal({ data: JSON.parse(hostile), headers: JSON.parse(hostile), params: {} });
    captureOriginal(JSON.parse(hostile));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(original.data)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(original.headers)).toBe(Object.prototype);
    expect(JSON.stringify(original.data)).toBe(JSON.stringify(JSON.parse(hostile)));
  });

  test('is equal to any config of plain data, and shares no object with it', () => {
    /** The plain objects in a value, as far as axios copies. */
    const objectsIn = (value: unknown): object[] =>
      typeof value !== 'object' || value === null
        ? []
        : [value, ...(Array.isArray(value) ? [] : Object.values(value).flatMap(objectsIn))];
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (data) => {
        const original = captureOriginal({ data });
        expect(original).toEqual({ data });
        const ours = new Set(objectsIn(original.data));
        expect(objectsIn(data).filter((object) => ours.has(object))).toEqual([]);
      }),
    );
  });

  test('makes axios send the same request once more', async () => {
    const stub = stubAdapter();
    const client = axios.create({
      adapter: stub.adapter,
      baseURL: 'http://api.test',
      headers: { 'X-Tenant': 'a' },
    });
    let original: object = {};
    client.interceptors.request.use(
      (config) => {
        config.headers.set('X-Signature', `of ${config.url}`);
        config.url += '/signed';
        return config;
      },
      null,
      {
        runWhen: (config: InternalAxiosRequestConfig) => {
          original = captureOriginal(config);
          return true;
        },
      },
    );
    await client.post('/orders', { lines: [1] }, { params: { page: 1 }, headers: { Accept: 'text/*' } });
    await client.request(original);

    const [first, second] = stub.configs.map(({ url, method, params, data, headers }) => ({
      url,
      method,
      params,
      data,
      headers: headers.toJSON(),
    }));
    expect(second).toEqual(first);
    expect(first).toMatchObject({
      url: '/orders/signed',
      data: '{"lines":[1]}',
      headers: { 'X-Signature': 'of /orders', 'X-Tenant': 'a', Accept: 'text/*' },
    });
  });
});

describe('a body', () => {
  const form = new FormData();
  form.append('file', new Blob(['x']), 'x.txt');

  test.each([
    ['none', undefined],
    ['null', null],
    ['a string', 'text'],
    ['an empty string', ''],
    ['a number', 5],
    ['a boolean', false],
    ['an object', { a: 1 }],
    ['an object without a prototype', Object.create(null)],
    ['an object of another realm', foreign('{ a: { b: 1 } }')],
    ['a list', [1, [2, { three: 3 }]]],
    ['a class instance', new Date(0)],
    ['a Buffer', Buffer.from('x')],
    ['a typed array', new Uint8Array(1)],
    ['an ArrayBuffer', new ArrayBuffer(1)],
    ['a Blob', new Blob(['x'])],
    ['URLSearchParams', new URLSearchParams('a=1')],
    ['a FormData', form],
    ['an object with a Buffer in it', { file: Buffer.from('x') }],
    ['an object with a Blob in it', { files: [new Blob(['x'])] }],
    ['an object whose fields only have the names of methods', { pipe: true, getReader: 'yes' }],
    ['a function', () => 'text'],
    ['what makes JSON of itself, whatever it holds', { toJSON: () => 'text', log: Readable.from(['x']) }],
  ])('that is %s can be sent twice', (_what, body) => {
    expect(isReplayable(body)).toBe(true);
  });

  test.each([
    ['a Node stream', () => Readable.from(['x'])],
    ['a Node stream that is both ways', () => new PassThrough()],
    ['a response of Node’s http', () => new http.IncomingMessage(new Duplex() as never)],
    ['a web stream', () => new ReadableStream()],
    ['the body of a web response', () => new Response('x').body],
    ['the form-data package’s form', () => new FormDataPackage()],
    ['an object with a stream in it, for axios to make a form of', () => ({ file: Readable.from(['x']) })],
    ['an object with a stream deep in it', () => ({ a: { b: [1, { file: new ReadableStream() }] } })],
    ['a list with a stream in it', () => [Readable.from(['x'])]],
    [
      'an object of another realm with a stream in it',
      () => Object.assign(foreign<object>('{}'), { file: Readable.from(['x']) }),
    ],
    [
      'an object without a prototype with a stream in it',
      () => Object.assign(Object.create(null), { file: Readable.from(['x']) }),
    ],
  ])('that is %s cannot', (_what, make) => {
    expect(isReplayable(make())).toBe(false);
  });

  test('that goes in circles is looked at once', () => {
    interface Node {
      children: Node[];
      parent?: Node;
      file?: unknown;
    }
    const parent: Node = { children: [] };
    parent.children.push({ children: [], parent });
    expect(isReplayable(parent)).toBe(true);
    expect(isReplayable([parent, parent])).toBe(true);
    parent.children.push({ children: [], parent, file: Readable.from(['x']) });
    expect(isReplayable(parent)).toBe(false);
  });

  test('is not read by being looked at', () => {
    const stream = Readable.from(['x']);
    isReplayable(stream);
    expect([stream.readableDidRead, stream.readableFlowing]).toEqual([false, null]);
    const web = new ReadableStream();
    isReplayable(web);
    expect(web.locked).toBe(false);
  });
});

describe('the original of a config that only axios and an adapter see', () => {
  const transform = () => {};
  const adapter = jest.fn((sent: Record<string, unknown>) => sent);

  /** A config as axios merges it, up to our state on it. */
  const merged = (fields: object = {}): Record<string, unknown> => ({
    url: '/a',
    method: 'post',
    data: { list: [1] },
    headers: { 'X-Trace': '1' },
    transformRequest: [transform],
    adapter,
    ...fields,
    retryState: {},
  });
  const fieldsOf = ({ retryState: _, ...fields }: Record<string, unknown>) => fields;

  test('is what it was, whatever they write on it, put there or remove', () => {
    const config = merged({
      baseURL: 'http://a.test',
      timeout: 5,
      params: { page: 1 },
      responseType: 'json',
    });
    const before = structuredClone({ ...fieldsOf(config), adapter: 0, transformRequest: 0 });
    const original = new OriginalRequest(config, true);
    for (const key of ['url', 'method', 'timeout']) config[key] = 'other';
    for (const key of ['data', 'params', 'headers'])
      Object.assign(config[key] as object, { list: 2, page: 2 });
    for (const key of ['baseURL', 'adapter']) delete config[key];
    config.late = true;
    expect([original.get('url'), original.get('responseType')]).toEqual(['/a', 'json']);
    original.complete();
    expect(original.toConfig()).toStrictEqual({ ...before, adapter, transformRequest: [transform] });
    expect([original.get('url'), original.get('late')]).toEqual(['/a', undefined]);
  });

  test('has no field that was not there', () => {
    const original = new OriginalRequest({ url: '/a', retryState: {} }, true);
    original.complete();
    expect(original.toConfig()).toStrictEqual({ url: '/a' });
  });

  test('has what was captured where our state is the first on it, or not on it', () => {
    for (const config of [{ retryState: {}, url: '/a', late: 1 }, { url: '/a' }]) {
      const original = new OriginalRequest(config, true);
      original.complete();
      expect(original.toConfig()).toStrictEqual({ url: '/a' });
    }
  });

  test('keeps the items of a long body by reference', () => {
    const rows = Array.from({ length: 1_001 }, () => ({ a: 1 }));
    const original = new OriginalRequest(merged({ data: rows }), true);
    expect((original.toConfig().data as unknown[])[0]).toBe(rows[0]);
  });

  describe('where axios makes JSON of the body', () => {
    test.each<[string, object]>([
      ['of an object', {}],
      ['of a list', { data: [1] }],
      ['by its header', { headers: { 'Content-Type': 'application/json' } }],
    ])('takes that for its copy: %s', (_what, fields) => {
      const config = merged(fields);
      const { data } = config as { data: object };
      const original = new OriginalRequest(config, true, transform);
      const sent = { data: JSON.stringify(data), adapter: config.adapter };
      const json = JSON.parse(sent.data);
      expect(config.adapter).not.toBe(adapter);
      expect((config.adapter as typeof adapter)(sent)).toBe(sent);
      expect(sent.adapter).toBe(adapter);
      Object.assign(data, { 0: 'changed', late: 1 });
      config.data = 'what an adapter wrote';
      original.complete();
      expect(original.toConfig().data).toStrictEqual(json);
      expect(original.toConfig().adapter).toBe(adapter);
    });

    test.each<[string, object, unknown]>([
      ['nothing is known to make it', {}, undefined],
      ['there is none', { data: null }, transform],
      ['it is text', { data: 'text' }, transform],
      ['it is an instance of a class', { data: new URLSearchParams() }, transform],
      ['somebody transforms it as well', { transformRequest: [transform, transform] }, transform],
      ['somebody else transforms it', { transformRequest: [() => {}] }, transform],
      ['nobody does', { transformRequest: undefined }, transform],
      ['a function does', { transformRequest: transform }, transform],
      ['its header says otherwise', { headers: { 'content-type': 'text/plain' } }, transform],
    ])('but not where %s: the adapter is left alone', (_what, fields, known) => {
      const config = merged(fields);
      const original = new OriginalRequest(config, true, known);
      expect(config.adapter).toBe(adapter);
      original.complete();
      expect(original.toConfig()).toEqual(fieldsOf(config));
    });

    test('copies the body where something else came of it', () => {
      const config = merged({ data: { a: 1 } });
      const original = new OriginalRequest(config, true, transform);
      (config.adapter as typeof adapter)({ data: 'a={' });
      original.complete();
      expect(original.toConfig().data).toEqual({ a: 1 });
    });
  });

  test('is not that of another call, however alike', () => {
    const last = () => {};
    const all = [
      { transitional: { a: 1 }, x: 1 },
      { transitional: { a: 2 }, x: 1 },
      { transitional: { a: 2, b: 1 }, x: 1 },
      { transitional: { b: 1 }, y: 1 },
      { transitional: null, x: 1 },
      { transitional: 'none', x: 1 },
      { transitional: null, x: 1 },
      { transformRequest: [last] },
      { transformRequest: { 0: last } },
      { transformResponse: [last] },
    ].map((fields) => ({ ...fields, url: '/a' }));
    const originals = all.map((config) => new OriginalRequest({ ...config, retryState: {} }, true));
    for (const original of originals) original.complete();
    expect(originals.map((original) => original.toConfig())).toStrictEqual(all);
  });
});

describe('the transform that makes JSON', () => {
  test('is axios’ own, of an instance or of another copy of axios', () => {
    const { transformRequest } = axios.create().defaults;
    const [own] = transformRequest as [() => void];
    expect(axiosTransformOf({ transformRequest })).toBe(own);
    const copy = Object.assign(() => {}, { toString: () => String(own) });
    expect(axiosTransformOf({ transformRequest: [copy] })).toBe(copy);
    expect(axiosTransformOf({ transformRequest: copy })).toBe(copy);
  });

  test('is none where there is another, or none', () => {
    const { transformRequest } = axios.create().defaults;
    const [own] = transformRequest as [() => void];
    for (const other of [[own, () => {}], [() => {}], undefined])
      expect(axiosTransformOf({ transformRequest: other })).toBeUndefined();
    expect(axiosTransformOf(undefined)).toBeUndefined();
  });
});
