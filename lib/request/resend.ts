/**
 * Sending again what went out on a kept-alive connection just as the server closed it. No retry, for nothing has failed but
 * an idle connection: it is sent once more, at once, without a token, a wait or a count against `maxRetries`.
 */
import { interruptionOf } from '../timing';
import { endAttempt } from './ended';
import type { Ended } from './endings';
import type { LogicalRequest } from './logical-request';
import { isReplayable } from './original-request';
import { sendAgain } from './replay';

/** @returns what came of it in the end, which is what was given unless it was sent again */
export async function resentIfStale(request: LogicalRequest, ended: Ended): Promise<Ended> {
  const { attempt, state } = request;
  const { finding, error } = attempt;
  if (!('error' in ended) || !finding?.isStaleSocket || !mayBeResent(request)) return ended;
  request.hasResent = true;
  endAttempt(request, { finding, error: error as never }, ended);
  Object.assign(state.failures.at(-1) ?? {}, { delay: 0, delaySource: 'reused-socket' });
  try {
    // In the turn that it had.
    return { value: await sendAgain(request, attempt.turn) };
  } catch (error) {
    return { error };
  }
}

/** The server may have had it all the same: only what may be sent twice, and only once. */
function mayBeResent(request: LogicalRequest): boolean {
  const { attempt, attachment, original } = request;
  if (request.policy.resendsStale === false) return false;
  if (request.hasResent || request.timeLeft <= 0 || attempt.deadline?.expired) return false;
  if (interruptionOf(request) || !attachment.isWhole()) return false;
  return request.mayBeRepeated(attempt.sent ?? {}) && isReplayable(original.get('data'));
}
