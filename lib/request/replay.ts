/**
 * Sending a logical request again: the config of the next attempt, and the one pass through the instance that makes it.
 */
import axios, { type AxiosRequestConfig } from 'axios';
import { originOf } from '../origin/destination';
import type { Turn } from '../origin/turn';
import type { RetryAttempt } from '../policy/events';
import type { Overlay } from '../policy/retry-policy';
import { now } from '../timing';
import { deleteHeader, setHeader } from '../verdict/idempotency-key';
import { headerOf } from '../verdict/server-hint';
import { Attempt, type AttemptConfig } from './attempt';
import { AttemptDeadline } from './attempt-deadline';
import type { LogicalRequest } from './logical-request';

/** Headers that prove to one origin who we are. */
const CREDENTIALS = ['Authorization', 'Cookie', 'Proxy-Authorization'];

/**
 * Makes the next attempt.
 * @returns what the inside made of its answer
 */
export function sendAgain(request: LogicalRequest, turn: Turn | undefined): Promise<unknown> {
  const { attachment, policy, state, timeLeft } = request;
  state.attempts++;
  const config = nextConfig(request);
  const deadline = timeLeft === Number.POSITIVE_INFINITY ? undefined : new AttemptDeadline(timeLeft, config);
  const attempt = new Attempt(now(), deadline);
  attempt.turn = turn;
  request.attempt = attempt;
  request.awaited = attempt;
  const send = () => attachment.send(config);
  const { observer } = policy;
  const run = () => (observer?.run ? observer.run(retryAttempt(state.retries, attempt), send) : send());
  if (!deadline) return run();
  // An adapter may not listen to signals, and an interceptor may hang: the deadline settles all the same.
  return new Promise((resolve, reject) => {
    deadline.onExpire = () => reject(new axios.CanceledError('time budget exceeded'));
    run().then(resolve, reject);
  });
}

function retryAttempt(retry: number, attempt: Attempt): RetryAttempt {
  return {
    retry,
    get isOut() {
      return attempt.isOut;
    },
  };
}

/** The original, what `nextAttempt` lays over it, and what goes with every attempt. */
function nextConfig(request: LogicalRequest): AttemptConfig {
  const { original, overlay } = request;
  const config = original.toConfig() as AttemptConfig;
  if (overlay) {
    const { headers } = config;
    Object.assign(config, overlay, { headers });
    for (const [name, value] of Object.entries(overlay.headers ?? {}))
      setHeader(config, name, value as string);
  }
  config.retryState = request.state;
  return config;
}

/** Where the next attempt goes. */
export function destinationOf({ original, overlay }: LogicalRequest): AxiosRequestConfig {
  return { ...original.destination, ...overlay };
}

/** Whether an attempt's config goes to another origin than the caller asked for. */
export function goesElsewhere(request: LogicalRequest, config: AttemptConfig): boolean {
  return request.overlay !== undefined && originOf(config) !== originOf(request.original.destination);
}

/**
 * Takes off what is meant for another origin. From the config as axios has merged it, with what the instance's defaults
 * say of every request.
 * @param overlay what it says itself stays
 */
export function dropCredentials(config: AttemptConfig, overlay: Overlay): void {
  const headers = config.headers as Record<string, unknown> & { toJSON?(): unknown };
  for (const name of CREDENTIALS) {
    if (headerOf(overlay?.headers, name.toLowerCase()) !== undefined) continue;
    deleteHeader(headers, name);
    // axios before 1.2 keeps the defaults' headers apart, and sends them unless there is a false in their place.
    if (headerOf(headers.toJSON?.(), name.toLowerCase()) !== undefined) headers[name] = false;
  }
  if (!overlay?.auth) delete config.auth;
}
