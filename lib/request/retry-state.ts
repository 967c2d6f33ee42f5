/**
 * What is known about one logical request: how often it was tried, what failed, how it ended.
 */
import type { AttemptFailure, Outcome, RetryState } from '../policy/events';
import { now } from '../timing';

/**
 * The live state. A class instance under a string key, because axios copies plain objects
 * on every merge of configs and drops symbol keys (before 1.19), but passes instances by reference.
 * `owner` is what the library itself keeps about the request until it is settled; being private, it is neither
 * enumerated, serialised nor copied.
 */
export class LiveRetryState<Owner = unknown> implements RetryState {
  attempts = 1;
  totalDelay = 0;
  idempotencyKey: string | undefined = undefined;
  totalHeld = 0;
  retryAfter: number | undefined = undefined;
  outcome: Outcome = 'pending';
  failures: AttemptFailure[] = [];
  settledAt: number | undefined = undefined;
  #owner: Owner | undefined;

  constructor(
    owner: Owner,
    readonly startedAt = now(),
  ) {
    this.#owner = owner;
  }

  /** The owner of a pending state; undefined for anything else, a deep copy of a state included. */
  static ownerOf(state: unknown): unknown {
    return typeof state === 'object' && state !== null && #owner in state ? state.#owner : undefined;
  }

  get retries(): number {
    return Math.max(0, this.attempts - 1);
  }

  get elapsed(): number {
    return (this.settledAt ?? now()) - this.startedAt;
  }

  addFailure(failure: AttemptFailure): void {
    // A list that grows makes room for seventeen at once, and most calls that wait have failed once.
    if (this.failures.length === 0) this.failures = [failure];
    else this.failures.push(failure);
  }

  settle(outcome: Outcome, settledAt = now()): void {
    this.outcome = outcome;
    this.settledAt = settledAt;
    // Who keeps the state does not keep the request, its error and its bodies.
    this.#owner = undefined;
  }

  /** What `console.error(error)` shows of it, in one line: where it stands, deep in the error's config, there is no room for more. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const { attempts, elapsed, totalHeld, outcome, failures } = this;
    const held = totalHeld > 0 ? `, ${totalHeld.toFixed()} of them held` : '';
    const causes = failures.slice(-6).map(({ status, code }) => status ?? code ?? 'failed');
    const of = causes.length > 0 ? ` (${causes.join(', ')})` : '';
    return `RetryState: ${outcome}, attempts: ${attempts}, milliseconds: ${elapsed.toFixed()}${held}${of}`;
  }

  toJSON(): RetryState {
    const {
      attempts,
      retries,
      elapsed,
      totalDelay,
      totalHeld,
      retryAfter,
      idempotencyKey,
      outcome,
      failures,
    } = this;
    return {
      attempts,
      retries,
      elapsed,
      totalDelay,
      totalHeld,
      retryAfter,
      idempotencyKey,
      outcome,
      failures,
    };
  }
}

/** Under it, the state is on what carries no config of its own; other copies of this library know it as well. */
const STATE = Symbol.for('axios-retry-budget.state');

interface Answer {
  readonly [STATE]?: unknown;
  readonly config?: { readonly retryState?: unknown } | null;
}

/**
 * The retry state of a response, or of an error that a request ended with, also where an interceptor registered before
 * attachRetry made another one of it.
 * @param responseOrError if a callback of the policy threw, ask the `cause` of what it threw
 * @returns undefined where no retrying was attached, or `retryPolicy` was `false`.
 */
export function retryStateOf(responseOrError: unknown): RetryState | undefined {
  const { [STATE]: put, config } = (responseOrError ?? {}) as Answer;
  const state = put ?? config?.retryState;
  return isRetryState(state) ? state : undefined;
}

/** Has `retryStateOf` find the state of the error or the response that a caller is about to get. Bare data is left alone. */
export function putState(answer: unknown, state: RetryState): void {
  if (retryStateOf(answer) === state) return;
  if (!(answer instanceof Error) && !(answer as Answer | null | undefined)?.config) return;
  if (Object.isExtensible(answer)) {
    Object.defineProperty(answer, STATE, { value: state, configurable: true });
  }
}

/** By its looks and not by its class, of which there are two where this library is loaded twice (ESM beside CJS). */
export function isRetryState(value: unknown): value is RetryState {
  const { attempts, outcome } = (value ?? {}) as Partial<RetryState>;
  return typeof attempts === 'number' && typeof outcome === 'string';
}

const ENOUGH_IS_ENOUGH: ReadonlySet<Outcome> = new Set([
  'server-said-stop',
  'origin-down',
  'held-too-long',
  'queue-full',
  'retry-budget-empty',
  'retry-after-too-long',
]);

/**
 * For a server about to report a failure of its own dependency: has that call been retried enough, so that the
 * server's callers should not try again? Then answer with `x-should-retry: false`, and a failure is retried by one
 * layer, not by every one (3 x 3 x 3 = 27 requests out of one).
 * @param errorOrState what the call ended with, or its retry state
 * @returns true if retries were made and it ended with `retries-exhausted` or `time-budget-exceeded`, or if it ended with
 *   `server-said-stop`, `retry-after-too-long`, `origin-down`, `held-too-long`, `queue-full` or `retry-budget-empty`
 */
export function retriesExhausted(errorOrState: unknown): boolean {
  const state = isRetryState(errorOrState) ? errorOrState : retryStateOf(errorOrState);
  if (!state) return false;
  if (ENOUGH_IS_ENOUGH.has(state.outcome)) return true;
  return (
    state.retries > 0 && (state.outcome === 'retries-exhausted' || state.outcome === 'time-budget-exceeded')
  );
}
