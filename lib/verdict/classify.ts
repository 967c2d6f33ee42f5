/**
 * Is a failure transient?
 * Written as lists of what is transient: an error nobody has heard of is not retried.
 */
import type { AxiosError, AxiosRequestConfig } from 'axios';
import { type ResponseLike, responseHeaderOf } from './server-hint';

/** Codes of connection trouble, from Node's system errors and lookups, Node's http2, undici, bun and axios itself. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'EADDRNOTAVAIL',
  'EADDRINUSE',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ESERVFAIL',
  'ETIMEOUT',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_STREAM_CANCEL',
  'ERR_HTTP2_INVALID_SESSION',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);

/** An AxiosError, whichever copy of axios made it. */
export function isAxiosError(error: unknown): error is AxiosError {
  return typeof error === 'object' && error !== null && (error as AxiosError).isAxiosError === true;
}

/** Whether the caller's signal or cancel token ended the attempt. */
export function isCancel(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { __CANCEL__, code } = error as { __CANCEL__?: unknown; code?: unknown };
  return __CANCEL__ === true || code === 'ERR_CANCELED';
}

/** What the server asks of retries with `x-should-retry`: `true`, `false`, or nothing. */
export function serverVeto(response: ResponseLike | undefined): boolean | undefined {
  const value = responseHeaderOf(response?.headers, 'x-should-retry')?.toLowerCase() ?? '';
  // Sent twice, it arrives as a list.
  if (/^true(\s*,\s*true)*$/.test(value)) return true;
  return /^false(\s*,\s*false)*$/.test(value) ? false : undefined;
}

/** As much of a config as tells what axios makes of an answer. */
export type SentConfig = Pick<AxiosRequestConfig, 'validateStatus' | 'timeoutErrorMessage' | 'transitional'>;

/** The built-in judgement: may this failure be gone a moment later? */
export function isTransient(
  error: AxiosError,
  statuses: ReadonlySet<number>,
  config: SentConfig | undefined = error.config,
): boolean {
  if (isCancel(error)) return false;
  const { response } = error;
  if (response && !isFine(response.status, config?.validateStatus)) return statuses.has(response.status);
  const refusal = statusOfTunnel(error);
  if (refusal !== undefined) return statuses.has(refusal);
  return wasCutOff(error) || isTimeout(error, config) || isSocketTrouble(error);
}

/** Whether axios was content with the status, so that the error must be about the body. */
function isFine(status: number, validateStatus: AxiosRequestConfig['validateStatus']): boolean {
  if (validateStatus === null) return true;
  return validateStatus ? validateStatus(status) : status >= 200 && status < 300;
}

/** The http adapter's word for a response whose stream broke off (its code is that of any bad response). */
function wasCutOff(error: AxiosError): boolean {
  if (error.code !== 'ERR_BAD_RESPONSE') return false;
  if (error.message === 'stream has been aborted') return true;
  // Older axios (1.8 still) calls it a body over a maxContentLength of -1, which is no limit.
  return error.message === 'maxContentLength size of -1 exceeded';
}

/** axios' own timeout of an attempt. The browser's `Request aborted` and the system's `connect ETIMEDOUT` have the same codes. */
export function isTimeout(error: AxiosError, config: SentConfig | undefined = error.config): boolean {
  const { code, message = '' } = error;
  // The latter under the fetch adapter, and where `transitional.clarifyTimeoutError` asks for it.
  if (code !== 'ECONNABORTED' && code !== 'ETIMEDOUT') return false;
  return /^timeout\b/.test(message) || (message !== '' && message === config?.timeoutErrorMessage);
}

/** What a proxy answered that would not open a tunnel, in the words of hpagent, and of tunnel and tunnel-agent. */
function statusOfTunnel({ message }: AxiosError): number | undefined {
  const status = /^(?:Bad response: |tunneling socket could not be established, statusCode=)(\d{3})$/.exec(
    message,
  )?.[1];
  return status === undefined ? undefined : Number(status);
}

function isSocketTrouble(error: AxiosError): boolean {
  // undici's word for an answer that is not HTTP; the http adapter's has a code.
  if (causesOf(error).some(({ name }) => name === 'HTTPParserError')) return false;
  const cause = deepestCauseWithCode(error);
  const deepest = cause?.code;
  if (deepest === undefined) return wasRejectedByAdapter(error);
  if (deepest === 'ERR_NETWORK') return !isVerdictOfFetch(cause);
  // A system error of that code, not axios' timeout: "write ECONNABORTED" as Windows has it.
  if (deepest === 'ECONNABORTED') return /^(read|write|connect) ECONNABORTED/.test(error.message);
  // A unix socket that is not there, as while its server starts anew; not a file.
  if (deepest === 'ENOENT') return cause?.syscall === 'connect';
  return TRANSIENT_CODES.has(deepest);
}

/**
 * An error without any code: React Native, and browsers when a body breaks off. What went wrong
 * before there was a request to send is the caller's own: a URL that does not parse, a lookup that throws.
 */
function wasRejectedByAdapter(error: AxiosError): boolean {
  // With a response that was complete and fine, something on this side disliked its content.
  return error.response === undefined && (!!error.request || error.message === 'Network Error');
}

/**
 * fetch's own verdict: too many redirects; in Node also an unknown scheme, a forbidden port. Trouble of the network has
 * a code in Node and these words in Deno, and browsers give no reason beyond fetch's TypeError.
 */
function isVerdictOfFetch(networkError: { cause?: unknown } | undefined): boolean {
  const { name, message = '' } = (networkError?.cause ?? {}) as Partial<Error>;
  if (message.includes('Maximum number of redirects')) return true;
  return name === 'Error' && !message.startsWith('error sending request');
}

/** The innermost of an error and its causes that has a code: fetch's real reason sits on the cause. */
export function deepestCauseWithCode(error: unknown): CauseWithCode | undefined {
  return causesOf(error)
    .filter((cause): cause is CauseWithCode => typeof cause.code === 'string')
    .at(-1);
}

/** An error and its causes, the outermost first, as deep as anybody nests them. */
export function causesOf(error: unknown): Cause[] {
  const causes: Cause[] = [];
  let cause = error as Cause | null | undefined;
  while (causes.length < 5 && typeof cause === 'object' && cause !== null) {
    causes.push(cause);
    cause = cause.cause as typeof cause;
  }
  return causes;
}

interface Cause {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly message?: unknown;
}

/** What Node's errors have besides, those of the system and of lookups. */
export interface CauseWithCode extends Cause {
  readonly code: string;
  readonly syscall?: unknown;
  readonly hostname?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  /** One for each address of a name (RFC 8305): an AggregateError's. */
  readonly errors?: unknown;
}
