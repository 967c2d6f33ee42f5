/**
 * What an attempt's answer says, noted the moment the adapter gives it: before any interceptor translates a message,
 * maps the error to another or takes its response away.
 */
import type { AxiosError } from 'axios';
import { isCancel, isTimeout, isTransient, type SentConfig, serverVeto } from './classify';
import { type ResponseLike, type ServerHint, serverHint } from './server-hint';
import { brokeWhenReused, neverLeft, wasTurnedAway } from './unprocessed';

export interface Finding {
  /** Whether it may be gone a moment later, as far as can be told without the user. */
  readonly isTransient: boolean;
  /** Whether somebody cancelled the attempt. */
  readonly isCancel: boolean;
  /** Whether it is axios' own timeout. */
  readonly isTimeout: boolean;
  /** Whether the server surely did nothing of what was asked. */
  readonly isUnprocessed: boolean;
  /** Whether a kept-alive connection broke just as it was used again. */
  readonly isStaleSocket: boolean;
  /** Whether it is about this request; what an interceptor threw in place of sending it is not. */
  readonly isOwn: boolean;
  /** What the server asks of retries with `x-should-retry`. */
  readonly serverAsks: boolean | undefined;
  /** The wait that the server names. */
  readonly hint: ServerHint | undefined;
  /** For the record of the attempt. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly message: string;
}

/**
 * @param error what the adapter rejected with: an AxiosError, or a mock's error that only looks like one
 * @param statuses the transient ones
 * @param sent the config that the adapter got, for errors that carry none
 */
export function findingOf(error: unknown, statuses: ReadonlySet<number>, sent?: SentConfig): Finding {
  if (typeof error !== 'object' || error === null) return foreignFinding(error);
  const failure = error as AxiosError;
  const { response, code, message, config = sent } = failure;
  return {
    isTransient: isTransient(failure, statuses, config),
    isCancel: isCancel(error),
    isTimeout: isTimeout(failure, config),
    isUnprocessed: response ? wasTurnedAway(response) : neverLeft(failure),
    isStaleSocket: !isTimeout(failure, config) && brokeWhenReused(failure),
    isOwn: true,
    serverAsks: serverVeto(response),
    hint: response && serverHint(response),
    status: response?.status,
    code,
    message: message ?? String(error),
  };
}

/** Of an answer that axios was content with and that is a failure all the same, by its status or to the user's judgement. */
export function findingOfResponse(response: ResponseLike): Finding {
  return {
    ...foreignFinding(undefined),
    isTransient: true,
    isOwn: true,
    isUnprocessed: wasTurnedAway(response),
    serverAsks: serverVeto(response),
    hint: serverHint(response),
    status: response.status,
    message: `Request failed with status code ${response.status}`,
  };
}

/** Of what is no answer to this request: an interceptor threw it. */
export function foreignFinding(error: unknown): Finding {
  const { code, message } = (error ?? {}) as Partial<AxiosError>;
  return {
    isTransient: false,
    isCancel: isCancel(error),
    isTimeout: false,
    isUnprocessed: false,
    isStaleSocket: false,
    isOwn: false,
    serverAsks: undefined,
    hint: undefined,
    status: undefined,
    code,
    message: message ?? String(error),
  };
}
