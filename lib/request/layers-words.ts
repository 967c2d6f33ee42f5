/**
 * What is said between the chains of axios and the pass of a call through them.
 */

/** One pass of a call through an instance. Its methods are called as interceptors: in their order, each at most once. */
export interface Pass<Config> {
  /** A replay runs the inside only: it is never captured nor settled. */
  readonly isReplay: boolean;
  /** Whether `capture` returns at once; else axios must not run the request chain synchronously. */
  readonly isSynchronous: boolean;
  /** Whether nobody but axios and the adapter sees the call between `capture` and `settle`; known before `capture`. */
  isAlone: boolean;
  capture(config: Config): Config | Promise<Config>;
  seal(config: Config): Config;
  observe(response: unknown): void;
  observeFailure(error: unknown): void;
  settle(value: unknown): unknown;
  settleFailure(error: unknown): unknown;
  /** Our response handler has been cleared away: nothing of this call comes back to us. */
  cutOff(): void;
}

/** One handler among an interceptor manager's. */
export interface Handler<Config> {
  fulfilled?: unknown;
  rejected?: unknown;
  synchronous?: boolean;
  runWhen?: ((config: Config) => boolean) | null;
}

/** As much of axios' interceptor managers as is used; `forEach` is there in every axios 1.x. */
export interface Manager<Config> {
  use(fulfilled: unknown, rejected?: unknown, options?: { synchronous: boolean }): number;
  eject(id: number): void;
  forEach?(visit: (handler: Handler<Config>) => void): void;
}

/**
 * @param isFirst whether no interceptor runs before `capture`
 * @returns the pass of the call whose merged config this is; undefined for one that is to be left alone
 */
export type Open<Config> = (config: Config, isFirst: boolean) => Pass<Config> | undefined;

/** What is registered with the managers. */
export type OwnHandlers<Config> = {
  capture(config: Config): unknown;
  settle(response: unknown): unknown;
  settleFailure(error: unknown): unknown;
};
