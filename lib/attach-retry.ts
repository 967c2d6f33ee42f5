/**
 * attachRetry: wires the interceptor pair to an axios instance, and takes it off again.
 */
import axios, { type InternalAxiosRequestConfig } from 'axios';
import { type BudgetReport, BudgetsPerOrigin, withQueue } from './origin/origins';
import { type ResolvedPolicy, resolvePolicy } from './policy/policy';
import type { RetryPolicy } from './policy/retry-policy';
import { show } from './policy/validation';
import { AttemptDeadline } from './request/attempt-deadline';
import { type Attachment, LogicalRequest } from './request/logical-request';
import { OriginalRequest } from './request/original-request';
import { retryUntilSettled, succeed } from './request/retry-loop';
import { StopSignal } from './timing';
import { idempotencyKeyOf, keyOnConfig, setHeader } from './verdict/idempotency-key';

/**
 * What an axios instance must have. Structural, because the types of axios' ESM and CJS builds
 * (and of two versions in one tree) are not assignable to one another.
 */
export interface RetryableInstance {
  /** Sends a request; replays go through it. */
  request(config: object): Promise<unknown>;
  /** Where `retryPolicy` of this instance is looked up. */
  defaults: {
    /** Overrides `attachRetry`'s policy for this instance. */
    retryPolicy?: unknown;
  };
  /** Where the interceptor pair is attached. */
  interceptors: {
    /** The manager of request interceptors. */
    request: InterceptorManagerLike;
    /** The manager of response interceptors. */
    response: InterceptorManagerLike;
  };
}

/** One of axios' interceptor managers. `never` stands for whatever axios says its handlers take. */
export interface InterceptorManagerLike {
  /** Registers an interceptor. @returns its id */
  use(...handlers: never[]): number;
  /** Takes an interceptor off. @param id what `use` returned */
  eject(id: number): void;
}

/** What `attachRetry` returns. */
export interface AttachedRetry {
  /**
   * Takes the interceptors off. Requests that wait for a retry end at once with their last error
   * (outcome `detached`), attempts that are running are left to end by themselves. Calling it again does nothing.
   */
  detach(): void;
  /** The retry budgets in use, for a health page: those of origins that failed lately, and the policy's own if it names one. */
  budgets(): BudgetReport[];
}

/** Where an instance's attachment is found again, by another copy of this library as well (ESM beside CJS). */
const ATTACHED = Symbol.for('axios-retry-budget.attached');

/** axios' interceptor managers, as they are called here. */
interface Managers {
  request: {
    use(
      fulfilled: (config: never) => unknown,
      rejected: null,
      options: { synchronous: true; runWhen: (config: MergedConfig) => boolean },
    ): number;
  } & InterceptorChain;
  response: {
    use(fulfilled: (response: unknown) => unknown, rejected: (error: unknown) => unknown): number;
    [ATTACHED]?: AttachedRetry;
  } & InterceptorChain;
}

interface InterceptorChain {
  eject(id: number): void;
  forEach?(visit: (handler: { fulfilled: unknown }) => void): void;
}

/** A merged axios config, as interceptors get it. */
interface MergedConfig {
  retryPolicy?: RetryPolicy | false;
  retryState?: unknown;
  transformRequest?: unknown;
  adapter?: unknown;
  headers?: unknown;
  signal?: unknown;
  timeout?: number;
}

/**
 * Has all requests of an axios instance retried from now on.
 * Attaching again to the same instance replaces the earlier attachment.
 *
 * @param instance an axios instance, or `axios` itself
 * @param policy overrides of the defaults; `false` retries only requests with a policy of their own
 * @returns a handle with `detach()` and `budgets()`
 * @throws TypeError or RangeError naming the field of a policy that is not allowed, its value and the fix; TypeError if it is
 *   no axios instance. A bad policy of a request rejects that request, unsent.
 * @example attachRetry(axios.create({ baseURL: 'https://api.example.com' }), { maxRetries: 3 })
 */
export function attachRetry(instance: RetryableInstance, policy?: RetryPolicy | false): AttachedRetry {
  checkInstance(instance);
  const resolved = resolvePolicy([policy]);
  const managers = instance.interceptors as unknown as Managers;
  managers.response[ATTACHED]?.detach();

  const attachment: Attachment = {
    instance,
    ownHandler: onSuccess,
    detached: new StopSignal(),
    budgets: new BudgetsPerOrigin(),
  };
  // axios has merged the instance's policy into the request's, as copies; what must not be copied is taken from the original.
  const policyOf = (config: MergedConfig): ResolvedPolicy | undefined =>
    config.retryPolicy === undefined
      ? resolved
      : resolvePolicy([
          policy,
          (instance.defaults as MergedConfig | undefined)?.retryPolicy,
          config.retryPolicy,
        ]);
  const requestId = managers.request.use(setHeaders, null, {
    // Without this, axios would make a synchronous chain of request interceptors asynchronous.
    synchronous: true,
    runWhen: (config) => capture(attachment, config, policyOf),
  });
  const responseId = managers.response.use(onSuccess, onFailure);

  const handle: AttachedRetry = {
    detach() {
      if (attachment.detached.stopped) return;
      ejectOwn(managers.request, requestId, setHeaders);
      ejectOwn(managers.response, responseId, onSuccess);
      delete managers.response[ATTACHED];
      attachment.detached.stop();
    },
    budgets() {
      const reports = attachment.budgets.report();
      if (!resolved?.budget) return reports;
      const { budget, queue } = withQueue(resolved.budget);
      // By its looks: a RetryBudget may be of another copy of this library.
      const { tokens } = budget as { tokens?: unknown };
      const known = typeof tokens === 'number' ? tokens : undefined;
      return [{ origin: '*', tokens: known, parked: queue.parked }, ...reports];
    },
  };
  Object.defineProperty(managers.response, ATTACHED, { value: handle, configurable: true });
  return handle;
}

/**
 * The trick of the original config: axios evaluates every interceptor's `runWhen` with the merged config before
 * the first request interceptor has run. So this predicate, and nothing later, sees what the caller asked for;
 * what interceptors make of the config (a prefixed URL, a signature, a token) stays out of the replay, which makes
 * them run anew.
 * @returns whether `setHeaders` is to run, as the last of the request interceptors
 */
function capture(
  attachment: Attachment,
  config: MergedConfig,
  policyOf: (config: MergedConfig) => ResolvedPolicy | undefined,
): boolean {
  const earlier = LogicalRequest.of(config);
  if (earlier?.isReplaying) {
    earlier.isReplaying = false;
    return prepare(earlier, config);
  }
  if (config.retryState !== undefined) delete config.retryState;
  try {
    const policy = policyOf(config);
    if (!policy) return false;
    return prepare(begin(attachment, policy, config, earlier), config);
  } catch (invalidPolicy) {
    rejectUnsent(config, invalidPolicy);
  }
  return false;
}

/** @param parent the logical request that is still pending and whose config an interceptor re-sends, if any */
function begin(
  attachment: Attachment,
  policy: ResolvedPolicy,
  config: MergedConfig,
  parent?: LogicalRequest,
): LogicalRequest {
  const request = new LogicalRequest(attachment, policy, new OriginalRequest(config), parent);
  config.retryState = request.state;
  if (policy.timeBudget !== undefined && !parent) {
    request.deadline = new AttemptDeadline(policy.timeBudget, config);
  }
  return request;
}

/** @returns whether `setHeaders` is to run */
function prepare(request: LogicalRequest, config: MergedConfig): boolean {
  const { hasHeaders, deadline } = request;
  if (hasHeaders || deadline) {
    const transforms = [config.transformRequest ?? []].flat();
    if (!transforms.includes(seal)) config.transformRequest = [...transforms, seal];
  }
  return hasHeaders;
}

/**
 * The last of an attempt's body transforms, which leaves the body alone. axios runs them after all request interceptors,
 * with the config as `this`: whatever those made of the key's header, of the signal and of the timeout, the key is
 * the same on every attempt, and the time budget ends it.
 */
function seal(this: MergedConfig, data: unknown): unknown {
  const request = LogicalRequest.of(this);
  if (!request) return data;
  if (request.hasHeaders) keepKey(request, this);
  if (request.deadline?.expired) throw new axios.CanceledError(undefined, this as never);
  request.deadline?.applyTo(this);
  return data;
}

/** The key that is on the first attempt, whoever put it there, goes with all others. */
function keepKey({ policy, state, parent }: LogicalRequest, config: MergedConfig): void {
  const owner = parent?.state ?? state;
  const present = keyOnConfig(config, policy);
  if (owner.attempts === 1 && present) owner.idempotencyKey = present;
  else if (owner.idempotencyKey !== undefined && owner.idempotencyKey !== present)
    setHeader(config, policy.idempotencyKeyHeader, owner.idempotencyKey);
}

/** Our request interceptor, for the few requests that need one. */
function setHeaders(config: InternalAxiosRequestConfig & MergedConfig): unknown {
  const request = LogicalRequest.of(config);
  if (!request) return config;
  const { policy, state, parent } = request;
  try {
    state.idempotencyKey ??= parent?.state.idempotencyKey ?? idempotencyKeyOf(config, policy);
    if (state.idempotencyKey !== undefined)
      setHeader(config, policy.idempotencyKeyHeader, state.idempotencyKey);
    if (policy.attemptHeader)
      setHeader(config, policy.attemptHeader, String((parent ?? request).state.attempts));
  } catch (badKey) {
    rejectUnsent(config, badKey);
  }
  return config;
}

/**
 * Has the request rejected instead of sent: its body's transform throws, which no adapter comes before; and its adapter
 * rejects, lest an interceptor sets a transform of its own. Not by throwing here: axios 1.0 would throw it out of
 * `request()` instead of rejecting, or send the request all the same.
 */
function rejectUnsent(config: MergedConfig, error: unknown): void {
  config.transformRequest = [
    () => {
      throw error;
    },
  ];
  config.adapter = () => Promise.reject(error);
}

/** Unless it is gone already: axios before 1.2x gives the ids that `clear()` left behind to others. */
function ejectOwn(manager: InterceptorChain, id: number, fulfilled: unknown): void {
  let isThere = !manager.forEach;
  manager.forEach?.((handler) => {
    isThere ||= handler.fulfilled === fulfilled;
  });
  if (isThere) manager.eject(id);
}

function onSuccess(response: unknown): unknown {
  const request = pendingRequestOf(response);
  if (request) succeed(request, response);
  return response;
}

function onFailure(error: unknown): unknown {
  const request = pendingRequestOf(error);
  if (!request) return Promise.reject(error);
  // A plugin may hand one error to several requests (a cache that sends concurrent ones once): one loop answers all.
  request.result ??= retryUntilSettled(request, error);
  return request.result;
}

/**
 * The logical request that a response or an error belongs to, if it is ours to settle.
 * An interceptor that re-sent the config while its logical request was pending (a token refresher registered before
 * attachRetry) gets the plain answer, for the pending request to be settled by when it comes through here.
 */
function pendingRequestOf(responseOrError: unknown): LogicalRequest | undefined {
  const config = (responseOrError as { config?: MergedConfig } | null | undefined)?.config;
  const request = LogicalRequest.of(config);
  if (config && request?.parent) {
    config.retryState = request.parent.state;
    return undefined;
  }
  return request;
}

function checkInstance(instance: RetryableInstance): void {
  const { request, response } = instance?.interceptors ?? {};
  if (
    typeof instance?.request !== 'function' ||
    typeof request?.use !== 'function' ||
    typeof response?.use !== 'function'
  ) {
    throw new TypeError(
      `attachRetry needs an axios instance, such as axios.create() returns; got ${show(instance)}`,
    );
  }
}
