/**
 * Giving a logical request up: what its caller gets, and who is told.
 */
import type { AxiosError } from 'axios';
import type { GiveUpReason } from '../policy/events';
import type { Ending } from '../verdict/verdict';
import { tellEnd } from './callbacks';
import { canceledError, type Ended, type Failure } from './endings';
import type { LogicalRequest } from './logical-request';
import { putState } from './retry-state';
import { tellWatchers } from './watchers';

/** How a logical request ends, when what led there has been left behind. */
export interface Settlement {
  settle(): unknown;
}

export function endFor(
  request: LogicalRequest,
  ended: Ended,
  ending: Ending,
  failure: Failure | undefined,
): Settlement {
  const how = howItEnds(request, ended, ending.reason, failure);
  return { settle: () => giveUp(request, how, ending, failure) };
}

/** The error of an attempt: as the caller would get it, or made of a response that nobody made an error of. */
export function causeOf(ended: Ended, failure: Failure | undefined): unknown {
  return 'error' in ended ? ended.error : failure?.error;
}

/** What the caller is to get: what the last attempt came to, unless his own signal came between. */
function howItEnds(
  { attempt, cancelToken }: LogicalRequest,
  ended: Ended,
  reason: GiveUpReason,
  failure: Failure | undefined,
): Ended {
  if (reason !== 'aborted' || attempt.finding?.isCancel) return ended;
  const { response, sent, error } = attempt;
  const request = (error as AxiosError | undefined)?.request ?? response?.request;
  const about = { config: sent ?? {}, request };
  return { error: canceledError(about, cancelToken, causeOf(ended, failure)) };
}

export async function giveUp(
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
