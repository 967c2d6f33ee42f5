/** A real HTTP server on 127.0.0.1 that answers as told and records what it got. */
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  /** As sent: names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** Milliseconds on the clock of `performance.now()`. */
  readonly at: number;
  readonly socket: Socket;
}

export type Answer = (
  request: ReceivedRequest,
  response: http.ServerResponse,
  /** 1 for the first request the server got. */
  count: number,
) => unknown;

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly requests: ReceivedRequest[];
  close(): Promise<void>;
}

/** Starts a server; `port` 0 is any free one. Each request's body is read whole before it is answered. */
export async function startServer(answer: Answer, port = 0): Promise<TestServer> {
  const requests: ReceivedRequest[] = [];
  const server = http.createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', () => {});
    incoming.on('end', () => {
      const request: ReceivedRequest = {
        method: incoming.method ?? '',
        url: incoming.url ?? '',
        rawHeaders: incoming.rawHeaders,
        headers: incoming.headers,
        body: Buffer.concat(chunks),
        at: performance.now(),
        socket: incoming.socket,
      };
      requests.push(request);
      answer(request, response, requests.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: actualPort } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${actualPort}`,
    port: actualPort,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers the first requests with these statuses, one each, and all later ones with 200 and `{"ok":true}`. */
export function failing(...statuses: number[]): Answer {
  return (_request, response, count) => {
    const status = statuses[count - 1] ?? 200;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(status === 200 ? { ok: true } : { error: status }));
  };
}

/** Starts servers for the tests of one file, and closes them when the test that started them has ended. */
export function servers(): (answer: Answer, port?: number) => Promise<TestServer> {
  const open: TestServer[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });
  return async (answer, port) => {
    const server = await startServer(answer, port);
    open.push(server);
    return server;
  };
}

/**
 * A port on 127.0.0.1 on which nothing listens. Not one that the system handed out for port 0: it could do so again,
 * to another test.
 */
export async function closedPort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(20_000 * Math.random());
    const probe = net.createServer().listen(port, '127.0.0.1');
    const isFree = await new Promise((resolve) => {
      probe.once('listening', () => resolve(true));
      probe.once('error', () => resolve(false));
    });
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}
