/**
 * The loop of one logical request: decide, wait, replay. Only this room knows the order of the questions.
 */
import axios, { type AxiosError, type InternalAxiosRequestConfig } from 'axios';
import { backoffDelay } from './backoff';
import { isAxiosError, isCancel, isTimeout, isTransient, neverLeft, serverVeto } from './classify';
import { LogicalRequest } from './logical-request';
import { isReplayable, releaseBody, replay } from './replay';
import type { DelaySource, GiveUpEvent, GiveUpReason, RetryEvent } from './retry-state';
import { serverHint } from './server-hint';
import {
  type AbortSignalLike,
  AttemptDeadline,
  type CancelTokenLike,
  type Interrupters,
  type TimedConfig,
  wait,
} from './timing';
import { show } from './validation';

/** When to send the next retry. */
interface Delay {
  readonly delay: number;
  readonly delaySource: DelaySource;
}

/**
 * Retries until an attempt succeeds or there is a reason to give up.
 * @param firstError what the first attempt failed with
 * @returns what the successful attempt resolved to
 * @throws the last attempt's own error; axios' CanceledError when a wait was aborted; an AxiosError of code
 *   ETIMEDOUT when the time budget ended an attempt; what a callback of the policy threw
 */
export async function retryUntilSettled(request: LogicalRequest, firstError: unknown): Promise<unknown> {
  let error = endAttempt(request, firstError);
  for (;;) {
    const next = await consult(request, error, () => decide(request, error));
    if (typeof next === 'string') return giveUp(request, error, next);
    recordFailure(request, error, next);
    await consult(request, error, () => announceRetry(request, error as AxiosError, next));
    releaseBody((error as AxiosError).response?.data);
    const interruption = await wait(next.delay, interruptersOf(request));
    if (interruption === 'aborted')
      return giveUp(request, canceledError(request, error as AxiosError), interruption);
    if (interruption) return giveUp(request, error, interruption);
    request.state.totalDelay += next.delay;
    const outcome = await attempt(request);
    if ('response' in outcome) return outcome.response;
    error = outcome.error;
  }
}

/** An attempt went well, and the logical request with it. */
export function succeed(request: LogicalRequest, response: unknown): void {
  const { config, data } = (response ?? {}) as { config?: TimedConfig; data?: unknown };
  request.deadline?.release(config, data);
  request.state.settle('succeeded');
}

/** The questions in their order, each answered by its room. */
async function decide(request: LogicalRequest, error: unknown): Promise<Delay | GiveUpReason> {
  const { policy, state, original, attachment } = request;
  if (request.deadline?.expired || request.timeLeft <= 0) return 'time-budget-exceeded';
  if (isCancel(error)) return 'aborted';
  // An error without our state on its config is not this attempt's own: an interceptor threw it.
  if (!isAxiosError(error) || LogicalRequest.of(error.config) !== request) return 'not-retryable';
  const veto = serverVeto(error);
  if (veto === false) return 'server-said-stop';
  const judgement = await policy.isRetryable?.(error, state);
  if (!(judgement ?? veto ?? isTransient(error, policy.statuses))) return 'not-retryable';
  if (!mayBeRepeated(request, error)) return 'not-idempotent';
  if (!isReplayable(original.data)) return 'body-not-replayable';
  if (state.retries >= policy.maxRetries) return 'retries-exhausted';
  if (attachment.detached.stopped) return 'detached';
  const next = delayOf(request, error);
  if (typeof next === 'string') return next;
  return next.delay < request.timeLeft ? next : 'time-budget-exceeded';
}

function mayBeRepeated({ policy, original }: LogicalRequest, error: AxiosError): boolean {
  return policy.methods.has(String(original.method).toUpperCase()) || neverLeft(error);
}

/** The server's word if it gave one, with the backoff's sample on top so that not all return at once. */
function delayOf(request: LogicalRequest, error: AxiosError): Delay | GiveUpReason {
  const sample = sampleBackoff(request, error);
  const hint = error.response && serverHint(error.response);
  if (!hint) return { delay: sample, delaySource: 'backoff' };
  if (hint.delay > request.policy.maxRetryAfter) return 'retry-after-too-long';
  return { delay: hint.delay + sample, delaySource: hint.source };
}

function sampleBackoff(request: LogicalRequest, error: AxiosError): number {
  const { backoff } = request.policy;
  const retry = request.state.retries + 1;
  if (typeof backoff !== 'function') {
    request.previousBackoff = backoffDelay(backoff, retry, request.previousBackoff);
    return request.previousBackoff;
  }
  const delay: unknown = backoff(retry, error, request.state);
  if (typeof delay === 'number' && delay >= 0 && delay < Number.POSITIVE_INFINITY) return delay;
  throw new RangeError(
    `retryPolicy.backoff must return a finite number of milliseconds of at least 0; got ${show(delay)}`,
  );
}

function announceRetry(
  { policy, state }: LogicalRequest,
  error: AxiosError,
  next: Delay,
): void | Promise<void> {
  const event: RetryEvent = withError({ state, retry: state.retries + 1, ...next }, error);
  return policy.onRetry?.(event);
}

/** Sends the original request again. */
async function attempt(request: LogicalRequest): Promise<{ response: unknown } | { error: unknown }> {
  request.state.attempts++;
  try {
    const response = await sendWithinTime(request, { ...request.original });
    succeed(request, response);
    return { response };
  } catch (error) {
    return { error: endAttempt(request, error) };
  }
}

function sendWithinTime(request: LogicalRequest, config: TimedConfig): Promise<unknown> {
  const { attachment, timeLeft } = request;
  const send = () => {
    request.isReplaying = true;
    try {
      return replay(attachment.instance, config, attachment.ownHandler);
    } finally {
      request.isReplaying = false;
    }
  };
  if (timeLeft === Number.POSITIVE_INFINITY) return send();
  const deadline = new AttemptDeadline(config, timeLeft);
  request.deadline = deadline;
  // An adapter may not listen to signals, and an interceptor may hang: the deadline settles all the same.
  return new Promise((resolve, reject) => {
    deadline.onExpire = () => reject(new axios.CanceledError('time budget exceeded'));
    send().then(resolve, reject);
  });
}

/** An attempt failed: nothing of it is left running, and its error is the one that the caller may get. */
function endAttempt(request: LogicalRequest, error: unknown): unknown {
  request.deadline?.release((error as AxiosError | undefined)?.config);
  const ranOutOfTime = request.deadline?.expired || (request.timeLeft <= 0 && isTimeout(error));
  return ranOutOfTime ? timeBudgetError(request, error) : error;
}

async function giveUp(request: LogicalRequest, error: unknown, reason: GiveUpReason): Promise<never> {
  const { policy, state } = request;
  if (state.failures.length < state.attempts) recordFailure(request, error);
  state.settle(reason);
  const event: GiveUpEvent = withError({ state, reason }, error);
  try {
    await policy.onGiveUp?.(event);
  } catch (thrown) {
    throw withCause(thrown, error);
  }
  throw error;
}

/** Asks the policy's callbacks. What one of them throws ends the logical request, the request's error as its cause. */
async function consult<T>(request: LogicalRequest, error: unknown, ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    return giveUp(request, withCause(thrown, error), 'aborted');
  }
}

function recordFailure({ state }: LogicalRequest, error: unknown, next?: Delay): void {
  const { response, code, message } = (error ?? {}) as Partial<AxiosError>;
  state.failures.push({
    attempt: state.attempts,
    ...(response && { status: response.status }),
    ...(code && { code }),
    message: message ?? String(error),
    ...next,
  });
}

function interruptersOf({ original, attachment }: LogicalRequest): Interrupters {
  return {
    signal: original.signal as AbortSignalLike | undefined,
    cancelToken: original.cancelToken as CancelTokenLike | undefined,
    detached: attachment.detached,
  };
}

/** What the caller gets whose signal or token ended a wait: axios' own, the failure that was to be retried as its cause. */
function canceledError({ original }: LogicalRequest, error: AxiosError): unknown {
  const reason = (original.cancelToken as CancelTokenLike | undefined)?.reason as Error | undefined;
  // axios' typings give CanceledError the parameters of AxiosError; these are the ones it has.
  const CanceledError = axios.CanceledError as unknown as new (
    message: string | undefined,
    config: unknown,
    request: unknown,
  ) => Error;
  return withCause(new CanceledError(reason?.message, error.config, error.request), error);
}

/** What the caller gets when the time budget ended an attempt: a timeout, for nobody cancelled anything. */
function timeBudgetError({ original, policy, state }: LogicalRequest, error: unknown): unknown {
  const { config = original, request } = (error ?? {}) as Partial<AxiosError>;
  const message = `time budget of ${policy.timeBudget} ms exceeded in attempt ${state.attempts}`;
  const timeout = new axios.AxiosError(message, 'ETIMEDOUT', config as InternalAxiosRequestConfig, request);
  return withCause(timeout, error);
}

/** Not enumerable, as axios sets it: whoever serialises an error does not get its cause's sockets as well. */
function withCause(error: unknown, cause: unknown): unknown {
  if (error instanceof Error && error !== cause && error.cause === undefined) {
    Object.defineProperty(error, 'cause', { value: cause, writable: true, configurable: true });
  }
  return error;
}

/** An event whose error is not enumerable: an AxiosError holds the request's headers, and events get logged. */
function withError<Event extends object, E>(event: Event, error: E): Event & { readonly error: E } {
  return Object.defineProperty(event, 'error', { value: error }) as Event & { readonly error: E };
}
