/**
 * Is a failure transient, and did the request surely never leave?
 * Written as lists of what is transient: an error nobody has heard of is not retried.
 */
import type { AxiosError, AxiosRequestConfig } from 'axios';
import { type ResponseLike, responseHeaderOf } from './server-hint';

/** Codes of connection trouble, from Node's system errors, Node's http2, undici, bun and axios itself. */
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
  'EAI_AGAIN',
  'ENOTFOUND',
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

/** HTTP/2's code for a stream that was not processed: RFC 9113 section 8.7. */
const REFUSED_STREAM = 7;

/** Codes of a request that cannot have been processed, because no connection was made. */
const NEVER_LEFT_CODES: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

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
export type SentConfig = Pick<AxiosRequestConfig, 'validateStatus' | 'timeoutErrorMessage'>;

/** The built-in judgement: may this failure be gone a moment later? */
export function isTransient(
  error: AxiosError,
  statuses: ReadonlySet<number>,
  config: SentConfig | undefined = error.config,
): boolean {
  if (isCancel(error)) return false;
  const { response } = error;
  if (response && !isFine(response.status, config?.validateStatus)) return statuses.has(response.status);
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

function isSocketTrouble(error: AxiosError): boolean {
  // undici's word for an answer that is not HTTP; the http adapter's has a code.
  if (causesOf(error).some(({ name }) => name === 'HTTPParserError')) return false;
  const cause = deepestCauseWithCode(error);
  const deepest = cause?.code;
  if (deepest === undefined) return wasRejectedByAdapter(error);
  if (deepest === 'ERR_NETWORK') return !isVerdictOfFetch(cause);
  // A system error of that code, not axios' timeout: "write ECONNABORTED" as Windows has it.
  if (deepest === 'ECONNABORTED') return /^(read|write|connect) ECONNABORTED/.test(error.message);
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
function deepestCauseWithCode(error: unknown): CauseWithCode | undefined {
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

/**
 * Whether the request surely never left this machine: no connection was made, and none was made before it
 * on the way through a redirect. If that cannot be known, it counts as sent. One that an HTTP/2 server refused
 * unprocessed is as good as never sent.
 */
export function neverLeft(error: AxiosError): boolean {
  const cause = deepestCauseWithCode(error);
  const { request } = error as { request?: SentRequest };
  if (request?.rstCode === REFUSED_STREAM) return true;
  if (!cause || !NEVER_LEFT_CODES.has(cause.code)) return false;
  if (!request) return false;
  // follow-redirects, under axios' http adapter.
  if (typeof request._redirectCount === 'number') return request._redirectCount === 0;
  // A fetch Request. fetch does not tell whether it followed a redirect; where the connection failed may.
  if (typeof request.redirect === 'string')
    return request.redirect !== 'follow' || failedAt(cause, request.url);
  // Node's own ClientRequest, which axios' http adapter uses with `maxRedirects: 0`, and its HTTP/2 stream.
  return 'reusedSocket' in request || 'rstCode' in request;
}

interface SentRequest {
  readonly _redirectCount?: unknown;
  readonly redirect?: unknown;
  readonly url?: unknown;
  readonly rstCode?: unknown;
}

interface Cause {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
}

interface CauseWithCode extends Cause {
  readonly code: string;
  readonly cause?: unknown;
  readonly hostname?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly errors?: unknown;
}

/** Whether a lookup or a connection failed at the host of that URL itself. */
function failedAt(cause: CauseWithCode, url: unknown): boolean {
  if (typeof url !== 'string') return false;
  const { hostname, port, protocol } = new URL(url);
  if (cause.code !== 'ECONNREFUSED') return cause.hostname === hostname;
  // One try for each address of the name (RFC 8305): an AggregateError.
  const tries = Array.isArray(cause.errors) ? (cause.errors as CauseWithCode[]) : [cause];
  const wanted = Number(port) || (protocol === 'https:' ? 443 : 80);
  const addresses = hostname === 'localhost' ? ['127.0.0.1', '::1'] : [hostname.replace(/^\[|\]$/g, '')];
  return tries.every(({ address, port }) => addresses.includes(String(address)) && port === wanted);
}
