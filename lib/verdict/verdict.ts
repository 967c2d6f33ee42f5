/**
 * Is a failed attempt worth repeating, and when: the questions in their order. What costs nothing is asked first, the
 * user's own judgement only where it can still matter: for another attempt, or for the reason why there is none.
 */
import type { DelaySource, GiveUpReason } from '../policy/events';
import type { Finding } from './finding';

/** When to send the next retry. */
export interface Delay {
  /** Milliseconds. */
  readonly delay: number;
  readonly delaySource: DelaySource;
}

/** Why there is to be no next retry. */
export interface Ending {
  readonly reason: GiveUpReason;
  /** Milliseconds that the server named, where they are the reason. */
  readonly retryAfter?: number;
}

/** All that a verdict depends on. */
export interface Case {
  readonly finding: Finding;
  /** Milliseconds, exactly, where the user named the time. */
  readonly after: number | undefined;
  /** Retries made so far. */
  readonly retries: number;
  readonly maxRetries: number;
  /** Milliseconds. */
  readonly maxRetryAfter: number;
  /** Milliseconds; Infinity where there is no budget of time. */
  readonly timeLeft: () => number;
  /** Whether what was sent may be sent twice, by its method or its key. */
  readonly mayBeRepeated: () => boolean;
  /** Whether its body can be sent twice. */
  readonly hasReplayableBody: () => boolean;
  readonly isDetached: () => boolean;
  /** Whether the user called an earlier failure of this request transient that is not so by itself. */
  readonly hasOverruled: boolean;
  /** The user's own judgement of the failure, where there is one. */
  readonly opinion: () => boolean | undefined | Promise<boolean | undefined>;
  /** Milliseconds: a sample of the backoff. @throws RangeError where the user's source of it makes no number */
  readonly backoff: () => number;
}

/** @returns when to try again, or why not */
export async function decide(question: Case): Promise<Delay | Ending> {
  const { finding } = question;
  if (question.timeLeft() <= 0) return { reason: 'time-budget-exceeded' };
  if (finding.isCancel) return { reason: 'aborted' };
  if (finding.serverAsks === false) return { reason: 'server-said-stop' };
  if (!finding.isOwn) return { reason: 'not-retryable' };
  const isTransient = finding.serverAsks ?? finding.isTransient;
  const obstacle = obstacleTo(question);
  if (obstacle && (isTransient || question.hasOverruled)) return { reason: obstacle };
  const canMatter = obstacle !== 'retries-exhausted' && obstacle !== 'detached';
  const opinion = canMatter ? await question.opinion() : undefined;
  if (!(opinion ?? isTransient)) return { reason: 'not-retryable' };
  if (obstacle) return { reason: obstacle };
  return question.isDetached() ? { reason: 'detached' } : delayOf(question);
}

function obstacleTo(question: Case): GiveUpReason | undefined {
  if (!question.mayBeRepeated() && !question.finding.isUnprocessed) return 'not-idempotent';
  if (!question.hasReplayableBody()) return 'body-not-replayable';
  if (question.retries >= question.maxRetries) return 'retries-exhausted';
  return question.isDetached() ? 'detached' : undefined;
}

/** The server's word if it gave one, with the backoff's sample on top so that not all return at once. */
function delayOf({ finding: { hint }, after, maxRetryAfter, timeLeft, backoff }: Case): Delay | Ending {
  const sample = after ?? backoff();
  if (hint && (hint.delay > maxRetryAfter || hint.delay === Number.POSITIVE_INFINITY)) {
    return { reason: 'retry-after-too-long', retryAfter: hint.delay };
  }
  // Timers count whole milliseconds.
  const delay = Math.ceil((hint?.delay ?? 0) + sample);
  if (!fitsIn(timeLeft(), delay)) return { reason: 'time-budget-exceeded' };
  return { delay, delaySource: after === undefined ? (hint?.source ?? 'backoff') : 'judge' };
}

/** Whether a wait would end before the time does. */
export function fitsIn(timeLeft: number, delay: number): boolean {
  return delay < timeLeft;
}
