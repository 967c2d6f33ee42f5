/**
 * Did the server surely do nothing of what was asked? Then even what may not be sent twice may be sent again.
 * If it cannot be known, it may have done it.
 */
import type { AxiosError } from 'axios';
import { type CauseWithCode, deepestCauseWithCode } from './classify';

/** HTTP/2's code for a stream that was not processed: RFC 9113 section 8.7. */
const REFUSED_STREAM = 7;

/** Of lookups: the system's, and those of a resolver's own. */
const LOOKUP_CODES: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ESERVFAIL', 'ETIMEOUT']);

/** Statuses of what was turned away: RFC 8470 section 5.2, RFC 6585 section 4. */
const TURNED_AWAY: ReadonlySet<number | undefined> = new Set([425, 429]);

/** As much as is read of what axios' adapters, and the libraries below them, put on errors and responses. */
interface SentRequest {
  readonly _redirectCount?: unknown;
  readonly _redirectable?: { readonly _redirectCount?: unknown };
  readonly redirect?: unknown;
  readonly url?: unknown;
  readonly rstCode?: unknown;
}

/**
 * Whether the server answered that it would not have it, for now. Not where it was redirected there: then what was turned away
 * may be the GET that a POST led to.
 */
export function wasTurnedAway({ status, request }: { status?: number; request?: unknown }): boolean {
  const { _redirectCount, _redirectable } = (request ?? {}) as SentRequest;
  // follow-redirects, under axios' http adapter. fetch does not tell.
  const redirects = _redirectable?._redirectCount ?? _redirectCount ?? 0;
  return TURNED_AWAY.has(status) && redirects === 0;
}

/**
 * Whether the request surely never left this machine: no connection was made, and none was made before it on the way
 * through a redirect. One that an HTTP/2 server refused unprocessed is as good as never sent.
 */
export function neverLeft(error: AxiosError): boolean {
  const cause = deepestCauseWithCode(error);
  const { request } = error as { request?: SentRequest };
  if (request?.rstCode === REFUSED_STREAM) return true;
  if (!cause || !request || !wasNotConnected(cause)) return false;
  // follow-redirects, under axios' http adapter.
  if (typeof request._redirectCount === 'number') return request._redirectCount === 0;
  // A fetch Request. fetch does not tell whether it followed a redirect; where the connection failed may.
  if (typeof request.redirect === 'string')
    return request.redirect !== 'follow' || failedAt(cause, request.url);
  // Node's own ClientRequest, which axios' http adapter uses with `maxRedirects: 0`, and its HTTP/2 stream.
  return 'reusedSocket' in request || 'rstCode' in request;
}

/** No address was found, or none could be connected to. */
function wasNotConnected(cause: CauseWithCode): boolean {
  if (cause.code === 'ECONNREFUSED' || cause.code === 'UND_ERR_CONNECT_TIMEOUT') return true;
  if (LOOKUP_CODES.has(cause.code)) return true;
  const tries = triesOf(cause);
  return tries.length > 0 && tries.every(({ syscall }) => syscall === 'connect' || syscall === 'bind');
}

/** One try for each address of the name (RFC 8305), or the one there was. */
function triesOf(cause: CauseWithCode): CauseWithCode[] {
  return Array.isArray(cause.errors) ? (cause.errors as CauseWithCode[]) : [cause];
}

/** Whether a lookup or a connection failed at the host of that URL itself. */
function failedAt(cause: CauseWithCode, url: unknown): boolean {
  if (typeof url !== 'string') return false;
  const { hostname, port, protocol } = new URL(url);
  if (LOOKUP_CODES.has(cause.code)) return cause.hostname === hostname;
  const wanted = Number(port) || (protocol === 'https:' ? 443 : 80);
  const hosts = hostname === 'localhost' ? ['127.0.0.1', '::1'] : [hostname.replace(/^\[|\]$/g, '')];
  const attempted = addressesOf(cause);
  return attempted.length > 0 && attempted.every(([host, port]) => hosts.includes(host) && port === wanted);
}

/** Where connections were tried: host and port. undici tells its own timeout's in words, if at all. */
function addressesOf(cause: CauseWithCode): [string, number][] {
  if (cause.code !== 'UND_ERR_CONNECT_TIMEOUT')
    return triesOf(cause).map(({ address, port }) => [String(address), Number(port)]);
  const list = /attempted address(?:es)?: ([^)]*), timeout/.exec(String(cause.message))?.[1];
  return (list?.split(', ') ?? []).map((item) => {
    const colon = item.lastIndexOf(':');
    return [item.slice(0, colon).replace(/^\[|\]$/g, ''), Number(item.slice(colon + 1))];
  });
}

/** How a connection breaks that the other side has closed already. */
const CLOSED_CODES: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** Of Node's requests, as the http adapter has them: one of its own, or follow-redirects' around one. */
interface NodeRequest {
  readonly reusedSocket?: unknown;
  readonly res?: unknown;
  readonly _currentRequest?: NodeRequest;
}

/**
 * Whether a kept-alive connection broke just as it was used again, before an answer came: servers close connections that are idle
 * without asking whether a request is on its way. Says nothing of the server, and next to nothing of the request.
 */
export function brokeWhenReused(error: AxiosError): boolean {
  const { request, response, code } = error;
  if (response || !CLOSED_CODES.has(code)) return false;
  const sent = ((request as NodeRequest | undefined)?._currentRequest ?? request) as NodeRequest | undefined;
  return sent?.reusedSocket === true && !sent.res;
}
