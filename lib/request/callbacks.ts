/**
 * Asking and telling the policy's callbacks. None is waited for longer than the request itself may take.
 */
import type { GiveUpReason } from '../policy/events';
import type { Overlay } from '../policy/retry-policy';
import { show } from '../policy/validation';
import { settled } from '../timing';
import type { Delay } from '../verdict/verdict';
import { type End, giveUpEvent, retryEvent, settledEvent } from './call-events';
import { asError, type Failure } from './endings';
import type { LogicalRequest } from './logical-request';

/** Thrown where the request ended while it waited for an answer of somebody else's. */
export class Interrupted {
  constructor(readonly reason: GiveUpReason) {}
}

/**
 * What a callback or a budget kept elsewhere answers.
 * @param longest milliseconds that a budget may take to answer
 * @throws Interrupted when the signal, the token, the time budget or a detach comes first
 */
export async function answerOf<T>(
  request: LogicalRequest,
  answer: T | Promise<T>,
  longest = Number.POSITIVE_INFINITY,
): Promise<T> {
  if (typeof (answer as Promise<T> | undefined)?.then !== 'function') return answer;
  const answered = Promise.resolve(answer);
  // Interrupted, nobody hears it.
  answered.catch(() => {});
  const end = await settled(answered, Math.min(request.timeLeft, longest), request);
  if (request.timeLeft <= 0) throw new Interrupted('time-budget-exceeded');
  if (end) throw new Interrupted(end === 'expired' ? 'retry-budget-empty' : end);
  return answered;
}

/** The user's own judgement of a failure. To reject with nothing is to say no, as it is to axios-retry. */
export async function askForOpinion(
  request: LogicalRequest,
  { error, finding }: Failure,
): Promise<boolean | undefined> {
  try {
    const opinion = await answerOf(request, request.policy.isRetryable?.(error, request.state));
    if (opinion && !(finding.serverAsks ?? finding.isTransient)) request.hasOverruled = true;
    return opinion;
  } catch (thrown) {
    if (thrown === undefined || thrown === null) return false;
    throw thrown;
  }
}

/** What is to be laid over the original for the coming attempt. */
export async function askForNextAttempt(
  request: LogicalRequest,
  failure: Failure,
  next: Delay,
): Promise<Overlay> {
  const { nextAttempt } = request.policy;
  if (!nextAttempt) return undefined;
  const overlay = (await answerOf(request, nextAttempt(retryEvent(request, failure, next)))) ?? undefined;
  if (overlay !== undefined && Object.prototype.toString.call(overlay) !== '[object Object]') {
    throw new TypeError(
      `retryPolicy.nextAttempt must return an object of axios config or undefined; got ${show(overlay)}`,
    );
  }
  return overlay;
}

export async function announceRetry(request: LogicalRequest, failure: Failure, next: Delay): Promise<void> {
  const { onRetry } = request.policy;
  const channel = request.attachment.channels?.retry;
  if (channel?.hasSubscribers) channel.publish(retryEvent(request, failure, next));
  if (onRetry) await answerOf(request, onRetry(retryEvent(request, failure, next)));
}

/** @throws what a callback threw, with the request's error as its cause */
export async function tellEnd(request: LogicalRequest, end: End): Promise<void> {
  const { policy } = request;
  const { reason, error } = end;
  try {
    if (reason) await policy.onGiveUp?.(giveUpEvent(request, reason, error));
    await policy.onSettled?.(settledEvent(request, end));
  } catch (thrown) {
    throw asError(thrown, error);
  }
}
