/**
 * What an attempt came to where our handler sits, and whether that is a failure.
 */
import axios, { type AxiosError, type AxiosResponse } from 'axios';
import type { Judgement } from '../policy/retry-policy';
import { show } from '../policy/validation';
import { isDelay } from '../verdict/backoff';
import { isAxiosError, type SentConfig } from '../verdict/classify';
import { findingOf, findingOfResponse, foreignFinding } from '../verdict/finding';
import { answerOf } from './callbacks';
import { type Ended, type Failure, timeBudgetError, timeoutError } from './endings';
import type { LogicalRequest } from './logical-request';

/** Whether an attempt was good without a question that somebody has to think about. */
export function isPlainlyGood(request: LogicalRequest, ended: Ended): ended is { value: unknown } {
  if (!('value' in ended)) return false;
  // An interceptor that made a value of a failure knows best.
  return request.attempt.finding !== undefined || !(request.policy.judge || hasTransientStatus(request));
}

/** Whether axios was content with a status that is transient: `validateStatus: () => true`. */
function hasTransientStatus({ attempt, policy }: LogicalRequest): boolean {
  const { response, finding } = attempt;
  return !finding && policy.retryAccepted && response !== undefined && policy.statuses.has(response.status);
}

/** @returns undefined if the attempt was good after all */
export async function failureOf(request: LogicalRequest, ended: Ended): Promise<Failure | undefined> {
  const { attempt, policy } = request;
  const { response, finding } = attempt;
  if (isPlainlyGood(request, ended)) return undefined;
  if (finding) return { finding, error: attempt.error as AxiosError };
  if (hasTransientStatus(request)) return failureOfResponse(response as AxiosResponse);
  if ('value' in ended) return judge(request, response as AxiosResponse);
  // An interceptor turned a good answer into a failure.
  const error = ended.error as AxiosError;
  return isOfAttempt(request, error)
    ? { error, finding: findingOf(error, policy.statuses, attempt.sent as never) }
    : { error, finding: foreignFinding(error) };
}

/** The user's word on a response that axios was content with. */
async function judge(request: LogicalRequest, response: AxiosResponse): Promise<Failure | undefined> {
  const judgement = await answerOf(request, request.policy.judge?.(response, request.state));
  if (judgement === true) return failureOfResponse(response);
  const after = afterOf(judgement);
  if (after === undefined) return undefined;
  const { finding, error } = failureOfResponse(response);
  return { error, finding: { ...finding, serverAsks: undefined, hint: undefined }, after };
}

function afterOf(judgement: Judgement | null): number | undefined {
  if (typeof judgement !== 'object' || judgement === null) return undefined;
  if (isDelay(judgement.after)) return judgement.after;
  throw new RangeError(
    `retryPolicy.judge must return true, false or { after: a finite number of milliseconds of at least 0 }; got after: ${show(judgement.after)}`,
  );
}

function failureOfResponse(response: AxiosResponse): Failure {
  const finding = findingOfResponse(response);
  const { config, request } = response;
  // As axios names them.
  const code = response.status >= 400 && response.status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE';
  const error = new axios.AxiosError(finding.message, code, config, request, response);
  return { finding, error };
}

/** Whether an interceptor threw it about this very attempt, and not about one of its own. */
function isOfAttempt({ attempt, state }: LogicalRequest, error: unknown): boolean {
  if (!isAxiosError(error)) return false;
  const { config, response } = error;
  return (
    config?.retryState === state || config === attempt.sent || (!!response && response === attempt.response)
  );
}

/**
 * What becomes of an attempt that outlived the time budget: a timeout, for nobody cancelled anything. The attempt's own, if that is
 * up as well.
 */
export function withinTime(request: LogicalRequest, ended: Ended): Ended {
  const { attempt, state, policy } = request;
  if ('value' in ended) return ended;
  const { deadline, finding, sent } = attempt;
  const isOut = deadline?.expired || (request.timeLeft <= 0 && (finding?.isTimeout || (deadline && !sent)));
  if (!isOut) return ended;
  const isTimeout = finding?.isTimeout || wouldTimeOut(attempt.error);
  const ownTimeout = sent && isTimeout ? deadline?.ownTimeout : undefined;
  if (ownTimeout && finding?.isTimeout && sent?.timeout === ownTimeout) return ended;
  // Who has not answered yet may still send: on his config the signal stays aborted, the caller gets a copy.
  if (!attempt.isAnswered && sent) attempt.sent = { ...sent };
  const about = attempt.sent ?? {};
  const error = ownTimeout
    ? timeoutError(ended.error, ownTimeout, about as SentConfig)
    : timeBudgetError(ended.error, policy.timeBudget, state.attempts, about);
  return { error, isOutOfTime: true };
}

/** The attempt failed: nothing of it is left running. */
export function endAttempt({ attempt, state }: LogicalRequest, { finding }: Failure, ended: Ended): void {
  attempt.isOver = true;
  attempt.deadline?.release(attempt.sent);
  // What the time budget ended is a timeout, whatever the adapter made of its signal.
  const isOutOfTime = 'error' in ended && ended.isOutOfTime;
  const { code, message } = isOutOfTime ? (ended.error as AxiosError) : finding;
  const { status } = finding;
  state.failures.push({
    attempt: state.attempts,
    ...(status !== undefined && { status }),
    ...(code && { code }),
    message,
  });
}

/**
 * Whether axios' timer runs that would have ended this attempt. Under the http adapter, it runs neither before there is a socket, as
 * while a proxy opens a tunnel, nor while a body drips.
 */
function wouldTimeOut(error: unknown): boolean {
  const { request } = (error ?? {}) as { request?: NodeRequest & { _currentRequest?: NodeRequest } };
  const sent = request?._currentRequest ?? request;
  return !sent || !('reusedSocket' in sent) || Boolean(sent.socket && !sent.res);
}

interface NodeRequest {
  readonly socket?: unknown;
  readonly res?: unknown;
}
