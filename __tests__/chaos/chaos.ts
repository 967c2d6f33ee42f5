/**
 * Calls over real HTTP against a server that does whatever servers, networks and proxies do to calls; and the laws that hold
 * all the same. Run it with `npm run test:chaos`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { getEventListeners, once, setMaxListeners } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import axios, {
  type AxiosInstance,
  type AxiosRequestConfig,
  type AxiosResponse,
  type CancelTokenSource,
} from 'axios';
import { type AttachedRetry, attachRetry, RetryBudget, type RetryPolicy, type RetryState } from '../../lib';
import { closedPort } from '../support/server';
import {
  answerText,
  type Call,
  CLIENTS,
  callOf,
  fieldsOf,
  ORIGINS,
  randomFrom,
  requestText,
  shortened,
  TURNED_AWAY,
} from './plan';
import type { Order, Receipt, Word } from './server';

const CONCURRENCY = 100;
/** Milliseconds without any call's end after which those that are left will never end. */
const STUCK_AFTER = 20_000;
/** Milliseconds between a server's crises. */
const CRISIS_EVERY = 700;
/** Milliseconds between two standstills. */
const STANDSTILL_EVERY = 1_000;

const POLICIES: readonly RetryPolicy[] = [
  { patience: 0, budget: false, maxRetries: 3 },
  { patience: 0, maxRetries: 3 },
  { patience: 700, maxQueueTime: 1_500, maxRetries: 4 },
  {
    patience: 700,
    maxQueueTime: 1_500,
    maxRetries: 4,
    holdNewCalls: 'rate-limited',
    budget: new RetryBudget(),
  },
];

const ATTEMPT = 'X-Attempt';

const COMMON: RetryPolicy = {
  backoff: { initialDelay: 2, maxDelay: 20 },
  maxRetryAfter: 1_200,
  attemptHeader: ATTEMPT,
};

/** A call that has been made. */
interface Made {
  readonly call: Call;
  /** The requests of it that left, in their order: which attempt each was. */
  readonly sent: number[];
  isSettled: boolean;
  /** Its caller is done with it, with the stream that it got as well. */
  isOver: boolean;
  isAborted: boolean;
  /** How often `onGiveUp` and `onSettled` were called. */
  givenUp: number;
  told: number;
  state: RetryState | undefined;
}

export interface Round {
  readonly calls: number;
  readonly receipts: number;
  /** Of them, those that came after a later attempt of the same call. */
  readonly overtaken: number;
  readonly outcomes: ReadonlyMap<string, number>;
  /** Megabytes, the least that was left by several collections of garbage. */
  readonly heap: number;
}

export interface ChaosOptions {
  readonly seed: number;
  /** Collects garbage. */
  readonly gc: () => void;
  readonly onBroken: (law: string, call: Call | undefined) => void;
}

export class Chaos {
  readonly #options: ChaosOptions;
  readonly #server: ChildProcess;
  readonly #ports: readonly number[];
  readonly #made = new Map<number, Made>();
  readonly #random: () => number;
  readonly #clients: readonly AxiosInstance[];
  readonly #agent = new http.Agent({ keepAlive: true });
  #retries: AttachedRetry[] = [];
  /** Of all calls that have no other: what listens to them must let go of them. */
  readonly #signal = new AbortController().signal;
  readonly #token = axios.CancelToken.source().token;
  readonly #timers = new Map<unknown, string>();
  #next = 0;
  #outcomes = new Map<string, number>();
  #overtaken = 0;

  static async start(options: ChaosOptions): Promise<Chaos> {
    const server = fork(join(process.cwd(), 'scripts/run-ts.mjs'), ['__tests__/chaos/server.ts'], {
      execArgv: [],
    });
    const ports: number[] = [];
    while (ports.length < CLIENTS.length * ORIGINS) {
      const port = await closedPort();
      if (!ports.includes(port)) ports.push(port);
    }
    server.send({ do: 'listen', seed: options.seed, ports } satisfies Order);
    await once(server, 'message');
    return new Chaos(options, server, ports);
  }

  private constructor(options: ChaosOptions, server: ChildProcess, ports: readonly number[]) {
    this.#options = options;
    this.#server = server;
    this.#ports = ports;
    this.#random = randomFrom(options.seed);
    setMaxListeners(0, this.#signal);
    process.once('exit', () => server.kill('SIGKILL'));
    server.once('exit', (code) => options.onBroken(`the server has gone with code ${code}`, undefined));
    // What really leaves, in the order in which it does: not what a server gets to see of it later.
    subscribe('http.client.request.start', (message) => {
      const { request } = message as { request: http.ClientRequest };
      this.#sent(request.path, Number(request.getHeader(ATTEMPT)));
    });
    subscribe('undici:client:sendHeaders', (message) => {
      const { request, headers } = message as { request: { path: string }; headers: string };
      this.#sent(request.path, Number(/^x-attempt: (\d+)/im.exec(headers)?.[1]));
    });
    this.#watchTimers();
    this.#clients = POLICIES.map(() => {
      const client = axios.create({ httpAgent: this.#agent, proxy: false });
      client.interceptors.request.use(async (config) => {
        const ms = Number(config.headers.get('x-interceptor') ?? 0);
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
        return config;
      });
      return client;
    });
    this.#attach();
  }

  /** Makes so many calls, and sees what is left when all have ended. */
  async round(calls: number): Promise<Round> {
    const first = this.#next;
    const until = first + calls;
    this.#outcomes = new Map();
    this.#overtaken = 0;
    const stopCrises = this.#haveCrises();
    // In the middle of it all, retrying is taken off and put on again.
    const reattachAt = first + Math.floor(calls / 2);
    const work = async () => {
      while (this.#next < until) {
        if (this.#next === reattachAt) this.#attach();
        await this.make(callOf(this.#options.seed, this.#next++));
      }
    };
    await this.#unlessStuck(Promise.all(Array.from({ length: CONCURRENCY }, work)));
    stopCrises();
    await this.#judgeSockets();
    const receipts = await this.#report();
    this.#judgeReceipts(receipts);
    for (const made of this.#made.values()) this.#judgeEnd(made);
    const measured = {
      calls,
      receipts: receipts.length,
      overtaken: this.#overtaken,
      outcomes: this.#outcomes,
    };
    this.#made.clear();
    return { ...measured, heap: await this.#whatIsLeft() };
  }

  /** The same call alone, one after the other: to look into what a run has found. */
  async only(call: Call, times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      await this.make(call);
      this.#judgeReceipts(await this.#report());
      for (const made of this.#made.values()) this.#judgeEnd(made);
      this.#made.clear();
    }
  }

  async stop(): Promise<void> {
    for (const retry of this.#retries) retry.detach();
    this.#agent.destroy();
    this.#server.removeAllListeners('exit');
    this.#server.disconnect();
    await once(this.#server, 'exit');
  }

  /** Makes one call, as its caller: until its end, and that of the stream that it got. */
  async make(call: Call): Promise<void> {
    const made: Made = {
      call,
      sent: [],
      isSettled: false,
      isOver: false,
      isAborted: false,
      givenUp: 0,
      told: 0,
      state: undefined,
    };
    this.#made.set(call.number, made);
    const { config, stop } = this.#configOf(made);
    let response: AxiosResponse | undefined;
    let error: unknown;
    try {
      response = await this.#clients[call.client]?.request(config);
    } catch (thrown) {
      error = thrown;
    }
    made.isSettled = true;
    stop();
    this.#judgeAnswer(made, response, error);
    const answer = answerOf(response, error);
    if (answer) await this.#read(call, answer);
    made.isOver = true;
  }

  #configOf(made: Made): { config: AxiosRequestConfig; stop: () => void } {
    const { call } = made;
    const own = new AbortController();
    const source: CancelTokenSource = axios.CancelToken.source();
    const { abort } = call;
    const callOff = () => {
      if (made.isSettled) return;
      made.isAborted = true;
      if (abort?.by === 'token') source.cancel('enough');
      else own.abort();
    };
    let timer: NodeJS.Timeout | undefined;
    if (abort?.after === 0) callOff();
    else if (abort) timer = setTimeout(callOff, abort.after);
    const config: AxiosRequestConfig = {
      url: `http://127.0.0.1:${this.#ports[call.origin]}/${call.number}`,
      method: call.method,
      adapter: call.adapter === 'fetch' ? 'fetch' : 'http',
      ...(call.adapter === 'http, no redirects' && { maxRedirects: 0 }),
      ...(call.maxContentLength && { maxContentLength: 1_000_000 }),
      ...(call.acceptsAll && { validateStatus: () => true }),
      responseType: call.responseType,
      timeout: call.timeout,
      signal: abort?.by === 'signal' ? own.signal : this.#signal,
      cancelToken: abort?.by === 'token' ? source.token : this.#token,
      headers: {
        'content-type': 'application/json',
        ...(call.interceptor !== undefined && { 'x-interceptor': String(call.interceptor) }),
      },
      retryPolicy: this.#policyOf(made),
    };
    if (call.body !== 'none') config.data = bodyOf(call);
    return { config, stop: () => clearTimeout(timer) };
  }

  #policyOf(made: Made): RetryPolicy {
    const { call } = made;
    const early = (what: string) => {
      if (made.isSettled) this.#broken(`${what} is called after the call settled`, call);
    };
    return {
      ...(call.key && { idempotencyKey: true }),
      ...(call.timeBudget !== undefined && { timeBudget: call.timeBudget }),
      onRetry: () => early('onRetry'),
      onGiveUp: () => {
        made.givenUp++;
        early('onGiveUp');
      },
      onSettled: ({ state }) => {
        made.told++;
        made.state = state;
        early('onSettled');
      },
    };
  }

  /** A request is leaving. */
  #sent(path: string, attempt: number): void {
    const number = Number(path.slice(1));
    const made = this.#made.get(number);
    if (!made) {
      this.#broken('it is sent when its round is over', callOf(this.#options.seed, number));
      return;
    }
    if (!(attempt > (made.sent.at(-1) ?? 0)))
      this.#broken(`attempts are sent as ${[...made.sent, attempt]}`, made.call);
    made.sent.push(attempt);
    if (made.isSettled) this.#broken('it is sent after it settled', made.call);
    if (made.isAborted) this.#broken('it is sent after its caller called it off', made.call);
  }

  /** What a caller got: the answer that is meant for him, whole. */
  #judgeAnswer({ call }: Made, response: AxiosResponse | undefined, error: unknown): void {
    const answer = answerOf(response, error);
    const number = answer?.headers['x-number'];
    if (answer && Number(number) !== call.number) this.#broken(`it got the answer of ${number}`, call);
    if (!response || call.responseType === 'stream' || response.status !== 200) return;
    const { data } = response;
    const isText = typeof data === 'string' || data instanceof ArrayBuffer || Buffer.isBuffer(data);
    this.#judgeText(call, response, isText ? textOf(data) : JSON.stringify(data));
  }

  #judgeText(call: Call, response: AxiosResponse, text: string): void {
    const whole = answerText(call.number);
    const expected = response.headers['x-step'] === 'shorter than it says it is' ? shortened(whole) : whole;
    if (text !== expected)
      this.#broken(
        `a body of ${text.length} in place of ${expected.length} characters is taken for whole`,
        call,
      );
  }

  /** A stream that a caller was handed, with an error as well, breaks off or is whole. */
  async #read(call: Call, response: AxiosResponse): Promise<void> {
    const { data } = response;
    if (call.responseType !== 'stream') return;
    const stream: Readable = data instanceof Readable ? data : Readable.fromWeb(data);
    stream.on('error', () => {});
    const letGo = () => {
      stream.destroy(new Error('enough'));
      // With a maxContentLength, axios' own end of the stream hears nothing of it until the next chunk comes.
      (response.request as { destroy?(): void }).destroy?.();
    };
    if (call.reads === 'nothing') {
      letGo();
      return;
    }
    // As a caller would: a stream may be silent for ever. With fetch and a status that axios rejects, no timeout of axios' ends
    // it, and one that is destroyed goes on waiting for its next chunk: its reader may not wait for it.
    let watch: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      watch = setTimeout(() => {
        letGo();
        resolve();
      }, 500);
    });
    await Promise.race([this.#readAll(call, response, stream), enough]);
    clearTimeout(watch);
  }

  async #readAll(call: Call, response: AxiosResponse, stream: Readable): Promise<void> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(Buffer.from(chunk));
      if (response.status === 200) this.#judgeText(call, response, Buffer.concat(chunks).toString());
    } catch {
      // Cut.
    }
  }

  /** What the library says of a call that has ended. */
  #judgeEnd({ call, sent, isSettled, isOver, givenUp, told, state }: Made): void {
    if (!isSettled) this.#broken('it never settles', call);
    else if (!isOver) this.#broken('its stream never ends', call);
    else if (told !== 1) this.#broken(`onSettled is called ${told} times`, call);
    if (!state) return;
    const { outcome, attempts, failures } = state;
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    if (outcome === 'pending') this.#broken('it settled and is pending', call);
    if (givenUp !== (outcome === 'succeeded' ? 0 : 1))
      this.#broken(`onGiveUp is called ${givenUp} times`, call);
    const free = failures.filter(({ delaySource }) => delaySource === 'reused-socket').length;
    if (free > 1) this.#broken('it is sent again for a stale connection more than once', call);
    const most = (POLICIES[call.client]?.maxRetries ?? 5) + 1 + free;
    if (attempts > most) this.#broken(`it makes ${attempts} attempts, of at most ${most}`, call);
    if ((sent.at(-1) ?? 0) > attempts) this.#broken(`it sends attempt ${sent.at(-1)} of ${attempts}`, call);
    if (call.body === 'stream' && sent.length > 1) this.#broken('a stream is sent twice', call);
  }

  /** What the server got of each call. */
  #judgeReceipts(receipts: readonly Receipt[]): void {
    const byCall = new Map<number, Receipt[]>();
    for (const receipt of receipts) {
      // A request that was called off may arrive when its round is over.
      if (!this.#made.has(receipt.number)) continue;
      byCall.set(receipt.number, [...(byCall.get(receipt.number) ?? []), receipt]);
    }
    for (const [number, got] of byCall) {
      const made = this.#made.get(number) as Made;
      const { call, sent } = made;
      const attempts = got.map(({ attempt }) => attempt);
      if (attempts.some((attempt) => !sent.includes(attempt)) || new Set(attempts).size < got.length)
        this.#broken(`attempts ${attempts} arrive where ${sent} are sent`, call);
      for (const attempt of overtaken(attempts)) {
        this.#overtaken++;
        // A server that stood still may accept a new connection after it has read from those that it had.
        const isGivenUp = GIVEN_UP.has(made.state?.failures[attempt - 1]?.code);
        if (!isGivenUp) this.#broken(`attempts arrive as ${attempts}, none of them given up`, call);
      }
      if (got.some(({ isRight }) => isRight === false)) this.#broken('the server got another body', call);
      if (got.some(({ method }) => method !== call.method))
        this.#broken('the server got another method', call);
      const keys = new Set(got.map(({ key }) => key));
      if (keys.size > 1 || keys.has(undefined) === call.key)
        this.#broken('the key is not one and the same', call);
      const mayBeSentTwice = call.method !== 'POST' || call.key;
      const before = got.filter(({ attempt }) => attempt < Math.max(...attempts));
      if (!mayBeSentTwice && !before.every(({ step }) => step !== 'frozen' && TURNED_AWAY.has(step)))
        this.#broken('a POST without a key is sent again, though the server may have processed it', call);
    }
  }

  async #whatIsLeft(): Promise<number> {
    // What was called back last has returned, and what was destroyed has closed.
    await this.#until(() => socketsOf() === 0, 'sockets are left');
    const heaps: number[] = [];
    for (let collections = 0; collections < 4; collections++) {
      this.#options.gc();
      heaps.push(process.memoryUsage().heapUsed / 1_048_576);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await this.#until(
      () => this.#timers.size === 0,
      () => `timers are left: ${[...this.#timers.values()].slice(0, 3)}`,
    );
    // A web stream lets go of the caller's signal when it is collected.
    const listeners = () => getEventListeners(this.#signal, 'abort').length;
    await this.#until(
      () => listeners() === 0,
      () => `${listeners()} listeners are left on the signal`,
    );
    const subscribed = () => (this.#token as { _listeners?: unknown[] })._listeners?.length ?? 0;
    if (subscribed() > 0) this.#broken(`${subscribed()} listeners are left on the token`);
    for (const retry of this.#retries)
      for (const { origin, held } of retry.origins())
        if (held > 0) this.#broken(`${held} are held at ${origin}`);
    return Math.min(...heaps);
  }

  /** No call is left that could be using one. Soon it will not be seen any more: idle ones are closed, in the end the server resets all. */
  async #judgeSockets(): Promise<void> {
    const inUse = () => Object.values(this.#agent.sockets).flat().length;
    // What was destroyed closes within a turn or two of the event loop.
    for (let turns = 0; turns < 50 && inUse() > 0; turns++)
      await new Promise((resolve) => setImmediate(resolve));
    if (inUse() > 0) this.#broken(`${inUse()} sockets are in use by no call`);
  }

  /** Waits for what comes by itself, soon. */
  async #until(isSo: () => boolean, law: string | (() => string)): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      if (isSo()) return;
      this.#options.gc();
      await new Promise((resolve) => setImmediate(() => realSetTimeout(resolve, 20)));
    }
    this.#broken(typeof law === 'string' ? law : law());
  }

  #attach(): void {
    this.#retries = this.#clients.map((client, index) =>
      attachRetry(client, { ...COMMON, ...POLICIES[index] }),
    );
  }

  /** Every now and then an origin starts anew, or answers nothing, or the whole server stands still. */
  #haveCrises(): () => void {
    const crises = setInterval(() => {
      const ms = Math.floor(100 + 500 * this.#random());
      const origin = Math.floor(this.#random() * this.#ports.length);
      this.#server.send({ do: this.#random() < 0.6 ? 'restart' : 'freeze', origin, ms } satisfies Order);
    }, CRISIS_EVERY);
    // As on a machine with too much to do: its kernel takes connections and requests, and nobody looks at them.
    const standstills = setInterval(() => {
      this.#server.kill('SIGSTOP');
      realSetTimeout(() => this.#server.kill('SIGCONT'), 50 + 250 * this.#random());
    }, STANDSTILL_EVERY);
    return () => {
      clearInterval(crises);
      clearInterval(standstills);
    };
  }

  async #report(): Promise<readonly Receipt[]> {
    this.#server.send({ do: 'report' } satisfies Order);
    const [word] = (await once(this.#server, 'message')) as [Exclude<Word, string>];
    return word.receipts;
  }

  #unlessStuck(work: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let [last, since] = [this.#next, performance.now()];
      const watch = setInterval(() => {
        const ended = [...this.#made.values()].filter(({ isOver }) => isOver).length;
        if (ended !== last) [last, since] = [ended, performance.now()];
        if (performance.now() - since > STUCK_AFTER) done();
      }, 500);
      const done = () => {
        clearInterval(watch);
        resolve(undefined);
      };
      work.then(done, (error) => {
        clearInterval(watch);
        reject(error);
      });
    });
  }

  /** Of all timers that are set in this process, by us, axios or the library, those that are still to fire: unref'd ones, too. */
  #watchTimers(): void {
    const timers = this.#timers;
    globalThis.setTimeout = ((callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const timer = realSetTimeout(() => {
        timers.delete(timer);
        callback(...args);
      }, ms);
      timers.set(timer, `${ms} ms ${new Error().stack?.split('\n')[2]}`);
      return timer;
    }) as typeof setTimeout;
    globalThis.clearTimeout = ((timer: NodeJS.Timeout | undefined) => {
      timers.delete(timer);
      realClearTimeout(timer);
    }) as typeof clearTimeout;
  }

  #broken(law: string, call?: Call): void {
    this.#options.onBroken(law, call);
  }
}

/** Nobody waited any longer for the answer: axios' timeout under either adapter. */
const GIVEN_UP: ReadonlySet<string | undefined> = new Set(['ECONNABORTED', 'ETIMEDOUT']);

const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;

const socketsOf = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;

const answerOf = (response: AxiosResponse | undefined, error: unknown) =>
  response ?? (error as { response?: AxiosResponse } | undefined)?.response;

/** Those that arrived after a later one. */
const overtaken = (arrived: readonly number[]) =>
  arrived.filter((attempt, index) => attempt < Math.max(...arrived.slice(0, index)));

function bodyOf({ number, body }: Call): unknown {
  if (body === 'json') return fieldsOf(number, 'request');
  const text = requestText(number);
  if (body === 'bytes') return Buffer.from(text);
  if (body === 'stream') return Readable.from([text.slice(0, 10), text.slice(10)]);
  return text;
}

const textOf = (data: string | ArrayBuffer | Buffer) =>
  typeof data === 'string' ? data : Buffer.from(data as ArrayBuffer).toString();
