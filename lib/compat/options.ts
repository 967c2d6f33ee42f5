/**
 * axios-retry's options, and what is on `config['axios-retry']`.
 * The types have axios-retry's names and shapes: where both packages are in one project, as while it migrates, TypeScript
 * accepts the two declarations of that field only if they are the same.
 */
import type { AxiosError, AxiosRequestConfig, AxiosResponse } from 'axios';
import { noDelay } from './delays';
import { isNetworkOrIdempotentRequestError } from './predicates';

/** How requests are retried, in axios-retry's words. Every field is optional. */
export interface IAxiosRetryConfig {
  /** Retries after the first attempt. Default 3. */
  retries?: number;
  /**
   * Whether axios' `timeout` is for each attempt. Default false: it is for all attempts and waits together, and a retry for which
   * too little is left of it is not made.
   */
  shouldResetTimeout?: boolean;
  /** Whether a failure is retried, whatever the method. Default {@link isNetworkOrIdempotentRequestError}. */
  retryCondition?: (error: AxiosError) => boolean | Promise<boolean>;
  /** Milliseconds before retry number `retryCount` (from 1). Default none, or what Retry-After says. */
  retryDelay?: (retryCount: number, error: AxiosError) => number;
  /**
   * Called before each wait, and awaited. What it changes on the config goes with the attempts to come. If it throws,
   * retrying stops and what it threw is thrown.
   */
  onRetry?: (
    retryCount: number,
    error: AxiosError,
    requestConfig: AxiosRequestConfig,
  ) => Promise<void> | void;
  /** Called when a request has failed and no retry is left, and awaited. What it throws is thrown. */
  onMaxRetryTimesExceeded?: (error: AxiosError, retryCount: number) => Promise<void> | void;
  /** Whether a response is good, in place of `validateStatus`. Default null: `validateStatus` decides. */
  validateResponse?: ((response: AxiosResponse) => boolean) | null;
}

/** What is on a request's config: options of its own, and, once it is under way, how far it got. */
export interface IAxiosRetryConfigExtended extends IAxiosRetryConfig {
  /** Retries so far. */
  retryCount?: number;
  /** When the latest attempt was made, or was due: milliseconds since the epoch. */
  lastRequestTime?: number;
}

declare module 'axios' {
  interface AxiosRequestConfig {
    'axios-retry'?: IAxiosRetryConfigExtended;
  }
}

/** The key on a request's config. */
export const namespace = 'axios-retry';

/** What holds where neither the instance nor the request says anything. */
export const DEFAULT_OPTIONS: Required<IAxiosRetryConfig> = {
  retries: 3,
  retryCondition: isNetworkOrIdempotentRequestError,
  retryDelay: noDelay,
  shouldResetTimeout: false,
  onRetry: () => {},
  onMaxRetryTimesExceeded: () => {},
  validateResponse: null,
};

/**
 * The options of one call, and how far it got. An instance of a class, because axios copies plain objects on every merge of
 * configs: this one is the same on the configs of all attempts, and on that of the response or error in the end.
 */
export class CallState implements Required<IAxiosRetryConfigExtended> {
  declare retries: number;
  declare shouldResetTimeout: boolean;
  declare retryCondition: Required<IAxiosRetryConfig>['retryCondition'];
  declare retryDelay: Required<IAxiosRetryConfig>['retryDelay'];
  declare onRetry: Required<IAxiosRetryConfig>['onRetry'];
  declare onMaxRetryTimesExceeded: Required<IAxiosRetryConfig>['onMaxRetryTimesExceeded'];
  declare validateResponse: Required<IAxiosRetryConfig>['validateResponse'];
  declare retryCount: number;
  declare lastRequestTime: number;

  /** @param ofCall with the `retryCount` of an earlier call whose config is sent once more, those retries are used up */
  constructor(ofInstance: IAxiosRetryConfig | undefined, ofCall: IAxiosRetryConfigExtended | undefined) {
    Object.assign(this, DEFAULT_OPTIONS, ofInstance, ofCall);
    this.retryCount ||= 0;
    this.lastRequestTime = Date.now();
  }
}
