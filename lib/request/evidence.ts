/**
 * What an attempt tells the gate of its origin, and the budget that its retries draw on.
 */
import type { Origin } from '../origin/origins';
import { tellBudget } from '../origin/retry-budget';
import { namedBudget } from '../origin/token-line';
import type { Failure } from './endings';
import type { LogicalRequest } from './logical-request';

/** The attempt was good. @param time when that was told, on the clock of `now()` */
export function noteSuccess(request: LogicalRequest, time: number): void {
  const { attempt, policy, attachment } = request;
  const { turn, took, response, finding } = attempt;
  // What axios-cache-interceptor had, or an interceptor made of a failure, says nothing of the origin.
  if (finding || (response !== undefined && isCached(response))) {
    turn?.unused();
    return;
  }
  attachment.origins.noteSuccess(took, time);
  if (policy.budget) {
    const { budget, line } = namedBudget(policy.budget);
    tellBudget(() => budget.recordSuccess());
    line.notify();
  }
  const origin = originOf(request, time);
  if (policy.patience === 0) origin?.bucket.recordSuccess();
  turn?.returned(true, took);
  if (!turn?.hasPassed) origin?.gate.succeeded(took);
}

/** An answer that is nobody's to retry, and one that asks for patience, are signs of life as well. */
export function noteFailure(request: LogicalRequest, { finding, error }: Failure): void {
  const { attempt, policy, attachment } = request;
  const { turn, took } = attempt;
  const isAlive = finding.status !== undefined && (!finding.isTransient || finding.status === 429);
  // Cancelled by its caller, or never sent, it says nothing of the origin.
  if (finding.isCancel || attempt.deadline?.expired || !(isAlive || finding.isTransient)) {
    turn?.unused();
    return;
  }
  const isLimited = finding.status === 429;
  if (isAlive && !isLimited) {
    originOf(request)?.gate.alive();
    turn?.returned(true, took);
    return;
  }
  const { gate } = attachment.origins.findOrMake(attempt.sent ?? request.original.destination);
  const countsAsStall = policy.holdNewCalls !== false;
  if (isLimited) gate.limited();
  else gate.failed({ took, timedOut: finding.isTimeout, first: request.retries === 0, countsAsStall });
  const isNamed = finding.hint && (finding.status === 429 || finding.status === 503);
  if (isNamed && error.response) gate.namedWait(Math.min(finding.hint.delay, policy.maxRetryAfter));
  turn?.returned(false, took);
}

/** Asked of every good answer: V8 is quicker to tell that a field is not there than to read one that is not. */
function isCached(response: object): boolean {
  return 'cached' in response && response.cached === true;
}

function originOf({ attempt, original, attachment }: LogicalRequest, time?: number): Origin | undefined {
  return attachment.origins.find(attempt.sent ?? original.destination, time);
}
