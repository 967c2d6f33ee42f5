/**
 * The server of the chaos, in a process of its own: it does with each request what the call's plan says, and keeps a record of
 * what it got. It is told by messages to start anew, to stand still, and to hand over the record.
 */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerText, callOf, requestText, type Step, shortened } from './plan';

/** One request that the server got. */
export interface Receipt {
  readonly number: number;
  readonly step: Step | 'frozen';
  readonly method: string;
  readonly key: string | undefined;
  readonly attempt: number;
  /** Whether the body was what it should be; undefined where it was not read to its end. */
  isRight?: boolean;
}

export type Order =
  | { readonly do: 'listen'; readonly seed: number; readonly ports: readonly number[] }
  /** Nobody listens for so many milliseconds, and all connections are reset. */
  | { readonly do: 'restart'; readonly origin: number; readonly ms: number }
  /** Requests are taken and not answered for so many milliseconds. */
  | { readonly do: 'freeze'; readonly origin: number; readonly ms: number }
  /** Resets all connections, and hands over the record. */
  | { readonly do: 'report' };

export type Word = { readonly receipts: readonly Receipt[] } | 'listening';

interface Exchange {
  readonly number: number;
  readonly step: Step;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly text: string;
}

const identify = ({ number, step }: Exchange) => ({ 'x-number': String(number), 'x-step': step });

const fine = (exchange: Exchange, headers: http.OutgoingHttpHeaders = {}) =>
  exchange.response
    .writeHead(200, { ...identify(exchange), 'content-type': 'application/json', ...headers })
    .end(exchange.text);

const status =
  (code: number, headers: http.OutgoingHttpHeaders = {}) =>
  (exchange: Exchange) =>
    exchange.response.writeHead(code, { ...identify(exchange), ...headers }).end(`{"status":${code}}`);

/** Past the back of Node's server: bytes of an answer as it would never send it. */
const head = (exchange: Exchange, ...lines: string[]) =>
  [
    'HTTP/1.1 200 OK',
    ...Object.entries(identify(exchange)).map((entry) => entry.join(': ')),
    ...lines,
    '\r\n',
  ].join('\r\n');

/** Writes, and does the next thing when it has left. */
function write({ socket }: Exchange, text: string, then: (socket: Socket) => unknown = () => {}) {
  socket.write(text, () => setImmediate(() => then(socket)));
}

const reset = (socket: Socket) => socket.resetAndDestroy();
const half = (text: string) => text.slice(0, Math.ceil(text.length / 2));
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

const STEPS: Readonly<Record<Step, (exchange: Exchange) => unknown>> = {
  fine,
  'fine, chunked': (exchange) => {
    const { response, text } = exchange;
    response.writeHead(200, identify(exchange));
    response.write(half(text));
    response.end(text.slice(half(text).length));
  },
  'fine, slowly': (exchange) => {
    const { response, text } = exchange;
    response.writeHead(200, { ...identify(exchange), 'content-length': text.length });
    response.write(half(text));
    setTimeout(() => response.end(text.slice(half(text).length)), 20);
  },
  'fine, then closed': (exchange) => fine(exchange, { connection: 'close' }),
  'fine, then stale': (exchange) => {
    const { socket, number } = exchange;
    fine(exchange);
    // Some while the next request is on its way.
    setTimeout(() => (number % 2 ? socket.destroy() : reset(socket)), number % 7);
  },
  'shorter than it says it is': (exchange) => {
    const length = shortened(exchange.text).length;
    write(exchange, `${head(exchange, `content-length: ${length}`)}${exchange.text}`, (socket) =>
      socket.end(),
    );
  },
  reset: ({ socket }) => reset(socket),
  closed: ({ socket }) => socket.destroy(),
  'cut in the headers': (exchange) =>
    write(exchange, 'HTTP/1.1 200 OK\r\nContent-', (socket) => socket.end()),
  'cut in the body': (exchange) =>
    write(
      exchange,
      head(exchange, `content-length: ${exchange.text.length}`) + half(exchange.text),
      (socket) => socket.end(),
    ),
  'reset in the body': (exchange) =>
    write(exchange, head(exchange, `content-length: ${exchange.text.length}`) + half(exchange.text), reset),
  'cut between chunks': (exchange) =>
    write(exchange, head(exchange, 'transfer-encoding: chunked') + chunk(half(exchange.text)), (socket) =>
      socket.end(),
    ),
  'longer than it says it is': (exchange) =>
    write(exchange, head(exchange, `content-length: ${exchange.text.length + 10}`) + exchange.text),
  'no answer': () => {},
  'no end': (exchange) =>
    write(exchange, head(exchange, `content-length: ${exchange.text.length}`) + half(exchange.text)),
  drips: (exchange) => {
    write(exchange, head(exchange, 'content-length: 1000000'));
    const dripping = setInterval(() => exchange.socket.write('.'), 10);
    // axios' timeout ends no body that drips, and not every call has a time budget.
    const stop = setTimeout(() => exchange.socket.end(), 400);
    exchange.socket.once('close', () => {
      clearInterval(dripping);
      clearTimeout(stop);
    });
  },
  'not HTTP': (exchange) =>
    write(exchange, '\u0000\u0001 these are not the bytes\r\n\r\n', (socket) => socket.end()),
  unread: status(503, { connection: 'close' }),
  503: status(503),
  '503, now': status(503, { 'retry-after': '0' }),
  '503, soon': status(503, { 'retry-after-ms': '15' }),
  '503, in a second': status(503, { 'retry-after': '1' }),
  '503, in an hour': status(503, { 'retry-after': '3600' }),
  '503, with quota left': status(503, {
    'ratelimit-limit': '100',
    'ratelimit-remaining': '99',
    'ratelimit-reset': '900',
  }),
  '503, with a quota that is used up': status(503, { ratelimit: '"default";r=0;t=1' }),
  '503, cut': (exchange) =>
    write(exchange, `${head(exchange, 'content-length: 100').replace('200 OK', '503 Busy')}half`, (socket) =>
      socket.end(),
    ),
  '503, no end': (exchange) =>
    write(exchange, `${head(exchange, 'content-length: 100').replace('200 OK', '503 Busy')}half`),
  '503, do not retry': status(503, { 'x-should-retry': 'false' }),
  429: status(429),
  '429, soon': status(429, { 'retry-after-ms': '15' }),
  425: status(425),
  408: status(408),
  '409, retry': status(409, { 'x-should-retry': 'true' }),
  500: status(500),
  502: status(502),
  504: status(504),
  404: status(404),
};

/** One origin. */
class Origin {
  readonly #server = http.createServer((request, response) => this.#receive(request, response));
  readonly #sockets = new Set<Socket>();
  #isFrozen = false;

  constructor(
    readonly port: number,
    readonly seed: number,
    readonly receipts: Receipt[],
    readonly counts: Map<number, number>,
  ) {
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      // Somebody else may have been given the port meanwhile.
      this.#server.once('error', () => setTimeout(() => this.listen().then(resolve), 50));
      this.#server.listen(this.port, '127.0.0.1', () => {
        this.#server.removeAllListeners('error');
        resolve();
      });
    });
  }

  resetAll(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  restart(ms: number): void {
    if (!this.#server.listening) return;
    this.#server.close();
    this.resetAll();
    setTimeout(() => this.listen(), ms);
  }

  freeze(ms: number): void {
    this.#isFrozen = true;
    setTimeout(() => {
      this.#isFrozen = false;
    }, ms);
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const number = Number(request.url?.slice(1));
    const { steps } = callOf(this.seed, number);
    const count = this.counts.get(number) ?? 0;
    this.counts.set(number, count + 1);
    const step = steps[Math.min(count, steps.length - 1)] as Step;
    const receipt: Receipt = {
      number,
      step: this.#isFrozen ? 'frozen' : step,
      method: request.method as string,
      key: request.headers['idempotency-key'] as string | undefined,
      attempt: Number(request.headers['x-attempt']),
    };
    this.receipts.push(receipt);
    if (receipt.step === 'frozen') return;
    const exchange = { number, step, request, response, socket: request.socket, text: answerText(number) };
    response.on('error', () => {});
    request.on('error', () => {});
    if (step === 'unread') {
      STEPS[step](exchange);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (data: Buffer) => chunks.push(data));
    request.on('end', () => {
      const hasBody = request.method === 'PUT' || request.method === 'POST';
      receipt.isRight = Buffer.concat(chunks).toString() === (hasBody ? requestText(number) : '');
      STEPS[step](exchange);
    });
  }
}

let origins: Origin[] = [];
const receipts: Receipt[] = [];
const counts = new Map<number, number>();
const tell = (word: Word) => process.send?.(word);

process.on('message', async (order: Order) => {
  if (order.do === 'listen') {
    origins = order.ports.map((port) => new Origin(port, order.seed, receipts, counts));
    await Promise.all(origins.map((origin) => origin.listen()));
    tell('listening');
  } else if (order.do === 'report') {
    for (const origin of origins) origin.resetAll();
    tell({ receipts: receipts.splice(0) });
    counts.clear();
  } else origins[order.origin]?.[order.do](order.ms);
});
process.on('disconnect', () => process.exit());
