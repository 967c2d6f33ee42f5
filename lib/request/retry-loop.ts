/**
 * The loop of one logical request: decide, wait, replay. Only this room knows the order of the questions.
 */
import axios, { type AxiosError } from 'axios';
import { type Destination, type SharedBudget, withQueue } from '../origin/origins';
import { tellBudget } from '../origin/retry-budget';
import { RetryPermit } from '../origin/retry-permit';
import type { DelaySource, GiveUpEvent, GiveUpReason, RetryEvent } from '../policy/events';
import { show } from '../policy/validation';
import { type AbortSignalLike, type CancelTokenLike, type Interrupters, now, settled, wait } from '../timing';
import { backoffDelay } from '../verdict/backoff';
import { isAxiosError, isCancel, isTimeout, isTransient, neverLeft, serverVeto } from '../verdict/classify';
import { serverHint } from '../verdict/server-hint';
import { AttemptDeadline, type TimedConfig } from './attempt-deadline';
import { canceledError, timeBudgetError, withCause, withHidden } from './endings';
import { LogicalRequest } from './logical-request';
import { isReplayable } from './original-request';
import { releaseBody, replay } from './replay';

/** When to send the next retry. */
interface Delay {
  readonly delay: number;
  readonly delaySource: DelaySource;
}

/** Thrown where the request ended while it waited for an answer of somebody else's. */
class Interrupted {
  constructor(readonly reason: GiveUpReason) {}
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
    if (next === 'not-retryable') originAnswered(request, error as Partial<AxiosError> | undefined);
    if (typeof next === 'string') return giveUp(request, error, next);
    const permit = await consult(request, error, () => requestPermit(request, error as AxiosError));
    if (!permit) return giveUp(request, error, 'retry-budget-empty');
    const obstacle = await waitForTurn(request, error as AxiosError, next, permit);
    if (obstacle) {
      permit.unused();
      return interrupt(request, error as AxiosError, obstacle);
    }
    const outcome = await attempt(request, permit);
    if ('response' in outcome) return outcome.response;
    error = outcome.error;
  }
}

/** An attempt went well, and the logical request with it. */
export function succeed(request: LogicalRequest, response: unknown): void {
  const { config, data, cached } = (response ?? {}) as Answer;
  request.deadline?.release(config, data);
  request.state.settle('succeeded');
  // What axios-cache-interceptor had says nothing of the origin.
  const shared = cached === true ? undefined : config && sharedBudgetOf(request, config);
  if (!shared) return;
  tellBudget(() => shared.budget.recordSuccess());
  shared.queue.recordSuccess(now() - request.attemptStartedAt);
}

interface Answer {
  readonly config?: TimedConfig & Destination;
  readonly data?: unknown;
  readonly cached?: unknown;
}

/** A 404 pays no token, but shows those that are parked that the origin is there. */
function originAnswered(request: LogicalRequest, error: Partial<AxiosError> | undefined): void {
  const shared = error?.response && sharedBudgetOf(request, (error.config ?? {}) as Destination);
  shared?.queue.recordSuccess(request.attemptTook);
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
  const judgement = await answerOf(request, policy.isRetryable?.(error, state));
  if (!(judgement ?? veto ?? isTransient(error, policy.statuses))) return 'not-retryable';
  if (!request.mayBeRepeated(error.config ?? {}) && !neverLeft(error)) return 'not-idempotent';
  if (!isReplayable(original.get('data'))) return 'body-not-replayable';
  if (state.retries >= policy.maxRetries) return 'retries-exhausted';
  if (attachment.detached.stopped) return 'detached';
  const next = delayOf(request, error);
  if (typeof next === 'string') return next;
  return fitsIn(request, next.delay) ? next : 'time-budget-exceeded';
}

/** Whether a wait would end before the time budget does. Timers count whole milliseconds. */
function fitsIn(request: LogicalRequest, delay: number): boolean {
  return Math.ceil(delay) < request.timeLeft;
}

/** The server's word if it gave one, with the backoff's sample on top so that not all return at once. */
function delayOf(request: LogicalRequest, error: AxiosError): Delay | GiveUpReason {
  const sample = sampleBackoff(request, error);
  const hint = error.response && serverHint(error.response);
  if (!hint) return { delay: sample, delaySource: 'backoff' };
  if (hint.delay > request.policy.maxRetryAfter || hint.delay === Number.POSITIVE_INFINITY) {
    return 'retry-after-too-long';
  }
  return { delay: hint.delay + sample, delaySource: hint.source };
}

function sampleBackoff(request: LogicalRequest, error: AxiosError): number {
  const { backoff } = request.policy;
  const retry = request.state.retries + 1;
  const delay: unknown =
    typeof backoff === 'function'
      ? backoff(retry, error, request.state)
      : backoffDelay(backoff, retry, request.previousBackoff);
  // An async function's: that it is none is the error to tell, not what it rejects with.
  if (delay instanceof Promise) delay.catch(() => {});
  if (typeof delay !== 'number' || !(delay >= 0 && delay < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      typeof backoff === 'function'
        ? `retryPolicy.backoff must return a finite number of milliseconds of at least 0; got ${show(delay)}`
        : `retryPolicy.backoff.random must return a number from 0 to 1; it made a delay of ${show(delay)} ms`,
    );
  }
  request.previousBackoff = delay;
  return delay;
}

function announceRetry(request: LogicalRequest, error: AxiosError, next: Delay): Promise<unknown> {
  const { policy, state } = request;
  const event: RetryEvent = withHidden({ state, retry: state.retries + 1, ...next }, { error });
  return answerOf(request, policy.onRetry?.(event));
}

/** The budget that a request's retries draw on; one of an origin is made only for an origin that failed. */
function sharedBudgetOf(
  request: LogicalRequest,
  config: Destination,
  hasFailed = false,
): SharedBudget | undefined {
  const { budget } = request.policy;
  const { budgets } = request.attachment;
  if (budget === false) return undefined;
  if (budget) return withQueue(budget);
  if (hasFailed) return budgets.findOrMake(config);
  return budgets.isEmpty ? undefined : budgets.find(config);
}

async function requestPermit(request: LogicalRequest, error: AxiosError): Promise<RetryPermit | undefined> {
  const shared = sharedBudgetOf(request, (error.config ?? {}) as Destination, true);
  const isPatient = request.policy.whenBudgetEmpty === 'wait';
  const kind = isPatient ? 'patient' : isTimeout(error) ? 'after-timeout' : 'ordinary';
  const asked = RetryPermit.request(shared, kind, (budgetError) => {
    request.budgetError = budgetError;
  });
  try {
    return await answerOf(request, asked);
  } catch (interrupted) {
    // A token that comes too late goes back.
    asked.then((permit) => permit?.unused());
    throw interrupted;
  }
}

/** Announces the retry, waits, and parks if there is no token. @returns why the retry may not be sent, if so */
async function waitForTurn(
  request: LogicalRequest,
  error: AxiosError,
  next: Delay,
  permit: RetryPermit,
): Promise<GiveUpReason | undefined> {
  const { state, policy } = request;
  await consult(request, error, () => announceRetry(request, error, next)).catch((thrown) => {
    permit.unused();
    throw thrown;
  });
  // onRetry may have taken its time.
  if (!fitsIn(request, next.delay)) return 'time-budget-exceeded';
  releaseBody(error.response?.data);
  const startedAt = now();
  const interrupters = interruptersOf(request);
  const obstacle =
    (await wait(next.delay, interrupters)) ??
    (await permit.ready(request.attemptTook, Math.min(policy.maxQueueTime, request.timeLeft), interrupters));
  state.totalDelay += now() - startedAt;
  if (!obstacle && request.timeLeft <= 0) return 'time-budget-exceeded';
  if (!obstacle) Object.assign(state.failures.at(-1) ?? {}, next);
  if (obstacle !== 'expired') return obstacle;
  return request.timeLeft > 0 ? 'retry-budget-empty' : 'time-budget-exceeded';
}

/** Sends the original request again. */
async function attempt(
  request: LogicalRequest,
  permit: RetryPermit,
): Promise<{ response: unknown } | { error: unknown }> {
  request.state.attempts++;
  request.attemptStartedAt = now();
  try {
    const response = await sendWithinTime(request, configOf(request));
    permit.returned(true, now() - request.attemptStartedAt);
    succeed(request, response);
    return { response };
  } catch (thrown) {
    const error = endAttempt(request, thrown);
    const answered = isAxiosError(error) && !!error.response && !isTransient(error, request.policy.statuses);
    permit.returned(answered, request.attemptTook);
    return { error };
  }
}

/** The original request, ready to be sent: its state goes with it. */
function configOf({ original, state }: LogicalRequest): TimedConfig & { retryState: unknown } {
  return { ...original.toConfig(), retryState: state };
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
  const deadline = new AttemptDeadline(timeLeft, config);
  request.deadline = deadline;
  // An adapter may not listen to signals, and an interceptor may hang: the deadline settles all the same.
  return new Promise((resolve, reject) => {
    deadline.onExpire = () => reject(new axios.CanceledError('time budget exceeded'));
    send().then(resolve, reject);
  });
}

/** An attempt failed: nothing of it is left running, and its error is the one that the caller may get. */
function endAttempt(request: LogicalRequest, error: unknown): unknown {
  request.attemptTook = now() - request.attemptStartedAt;
  const { config } = (error ?? {}) as { config?: TimedConfig & Interrupters };
  request.deadline?.release(config);
  request.ofAttempt = { signal: config?.signal, cancelToken: config?.cancelToken };
  const ranOutOfTime = request.deadline?.expired || (request.timeLeft <= 0 && isTimeout(error));
  const final = ranOutOfTime
    ? timeBudgetError(error, request.policy.timeBudget, request.state.attempts, configOf(request))
    : error;
  recordFailure(request, final);
  return final;
}

async function giveUp(request: LogicalRequest, error: unknown, reason: GiveUpReason): Promise<never> {
  const { policy, state } = request;
  state.settle(reason);
  const event: GiveUpEvent = withHidden({ state, reason }, { error, budgetError: request.budgetError });
  try {
    await policy.onGiveUp?.(event);
  } catch (thrown) {
    throw withCause(thrown, error);
  }
  throw error;
}

/** Gives up because something came between; who aborted gets axios' CanceledError. */
function interrupt(request: LogicalRequest, error: AxiosError, reason: GiveUpReason): Promise<never> {
  return giveUp(
    request,
    reason === 'aborted' ? canceledError(error, interruptersOf(request).cancelToken) : error,
    reason,
  );
}

/** Asks the policy's callbacks. What one of them throws ends the logical request, the request's error as its cause. */
async function consult<T>(request: LogicalRequest, error: unknown, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof Interrupted) return interrupt(request, error as AxiosError, thrown.reason);
    return giveUp(request, withCause(thrown, error), 'aborted');
  }
}

/**
 * What a callback or a budget kept elsewhere answers, waited for no longer than the request itself may take.
 * @throws Interrupted when the signal, the token, the time budget or a detach comes first
 */
async function answerOf<T>(request: LogicalRequest, answer: T | Promise<T>): Promise<T> {
  if (typeof (answer as Promise<T> | undefined)?.then !== 'function') return answer;
  const answered = Promise.resolve(answer);
  // Interrupted, nobody hears it.
  answered.catch(() => {});
  const end = await settled(answered, request.timeLeft, interruptersOf(request));
  if (end === 'expired' || (!end && request.timeLeft <= 0)) throw new Interrupted('time-budget-exceeded');
  if (end) throw new Interrupted(end);
  return answered;
}

function recordFailure({ state }: LogicalRequest, error: unknown): void {
  const { response, code, message } = (error ?? {}) as Partial<AxiosError>;
  state.failures.push({
    attempt: state.attempts,
    ...(response && { status: response.status }),
    ...(code && { code }),
    message: message ?? String(error),
  });
}

function interruptersOf({ original, attachment, ofAttempt }: LogicalRequest): Interrupters {
  return {
    signal: original.get('signal') as AbortSignalLike | undefined,
    attemptSignal: ofAttempt.signal,
    cancelToken: (original.get('cancelToken') as CancelTokenLike | undefined) ?? ofAttempt.cancelToken,
    detached: attachment.detached,
  };
}
