/**
 * One pass of a call through its instance: what happens to the config on its way to the adapter, and who hears the answer.
 */
import axios, { type AxiosRequestConfig, type AxiosResponse } from 'axios';
import type { Gate } from '../origin/gate';
import { holdAt } from '../origin/hold';
import { Turn } from '../origin/turn';
import type { ResolvedPolicy } from '../policy/policy';
import { now } from '../timing';
import { idempotencyKeyOf, keyOnConfig, setHeader } from '../verdict/idempotency-key';
import { Attempt, type AttemptConfig } from './attempt';
import { AttemptDeadline } from './attempt-deadline';
import { canceledError, type Ended } from './endings';
import { lastCheck, refused } from './last-check';
import type { Pass } from './layers';
import { type Attachment, LogicalRequest } from './logical-request';
import { OriginalRequest } from './original-request';
import { dropCredentials, goesElsewhere } from './replay';
import { settleAttempt } from './retry-loop';

/** What a pass needs of the attachRetry that it belongs to. */
export interface Opening {
  readonly attachment: Attachment;
  /** @throws where the config's policy is not allowed */
  policyOf(config: AttemptConfig): ResolvedPolicy | undefined;
  /** Looks at each config that goes to an adapter. */
  inspect?(config: AttemptConfig): void;
}

/** The pass of the call whose merged config this is: a replay, if a logical request awaits one. */
export function openPass(opening: Opening, config: AttemptConfig, isFirst: boolean): AttemptPass {
  const earlier = LogicalRequest.of(config);
  if (!earlier?.awaited) return new AttemptPass(opening, earlier, undefined, isFirst);
  if (goesElsewhere(earlier, config)) dropCredentials(config, earlier.overlay);
  earlier.awaited = undefined;
  earlier.putHeaders(config);
  return new AttemptPass(opening, undefined, earlier, isFirst);
}

/** The pass that an answer belongs to, by its config. */
export function passOf(answer: unknown): AttemptPass | undefined {
  const pass = LogicalRequest.of(configOf(answer))?.pass;
  return pass instanceof AttemptPass ? pass : undefined;
}

function configOf(answer: unknown): unknown {
  return (answer as { config?: unknown } | null | undefined)?.config;
}

export class AttemptPass implements Pass<AttemptConfig> {
  readonly isReplay: boolean;
  readonly isSynchronous: boolean;
  isAlone = false;
  #isCutOff = false;
  /** Milliseconds on the clock of `now()`: the time budget counts what the outside interceptors take as well. */
  readonly #openedAt = now();
  /** Why nothing may be sent: a policy or a key that is not allowed. */
  #refusal: { readonly error: unknown } | undefined;
  #attempt: Attempt | undefined;
  /** The parent's attempt whose answer made an interceptor send its config once more. What is sent before an answer is other traffic. */
  readonly #resends: Attempt | undefined;

  /**
   * @param parent the pending logical request whose config an interceptor sends once more, if any
   * @param request the logical request that is replayed, if any; else there is one from `capture` on
   * @param isFirst whether nothing happens between now and `capture`
   */
  constructor(
    private readonly opening: Opening,
    private readonly parent: LogicalRequest | undefined,
    private request: LogicalRequest | undefined,
    private readonly isFirst: boolean,
  ) {
    this.isReplay = request !== undefined;
    this.isSynchronous = !opening.attachment.origins.mayHoldNewCalls();
    this.#attempt = request?.attempt;
    this.#resends = parent?.attempt.isAnswered ? parent.attempt : undefined;
    if (request) request.pass = this;
  }

  cutOff(): void {
    this.#isCutOff = true;
  }

  capture(config: AttemptConfig): AttemptConfig | Promise<AttemptConfig> {
    const own = extensible(config);
    delete own.retryState;
    try {
      const policy = this.opening.policyOf(own);
      if (policy) this.#begin(policy, own);
    } catch (error) {
      this.#refusal = { error };
    }
    // Most calls need not look for a gate of theirs.
    const { origins } = this.opening.attachment;
    if (this.isFirst ? this.isSynchronous : !origins.mayHoldNewCalls()) return own;
    const gate = this.request && !this.parent && gateThatHolds(this.request);
    return gate ? this.#hold(gate, own) : own;
  }

  /** A first attempt waits at its gate: no adapter and no inside interceptor sees anything of it before it is let go. */
  async #hold(gate: Gate, config: AttemptConfig): Promise<AttemptConfig> {
    const request = this.request as LogicalRequest;
    const { state, policy, timeLeft } = request;
    const { patience, maxRetries, maxQueueTime } = policy;
    const heldAt = now();
    state.attempts = 0;
    const longest = Math.min(maxQueueTime, timeLeft);
    const end = await holdAt(gate, { retriesLeft: maxRetries, longest, patience }, request);
    const goesAt = now();
    state.totalHeld = Math.round(goesAt - heldAt);
    if (end === 'aborted')
      this.#refusal = {
        error: canceledError({ config, request: undefined }, request.cancelToken, undefined),
      };
    else if (request.timeLeft > 0) state.attempts = 1;
    if (this.#attempt) {
      this.#attempt.startedAt = goesAt;
      this.#attempt.turn = typeof end === 'object' ? Turn.of(gate, end) : undefined;
    }
    return config;
  }

  #begin(policy: ResolvedPolicy, config: AttemptConfig): void {
    const { parent, opening } = this;
    const hasDeadline = policy.timeBudget !== undefined && !parent;
    const original = new OriginalRequest(config, this.isAlone && !hasDeadline, opening.attachment.transform);
    const startedAt = this.isFirst && !hasDeadline ? this.#openedAt : now();
    const left = (policy.timeBudget ?? 0) - (startedAt - this.#openedAt);
    const deadline = hasDeadline
      ? new AttemptDeadline(Math.max(0, left), config, policy.timeBudget)
      : undefined;
    const attempt = new Attempt(startedAt, deadline);
    const request = new LogicalRequest(opening.attachment, policy, original, attempt, this.#openedAt, parent);
    config.retryState = request.state;
    if (this.#isCutOff) {
      deadline?.release(config);
      request.state.settle('detached');
      return;
    }
    request.pass = this;
    this.request = request;
    this.#attempt = attempt;
    if (request.mayHaveKey) {
      request.state.idempotencyKey =
        parent?.state.idempotencyKey ?? idempotencyKeyOf(config as AxiosRequestConfig, policy);
    }
    request.putHeaders(config);
  }

  seal(config: AttemptConfig): AttemptConfig {
    const { request } = this;
    const attempt = this.#attempt;
    if (this.#refusal) return refused(config, this.#refusal.error);
    if (!request || !attempt) return config;
    const { owner } = request;
    const sealed = extensible(config);
    if (sealed.retryState !== request.state) sealed.retryState = request.state;
    if (owner.isSettled || attempt.isOver || owner.timeLeft <= 0) {
      return refused(sealed, new axios.CanceledError());
    }
    attempt.sent = sealed;
    this.opening.inspect?.(sealed);
    // Where nobody has been at it since, `capture` has seen to the key.
    if (!(this.isAlone && owner === request) && request.mayHaveKey) keepKey(owner, sealed);
    owner.attempt.deadline?.applyTo(sealed);
    if (owner.attempt.deadline || (this.isReplay && (sealed.signal || sealed.cancelToken))) {
      const transforms = [sealed.transformRequest ?? []].flat();
      if (!transforms.includes(lastCheck)) sealed.transformRequest = [...transforms, lastCheck];
    }
    return sealed;
  }

  observe(response: unknown): void {
    this.#attempt?.answered(response as AxiosResponse);
    if (this.#resends) this.#tellParent();
  }

  observeFailure(error: unknown): void {
    // A cache has concurrent requests for the same wait in its request interceptor for the answer of the first.
    const isAnswer = this.#attempt?.sent !== undefined || LogicalRequest.of(configOf(error)) !== undefined;
    if (this.request) this.#attempt?.failed(error, this.request.policy.statuses, isAnswer);
    if (this.#resends) this.#tellParent();
  }

  #tellParent(): void {
    const { parent } = this;
    if (this.#attempt && this.#resends && parent?.attempt === this.#resends && !this.#resends.isOver)
      this.#resends.resent(this.#attempt);
  }

  settle(value: unknown): unknown {
    return this.#settle({ value });
  }

  settleFailure(error: unknown): unknown {
    return this.#settle({ error });
  }

  #settle(ended: Ended): unknown {
    const { request, parent } = this;
    if (request && !parent) return settleAttempt(request, ended, this.isAlone);
    if (parent && this.#attempt?.sent) this.#attempt.sent.retryState = parent.state;
    return 'error' in ended ? Promise.reject(ended.error) : ended.value;
  }
}

/** The gate at which a first attempt has to wait, if any: of those that are held, none is refused. */
function gateThatHolds({ attachment, original, policy }: LogicalRequest): Gate | undefined {
  const { patience, holdNewCalls, maxHeld } = policy;
  const gate = patience > 0 ? attachment.origins.find(original.destination)?.gate : undefined;
  return gate?.isHoldingNewCalls(holdNewCalls, patience) && gate.held < maxHeld ? gate : undefined;
}

/** Frozen, as some interceptors leave it, neither we nor axios could put anything on it. */
function extensible(config: AttemptConfig): AttemptConfig {
  return Object.isExtensible(config) ? config : { ...config };
}

/** The key that is on the first attempt, whoever put it there, goes with all others. */
function keepKey({ policy, state }: LogicalRequest, config: AttemptConfig): void {
  if (state.attempts === 1) state.idempotencyKey = keyOnConfig(config, policy) ?? state.idempotencyKey;
  if (state.idempotencyKey !== undefined)
    setHeader(config, policy.idempotencyKeyHeader, state.idempotencyKey);
}
