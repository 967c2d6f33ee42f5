/**
 * The loop of one logical request: was the attempt good, is it worth repeating, may it go now, and once more through the instance.
 */
import type { Obstacle } from '../origin/hold';
import { namedBudget } from '../origin/token-line';
import { Turn, type Way } from '../origin/turn';
import type { GiveUpReason } from '../policy/events';
import { type Interruption, now, wait } from '../timing';
import { sampleBackoff } from '../verdict/backoff';
import { type Delay, decide, type Ending, fitsIn } from '../verdict/verdict';
import { announceRetry, answerOf, askForNextAttempt, askForOpinion, Interrupted, tellEnd } from './callbacks';
import { endAttempt, failureOf, isPlainlyGood, withinTime } from './ended';
import { asError, type Ended, type Failure } from './endings';
import { noteFailure, noteSuccess } from './evidence';
import { causeOf, endFor, giveUp, type Settlement } from './give-up';
import type { LogicalRequest } from './logical-request';
import { isReplayable } from './original-request';
import { releaseBody } from './release-body';
import { destinationOf, sendAgain } from './replay';
import { resentIfStale } from './resend';
import { putState } from './retry-state';
import { tellOfGate, tellWatchers } from './watchers';

/**
 * The first attempt has ended, and its inside interceptors have had their say.
 * @param isAnswer whether that is the adapter's answer of just now, which nobody has had in hand
 * @returns what the logical request resolves to, or a promise of it
 * @throws the last attempt's own error, as the inside interceptors left it; axios' CanceledError when a wait was aborted; an
 *   AxiosError of code ETIMEDOUT when the time budget ended an attempt; what a callback of the policy threw
 */
export function settleAttempt(request: LogicalRequest, ended: Ended, isAnswer: boolean): unknown {
  if (!isPlainlyGood(request, ended)) {
    request.original.complete();
    return retryUntilSettled(request, ended);
  }
  const { startedAt, took } = request.attempt;
  return succeed(request, ended.value, isAnswer ? startedAt + took : now());
}

/** The one function that waits as long as the call does: what it holds is held for every call that waits. */
async function retryUntilSettled(request: LogicalRequest, firstEnded: Ended): Promise<unknown> {
  let ended = await resentIfStale(request, firstEnded);
  for (;;) {
    ended = withinTime(request, ended);
    const plan = await planOf(request, ended);
    if (!('turn' in plan)) return plan.settle();
    let obstacle: GiveUpReason | undefined = 'aborted';
    try {
      let since = wholeNow();
      let end: Obstacle | undefined = await waitBefore(request, plan);
      since = noteDelay(request, since);
      end ??= await holdBefore(request, plan.turn);
      request.state.totalHeld += noteDelay(request, since) - since;
      obstacle = goNow(request, plan, end);
      if (obstacle) return endFor(request, ended, { reason: obstacle }, plan.failure).settle();
    } finally {
      if (obstacle) plan.turn.unused();
    }
    ended = await attempt(request, plan.turn);
  }
}

/** The next attempt, and what makes it necessary. */
interface Plan extends Delay {
  readonly failure: Failure;
  readonly turn: Turn;
}

/** @returns the next attempt, announced and with a turn of its own, or the end of the logical request */
async function planOf(request: LogicalRequest, ended: Ended): Promise<Plan | Settlement> {
  let failure: Failure | undefined;
  try {
    failure = await failureOf(request, ended);
    if (!failure) return { settle: () => succeed(request, (ended as { value: unknown }).value) };
    endAttempt(request, failure, ended);
    noteFailure(request, failure);
    tellOfGate(request);
    const next = await verdictOn(request, failure);
    if ('reason' in next) return endFor(request, ended, next, failure);
    const turn = await turnOf(request, failure, next);
    if (!(turn instanceof Turn)) return endFor(request, ended, { reason: turn }, failure);
    return { delay: next.delay, delaySource: next.delaySource, failure, turn };
  } catch (thrown) {
    if (thrown instanceof Interrupted) return endFor(request, ended, thrown, failure);
    const error = asError(thrown, causeOf(ended, failure));
    return { settle: () => giveUp(request, { error }, { reason: 'aborted' }, failure) };
  }
}

/** An attempt went well, and the logical request with it. */
function succeed(request: LogicalRequest, value: unknown, settledAt = now()): unknown {
  const { attempt, state, policy } = request;
  const { response } = attempt;
  attempt.isOver = true;
  attempt.deadline?.release(attempt.sent, response?.data);
  state.settle('succeeded', settledAt);
  // On the config of the adapter's own answer it stands already.
  if (value !== response || response?.config !== attempt.sent) putState(value, state);
  noteSuccess(request, settledAt);
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

/** Asks for the permission to send again, and announces the retry. @returns why there is to be none, if so */
async function turnOf(request: LogicalRequest, failure: Failure, next: Delay): Promise<Turn | GiveUpReason> {
  request.overlay = await askForNextAttempt(request, failure, next);
  const turn = await requestTurn(request, failure, next);
  if (!(turn instanceof Turn)) return turn;
  try {
    await announceRetry(request, failure, next);
  } catch (thrown) {
    turn.unused();
    throw thrown;
  }
  // onRetry may have taken its time.
  if (fitsIn(request.timeLeft, next.delay)) return turn;
  turn.unused();
  return 'time-budget-exceeded';
}

async function requestTurn(
  request: LogicalRequest,
  failure: Failure,
  { delay, delaySource }: Delay,
): Promise<Turn | GiveUpReason> {
  const asked = Turn.request(wayOf(request, failure), delaySource === 'backoff' ? 0 : delay);
  try {
    return await answerOf(request, asked, request.policy.maxQueueTime);
  } catch (interrupted) {
    // A token that comes too late goes back.
    Promise.resolve(asked).then((turn) => turn instanceof Turn && turn.unused());
    throw interrupted;
  }
}

/** What the next attempt has to pass. What the user says is not ready yet has failed nowhere, and passes freely. */
function wayOf(request: LogicalRequest, { finding, after }: Failure): Way {
  const { policy, attempt, overlay, original, attachment } = request;
  const { patience, budget } = policy;
  const destination = overlay ? destinationOf(request) : (attempt.sent ?? original.destination);
  const origin = after === undefined ? attachment.origins.findOrMake(destination) : undefined;
  const own = patience === 0 && budget !== false && origin ? { budget: origin.bucket } : undefined;
  return {
    gate: patience > 0 ? origin?.gate : undefined,
    named: origin && budget ? namedBudget(budget) : own,
    kind: finding.isTimeout ? 'after-timeout' : 'ordinary',
    asker: request,
  };
}

function waitBefore(
  request: LogicalRequest,
  { delay, delaySource, turn }: Plan,
): Promise<Interruption | undefined> {
  releaseBody(request.attempt.response);
  // The pass of the attempt that is over is held by nothing else.
  request.pass = undefined;
  const longest = delaySource === 'backoff' ? turn.longestWait : Number.POSITIVE_INFINITY;
  return wait(Math.min(delay, longest), request);
}

function holdBefore(request: LogicalRequest, turn: Turn): ReturnType<Turn['ready']> {
  const { state, policy, retries, timeLeft } = request;
  const mayBeHeld = Math.min(policy.maxQueueTime - state.totalHeld, timeLeft);
  return turn.ready(policy.maxRetries - retries, mayBeHeld, request);
}

/** Whole milliseconds: each fraction is an object of its own, and a call that waits has several times to remember. */
function wholeNow(): number {
  return Math.round(now());
}

/** @returns now, in whole milliseconds */
function noteDelay({ state }: LogicalRequest, since: number): number {
  const time = wholeNow();
  state.totalDelay += time - since;
  return time;
}

/** The waiting is over. @returns why the retry may not be sent, if so */
function goNow(
  request: LogicalRequest,
  { delay, delaySource }: Plan,
  obstacle: Obstacle | undefined,
): GiveUpReason | undefined {
  const { state } = request;
  if (obstacle === 'aborted' || obstacle === 'detached') return obstacle;
  if (request.timeLeft <= 0) return 'time-budget-exceeded';
  if (obstacle) return obstacle;
  Object.assign(state.failures.at(-1) ?? {}, { delay, delaySource });
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
