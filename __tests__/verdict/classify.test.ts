import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import axios, { AxiosError, type AxiosRequestConfig, CanceledError } from 'axios';
import { isAxiosError, isCancel, isTimeout, isTransient, serverVeto } from '../../lib/verdict/classify';
import { neverLeft, wasTurnedAway } from '../../lib/verdict/unprocessed';
import { type Certificate, type Certificates, makeCertificates, trust } from '../support/certificates';
import { rejectionOf } from '../support/outcome';
import { rawServers } from '../support/raw-server';
import { closedPort, servers } from '../support/server';

const STATUSES = new Set([503]);
const start = servers();
const startRaw = rawServers();

/** Is it one that the retry loop would call transient? */
function transient(error: unknown): boolean {
  return isAxiosError(error) && isTransient(error, STATUSES);
}

/** Sends a request that is to fail, over the adapter at hand. */
type Send = (config: AxiosRequestConfig) => Promise<AxiosError>;

/** Sends to a server that does this with its socket. */
const to =
  (break_: (socket: Socket) => unknown, config: AxiosRequestConfig = {}) =>
  async (send: Send) =>
    send({ url: (await startRaw(break_)).url, ...config });

/** Sends to a server that answers with a status, headers and a body. */
const answering =
  (status: number, headers: http.OutgoingHttpHeaders, body: string, config: AxiosRequestConfig = {}) =>
  async (send: Send) => {
    const server = await start((_request, response) => response.writeHead(status, headers).end(body));
    return send({ url: server.url, ...config });
  };

/** Sends while no name can be resolved. */
const withLookup = (code: string) => async (send: Send) => {
  const lookup = jest.spyOn(dns, 'lookup').mockImplementation(((
    host: string,
    _options: object,
    done: unknown,
  ) => {
    const error = Object.assign(new Error(`getaddrinfo ${code} ${host}`), {
      code,
      syscall: 'getaddrinfo',
      hostname: host,
    });
    process.nextTick(done as (error: Error) => void, error);
  }) as typeof dns.lookup);
  try {
    return await send({ url: 'http://api.test/' });
  } finally {
    lookup.mockRestore();
  }
};

const refused =
  (config: AxiosRequestConfig = {}) =>
  async (send: Send) =>
    send({ url: `http://127.0.0.1:${await closedPort()}/`, ...config });

/** Sends to a server that redirects to a port on which nobody listens. */
const redirectedToRefusal = (status: number, config: AxiosRequestConfig) => async (send: Send) => {
  const location = `http://127.0.0.1:${await closedPort()}/`;
  const server = await start((_request, response) => response.writeHead(status, { location }).end());
  return send({ url: server.url, ...config });
};

/** Sends to a server that redirects to itself, and stops listening. */
const redirectedToTheSameThatIsGone = async (send: Send) => {
  const server = http.createServer((_request, response) => {
    server.close();
    response.writeHead(303, { location: '/', connection: 'close' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return send({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    method: 'post',
    data: 'x',
  });
};

let certificates: Certificates;
let distrust: () => void;
beforeAll(async () => {
  certificates = await makeCertificates();
  distrust = trust(certificates.authority);
});
afterAll(() => distrust());

/** Sends to a server with that certificate. */
const overTls = (choose: (of: Certificates) => Certificate) => async (send: Send) => {
  const server = https.createServer(choose(certificates), (_request, response) => response.end('fine'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await send({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/` });
  } finally {
    server.close();
    server.closeAllConnections();
  }
};

const HEADERS = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const HALF = `${HEADERS}Content-Length: 100\r\n\r\n{"half":`;
const HALF_CHUNKED = `${HEADERS}Transfer-Encoding: chunked\r\n\r\n8\r\n{"half":\r\n`;
const ZIPPED = gzipSync('x'.repeat(100_000));
const never = () => {};
/** Milliseconds: of a server that does not answer. */
const TIMEOUT = 20;

const TRANSIENT: Record<string, (send: Send) => Promise<AxiosError>> = {
  'a connection that is reset': to((socket) => socket.resetAndDestroy()),
  'a connection that is closed': to((socket) => socket.end()),
  'a connection that is closed in the middle of the headers': to((socket) => socket.end(HEADERS)),
  'a body that is cut short of its length': to((socket) => socket.end(HALF)),
  'a body that is cut off in the middle of its chunks': to((socket) => socket.end(HALF_CHUNKED)),
  'a body that is cut off where nothing came of it yet': to((socket) =>
    socket.end(`${HEADERS}Content-Length: 100\r\n\r\n`),
  ),
  'a body that is reset': to((socket) =>
    socket.write(HALF, () => setImmediate(() => socket.resetAndDestroy())),
  ),
  'a zipped body that is cut off': to((socket) => {
    socket.write(`${HEADERS}Content-Encoding: gzip\r\nContent-Length: ${ZIPPED.length}\r\n\r\n`);
    socket.end(ZIPPED.subarray(0, 50));
  }),
  'a body of a status that the caller calls fine, cut off': to(
    (socket) => socket.end(HALF.replace('200 OK', '404 Not Found')),
    { validateStatus: (status) => status === 404 },
  ),
  'a body where the caller calls every status fine, cut off': to(
    (socket) => socket.end(HALF.replace('200 OK', '404 Not Found')),
    { validateStatus: null },
  ),
  'a timeout before the answer': to(never, { timeout: TIMEOUT }),
  'a timeout in the middle of the body': to((socket) => socket.write(HALF), { timeout: TIMEOUT }),
  'a timeout that is called ETIMEDOUT': to(never, {
    timeout: TIMEOUT,
    transitional: { clarifyTimeoutError: true },
  }),
  'a timeout in words of the caller': to(never, { timeout: TIMEOUT, timeoutErrorMessage: 'too slow' }),
  'a status that is one of the transient ones': answering(503, {}, 'busy'),
};

const PERMANENT: Record<string, (send: Send) => Promise<AxiosError>> = {
  'a status that is not one of the transient ones': answering(500, {}, 'bug'),
  'a status of the caller’s own making': answering(404, {}, 'no such thing'),
  'a status of success that the caller does not call fine': answering(200, {}, 'fine', {
    validateStatus: () => false,
  }),
  'an answer that is not HTTP': to((socket) => socket.end('220 mail.test ESMTP\r\n\r\n')),
  'a chunk that is not one': to((socket) =>
    socket.end(`${HEADERS}Transfer-Encoding: chunked\r\n\r\nXYZ\r\n`),
  ),
  'a body that is not JSON': answering(200, { 'content-type': 'application/json' }, '{"half":', {
    responseType: 'json',
    transitional: { silentJSONParsing: false },
  }),
  'a body that is not of the encoding it says': answering(200, { 'content-encoding': 'gzip' }, 'plain words'),
  'a body over maxContentLength by its length': answering(200, { 'content-length': 100 }, 'x'.repeat(100), {
    maxContentLength: 10,
  }),
  'a body over maxContentLength by its chunks': to(
    (socket) =>
      socket.end(`${HEADERS}Transfer-Encoding: chunked\r\n\r\n14\r\n${'x'.repeat(20)}\r\n0\r\n\r\n`),
    { maxContentLength: 10 },
  ),
  'a request over maxBodyLength': answering(200, {}, 'fine', {
    method: 'put',
    data: 'x'.repeat(100),
    maxBodyLength: 10,
  }),
  'too many redirects': answering(302, { location: '/' }, ''),
  'a certificate that is self-signed': overTls(({ selfSigned }) => selfSigned),
  'a certificate of another host': overTls(({ wrongName }) => wrongName),
  'a certificate that has expired': overTls(({ expired }) => expired),
  'a port that does not speak TLS': async (send) => {
    const server = await startRaw((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    return send({ url: server.url.replace('http:', 'https:') });
  },
  'a URL without a host': (send) => send({ url: 'http://' }),
  'a URL whose port is none': (send) => send({ url: 'http://127.0.0.1:99999/' }),
  'a protocol nobody speaks': (send) => send({ url: 'gopher://127.0.0.1/' }),
  'a header whose name is none': answering(200, {}, 'fine', { headers: { 'not a name': 'x' } }),
  'a method that is none': answering(200, {}, 'fine', { method: 'NOT ONE' }),
};

const CANCELLED: Record<string, (send: Send) => Promise<AxiosError>> = {
  'an abort by the signal': async (send) => {
    const controller = new AbortController();
    const server = await startRaw(() => controller.abort());
    return send({ url: server.url, signal: controller.signal });
  },
  'an abort by the signal in the middle of the body': async (send) => {
    const controller = new AbortController();
    const server = await startRaw((socket) => socket.write(HALF));
    const onDownloadProgress = () => controller.abort();
    return send({ url: server.url, signal: controller.signal, onDownloadProgress });
  },
  'an abort by a signal’s timeout': async (send) => {
    const controller = new AbortController();
    const server = await startRaw(() => controller.abort(new DOMException('too slow', 'TimeoutError')));
    return send({ url: server.url, signal: controller.signal });
  },
  'a cancellation by the token': async (send) => {
    const { token, cancel } = axios.CancelToken.source();
    const server = await startRaw(() => cancel('enough'));
    return send({ url: server.url, cancelToken: token });
  },
};

/** Sends over a socket that fails to connect, as the system says it. */
const withConnect = (code: string) => async (send: Send) => {
  const httpAgent = new http.Agent();
  const fail = () => {
    const socket = new Socket();
    const error = Object.assign(new Error(`connect ${code} 10.0.0.1:80`), {
      code,
      syscall: 'connect',
      address: '10.0.0.1',
      port: 80,
    });
    process.nextTick(() => socket.destroy(error));
    return socket;
  };
  return send({ url: 'http://10.0.0.1/', httpAgent: Object.assign(httpAgent, { createConnection: fail }) });
};

/** Over Node's own sockets, of which fetch knows nothing. */
const UNSENT_OVER_HTTP: Record<string, (send: Send) => Promise<AxiosError>> = {
  'a unix socket that is not there': (send) =>
    send({ url: 'http://unix/', socketPath: join(tmpdir(), 'there-is-no-such.socket') }),
  'a connection that the system gives up': withConnect('ETIMEDOUT'),
  'a host that cannot be reached': withConnect('EHOSTUNREACH'),
  'a net that cannot be reached': withConnect('ENETUNREACH'),
  'a host that is down': withConnect('EHOSTDOWN'),
  'no port left to connect from': withConnect('EADDRNOTAVAIL'),
};

const UNSENT: Record<string, (send: Send) => Promise<AxiosError>> = {
  'a connection that is refused': refused(),
  'a connection that is refused, where no redirects are followed': refused({ maxRedirects: 0 }),
  'a connection that is refused to a POST': refused({ method: 'post', data: 'x' }),
  'a connection that is refused by localhost, whichever its addresses': async (send) =>
    send({ url: `http://localhost:${await closedPort()}/` }),
  'a name that does not exist': withLookup('ENOTFOUND'),
  'a resolver that does not answer': withLookup('EAI_AGAIN'),
  'a resolver that fails': withLookup('ESERVFAIL'),
  'a resolver that takes too long': withLookup('ETIMEOUT'),
};

const SENT: Record<string, (send: Send) => Promise<AxiosError>> = {
  'a POST whose 303 leads to a refused connection': redirectedToRefusal(303, { method: 'post', data: 'x' }),
  'a POST whose 307 leads to a refused connection': redirectedToRefusal(307, { method: 'post', data: 'x' }),
  'a GET whose 302 leads to a refused connection': redirectedToRefusal(302, {}),
  'a POST whose 303 leads to a name that does not exist': async (send) => {
    const server = await start((_request, response) =>
      response.writeHead(303, { location: 'http://api.test/' }).end(),
    );
    return withLookup('ENOTFOUND')(() => send({ url: server.url, method: 'post', data: 'x' }));
  },
};

describe.each(['http', 'fetch'])('over the %s adapter', (adapter) => {
  const send: Send = (config) => rejectionOf(axios.request({ adapter, ...config }));

  /** All that is judged of an error. */
  const judge = (error: AxiosError) => ({
    transient: transient(error),
    neverLeft: neverLeft(error),
    cancelled: isCancel(error),
  });

  test.each(Object.entries(TRANSIENT))('%s is transient, and counts as sent', async (_what, fail) => {
    expect(judge(await fail(send))).toEqual({ transient: true, neverLeft: false, cancelled: false });
  });

  test.each(Object.entries(UNSENT))('%s is transient, and left nothing sent', async (_what, fail) => {
    expect(judge(await fail(send))).toEqual({ transient: true, neverLeft: true, cancelled: false });
  });

  if (adapter === 'http') {
    test.each(Object.entries(UNSENT_OVER_HTTP))(
      '%s is transient, and left nothing sent',
      async (_what, fail) => {
        expect(judge(await fail(send))).toEqual({ transient: true, neverLeft: true, cancelled: false });
      },
    );
  }

  test.each(Object.entries(PERMANENT))('%s is not transient', async (_what, fail) => {
    expect(judge(await fail(send))).toEqual({ transient: false, neverLeft: false, cancelled: false });
  });

  test.each(Object.entries(CANCELLED))('%s is a cancellation, and not transient', async (_what, fail) => {
    expect(judge(await fail(send))).toEqual({ transient: false, neverLeft: false, cancelled: true });
  });

  test.each(Object.entries(SENT))('%s counts as sent', async (_what, fail) => {
    expect(judge(await fail(send))).toEqual({ transient: true, neverLeft: false, cancelled: false });
  });

  test.each([
    ['self-signed', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['of another host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['has expired', 'CERT_HAS_EXPIRED'],
  ])('a certificate that is %s is refused as such', async (what, code) => {
    const fail = Object.entries(PERMANENT).find(
      ([name]) => name.startsWith('a certificate') && name.endsWith(what),
    );
    expect((await fail?.[1](send))?.cause).toMatchObject({ code });
  });

  // fetch tells neither that it followed a redirect nor where it was going.
  (adapter === 'fetch' ? test.failing : test)(
    'a POST whose 303 leads to the same server, which is gone by then, counts as sent',
    async () => {
      expect(neverLeft(await redirectedToTheSameThatIsGone(send))).toBe(false);
    },
  );

  test.each([
    'a timeout before the answer',
    'a timeout that is called ETIMEDOUT',
    'a timeout in words of the caller',
  ])('%s is known as a timeout', async (what) => {
    const error = await TRANSIENT[what]?.(send);
    expect(error && isTimeout(error)).toBe(true);
  });

  test('a connection that is refused is not taken for a timeout', async () => {
    expect(isTimeout(await refused()(send))).toBe(false);
  });
});

test('a port that fetch refuses to speak to is not transient', async () => {
  expect(transient(await rejectionOf(axios.get('http://127.0.0.1:6000/', { adapter: 'fetch' })))).toBe(false);
});

/** An error as adapters make it. */
function made(
  message: string,
  code: string | undefined,
  {
    config,
    request,
    response,
    cause,
  }: { config?: object; request?: object; response?: object; cause?: unknown } = {},
): AxiosError {
  const error = new AxiosError(message, code, config as never, request, response as never);
  return cause === undefined ? error : Object.defineProperty(error, 'cause', { value: cause });
}
/** The reason of an error. */
function reason(code: string | undefined, fields: object = {}): Error {
  return Object.assign(new Error('reason'), code === undefined ? {} : { code }, fields);
}

describe('by its code', () => {
  test.each([
    'ECONNRESET',
    'ECONNREFUSED',
    'EPIPE',
    'ETIMEDOUT',
    'ESOCKETTIMEDOUT',
    'EHOSTUNREACH',
    'EHOSTDOWN',
    'ENETUNREACH',
    'ENETDOWN',
    'ENETRESET',
    'EADDRNOTAVAIL',
    'EADDRINUSE',
    'EAI_AGAIN',
    'ENOTFOUND',
    'ESERVFAIL',
    'ETIMEOUT',
    'ERR_NETWORK',
    'ERR_SOCKET_CONNECTION_TIMEOUT',
    'ERR_STREAM_PREMATURE_CLOSE',
    'ERR_HTTP2_GOAWAY_SESSION',
    'ERR_HTTP2_SESSION_ERROR',
    'ERR_HTTP2_STREAM_ERROR',
    'ERR_HTTP2_STREAM_CANCEL',
    'ERR_HTTP2_INVALID_SESSION',
    'UND_ERR_SOCKET',
    'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_HEADERS_TIMEOUT',
    'UND_ERR_BODY_TIMEOUT',
    'UND_ERR_CLOSED',
    'UND_ERR_DESTROYED',
  ])('%s is transient, as the error’s or its reason’s', (code) => {
    expect(transient(made('failed', code))).toBe(true);
    expect(transient(made('Network Error', 'ERR_NETWORK', { cause: reason(code) }))).toBe(true);
    expect(
      transient(made('terminated', undefined, { cause: reason(undefined, { cause: reason(code) }) })),
    ).toBe(true);
  });

  test.each([
    'ERR_BAD_REQUEST',
    'ERR_BAD_RESPONSE',
    'ERR_BAD_OPTION',
    'ERR_BAD_OPTION_VALUE',
    'ERR_NOT_SUPPORT',
    'ERR_DEPRECATED',
    'ERR_INVALID_URL',
    'ERR_CANCELED',
    'ERR_FORM_DATA_DEPTH_EXCEEDED',
    'ERR_FR_TOO_MANY_REDIRECTS',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'EPROTO',
    'HPE_INVALID_CONSTANT',
    'HPE_HEADER_OVERFLOW',
    'ERR_INVALID_CHAR',
    'EACCES',
    'EMFILE',
    'ENOENT',
    'Z_DATA_ERROR',
    'toString',
    'SOMETHING_NEW',
  ])('%s is not, as the error’s or its reason’s', (code) => {
    expect(transient(made('failed', code, { request: {} }))).toBe(false);
    expect(transient(made('Network Error', 'ERR_NETWORK', { cause: reason(code) }))).toBe(false);
  });

  test('a reason that is its own reason is no trap', () => {
    const error = made('failed', 'ECONNRESET');
    error.cause = error;
    expect(transient(error)).toBe(true);
  });

  test('is found as deep as anybody nests it, and no deeper', () => {
    const nested = (depth: number): Error =>
      depth === 0 ? reason('ECONNRESET') : reason(undefined, { cause: nested(depth - 1) });
    expect(transient(made('failed', 'EACCES', { cause: nested(3) }))).toBe(true);
    expect(transient(made('failed', 'EACCES', { cause: nested(4) }))).toBe(false);
  });

  test.each([
    ['a string', 'ECONNRESET'],
    ['null', null],
    ['a number for a code', { code: 20 }],
  ])('a reason that is %s says nothing', (_what, cause) => {
    expect(transient(made('failed', 'EPIPE', { cause }))).toBe(true);
    expect(transient(made('failed', 'EACCES', { cause }))).toBe(false);
  });
});

describe('by what is known of old and foreign adapters', () => {
  const config = { url: '/' };
  const request = {};

  test.each([
    ['a browser’s network error', made('Network Error', 'ERR_NETWORK', { config, request })],
    [
      'a browser’s network error over fetch',
      made('Network Error', 'ERR_NETWORK', { config, request, cause: new TypeError('Failed to fetch') }),
    ],
    [
      'Safari’s network error over fetch',
      made('Network Error', 'ERR_NETWORK', { config, request, cause: new TypeError('Load failed') }),
    ],
    [
      'Deno’s network error',
      made('Network Error', 'ERR_NETWORK', {
        config,
        request,
        cause: new Error('error sending request for url (http://a.test/): client error (Connect): refused'),
      }),
    ],
    [
      'an error without a code where there was a request',
      made('Network request failed', undefined, { request }),
    ],
    ['an error without a code called Network Error', made('Network Error', undefined, { config })],
    ['a browser’s timeout', made('timeout of 5ms exceeded', 'ECONNABORTED', { config, request })],
    ['axios 0.2x’s timeout', made('timeout exceeded', 'ECONNABORTED', { config, request })],
    ['Windows’ aborted connection', made('write ECONNABORTED', 'ECONNABORTED', { config, request })],
    [
      'axios 1.8’s word for a body that was cut off',
      made('maxContentLength size of -1 exceeded', 'ERR_BAD_RESPONSE', { config, response: { status: 200 } }),
    ],
    ['hpagent’s word within others', made('My Bad response: 407', undefined, { request })],
    ['hpagent’s word for what is no status', made('Bad response: 4077', undefined, { request })],
    ['hpagent’s word for a proxy that is busy', made('Bad response: 503', undefined, { request })],
    [
      'tunnel’s word for it',
      made('tunneling socket could not be established, statusCode=503', 'ECONNRESET', { request }),
    ],
    [
      'tunnel’s word for a proxy that is gone',
      made('tunneling socket could not be established, cause=connect ECONNREFUSED', 'ECONNRESET', {
        request,
      }),
    ],
    ['a mock’s 503, without a config', made('failed', undefined, { response: { status: 503 } })],
    [
      'a mock’s 503, with an empty config',
      made('failed', undefined, { config: {}, response: { status: 503 } }),
    ],
  ])('%s is transient', (_what, error) => {
    expect(transient(error)).toBe(true);
    expect(neverLeft(error)).toBe(false);
  });

  test.each([
    ['a browser’s abort by leaving the page', made('Request aborted', 'ECONNABORTED', { config, request })],
    ['a word with Windows’ in it', made('no write ECONNABORTED', 'ECONNABORTED', { config, request })],
    ['an aborted connection without a word', made('', 'ECONNABORTED', { config, request })],
    [
      'fetch’s count of redirects',
      made('Network Error', 'ERR_NETWORK', {
        request,
        cause: reason(undefined, { message: 'redirect count exceeded' }),
      }),
    ],
    [
      'Deno’s count of redirects',
      made('Network Error', 'ERR_NETWORK', {
        request,
        cause: new TypeError('Fetch failed: Maximum number of redirects (20) reached'),
      }),
    ],
    [
      'what undici cannot parse: from Node 26 on without a code',
      made('Network Error', 'ERR_NETWORK', {
        request,
        cause: reason(undefined, { name: 'HTTPParserError', code: undefined }),
      }),
    ],
    [
      'what undici cannot parse in the middle of a body',
      made('terminated', undefined, {
        request,
        cause: reason(undefined, { cause: reason(undefined, { name: 'HTTPParserError' }) }),
      }),
    ],
    [
      'an error without a code where there was no request',
      made('getaddrinfo must be a function', undefined, { config }),
    ],
    [
      'an error without a code about a response that came',
      made('bad content', undefined, { config, request, response: { status: 200 } }),
    ],
    [
      'a body over a maxContentLength that is a limit',
      made('maxContentLength size of 10 exceeded', 'ERR_BAD_RESPONSE', { config, response: { status: 200 } }),
    ],
    [
      'an error of the caller’s side in the words for a body that was cut off',
      made('stream has been aborted', 'ERR_BAD_REQUEST', { config, response: { status: 200 } }),
    ],
    ['hpagent’s word for a proxy that wants a password', made('Bad response: 407', undefined, { request })],
    [
      'tunnel’s word for it',
      made('tunneling socket could not be established, statusCode=407', 'ECONNRESET', { request }),
    ],
    ['a mock’s 404, without a config', made('failed', undefined, { response: { status: 404 } })],
    ['a mock’s 200, without a config', made('failed', undefined, { response: { status: 200 } })],
    ['a mock’s 300, without a config', made('failed', 'ECONNRESET', { response: { status: 300 } })],
  ])('%s is not', (_what, error) => {
    expect(transient(error)).toBe(false);
  });

  test('a failure after a fine status is judged by itself, by what is fine where the config does not say', () => {
    expect(transient(made('failed', 'ECONNRESET', { response: { status: 200 } }))).toBe(true);
    expect(transient(made('failed', 'ECONNRESET', { response: { status: 299 } }))).toBe(true);
    expect(transient(made('failed', 'ECONNRESET', { response: { status: 199 } }))).toBe(false);
  });
});

describe('a cancellation', () => {
  test.each([
    ['axios’ own', new CanceledError('enough' as never)],
    ['that of another copy of axios', Object.assign(new Error('canceled'), { __CANCEL__: true })],
    ['one that only has the code', made('canceled', 'ERR_CANCELED')],
  ])('is recognised: %s', (_what, error) => {
    expect(isCancel(error)).toBe(true);
    expect(transient(error)).toBe(false);
  });

  test.each([undefined, null, 'canceled', {}, new Error('canceled'), { __CANCEL__: 'yes' }])(
    'is not %p',
    (error) => {
      expect(isCancel(error)).toBe(false);
    },
  );

  test('is not transient, whatever its reason', () => {
    expect(transient(made('canceled', 'ERR_CANCELED', { cause: reason('ECONNRESET') }))).toBe(false);
    expect(transient(made('canceled', 'ERR_CANCELED', { response: { status: 503 } }))).toBe(false);
  });
});

describe('an error of axios', () => {
  test('is recognised, whichever copy of axios made it', () => {
    expect(isAxiosError(made('failed', 'ECONNRESET'))).toBe(true);
    expect(isAxiosError({ isAxiosError: true })).toBe(true);
  });

  test.each([undefined, null, 'failed', {}, new Error('failed'), { isAxiosError: 'yes' }])(
    'is not %p',
    (error) => {
      expect(isAxiosError(error)).toBe(false);
    },
  );
});

describe('a timeout', () => {
  const config = { timeoutErrorMessage: 'too slow' };

  test.each([
    ['axios’ word for it', made('timeout of 5ms exceeded', 'ECONNABORTED')],
    ['axios’ word for it, under its other code', made('timeout of 5ms exceeded', 'ETIMEDOUT')],
    ['the caller’s word for it', made('too slow', 'ECONNABORTED', { config })],
  ])('is known by %s', (_what, error) => {
    expect(isTimeout(error)).toBe(true);
  });

  test.each([
    ['another code', made('timeout of 5ms exceeded', 'ECONNRESET')],
    ['another word', made('Request aborted', 'ECONNABORTED', { config })],
    ['the system’s word', made('connect ETIMEDOUT 10.0.0.1:80', 'ETIMEDOUT', { config })],
    ['a word that only begins like it', made('timeouts are bad', 'ECONNABORTED')],
    ['a word that only ends like it', made('no timeout of 5ms', 'ECONNABORTED')],
    ['no word, where the caller has none', made('', 'ECONNABORTED', { config: { timeoutErrorMessage: '' } })],
  ])('is not %s', (_what, error) => {
    expect(isTimeout(error)).toBe(false);
  });
});

describe('x-should-retry', () => {
  const veto = (headers: object | undefined) => serverVeto({ status: 503, headers });

  test.each([
    ['true', true],
    ['True', true],
    [' TRUE ', true],
    ['false', false],
    ['FALSE', false],
  ])('%p says %p', (value, expected) => {
    expect(veto({ 'X-Should-Retry': value })).toBe(expected);
  });

  test.each([
    '',
    '1',
    '0',
    'yes',
    'no',
    'maybe',
    'true, false',
    'false, true',
    'falsetto',
    'untrue',
    'trueish, true',
    'true,untrue',
    'falsetto,false',
    'false,unfalse',
  ])('%p says nothing', (value) => {
    expect(veto({ 'x-should-retry': value })).toBeUndefined();
  });

  test('counts as one where it is sent twice', () => {
    expect(veto({ 'x-should-retry': 'false, false' })).toBe(false);
    expect(veto({ 'x-should-retry': 'true,True' })).toBe(true);
    expect(veto({ 'x-should-retry': 'true , true,  true' })).toBe(true);
    expect(veto({ 'x-should-retry': 'false,false , false,  false' })).toBe(false);
  });

  test('nothing is said without it', () => {
    expect(veto({})).toBeUndefined();
    expect(veto(undefined)).toBeUndefined();
    expect(serverVeto(undefined)).toBeUndefined();
  });
});

describe('a request that failed over HTTP/2', () => {
  const stream = (rstCode: number) => ({ rstCode });

  test('never left where no connection was made', () => {
    expect(neverLeft(made('refused', 'ECONNREFUSED', { request: stream(2) }))).toBe(true);
  });

  test('is as good as never sent where the server refused the stream', () => {
    expect(neverLeft(made('refused', 'ERR_HTTP2_STREAM_ERROR', { request: stream(7) }))).toBe(true);
  });

  test.each([0, 1, 2, 8, 11])('counts as sent where the stream was reset for reason %i', (rstCode) => {
    expect(neverLeft(made('reset', 'ERR_HTTP2_STREAM_ERROR', { request: stream(rstCode) }))).toBe(false);
  });
});

describe('a request that failed over Node’s sockets', () => {
  const request = { _redirectCount: 0 };
  const connect = (code: string) => reason(code, { syscall: 'connect' });

  test.each([
    ['connect ETIMEDOUT', connect('ETIMEDOUT')],
    ['bind EADDRINUSE', reason('EADDRINUSE', { syscall: 'bind' })],
    [
      'all addresses of a name that could not be reached, each in its own way',
      reason('ETIMEDOUT', { errors: [connect('ETIMEDOUT'), connect('ENETUNREACH')] }),
    ],
  ])('never left: %s', (_what, cause) => {
    const error = made('', String(cause.message), { request, cause });
    expect([neverLeft(error), transient(error)]).toEqual([true, true]);
  });

  test.each([
    ['read ETIMEDOUT', reason('ETIMEDOUT', { syscall: 'read' })],
    ['write EHOSTUNREACH', reason('EHOSTUNREACH', { syscall: 'write' })],
    ['axios’ own timeout', reason('ETIMEDOUT')],
    ['no address at all', reason('ETIMEDOUT', { errors: [] })],
    [
      'one address of a name among others',
      reason('ETIMEDOUT', { errors: [connect('ETIMEDOUT'), reason('ECONNRESET', { syscall: 'read' })] }),
    ],
  ])('counts as sent: %s', (_what, cause) => {
    expect(neverLeft(made('', undefined, { request, cause }))).toBe(false);
  });

  test('counts as sent where it was on its way through a redirect', () => {
    const cause = connect('ETIMEDOUT');
    expect(neverLeft(made('', undefined, { request: { _redirectCount: 1 }, cause }))).toBe(false);
  });

  test('is transient where a unix socket is not there, not where a file is not', () => {
    expect(transient(made('', 'ENOENT', { request, cause: connect('ENOENT') }))).toBe(true);
    expect(transient(made('', 'ENOENT', { request, cause: reason('ENOENT', { syscall: 'open' }) }))).toBe(
      false,
    );
  });
});

describe('a request that was answered', () => {
  test.each([425, 429])('with %i was turned away, unprocessed', (status) => {
    expect(wasTurnedAway({ status })).toBe(true);
    expect(wasTurnedAway({ status, request: { _redirectable: { _redirectCount: 0 } } })).toBe(true);
    expect(wasTurnedAway({ status, request: { redirect: 'follow' } })).toBe(true);
  });

  test.each([425, 429])(
    'with %i after a redirect may have been processed by whoever redirected it',
    (status) => {
      expect(wasTurnedAway({ status, request: { _redirectable: { _redirectCount: 1 } } })).toBe(false);
      expect(wasTurnedAway({ status, request: { _redirectCount: 1 } })).toBe(false);
    },
  );

  test.each([200, 400, 408, 500, 502, 503, 504])('with %i may have been processed', (status) => {
    expect(wasTurnedAway({ status })).toBe(false);
  });
});

describe('a request that failed over fetch', () => {
  /** Refused, or not found, on the way to a URL. */
  function failedOver(url: string, cause: Error, redirect = 'follow'): AxiosError {
    return made('Network Error', 'ERR_NETWORK', { request: { url, redirect }, cause });
  }
  const refusedAt = (address: string, port: number) => reason('ECONNREFUSED', { address, port });
  const connectAt = (address: string, port: number) =>
    reason('ETIMEDOUT', { syscall: 'connect', address, port });
  const undici = (attempted: string) =>
    reason('UND_ERR_CONNECT_TIMEOUT', {
      message: `Connect Timeout Error (attempted ${attempted}, timeout: 10000ms)`,
    });
  const refusedAtAll = (...tries: Error[]) => reason('ECONNREFUSED', { errors: tries });

  test.each([
    ['at its own address', 'http://10.0.0.1:8080/x', refusedAt('10.0.0.1', 8080)],
    ['at the port of http', 'http://10.0.0.1/x', refusedAt('10.0.0.1', 80)],
    ['at the port of https', 'https://10.0.0.1/x', refusedAt('10.0.0.1', 443)],
    ['at an address of IPv6', 'http://[::1]:8080/x', refusedAt('::1', 8080)],
    [
      'at both addresses of localhost',
      'http://localhost:80/',
      refusedAtAll(refusedAt('::1', 80), refusedAt('127.0.0.1', 80)),
    ],
    ['at its own address, given up by the system', 'http://10.0.0.1/', connectAt('10.0.0.1', 80)],
    ['at its own address, given up by undici', 'http://10.0.0.1/', undici('addresses: 10.0.0.1:80')],
    ['at its own address of IPv6, given up by undici', 'https://[::1]/', undici('addresses: ::1:443')],
    ['at its own name, given up by undici', 'http://api.test:81/', undici('address: api.test:81')],
    ['at its own name', 'http://api.test/x', reason('ENOTFOUND', { hostname: 'api.test' })],
    [
      'at its own name, where the resolver failed',
      'http://a.test/',
      reason('ESERVFAIL', { hostname: 'a.test' }),
    ],
    ['at its own name, for now', 'http://api.test/x', reason('EAI_AGAIN', { hostname: 'api.test' })],
  ])('%s never left', (_what, url, cause) => {
    expect(neverLeft(failedOver(url, cause))).toBe(true);
  });

  test.each([
    ['at another address', 'http://10.0.0.1:8080/x', refusedAt('10.0.0.2', 8080)],
    ['at another port', 'http://10.0.0.1:8080/x', refusedAt('10.0.0.1', 8081)],
    ['at the port of https, sent to that of http', 'http://10.0.0.1/x', refusedAt('10.0.0.1', 443)],
    ['at an address that may be another name’s', 'http://api.test/x', refusedAt('10.0.0.1', 80)],
    [
      'at an address among others',
      'http://localhost/',
      refusedAtAll(refusedAt('127.0.0.1', 80), refusedAt('10.0.0.1', 80)),
    ],
    ['at an address nobody told', 'http://10.0.0.1/', reason('ECONNREFUSED')],
    ['at another address, given up by the system', 'http://10.0.0.1/', connectAt('10.0.0.2', 80)],
    ['at another address, given up by undici', 'http://10.0.0.1/', undici('addresses: 10.0.0.2:80')],
    ['at another port, given up by undici', 'http://10.0.0.1/', undici('address: 10.0.0.1:81')],
    [
      'at one among others, given up by undici',
      'http://10.0.0.1/',
      undici('addresses: 10.0.0.1:80, 10.0.0.2:80'),
    ],
    ['at an address that older undici does not tell', 'http://10.0.0.1/', reason('UND_ERR_CONNECT_TIMEOUT')],
    ['at another name', 'http://api.test/x', reason('ENOTFOUND', { hostname: 'other.test' })],
    ['at a name nobody told', 'http://api.test/x', reason('ENOTFOUND')],
    ['in another way', 'http://10.0.0.1/x', reason('ECONNRESET', { address: '10.0.0.1', port: 80 })],
  ])('%s counts as sent', (_what, url, cause) => {
    expect(neverLeft(failedOver(url, cause))).toBe(false);
  });

  test.each(['manual', 'error'])(
    'never left, wherever it failed, if redirects are followed in mode %s: not',
    (mode) => {
      expect(neverLeft(failedOver('http://api.test/x', refusedAt('10.0.0.1', 80), mode))).toBe(true);
    },
  );

  test('counts as sent where nobody knows the request, or its URL', () => {
    expect(neverLeft(made('Network Error', 'ERR_NETWORK', { cause: refusedAt('10.0.0.1', 80) }))).toBe(false);
    expect(neverLeft(made('failed', 'ECONNREFUSED', { request: {} }))).toBe(false);
    expect(neverLeft(made('failed', 'ECONNREFUSED', { request: { redirect: 'follow' } }))).toBe(false);
  });
});
