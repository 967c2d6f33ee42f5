/**
 * The fleet's bucket as one process sees it: one command, one answer, and what is remembered from the answers.
 */
import { now } from '../timing';
import type { RunScript } from './client';

/** What successes and refunds bring. */
export interface Deposit {
  /** Tokens to deposit. */
  readonly tokens: number;
  /** What is paid of the retries that were sent without proof that the server works. */
  readonly proven: number;
}

/** What one command does to the bucket: deposits first, then takes. */
export interface BucketCommand extends Deposit {
  /** Takes a token if there is one and fewer than this many are unproven; negative: however many. undefined: takes none. */
  readonly takeBelow?: number;
}

/** What the script answered. */
interface Answer {
  readonly granted: boolean;
  readonly isTooLate: boolean;
  readonly tokens: number;
  readonly sequence: number;
  /** The server's clock, in milliseconds. */
  readonly time: number;
}

export interface SharedBucketOptions {
  readonly key: string;
  readonly maxTokens: number;
  readonly refillPerSecond: number;
  /** Milliseconds for which an answer is waited for. */
  readonly timeout: number;
}

/** Milliseconds for which an empty bucket is taken to be empty, unless time alone fills it. */
const EMPTY_FOR = 100;

export class SharedBucket {
  readonly #run: RunScript;
  readonly #options: SharedBucketOptions;
  /** By how much the server's clock is ahead of this process's, at least; undefined before it was heard. */
  #ahead: number | undefined;
  /** The answer with the highest sequence number, and when it came. */
  #last = { sequence: 0, tokens: 0, at: 0 };

  constructor(run: RunScript, options: SharedBucketOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Tokens there should be now, by the last answer; undefined before the first. */
  get tokens(): number | undefined {
    if (this.#last.sequence === 0) return undefined;
    const { maxTokens, refillPerSecond } = this.#options;
    const refilled = (Math.max(0, now() - this.#last.at) * refillPerSecond) / 1000;
    return Math.min(maxTokens, this.#last.tokens + refilled);
  }

  /** Whether it had no whole token just now: in an outage every failed call asks, in every process. */
  get isEmpty(): boolean {
    return now() - this.#last.at < EMPTY_FOR && (this.tokens ?? 1) < 1 - 1e-9;
  }

  /**
   * Sends one command. It does nothing if it reaches Redis after `timeout`: a client may hold it in a queue while it is
   * not connected, and send one again whose answer was lost with a connection.
   * @returns whether a token was taken; rejects with what the client rejects with
   */
  async send(command: BucketCommand): Promise<boolean> {
    const until = now() + this.#options.timeout;
    let answer = await this.#ask(command, until);
    // In time, and yet too late: the server's clock is not what it was when it was last heard.
    if (answer.isTooLate && now() < until) answer = await this.#ask(command, until);
    if (answer.isTooLate) throw new Error('Redis received the command too late');
    return answer.granted;
  }

  async #ask(command: BucketCommand, until: number): Promise<Answer> {
    const { key, maxTokens, refillPerSecond } = this.#options;
    const { tokens, proven, takeBelow } = command;
    const deadline = this.#ahead === undefined ? 0 : until + this.#ahead;
    const args = [maxTokens, refillPerSecond / 1000, tokens, proven].concat(
      [takeBelow === undefined ? 0 : 1, takeBelow ?? -1],
      [deadline, this.#last.sequence, this.tokens ?? 0],
    );
    const answer = read(await this.#run(key, args.map(String)));
    // The true number, less the time for which the answer was under way, or this process too busy to read it.
    this.#ahead = Math.max(this.#ahead ?? Number.NEGATIVE_INFINITY, answer.time - now());
    // Answers may come in another order than the commands were carried out in.
    if (answer.sequence > this.#last.sequence) {
      this.#last = { sequence: answer.sequence, tokens: answer.tokens, at: now() };
    }
    return answer;
  }
}

/** A client may be set up to hand out Buffers for strings. */
function read(reply: unknown): Answer {
  const [granted, tokens, sequence, time] = String(reply).split(' ').map(Number);
  if (![granted, tokens, sequence, time].every(Number.isFinite)) {
    throw new TypeError(
      `The Redis client answered ${String(reply)} to EVAL; if it is node-redis 4 in legacy mode, pass client.v4`,
    );
  }
  return {
    granted: granted === 1,
    isTooLate: granted === -1,
    tokens: tokens as number,
    sequence: sequence as number,
    time: time as number,
  };
}
