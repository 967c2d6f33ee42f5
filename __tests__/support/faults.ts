/**
 * What can go wrong between a client and a server, on real sockets: one table, for __tests__/http/faults.test.ts
 * and for docs/faults.md. A line of it says what breaks, how to break it, and what the caller is to get.
 */
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import axios, { type AxiosRequestConfig } from 'axios';
import { attachRetry, type Outcome, retryStateOf } from '../../lib';
import { type Certificate, type Certificates, makeCertificates, trust } from './certificates';
import { OK, startRawServer } from './raw-server';
import { closedPort } from './server';

export type Adapter = 'http' | 'fetch';

export interface Fault {
  /** The heading it stands under in docs/faults.md. */
  readonly group: string;
  readonly name: string;
  /** What is to come of it; an adapter that cannot meet the fault is left out. */
  readonly expected: Partial<Readonly<Record<Adapter, Expectation>>>;
  /** @param isBroken whether the fault is there for the server's n-th request, from 1 */
  open(isBroken: (count: number) => boolean, certificates: Certificates): Promise<Place>;
  /** It does not go away by itself: there is no telling what comes after it. */
  readonly lasting?: boolean;
  /** Requests that the servers see of an attempt that fails and of one that does not. Default 1 and 1. */
  readonly seen?: { readonly broken: number | Readonly<Record<Adapter, number>>; readonly fine?: number };
  /** Attempts that come besides, at once and uncounted, where the fault stays and the request may be sent twice. Default 0. */
  readonly free?: Partial<Readonly<Record<Adapter, number>>>;
  /** What a reader of docs/faults.md should know besides. */
  readonly note?: string;
  /** The first axios that offers it. */
  readonly sinceAxios?: string;
}

/** What the caller is to get. */
export interface Expectation {
  /**
   * - `transient`: retried, unless the request may not be sent twice
   * - `unsent`: retried whatever the request, because it cannot have been processed
   * - `permanent`: not retried
   * - `out of time`: nothing but the time budget ends it
   * - `unnoticed`: axios itself takes it for a success
   */
  readonly kind: 'transient' | 'unsent' | 'permanent' | 'out of time' | 'unnoticed';
  /** The error's code and the innermost one of its causes, or the status; several where versions of Node differ. */
  readonly ends: readonly string[];
  /** Each attempt lasts as long as its timeout. */
  readonly stalls?: boolean;
}

/** Where the fault is. */
interface Place {
  readonly url: string;
  readonly config?: AxiosRequestConfig;
  /** Requests that servers got. */
  count(): number;
  /** Called before a retry. */
  beforeRetry?(): Promise<void>;
  close(): Promise<void>;
}

/** A GET that meets the fault once; a GET that meets it each time; a POST that meets it each time. */
export const SCENARIOS = ['once', 'always', 'post'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** One line of the table under one adapter, run. */
export interface Meeting {
  readonly fault: Fault;
  readonly adapter: Adapter;
  readonly expectation: Expectation;
  readonly observations: ReadonlyMap<Scenario, Observation>;
}

export interface Observation {
  readonly outcome: Outcome | undefined;
  readonly attempts: number;
  /** Requests the servers saw. */
  readonly requests: number;
  /** What the caller got: a status, or the error's code and the innermost one of its causes. */
  readonly end: string;
  /** Milliseconds. */
  readonly elapsed: number;
}

/**
 * Milliseconds: of an attempt whose server stalls, all the time in the world for what it does before. All others have a timeout that
 * they never need.
 */
const TIMEOUT = 2_000;
const NEVER_NEEDED = 60_000;
/** Longer than the timeout, to tell which of them it was. */
const TIME_BUDGET = TIMEOUT + 500;
export const MAX_RETRIES = 2;

const transient = (...ends: string[]): Expectation => ({ kind: 'transient', ends });
const unsent = (...ends: string[]): Expectation => ({ kind: 'unsent', ends });
const permanent = (...ends: string[]): Expectation => ({ kind: 'permanent', ends });
const timeout = (...ends: string[]): Expectation => ({ kind: 'transient', ends, stalls: true });
const unnoticed = (...ends: string[]): Expectation => ({ kind: 'unnoticed', ends });
const outOfTime: Expectation = { kind: 'out of time', ends: ['ETIMEDOUT (ERR_CANCELED)'], stalls: true };

/** A server of bytes. */
const bytes =
  (break_: (socket: Socket) => unknown, config?: AxiosRequestConfig): Fault['open'] =>
  async (isBroken) => {
    const server = await startRawServer((socket, count) =>
      isBroken(count) ? break_(socket) : socket.write(OK),
    );
    return {
      url: server.url,
      count: () => server.count,
      close: () => server.close(),
      ...(config && { config }),
    };
  };

/** Writes, and does the next thing when it has surely left. */
const writeThen = (text: string, then: (socket: Socket) => unknown) => (socket: Socket) =>
  socket.write(text, () => setImmediate(() => then(socket)));

const reset = (socket: Socket) => socket.resetAndDestroy();
const HALF_A_BODY = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly so much';
const HALF_A_CLOSING_BODY = HALF_A_BODY.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
const HALF_A_CHUNKED_BODY = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
const STALLING = { timeout: TIMEOUT };

/** The moment a server closes an idle connection that the client is just sending its next request on. */
const reusedSocket: Fault['open'] = async (isBroken) => {
  const greeted = new WeakSet<Socket>();
  let greetings = 0;
  const server = await startRawServer((socket, count) => {
    const isFirst = !greeted.has(socket) && greetings === 0;
    greeted.add(socket);
    if (isFirst) greetings++;
    if (isFirst || !isBroken(count - greetings)) socket.write(OK);
    else socket.resetAndDestroy();
  });
  const httpAgent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  return {
    url: server.url,
    config: { httpAgent },
    count: () => server.count - greetings,
    async close() {
      httpAgent.destroy();
      await server.close();
    },
  };
};

/** Nobody listens on the port, until a retry is due of a fault that is there once. */
const refused: Fault['open'] = async (isBroken) => {
  const answer = (_request: http.IncomingMessage, response: http.ServerResponse) => {
    count++;
    response.end('{"ok":true}');
  };
  let count = 0;
  const server = http.createServer(answer);
  const port = await closedPort();
  return {
    url: `http://127.0.0.1:${port}`,
    count: () => count,
    async beforeRetry() {
      if (!isBroken(1)) await listen(server, port);
    },
    close: async () => void (server.listening && (await close(server))),
  };
};

/** No resolver is asked about a label of more than 63 characters: it cannot be a name. */
const noSuchName: Fault['open'] = async () => ({
  url: `http://${'x'.repeat(64)}.invalid`,
  count: () => 0,
  close: async () => {},
});

const resolverSilent: Fault['open'] = async () => ({
  url: 'http://resolver-is-down.test',
  config: {
    // axios calls it in Node's way, with a callback.
    lookup: ((_name: string, _options: object, done: (error: Error) => void) =>
      done(
        Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' }),
      )) as unknown as AxiosRequestConfig['lookup'],
  } as AxiosRequestConfig,
  count: () => 0,
  close: async () => {},
});

const tlsServer =
  (choose: (certificates: Certificates) => Certificate): Fault['open'] =>
  async (_isBroken, certificates) => {
    let count = 0;
    const server = https.createServer(choose(certificates), (_request, response) => {
      count++;
      response.end('{"ok":true}');
    });
    server.on('tlsClientError', () => {});
    const { port } = await listen(server);
    return { url: `https://localhost:${port}`, count: () => count, close: () => close(server) };
  };

/** Speaks TLS, or hangs up while the client is about to. */
const handshakeReset: Fault['open'] = async (isBroken) => {
  const server = await startRawServer((socket, count) => (isBroken(count) ? reset(socket) : socket.end()));
  return {
    url: server.url.replace('http:', 'https:').replace('127.0.0.1', 'localhost'),
    count: () => 0,
    close: () => server.close(),
  };
};

const plainPort: Fault['open'] = async () => {
  const server = await startRawServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  return { url: server.url.replace('http:', 'https:'), count: () => 0, close: () => server.close() };
};

/** A chain of redirects: from `/` on to where the fault is. */
const redirect =
  (status: number, to: (place: Place) => string, behind: Fault['open']): Fault['open'] =>
  async (isBroken, certificates) => {
    const place = await behind(isBroken, certificates);
    let count = 0;
    const server = http.createServer((_request, response) => {
      count++;
      response.writeHead(status, { location: to(place) }).end();
    });
    const { port } = await listen(server);
    return {
      ...place,
      url: `http://127.0.0.1:${port}`,
      count: () => count + place.count(),
      close: async () => {
        await close(server);
        await place.close();
      },
    };
  };

const redirectLoop: Fault['open'] = async () => {
  let count = 0;
  const server = http.createServer((_request, response) => {
    count++;
    response.writeHead(302, { location: '/' }).end();
  });
  const { port } = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    config: { maxRedirects: 5 },
    count: () => count,
    close: () => close(server),
  };
};

/** A request for `target` by way of a proxy: a place of any kind. */
const viaProxy =
  (target: string, behind: Fault['open']): Fault['open'] =>
  async (isBroken, certificates) => {
    const place = await behind(isBroken, certificates);
    const { hostname, port } = new URL(place.url);
    return {
      ...place,
      url: target,
      config: { ...place.config, proxy: { protocol: 'http', host: hostname, port: Number(port) } },
    };
  };

const status = (line: string) => `HTTP/1.1 ${line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;

/** HTTP/2 without TLS. */
const http2Server =
  (
    break_: (stream: http2.ServerHttp2Stream, socket: Socket) => unknown,
    config: AxiosRequestConfig = {},
  ): Fault['open'] =>
  async (isBroken) => {
    let count = 0;
    let socket: Socket;
    const sessions = new Set<http2.ServerHttp2Session>();
    const server = http2.createServer();
    server.on('connection', (connected) => {
      socket = connected;
    });
    server.on('session', (session) => {
      sessions.add(session);
      session.on('error', () => {});
      session.on('close', () => sessions.delete(session));
    });
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      if (isBroken(++count)) return break_(stream, socket);
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      stream.end('{"ok":true}');
    });
    const { port } = await listen(server);
    return {
      url: `http://127.0.0.1:${port}`,
      config: { httpVersion: 2, http2Options: { sessionTimeout: 1 }, ...config } as AxiosRequestConfig,
      count: () => count,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          for (const session of sessions) session.destroy();
        }),
    };
  };

const http2Half = (stream: http2.ServerHttp2Stream, socket: Socket) => {
  stream.respond({ ':status': 200 });
  stream.write('only so much', () => setImmediate(() => socket.destroy()));
};

const http2Refused: Fault['open'] = async (isBroken, certificates) => {
  const place = await refused(isBroken, certificates);
  return { ...place, config: { httpVersion: 2 } as AxiosRequestConfig };
};

const PROXIES = 'Proxies (`proxy` of axios; the fetch adapter does not have it)';
const HTTP2 = 'HTTP/2 (`httpVersion: 2`, from axios 1.13 on; the fetch adapter does not have it)';

export const FAULTS: readonly Fault[] = [
  {
    group: 'Before the response',
    name: 'The connection is closed without an answer',
    open: bytes((socket) => socket.end()),
    expected: { http: transient('ECONNRESET'), fetch: transient('ERR_NETWORK (UND_ERR_SOCKET)') },
  },
  {
    group: 'Before the response',
    name: 'The connection is reset without an answer',
    open: bytes(reset),
    expected: { http: transient('ECONNRESET'), fetch: transient('ERR_NETWORK (ECONNRESET)') },
  },
  {
    group: 'Before the response',
    name: 'A kept-alive connection is closed just as it is used again',
    open: reusedSocket,
    expected: { http: transient('ECONNRESET'), fetch: transient('ERR_NETWORK (ECONNRESET)') },
    free: { http: 1 },
    note: 'The caller of the GET notices nothing. Under the http adapter it is sent again at once, which costs neither a token nor a retry; fetch does not tell that the connection was an old one. With an idempotency key, the caller of the POST does not notice either.',
  },
  {
    group: 'Before the response',
    name: 'The server accepts and never answers',
    open: bytes(() => {}, STALLING),
    expected: { http: timeout('ECONNABORTED'), fetch: timeout('ETIMEDOUT') },
    note: 'As long as no request to the origin succeeds, only two retries in all follow a timeout: the default budget’s `maxTimeoutTokens`. A stalled server is not helped by more requests.',
  },
  {
    group: 'Before the response',
    name: 'The connection is closed in the middle of the headers',
    open: bytes((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-')),
    expected: { http: transient('ECONNRESET'), fetch: transient('ERR_NETWORK (UND_ERR_SOCKET)') },
  },
  {
    group: 'Before the response',
    name: 'The answer is not HTTP',
    open: bytes((socket) => socket.end('\u0000\u0001 these are not the bytes you are looking for\r\n\r\n')),
    expected: {
      http: permanent('HPE_INVALID_CONSTANT'),
      fetch: permanent('ERR_NETWORK (HPE_INVALID_CONSTANT)', 'ERR_NETWORK'),
    },
  },

  ...[429, 425, 503].map((code): Fault => {
    const isTurnedAway = code !== 503;
    const kind = (isTurnedAway ? unsent : transient)(String(code));
    return {
      group: 'Answers',
      name: `The server answers ${code}`,
      open: bytes((socket) => socket.end(status(`${code} Not Now`))),
      expected: { http: kind, fetch: kind },
      ...(isTurnedAway && {
        note: `What is answered with ${code} was not processed, ${code === 429 ? 'by convention' : 'says RFC 8470'}, so a POST is repeated as well; not where the http adapter followed a redirect there (fetch does not tell whether it did).`,
      }),
    };
  }),

  {
    group: 'In the middle of the response',
    name: 'The connection is reset after the headers',
    open: bytes(writeThen('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n', reset)),
    expected: {
      http: transient('ERR_BAD_RESPONSE', 'ECONNRESET'),
      fetch: transient('no code (UND_ERR_SOCKET)', 'no code (ECONNRESET)'),
    },
  },
  {
    group: 'In the middle of the response',
    name: 'The connection is reset in the middle of the body',
    open: bytes(writeThen(HALF_A_BODY, reset)),
    expected: {
      http: transient('ERR_BAD_RESPONSE', 'ECONNRESET'),
      fetch: transient('no code (UND_ERR_SOCKET)', 'no code (ECONNRESET)'),
    },
  },
  {
    group: 'In the middle of the response',
    name: 'The body is shorter than its `Content-Length`',
    open: bytes((socket) => socket.end(HALF_A_BODY)),
    expected: { http: transient('ERR_BAD_RESPONSE'), fetch: transient('no code (UND_ERR_SOCKET)') },
  },
  {
    group: 'In the middle of the response',
    name: 'The body is shorter than its `Content-Length`, on a connection that was to close',
    open: bytes((socket) => socket.end(HALF_A_CLOSING_BODY)),
    expected: {
      http: transient('ERR_BAD_RESPONSE'),
      fetch: transient('no code (UND_ERR_RES_CONTENT_LENGTH_MISMATCH)'),
    },
  },
  {
    group: 'In the middle of the response',
    name: 'A chunked body breaks off',
    open: bytes((socket) => socket.end(HALF_A_CHUNKED_BODY)),
    expected: { http: transient('ERR_BAD_RESPONSE'), fetch: transient('no code (UND_ERR_SOCKET)') },
  },
  {
    group: 'In the middle of the response',
    name: 'A chunked body has a chunk that is none',
    open: bytes((socket) => socket.end(`${HALF_A_CHUNKED_BODY}not a chunk\r\n`)),
    expected: {
      http: permanent('HPE_INVALID_CHUNK_SIZE'),
      fetch: permanent('no code (HPE_INVALID_CHUNK_SIZE)', 'no code'),
    },
  },
  {
    group: 'In the middle of the response',
    name: 'The body stalls',
    open: bytes((socket) => socket.write(HALF_A_BODY), STALLING),
    expected: { http: { ...transient('ERR_BAD_RESPONSE'), stalls: true }, fetch: timeout('ETIMEDOUT') },
    note: 'Under the http adapter it is axios’ `timeout` that ends it, but what axios reports is a body that broke off. So it is retried as one, without the caution of a timeout.',
  },
  {
    group: 'In the middle of the response',
    name: 'The body drips, without end',
    open: bytes((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
      const dripping = setInterval(() => socket.write('.'), 10);
      socket.once('close', () => clearInterval(dripping));
    }, STALLING),
    expected: { http: outOfTime, fetch: timeout('ETIMEDOUT') },
    note: 'Under the http adapter, axios’ `timeout` only watches for silence once the headers are there. What ends a body that drips is a `timeBudget` (here 2.5 s).',
  },

  {
    group: 'No connection',
    name: 'The connection is refused',
    open: refused,
    seen: { broken: 0 },
    expected: { http: unsent('ECONNREFUSED'), fetch: unsent('ERR_NETWORK (ECONNREFUSED)') },
  },
  {
    group: 'No connection',
    name: 'There is no such name',
    open: noSuchName,
    lasting: true,
    seen: { broken: 0 },
    expected: { http: unsent('ENOTFOUND'), fetch: unsent('ERR_NETWORK (ENOTFOUND)') },
  },
  {
    group: 'No connection',
    name: 'The name service does not answer',
    open: resolverSilent,
    lasting: true,
    seen: { broken: 0 },
    expected: { http: unsent('EAI_AGAIN') },
  },

  {
    group: 'TLS',
    name: 'The certificate is self-signed',
    open: tlsServer(({ selfSigned }) => selfSigned),
    lasting: true,
    seen: { broken: 0 },
    expected: {
      http: permanent('DEPTH_ZERO_SELF_SIGNED_CERT'),
      fetch: permanent('ERR_NETWORK (DEPTH_ZERO_SELF_SIGNED_CERT)'),
    },
  },
  {
    group: 'TLS',
    name: 'The certificate is another host’s',
    open: tlsServer(({ wrongName }) => wrongName),
    lasting: true,
    seen: { broken: 0 },
    expected: {
      http: permanent('ERR_TLS_CERT_ALTNAME_INVALID'),
      fetch: permanent('ERR_NETWORK (ERR_TLS_CERT_ALTNAME_INVALID)'),
    },
  },
  {
    group: 'TLS',
    name: 'The certificate has expired',
    open: tlsServer(({ expired }) => expired),
    lasting: true,
    seen: { broken: 0 },
    expected: { http: permanent('CERT_HAS_EXPIRED'), fetch: permanent('ERR_NETWORK (CERT_HAS_EXPIRED)') },
  },
  {
    group: 'TLS',
    name: 'The connection is reset in the handshake',
    open: handshakeReset,
    lasting: true,
    seen: { broken: 0 },
    expected: { http: transient('ECONNRESET'), fetch: transient('ERR_NETWORK (ECONNRESET)') },
    note: 'The request has not left, but the error is that of any reset, so it counts as sent.',
  },
  {
    group: 'TLS',
    name: 'The port does not speak TLS',
    open: plainPort,
    lasting: true,
    seen: { broken: 0 },
    expected: { http: permanent('EPROTO'), fetch: permanent('ERR_NETWORK (ERR_SSL_WRONG_VERSION_NUMBER)') },
  },

  {
    group: 'Redirects',
    name: 'A redirect (307) to a server that resets the connection',
    open: redirect(307, ({ url }) => url, bytes(reset)),
    seen: { broken: 2, fine: 2 },
    expected: { http: transient('ECONNRESET'), fetch: transient('ERR_NETWORK (ECONNRESET)') },
  },
  {
    group: 'Redirects',
    name: 'A redirect (307) to a port where the connection is refused',
    open: redirect(307, ({ url }) => url, refused),
    seen: { broken: 1, fine: 2 },
    expected: { http: transient('ECONNREFUSED'), fetch: transient('ERR_NETWORK (ECONNREFUSED)') },
  },
  {
    group: 'Redirects',
    name: 'A redirect in a circle',
    open: redirectLoop,
    lasting: true,
    seen: { broken: { http: 6, fetch: 21 } },
    expected: { http: permanent('ERR_FR_TOO_MANY_REDIRECTS'), fetch: permanent('ERR_NETWORK') },
    note: '`maxRedirects: 5`. The fetch adapter has fetch’s own limit, 20.',
  },

  {
    group: PROXIES,
    name: 'The proxy refuses the connection',
    open: viaProxy('http://target.test/', refused),
    seen: { broken: 0 },
    expected: { http: unsent('ECONNREFUSED') },
  },
  {
    group: PROXIES,
    name: 'The proxy resets the connection',
    open: viaProxy('http://target.test/', bytes(reset)),
    expected: { http: transient('ECONNRESET') },
  },
  {
    group: PROXIES,
    name: 'The proxy answers 502',
    open: viaProxy(
      'http://target.test/',
      bytes((socket) => socket.end(status('502 Bad Gateway'))),
    ),
    expected: { http: transient('502') },
  },
  {
    group: PROXIES,
    name: 'The proxy wants to be authenticated to (407)',
    open: viaProxy(
      'http://target.test/',
      bytes((socket) => socket.end(status('407 Proxy Authentication Required'))),
    ),
    lasting: true,
    expected: { http: permanent('407') },
  },
  {
    group: PROXIES,
    name: 'The proxy refuses the connection of a tunnel',
    open: viaProxy('https://target.test/', refused),
    lasting: true,
    seen: { broken: 0 },
    expected: { http: unsent('ECONNREFUSED') },
  },
  {
    group: PROXIES,
    name: 'The proxy answers 503 to the `CONNECT` of a tunnel',
    open: viaProxy(
      'https://target.test/',
      bytes((socket) => socket.end(status('503 Service Unavailable'))),
    ),
    lasting: true,
    expected: { http: transient('503') },
  },
  {
    group: PROXIES,
    name: 'The proxy closes a tunnel before it is one',
    open: viaProxy(
      'https://target.test/',
      bytes((socket) => socket.end(), STALLING),
    ),
    lasting: true,
    expected: { http: outOfTime },
    note: 'axios’ `timeout` does not end it, because it waits for a connection to start with. Set a `timeBudget` (here 2.5 s).',
  },

  {
    group: HTTP2,
    name: 'The stream is refused',
    open: http2Server((stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)),
    sinceAxios: '1.13.0',
    expected: { http: unsent('ERR_HTTP2_STREAM_ERROR') },
    note: 'A server that refuses a stream has not processed it (RFC 9113, section 8.7), so a POST is repeated as well.',
  },
  {
    group: HTTP2,
    name: 'The stream is reset before the headers',
    open: http2Server((stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR)),
    sinceAxios: '1.13.0',
    expected: { http: transient('ERR_HTTP2_STREAM_ERROR') },
  },
  {
    group: HTTP2,
    name: 'The server says `GOAWAY` with an error',
    open: http2Server((stream) => stream.session?.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM)),
    sinceAxios: '1.13.0',
    expected: { http: transient('ERR_HTTP2_SESSION_ERROR') },
  },
  {
    group: HTTP2,
    name: 'The connection is reset before the headers',
    open: http2Server((_stream, socket) => reset(socket)),
    sinceAxios: '1.13.0',
    expected: { http: transient('ECONNRESET') },
  },
  {
    group: HTTP2,
    name: 'The connection is closed before the headers',
    open: http2Server((_stream, socket) => socket.destroy()),
    sinceAxios: '1.13.0',
    expected: { http: outOfTime },
    note: 'Neither does axios learn of it, nor does its `timeout` end it. Set a `timeBudget` with HTTP/2 (here 2.5 s).',
  },
  {
    group: HTTP2,
    name: 'The connection is closed in the middle of the body',
    open: http2Server(http2Half),
    sinceAxios: '1.13.0',
    expected: { http: unnoticed('200') },
    note: 'axios hands over what has come of the body as if it were whole, whatever its `Content-Length`.',
  },
  {
    group: HTTP2,
    name: 'The stream stalls',
    open: http2Server(() => {}, STALLING),
    sinceAxios: '1.13.0',
    expected: { http: timeout('ECONNABORTED') },
  },
  {
    group: HTTP2,
    name: 'The connection is refused',
    open: http2Refused,
    lasting: true,
    seen: { broken: 0 },
    sinceAxios: '1.13.0',
    expected: { http: unsent('ERR_HTTP2_STREAM_CANCEL (ECONNREFUSED)') },
  },
];

/** Runs the whole table, a few lines at a time, and those that wait for a timeout last, when nothing else keeps the machine busy. */
export async function meetAll(faults: readonly Fault[]): Promise<Meeting[]> {
  const certificates = await makeCertificates();
  const distrust = trust(certificates.authority);
  const lines = faults
    .flatMap((fault) =>
      Object.entries(fault.expected).map(([adapter, expectation]) => ({
        fault,
        adapter: adapter as Adapter,
        expectation,
      })),
    )
    .filter(
      ({ fault, adapter }) => isOffered(fault.sinceAxios) && (adapter === 'http' || isOffered('1.7.0')),
    );
  const meetings: Meeting[] = [];
  const isStalling = ({ expectation }: (typeof lines)[number]) => Boolean(expectation.stalls);
  const workOn = async (rest: Iterable<[number, (typeof lines)[number]]>) => {
    for (const [index, line] of rest) {
      const scenarios = SCENARIOS.filter((scenario) => scenario !== 'once' || !line.fault.lasting);
      const observations = await Promise.all(
        scenarios.map(async (scenario) => [scenario, await meet(line, scenario, certificates)] as const),
      );
      meetings[index] = { ...line, observations: new Map(observations) };
    }
  };
  try {
    const quick = [...lines.entries()].filter(([, line]) => !isStalling(line)).values();
    await Promise.all(Array.from({ length: 6 }, () => workOn(quick)));
    const slow = [...lines.entries()].filter(([, line]) => isStalling(line));
    await Promise.all(slow.map((one) => workOn([one])));
  } finally {
    distrust();
  }
  return meetings;
}

/** Whether the axios at hand is as new as that. */
function isOffered(since = '1.0.0'): boolean {
  const [, minor = 0] = axios.VERSION.split('.').map(Number);
  const [, minorOfFirst = 0] = since.split('.').map(Number);
  return minor >= minorOfFirst;
}

/** Sends a request the way of a fault, and sees what comes of it. */
async function meet(
  { fault, adapter, expectation }: Omit<Meeting, 'observations'>,
  scenario: Scenario,
  certificates: Certificates,
): Promise<Observation> {
  let broken = true;
  const place = await fault.open((count) => scenario !== 'once' || (count === 1 && broken), certificates);
  try {
    const client = axios.create({ adapter, timeout: NEVER_NEEDED, ...place.config });
    if (fault.open === reusedSocket) await client.get(place.url);
    attachRetry(client, {
      backoff: { initialDelay: 1 },
      patience: 0,
      maxRetries: MAX_RETRIES,
      ...(expectation.kind === 'out of time' && { timeBudget: TIME_BUDGET }),
      onRetry: async () => {
        if (scenario === 'once') broken = false;
        await place.beforeRetry?.();
      },
    });
    const request = scenario === 'post' ? client.post(place.url, { a: 1 }) : client.get(place.url);
    const settled = await request.catch((error) => error);
    const state = retryStateOf(settled);
    return {
      outcome: state?.outcome,
      attempts: state?.attempts ?? 0,
      requests: place.count(),
      end: endOf(settled),
      elapsed: state?.elapsed ?? 0,
    };
  } finally {
    await place.close();
  }
}

/** What should have been observed. */
export function expectedOf({ fault, adapter, expectation }: Meeting, scenario: Scenario) {
  const { kind, ends, stalls } = expectation;
  const [outcome, counted] = outcomeOf(kind, scenario);
  const attempts = counted + (outcome === 'retries-exhausted' ? (fault.free?.[adapter] ?? 0) : 0);
  const { broken = 1, fine = 1 } = fault.seen ?? {};
  const ofBroken = typeof broken === 'number' ? broken : broken[adapter];
  const failures = outcome === 'succeeded' ? attempts - 1 : attempts;
  return {
    outcome,
    attempts,
    requests: ofBroken * failures + fine * (attempts - failures),
    ends: outcome === 'succeeded' ? ['200'] : ends,
    leastElapsed: stalls ? failures * (kind === 'out of time' ? TIME_BUDGET : TIMEOUT) : 0,
  };
}

function outcomeOf(kind: Expectation['kind'], scenario: Scenario): [Outcome, number] {
  if (kind === 'unnoticed') return ['succeeded', 1];
  if (kind === 'permanent') return ['not-retryable', 1];
  if (kind === 'out of time') return ['time-budget-exceeded', 1];
  if (scenario === 'once') return ['succeeded', 2];
  if (scenario === 'post' && kind !== 'unsent') return ['not-idempotent', 1];
  return ['retries-exhausted', MAX_RETRIES + 1];
}

interface Settled {
  readonly status?: number;
  readonly code?: string;
  readonly response?: { readonly status: number };
  readonly cause?: Settled;
}

/** The status, or the code and the innermost code among the causes. */
function endOf(settled: Settled): string {
  if (!(settled instanceof Error)) return String(settled.status);
  const { code, response } = settled as Settled;
  if (response && response.status >= 400) return String(response.status);
  let innermost = code;
  for (let cause = (settled as Settled).cause; cause; cause = cause.cause)
    innermost = cause.code ?? innermost;
  return innermost === code ? (code ?? 'no code') : `${code ?? 'no code'} (${innermost})`;
}

async function listen(server: Server, port = 0): Promise<AddressInfo> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server.address() as AddressInfo;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  (server as Partial<http.Server>).closeAllConnections?.();
  await closed;
}
