/**
 * One logical request: what the caller asked for, under which policy, and what became of it so far.
 */
import type { BudgetsPerOrigin } from '../origin/origins';
import type { ResolvedPolicy } from '../policy/policy';
import { type Interrupters, now, type StopSignal } from '../timing';
import { keyOnConfig } from '../verdict/idempotency-key';
import type { AttemptDeadline } from './attempt-deadline';
import type { OriginalRequest } from './original-request';
import type { ReplayableInstance } from './replay';
import { LiveRetryState } from './retry-state';

/** One `attachRetry`: the instance it is on, and what its requests share. */
export interface Attachment {
  readonly instance: ReplayableInstance;
  /** Our own response handler, by which a replay knows where its chain ends. */
  readonly ownHandler: unknown;
  readonly detached: StopSignal;
  /** The budgets of requests whose policy names none. */
  readonly budgets: BudgetsPerOrigin;
}

export class LogicalRequest {
  readonly state: LiveRetryState<LogicalRequest>;
  /** True from the call of the instance to the capture: tells a replay from a request that merely reuses its config. */
  isReplaying = false;
  /** The time budget's end, put upon the attempt that is running. */
  deadline: AttemptDeadline | undefined = undefined;
  /** The backoff's last sample, in milliseconds: decorrelated jitter starts from it. */
  previousBackoff: number | undefined = undefined;
  /** Milliseconds on the clock of `now()`. */
  attemptStartedAt = now();
  /** Milliseconds from the start of the last attempt that failed to its failure. */
  attemptTook = 0;
  /** The last thing a budget kept elsewhere rejected with. */
  budgetError: unknown = undefined;
  /** The last attempt's own signal and token, where an interceptor set them. */
  ofAttempt: Pick<Interrupters, 'signal' | 'cancelToken'> = {};
  /** The loop's result, once it runs. */
  result: Promise<unknown> | undefined = undefined;
  readonly #endsAt: number;

  /**
   * @param parent the logical request during which an interceptor re-sent the config: it owns the retries,
   *   so this one makes none
   */
  constructor(
    readonly attachment: Attachment,
    readonly policy: ResolvedPolicy,
    readonly original: OriginalRequest,
    readonly parent?: LogicalRequest,
  ) {
    this.state = new LiveRetryState<LogicalRequest>(this);
    this.#endsAt =
      policy.timeBudget === undefined ? Number.POSITIVE_INFINITY : this.attemptStartedAt + policy.timeBudget;
  }

  /** The pending logical request that a config belongs to. */
  static of(config: unknown): LogicalRequest | undefined {
    const owner = LiveRetryState.ownerOf((config as { retryState?: unknown } | null | undefined)?.retryState);
    return owner instanceof LogicalRequest ? owner : undefined;
  }

  /** Whether what was sent may be sent twice: a repeatable method that no interceptor changed, or a key that was on it. */
  mayBeRepeated(sent: { method?: string; headers?: unknown }): boolean {
    const { idempotencyKey } = this.state;
    if (idempotencyKey !== undefined && keyOnConfig(sent, this.policy) === idempotencyKey) return true;
    return this.hasRepeatableMethod && this.isRepeatable(sent.method);
  }

  get hasRepeatableMethod(): boolean {
    return this.isRepeatable(this.original.get('method'));
  }

  private isRepeatable(method: unknown): boolean {
    return this.policy.methods.has(String(method).toUpperCase());
  }

  /** Whether attempts carry headers of ours, or may turn out to carry an idempotency key of the caller's. */
  get hasHeaders(): boolean {
    const { idempotencyKey, attemptHeader } = this.policy;
    return idempotencyKey !== false || attemptHeader !== undefined || !this.hasRepeatableMethod;
  }

  /** Milliseconds left of the time budget; Infinity without one. */
  get timeLeft(): number {
    return this.#endsAt - now();
  }
}
