/**
 * One attempt of a logical request: what went to the adapter, and what the adapter answered.
 */
import type { AxiosResponse } from 'axios';
import type { Turn } from '../origin/turn';
import { now } from '../timing';
import { type Finding, findingOf, foreignFinding } from '../verdict/finding';
import type { AttemptDeadline, TimedConfig } from './attempt-deadline';

/** The fields of an axios config that are read from an attempt's, or written to it. */
export interface AttemptConfig extends TimedConfig {
  url?: string;
  baseURL?: string;
  method?: string;
  headers?: unknown;
  auth?: unknown;
  cancelToken?: unknown;
  transformRequest?: unknown;
  adapter?: unknown;
  retryPolicy?: unknown;
  retryState?: unknown;
}

export class Attempt {
  /** As it went to the adapter; undefined while request interceptors are at work. */
  sent: AttemptConfig | undefined = undefined;
  /** The adapter's answer, also where axios made an error of it. */
  response: AxiosResponse | undefined = undefined;
  /** What the adapter rejected with. */
  error: unknown = undefined;
  /** What that error said when it came; undefined where the adapter's answer was good. */
  finding: Finding | undefined = undefined;
  /** Milliseconds to the adapter's answer. */
  took = 0;
  /** Its turn at the gate, where it had to wait for one. */
  turn: Turn | undefined = undefined;
  /** Once true, it must not reach an adapter any more. */
  isOver = false;

  constructor(
    /** Milliseconds on the clock of `now()`. */
    public startedAt: number,
    /** The time budget's end, put upon this attempt. */
    readonly deadline?: AttemptDeadline,
  ) {}

  get isAnswered(): boolean {
    return this.response !== undefined || this.finding !== undefined;
  }

  /** Whether it is with the adapter. */
  get isOut(): boolean {
    return this.sent !== undefined && !this.isAnswered;
  }

  answered(response: AxiosResponse): void {
    this.#note(response, undefined, undefined);
  }

  /** @param isAnswer false for what an interceptor threw in place of sending it */
  failed(error: unknown, statuses: ReadonlySet<number>, isAnswer: boolean): void {
    const { sent } = this;
    const found = isAnswer ? findingOf(error, statuses, sent as never) : foreignFinding(error);
    const finding = sent ? found : { ...found, isUnprocessed: true };
    this.#note((error as { response?: AxiosResponse } | undefined)?.response, error, finding);
  }

  /** An interceptor sent its config once more: the last answer is the one that counts. */
  resent({ sent, response, error, finding }: Attempt): void {
    this.sent = sent;
    this.#note(response, error, finding);
  }

  #note(response: AxiosResponse | undefined, error: unknown, finding: Finding | undefined): void {
    this.took = now() - this.startedAt;
    this.response = response;
    this.error = error;
    this.finding = finding;
  }
}
