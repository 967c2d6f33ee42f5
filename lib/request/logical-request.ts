/**
 * One logical request: what the caller asked for, under which policy, and what became of it so far.
 */
import type { Origins } from '../origin/origins';
import type { ResolvedPolicy } from '../policy/policy';
import type { Overlay } from '../policy/retry-policy';
import type { AbortSignalLike, CancelTokenLike, Interrupters, StopSignal } from '../timing';
import { now } from '../timing';
import { keyOnConfig, setHeader } from '../verdict/idempotency-key';
import type { Attempt } from './attempt';
import type { Channels } from './channels';
import type { OriginalRequest } from './original-request';
import { LiveRetryState } from './retry-state';

/** One `attachRetry`: the instance it is on, and what its requests share. */
export interface Attachment {
  /** Sends a config through the instance. */
  readonly send: (config: object) => Promise<unknown>;
  /** Whether replays still find their way: both of our interceptors are where they were. */
  readonly isWhole: () => boolean;
  readonly detached: StopSignal;
  readonly origins: Origins;
  /** axios' own transform of bodies, where the instance has that. */
  readonly transform: unknown;
  /** Milliseconds, of the attached policy: by it the state of an origin is told. */
  readonly patience: number;
  /** Undefined where there is no node:diagnostics_channel. */
  readonly channels: Channels | undefined;
}

export class LogicalRequest implements Interrupters {
  readonly state: LiveRetryState<LogicalRequest>;
  /** The attempt that is to be begun by the next pass through the instance. */
  awaited: Attempt | undefined = undefined;
  /** The pass that makes the latest attempt. */
  pass: object | undefined = undefined;
  /** The backoff's last sample, in milliseconds: decorrelated jitter starts from it. */
  previousBackoff: number | undefined = undefined;
  /** Whether `isRetryable` called a failure transient that is not so by itself. */
  hasOverruled = false;
  /** Whether it was sent again because a kept-alive connection broke. */
  hasResent = false;
  /** The last thing a budget kept elsewhere rejected with. */
  budgetError: unknown = undefined;
  /** What `nextAttempt` laid over the original for the attempt that is running, or to come. */
  overlay: Overlay = undefined;

  /**
   * @param attempt the first
   * @param startedAt when the call was made, in milliseconds on the clock of `now()`
   * @param parent the logical request during which an interceptor re-sent the config: it owns the retries,
   *   so this one makes none
   */
  constructor(
    readonly attachment: Attachment,
    readonly policy: ResolvedPolicy,
    readonly original: OriginalRequest,
    public attempt: Attempt,
    startedAt: number,
    readonly parent?: LogicalRequest,
  ) {
    this.state = new LiveRetryState<LogicalRequest>(this, startedAt);
  }

  /** The pending logical request that a config belongs to. */
  static of(config: unknown): LogicalRequest | undefined {
    const owner = LiveRetryState.ownerOf((config as { retryState?: unknown } | null | undefined)?.retryState);
    return owner instanceof LogicalRequest ? owner : undefined;
  }

  /** Retries so far, but for what was sent again because a kept-alive connection broke. */
  get retries(): number {
    return this.state.retries - (this.hasResent ? 1 : 0);
  }

  /** Milliseconds since the first attempt failed, if no other has, and the next one goes to the same place; else 0. */
  get failedOnceAgo(): number {
    const { startedAt, took } = this.attempt;
    const goesElsewhere = this.overlay?.url ?? this.overlay?.baseURL;
    return this.retries === 0 && goesElsewhere === undefined ? now() - startedAt - took : 0;
  }

  /** The one that owns the retries. */
  get owner(): LogicalRequest {
    return this.parent ?? this;
  }

  get isSettled(): boolean {
    return this.state.outcome !== 'pending';
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
    return this.policy.methods.has(String(method).toLowerCase());
  }

  /** Whether attempts may turn out to carry an idempotency key, ours or the caller's. */
  get mayHaveKey(): boolean {
    return this.policy.idempotencyKey !== false || !this.hasRepeatableMethod;
  }

  /** The headers that go with an attempt. */
  putHeaders(config: { headers?: unknown }): void {
    const { state, policy } = this;
    if (state.idempotencyKey !== undefined)
      setHeader(config, policy.idempotencyKeyHeader, state.idempotencyKey);
    if (policy.attemptHeader) setHeader(config, policy.attemptHeader, String(state.attempts));
  }

  /** Milliseconds left of the time budget; Infinity without one. */
  get timeLeft(): number {
    const { timeBudget } = this.policy;
    return timeBudget === undefined ? Number.POSITIVE_INFINITY : this.state.startedAt + timeBudget - now();
  }

  // What may end a wait: the caller's own signal and token. Those that an interceptor put on an attempt end with it.

  get signal(): AbortSignalLike | undefined {
    return this.original.get('signal') as AbortSignalLike | undefined;
  }

  get cancelToken(): CancelTokenLike | undefined {
    return this.original.get('cancelToken') as CancelTokenLike | undefined;
  }

  get detached(): StopSignal {
    return this.attachment.detached;
  }
}
