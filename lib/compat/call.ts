/**
 * One call in axios-retry's words, translated: the policy under which this library makes its attempts.
 */
import type { AxiosError, AxiosRequestConfig, AxiosResponse } from 'axios';
import type { GiveUpEvent, GiveUpReason, RetryEvent } from '../policy/events';
import type { Overlay, RetryPolicy } from '../policy/retry-policy';
import { Interrupted } from '../request/callbacks';
import { now } from '../timing';
import { serverHint } from '../verdict/server-hint';
import { type Changes, Snapshot, together } from './changes';
import { CallState, type IAxiosRetryConfig, namespace } from './options';

/** A call that ended for one of these has no retry left if it has made them all. */
const ENDS_OF_ATTEMPTS: ReadonlySet<GiveUpReason> = new Set([
  'retries-exhausted',
  'not-retryable',
  'not-idempotent',
  'body-not-replayable',
  'server-said-stop',
]);

export class Call {
  readonly state: CallState;
  readonly #config: AxiosRequestConfig;
  /** Retries that an earlier call with this config has used up. */
  readonly #usedUp: number;
  /** Milliseconds that the attempt under way may take, and when it began on the clock of `now()`. */
  #timeout: number;
  #startedAt = now();
  /** What `onRetry` changed so far. */
  #changes: Changes | undefined;
  /** The response that `validateResponse` did not like. */
  #refused: AxiosResponse | undefined;

  /** @param config as the caller, and the interceptors outside, made it; it is written on */
  constructor(config: AxiosRequestConfig, ofInstance: IAxiosRetryConfig | undefined) {
    this.state = new CallState(ofInstance, config[namespace]);
    this.#config = config;
    this.#usedUp = this.state.retryCount;
    this.#timeout = config.timeout ?? 0;
    config[namespace] = this.state;
    // Whether it is good is asked later, when its body has been read.
    if (this.state.validateResponse) config.validateStatus = () => true;
  }

  /** Retries that this call may make. */
  get maxRetries(): number {
    this.#adopt(this.#config);
    const left = Number(this.state.retries) - this.#usedUp;
    return left > 0 ? Math.ceil(left) : 0;
  }

  /** The rest of the translation. */
  get callbacks(): Pick<RetryPolicy, 'isRetryable' | 'backoff' | 'nextAttempt' | 'judge' | 'onGiveUp'> {
    return {
      isRetryable: (error) => this.#mayBeRetried(error),
      backoff: (_retry, error) => this.#delayBeyondHint(error),
      nextAttempt: (event) => this.#announce(event),
      judge: this.state.validateResponse ? (response) => this.#isRefused(response) : undefined,
      onGiveUp: (event) => this.#end(event),
    };
  }

  /** Interceptors inside may have put other options in our place. */
  #adopt(config: AxiosRequestConfig | undefined): void {
    const said = config?.[namespace];
    if (!config || !said || said === this.state) return;
    const { retryCount } = this.state;
    Object.assign(this.state, said, { retryCount });
    config[namespace] = this.state;
  }

  #isRefused(response: AxiosResponse): boolean {
    if (this.state.validateResponse?.(response)) return false;
    this.#refused = response;
    return true;
  }

  /** A condition's promise means yes unless it is one of `false`; one that is rejected means no. */
  #mayBeRetried(error: AxiosError): boolean | Promise<boolean> {
    this.#adopt(error.config);
    const { retryCount, retries, retryCondition } = this.state;
    if (!(retryCount < retries)) throw new Interrupted('retries-exhausted');
    const answer = retryCondition(error) as unknown;
    if (typeof answer !== 'object') return Boolean(answer);
    return Promise.resolve<unknown>(answer).then(
      (value) => value !== false,
      () => false,
    );
  }

  /** What is to be waited in addition to what the server named, which this library adds by itself. */
  #delayBeyondHint(error: AxiosError): number {
    const { state } = this;
    state.retryCount += 1;
    // What no timer would take for a time is none.
    const delay = Math.max(0, Number(state.retryDelay(state.retryCount, error)) || 0);
    const hint = (error.response && serverHint(error.response)?.delay) ?? 0;
    if (this.#hasLimit) {
      this.#timeout -= now() - this.#startedAt + Math.max(delay, hint);
      if (this.#timeout <= 0) throw new Interrupted('time-budget-exceeded');
    }
    return delay > hint ? delay - hint : 0;
  }

  /** Whether all attempts together have as long as the first one. */
  get #hasLimit(): boolean {
    return !this.state.shouldResetTimeout && Boolean(this.#config.timeout);
  }

  async #announce({ error, delay }: RetryEvent): Promise<Overlay> {
    const { state } = this;
    const config = error.config ?? this.#config;
    // What is left is more than 0, which axios would read as no timeout at all.
    const limit = this.#hasLimit ? { timeout: Math.ceil(this.#timeout) } : undefined;
    Object.assign(config, limit);
    const before = new Snapshot(config);
    await state.onRetry(state.retryCount, error, config);
    this.#changes = together(this.#changes, before.changes());
    this.#startedAt = now() + delay;
    state.lastRequestTime = Date.now() + delay;
    return limit ? { ...limit, ...this.#changes } : this.#changes;
  }

  async #end({ error, reason }: GiveUpEvent): Promise<void> {
    const { state } = this;
    const failure = error as AxiosError | undefined;
    this.#adopt(failure?.config);
    if (failure?.config && ENDS_OF_ATTEMPTS.has(reason) && state.retryCount >= state.retries)
      await state.onMaxRetryTimesExceeded(failure, state.retryCount);
    // axios was content with it, so that it would resolve.
    if (this.#refused && failure?.response === this.#refused && reason !== 'aborted') throw failure;
  }
}
