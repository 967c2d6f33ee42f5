/**
 * The loop of one logical request: was the attempt good, is it worth repeating, may it go now, and once more through the instance.
 */
import type { AxiosError } from 'axios';
import { namedBudget } from '../origin/token-line';
import { type Obstacle, Turn, type Way } from '../origin/turn';
import type { GiveUpReason } from '../policy/events';
import { now, wait } from '../timing';
import { sampleBackoff } from '../verdict/backoff';
import { type Delay, decide, type Ending, fitsIn } from '../verdict/verdict';
import { announceRetry, answerOf, askForNextAttempt, askForOpinion, Interrupted, tellEnd } from './callbacks';
import { endAttempt, failureOf, isPlainlyGood, withinTime } from './ended';
import { asError, canceledError, type Ended, type Failure } from './endings';
import { noteFailure, noteSuccess } from './evidence';
import type { LogicalRequest } from './logical-request';
import { isReplayable } from './original-request';
import { releaseBody } from './release-body';
import { destinationOf, sendAgain } from './replay';
import { resentIfStale } from './resend';
import { putState } from './retry-state';
import { tellOfGate, tellWatchers } from './watchers';

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
    if (!(step instanceof Turn)) return step.settle();
    ended = await attempt(request, step);
  }
}

/** How a logical request ends, when what led there has been left behind. */
interface Settlement {
  settle(): unknown;
}

/** @returns the turn of the next attempt, or the end of the logical request */
async function nextStep(request: LogicalRequest, ended: Ended): Promise<Turn | Settlement> {
  let failure: Failure | undefined;
  const end = (ending: Ending, how = endFor(request, ended, ending.reason, failure)): Settlement => ({
    settle: () => giveUp(request, how, ending, failure),
  });
  try {
    failure = await failureOf(request, ended);
    if (!failure) return { settle: () => succeed(request, (ended as { value: unknown }).value) };
    endAttempt(request, failure, ended);
    noteFailure(request, failure);
    tellOfGate(request);
    const next = await verdictOn(request, failure);
    if ('reason' in next) return end(next);
    const turn = await turnOf(request, failure, next);
    return turn instanceof Turn ? turn : end({ reason: turn });
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
  noteSuccess(request);
  tellWatchers(request, { response });
  if (!policy.onSettled) return value;
  return tellEnd(request, { response }).then(() => value);
}

async function verdictOn(request: LogicalRequest, failure: Failure): Promise<Delay | Ending> {
  const { policy, state, original, attempt, attachment } = request;
  const { finding, error } = failure;
  return decide({
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
}

/** Waits for the time and the permission to send again. @returns why there is none, if so */
async function turnOf(request: LogicalRequest, failure: Failure, next: Delay): Promise<Turn | GiveUpReason> {
  request.overlay = await askForNextAttempt(request, failure, next);
  const turn = await requestTurn(request, failure);
  if (!turn) return 'retry-budget-empty';
  let obstacle: GiveUpReason | undefined = 'aborted';
  try {
    await announceRetry(request, failure, next);
    obstacle = await waitForTurn(request, next, turn);
  } finally {
    if (obstacle) turn.unused();
  }
  return obstacle ?? turn;
}

async function requestTurn(request: LogicalRequest, failure: Failure): Promise<Turn | undefined> {
  const asked = Turn.request(wayOf(request, failure));
  try {
    return await answerOf(request, asked, request.policy.maxQueueTime);
  } catch (interrupted) {
    // A token that comes too late goes back.
    Promise.resolve(asked).then((turn) => turn?.unused());
    throw interrupted;
  }
}

/** What the next attempt has to pass. What the user says is not ready yet has failed nowhere, and passes freely. */
function wayOf(request: LogicalRequest, { finding, after }: Failure): Way {
  const { policy, attempt, overlay, original, attachment } = request;
  const { patience, maxHeld, budget } = policy;
  const destination = overlay ? destinationOf(request) : (attempt.sent ?? original.destination);
  const origin = after === undefined ? attachment.origins.findOrMake(destination) : undefined;
  const own = patience === 0 && budget !== false && origin ? { budget: origin.bucket } : undefined;
  return {
    gate: patience > 0 ? origin?.gate : undefined,
    named: origin && budget ? namedBudget(budget) : own,
    kind: finding.isTimeout ? 'after-timeout' : 'ordinary',
    patience,
    maxHeld,
    onBudgetError: (error) => {
      request.budgetError = error;
    },
  };
}

/** Waits, and is held at the gate. @returns why the retry may not be sent, if so */
async function waitForTurn(
  request: LogicalRequest,
  next: Delay,
  turn: Turn,
): Promise<GiveUpReason | undefined> {
  const { state, policy, attempt, interrupters } = request;
  // onRetry may have taken its time.
  if (!fitsIn(request.timeLeft, next.delay)) return 'time-budget-exceeded';
  releaseBody(attempt.response);
  const startedAt = now();
  const longest = next.delaySource === 'backoff' ? turn.longestWait : Number.POSITIVE_INFINITY;
  let obstacle: Obstacle | undefined = await wait(Math.min(next.delay, longest), interrupters);
  const heldAt = now();
  const mayBeHeld = Math.min(policy.maxQueueTime - state.totalHeld, request.timeLeft);
  obstacle ??= await turn.ready(policy.maxRetries - request.retries, mayBeHeld, interrupters);
  const goesAt = now();
  state.totalHeld += goesAt - heldAt;
  state.totalDelay += goesAt - startedAt;
  if (obstacle === 'aborted' || obstacle === 'detached') return obstacle;
  if (request.timeLeft <= 0) return 'time-budget-exceeded';
  if (obstacle) return 'retry-budget-empty';
  Object.assign(state.failures.at(-1) ?? {}, next);
  return undefined;
}

/** Sends the original request again. */
async function attempt(request: LogicalRequest, turn: Turn): Promise<Ended> {
  let ended: Ended;
  try {
    ended = { value: await sendAgain(request, turn) };
  } catch (error) {
    ended = { error };
  }
  return resentIfStale(request, ended);
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
  const how = { reason, error: causeOf(ended, failure), response: attempt.response };
  tellWatchers(request, how);
  await tellEnd(request, how);
  if ('error' in ended) throw ended.error;
  return ended.value;
}
