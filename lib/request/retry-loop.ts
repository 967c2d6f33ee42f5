/**
 * The loop of one logical request: was the attempt good, is it worth repeating, may it go now, and once more through the instance.
 */
import type { AxiosError } from 'axios';
import { type SharedBudget, withQueue } from '../origin/origins';
import { tellBudget } from '../origin/retry-budget';
import { RetryPermit } from '../origin/retry-permit';
import type { GiveUpReason } from '../policy/events';
import { now, wait } from '../timing';
import { sampleBackoff } from '../verdict/backoff';
import { type Delay, decide, type Ending, fitsIn } from '../verdict/verdict';
import { announceRetry, answerOf, askForNextAttempt, askForOpinion, Interrupted, tellEnd } from './callbacks';
import { endAttempt, failureOf, isPlainlyGood, withinTime } from './ended';
import { asError, canceledError, type Ended, type Failure } from './endings';
import type { LogicalRequest } from './logical-request';
import { isReplayable } from './original-request';
import { releaseBody } from './release-body';
import { destinationOf, sendAgain } from './replay';
import { resentIfStale } from './resend';
import { putState } from './retry-state';

/**
 * The first attempt has ended, and its inside interceptors have had their say.
 * @returns what the logical request resolves to, or a promise of it
 * @throws the last attempt's own error, as the inside interceptors left it; axios' CanceledError when a wait was aborted; an
 *   AxiosError of code ETIMEDOUT when the time budget ended an attempt; what a callback of the policy threw
 */
export function settleAttempt(request: LogicalRequest, ended: Ended): unknown {
  return isPlainlyGood(request, ended) ? succeed(request, ended.value) : retryUntilSettled(request, ended);
}

async function retryUntilSettled(request: LogicalRequest, first: Ended): Promise<unknown> {
  let ended = await resentIfStale(request, first);
  for (;;) {
    const step = await nextStep(request, withinTime(request, ended));
    if (!(step instanceof RetryPermit)) return step.settle();
    ended = await attempt(request, step);
  }
}

/** How a logical request ends, when what led there has been left behind. */
interface Settlement {
  settle(): unknown;
}

/** @returns the permission for the next attempt, or the end of the logical request */
async function nextStep(request: LogicalRequest, ended: Ended): Promise<RetryPermit | Settlement> {
  let failure: Failure | undefined;
  const end = (ending: Ending, how = endFor(request, ended, ending.reason, failure)): Settlement => ({
    settle: () => giveUp(request, how, ending, failure),
  });
  try {
    failure = await failureOf(request, ended);
    if (!failure) return { settle: () => succeed(request, (ended as { value: unknown }).value) };
    endAttempt(request, failure, ended);
    const next = await verdictOn(request, failure);
    if ('reason' in next) return end(next);
    const turn = await turnOf(request, failure, next);
    return turn instanceof RetryPermit ? turn : end({ reason: turn });
  } catch (thrown) {
    if (thrown instanceof Interrupted) return end(thrown);
    return end({ reason: 'aborted' }, { error: asError(thrown, causeOf(ended, failure)) });
  }
}

/** The error of an attempt: as the caller would get it, or made of a response that nobody made an error of. */
function causeOf(ended: Ended, failure: Failure | undefined): unknown {
  return 'error' in ended ? ended.error : failure?.error;
}

/** An attempt went well, and the logical request with it. */
function succeed(request: LogicalRequest, value: unknown): unknown {
  const { attempt, state, policy } = request;
  const { response } = attempt;
  attempt.isOver = true;
  attempt.deadline?.release(attempt.sent, response?.data);
  state.settle('succeeded');
  putState(value, state);
  // What axios-cache-interceptor had says nothing of the origin.
  const isCached = (response as { cached?: unknown } | undefined)?.cached === true;
  const shared = isCached ? undefined : sharedBudgetOf(request);
  if (shared && !attempt.finding) {
    tellBudget(() => shared.budget.recordSuccess());
    shared.queue.recordSuccess(attempt.took);
  }
  if (!policy.onSettled) return value;
  return tellEnd(request, { response }).then(() => value);
}

async function verdictOn(request: LogicalRequest, failure: Failure): Promise<Delay | Ending> {
  const { policy, state, original, attempt, attachment } = request;
  const { finding, error } = failure;
  const verdict = await decide({
    finding,
    after: failure.after,
    retries: request.retries,
    maxRetries: policy.maxRetries,
    maxRetryAfter: policy.maxRetryAfter,
    timeLeft: () => (attempt.deadline?.expired ? 0 : request.timeLeft),
    mayBeRepeated: () => request.mayBeRepeated(attempt.sent ?? {}),
    hasReplayableBody: () => isReplayable(original.get('data')),
    hasOverruled: request.hasOverruled,
    isDetached: () => attachment.detached.stopped || !attachment.isWhole(),
    opinion: () => askForOpinion(request, failure),
    backoff: () => {
      const { previousBackoff } = request;
      const sample = sampleBackoff(policy.backoff, request.retries + 1, previousBackoff, error, state);
      request.previousBackoff = sample;
      return sample;
    },
  });
  // A 404 pays no token, but shows those that wait that the origin is there.
  if ('reason' in verdict && verdict.reason === 'not-retryable' && finding.status !== undefined)
    sharedBudgetOf(request)?.queue.recordSuccess(attempt.took);
  return verdict;
}

/** The budget that a request's retries draw on; one of an origin is made only for an origin that failed. */
function sharedBudgetOf(
  request: LogicalRequest,
  destination = request.attempt.sent ?? request.original.destination,
  hasFailed = false,
): SharedBudget | undefined {
  const { budget } = request.policy;
  const { budgets } = request.attachment;
  if (budget === false) return undefined;
  if (budget) return withQueue(budget);
  if (hasFailed) return budgets.findOrMake(destination);
  return budgets.isEmpty ? undefined : budgets.find(destination);
}

/** Waits for the time and the permission to send again. @returns why there is none, if so */
async function turnOf(
  request: LogicalRequest,
  failure: Failure,
  next: Delay,
): Promise<RetryPermit | GiveUpReason> {
  request.overlay = await askForNextAttempt(request, failure, next);
  const permit = await requestPermit(request, failure, next);
  if (!permit) return 'retry-budget-empty';
  let obstacle: GiveUpReason | undefined = 'aborted';
  try {
    await announceRetry(request, failure, next);
    obstacle = await waitForTurn(request, next, permit);
  } finally {
    if (obstacle) permit.unused();
  }
  return obstacle ?? permit;
}

async function requestPermit(
  request: LogicalRequest,
  { finding, after }: Failure,
  { delaySource }: Delay,
): Promise<RetryPermit | undefined> {
  const isFree = delaySource === 'judge' && after !== undefined;
  const destination = request.overlay ? destinationOf(request) : request.attempt.sent;
  const shared = isFree ? undefined : sharedBudgetOf(request, destination, true);
  const isPatient = request.policy.whenBudgetEmpty === 'wait';
  const kind = isPatient ? 'patient' : finding.isTimeout ? 'after-timeout' : 'ordinary';
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

/** Waits, and parks if there is no token. @returns why the retry may not be sent, if so */
async function waitForTurn(
  request: LogicalRequest,
  next: Delay,
  permit: RetryPermit,
): Promise<GiveUpReason | undefined> {
  const { state, policy, attempt, interrupters } = request;
  // onRetry may have taken its time.
  if (!fitsIn(request.timeLeft, next.delay)) return 'time-budget-exceeded';
  releaseBody(attempt.response);
  const startedAt = now();
  const obstacle =
    (await wait(next.delay, interrupters)) ??
    (await permit.ready(attempt.took, Math.min(policy.maxQueueTime, request.timeLeft), interrupters));
  state.totalDelay += now() - startedAt;
  if (!obstacle && request.timeLeft <= 0) return 'time-budget-exceeded';
  if (!obstacle) Object.assign(state.failures.at(-1) ?? {}, next);
  if (obstacle !== 'expired') return obstacle;
  return request.timeLeft > 0 ? 'retry-budget-empty' : 'time-budget-exceeded';
}

/** Sends the original request again. */
async function attempt(request: LogicalRequest, permit: RetryPermit): Promise<Ended> {
  let ended: Ended;
  try {
    ended = { value: await sendAgain(request) };
  } catch (error) {
    ended = { error };
  }
  ended = await resentIfStale(request, ended);
  const { finding, took, error } = request.attempt;
  const isAnswer = finding?.status !== undefined && !finding.isTransient && error !== undefined;
  permit.returned(!finding ? 'value' in ended : isAnswer, took);
  return ended;
}

/** What the caller is to get: what the last attempt came to, unless his own signal came between. */
function endFor(
  { attempt, interrupters }: LogicalRequest,
  ended: Ended,
  reason: GiveUpReason,
  failure: Failure | undefined,
): Ended {
  if (reason !== 'aborted' || attempt.finding?.isCancel) return ended;
  const { response, sent, error } = attempt;
  const request = (error as AxiosError | undefined)?.request ?? response?.request;
  const about = { config: sent ?? {}, request };
  return { error: canceledError(about, interrupters.cancelToken, causeOf(ended, failure)) };
}

async function giveUp(
  request: LogicalRequest,
  ended: Ended,
  { reason, retryAfter }: Ending,
  failure: Failure | undefined,
): Promise<unknown> {
  const { state, attempt } = request;
  state.retryAfter = retryAfter;
  state.settle(reason);
  putState('error' in ended ? ended.error : ended.value, state);
  await tellEnd(request, { reason, error: causeOf(ended, failure), response: attempt.response });
  if ('error' in ended) throw ended.error;
  return ended.value;
}
