/**
 * The server of the storms, in virtual time: workers, service times that vary, and every way of being down.
 * What it begins it finishes, also for a client that has gone: that is what makes a stall last.
 */
import type { VirtualTime } from './virtual-time';

/** How the server is down, from `start` to `end`. */
export type Outage =
  /** Nobody listens: a connection is refused at once. */
  | 'refusing'
  /** It takes requests and answers none; when the stall ends it works through all that it has taken. */
  | 'stalling'
  /** A share of the requests fails with a 503. */
  | 'flaky'
  /** Each request takes `slower` times as long. */
  | 'slow'
  /** Some endpoints answer 503, others are well. */
  | 'endpoint'
  /** Some endpoints never answer, others are well. */
  | 'endpoint-stall'
  | 'none';

export interface ServerOptions {
  readonly outage: Outage;
  readonly workers: number;
  /** Milliseconds a request takes on average. */
  readonly service: number;
  /** Of the log-normal service times; 0: all take the same. */
  readonly sigma: number;
  /** Milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly share: number;
  /** Share of the requests to good endpoints that fail all the same while others are broken. */
  readonly unlucky: number;
  readonly slower: number;
  /** Milliseconds that a 503 of a flaky server or a broken endpoint takes. */
  readonly refusal: number;
  /** Requests it holds at most; more are refused with a 503. */
  readonly queue: number;
  /** Requests it allows in each second (of its own clock); more are answered 429. */
  readonly allowed: number;
  /** Milliseconds that a 429 names; undefined: a bare 429. */
  readonly retryAfter: number | undefined;
  /** Milliseconds after which the client gives up an attempt. */
  readonly timeout: number;
}

/** How an attempt ended, as the client sees it. */
export interface Answer {
  readonly kind: 'ok' | 'refused' | 'timeout' | 'busy' | 'limited';
  readonly retryAfter?: number | undefined;
}

export class ServerModel {
  /** When each worker is free. */
  readonly #free: Float64Array;
  #inside = 0;
  #second = -1;
  #allowedLeft = 0;
  /** Requests it got in each second. */
  readonly perSecond: number[] = [];
  /** Requests it got in all. */
  got = 0;

  constructor(
    readonly time: VirtualTime,
    readonly random: () => number,
    readonly options: ServerOptions,
  ) {
    this.#free = new Float64Array(options.workers);
  }

  request(endpoint: 'good' | 'bad'): Promise<Answer> {
    const { time, options, random } = this;
    const second = Math.floor(time.now / 1000);
    this.perSecond[second] = (this.perSecond[second] ?? 0) + 1;
    this.got++;
    const isDown = time.now >= options.start && time.now < options.end;
    if (isDown && options.outage === 'refusing') return this.#after(2, { kind: 'refused' });
    if (isDown && options.outage === 'flaky' && random() < options.share)
      return this.#after(options.refusal, { kind: 'busy' });
    const isUnlucky = isDown && options.unlucky > 0 && random() < options.unlucky;
    if (isUnlucky) return this.#after(options.refusal, { kind: 'busy' });
    if (isDown && endpoint === 'bad') {
      if (options.outage === 'endpoint') return this.#after(options.refusal, { kind: 'busy' });
      if (options.outage === 'endpoint-stall') return this.#after(options.timeout, { kind: 'timeout' });
    }
    if (this.#isLimited(second)) return this.#after(2, { kind: 'limited', retryAfter: options.retryAfter });
    if (this.#inside >= options.queue) return this.#after(2, { kind: 'busy' });
    return this.#serve();
  }

  #isLimited(second: number): boolean {
    if (second !== this.#second) this.#allowedLeft = this.options.allowed;
    this.#second = second;
    return --this.#allowedLeft < 0;
  }

  #serve(): Promise<Answer> {
    const { time, options } = this;
    const free = this.#free;
    let worker = 0;
    for (let other = 1; other < free.length; other++) {
      if ((free[other] as number) < (free[worker] as number)) worker = other;
    }
    let startsAt = Math.max(time.now, free[worker] as number);
    if (options.outage === 'stalling' && startsAt >= options.start && startsAt < options.end)
      startsAt = options.end;
    const isSlow = options.outage === 'slow' && startsAt >= options.start && startsAt < options.end;
    const doneAt = startsAt + this.#sampleService() * (isSlow ? options.slower : 1);
    free[worker] = doneAt;
    const took = doneAt - time.now;
    this.#inside++;
    if (took <= options.timeout) {
      return this.#after(took, { kind: 'ok' }, () => this.#inside--);
    }
    time.after(took, () => this.#inside--);
    return this.#after(options.timeout, { kind: 'timeout' });
  }

  /** Log-normal with the mean that the options name. */
  #sampleService(): number {
    const { service, sigma } = this.options;
    if (sigma === 0) return service;
    const normal = Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random());
    return service * Math.exp(sigma * normal - (sigma * sigma) / 2);
  }

  #after(ms: number, answer: Answer, first?: () => void): Promise<Answer> {
    return new Promise((resolve) => {
      this.time.after(ms, () => {
        first?.();
        resolve(answer);
      });
    });
  }
}
