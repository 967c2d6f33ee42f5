/**
 * Where a request goes: the origin whose gate it uses.
 */

/** The fields of an axios config that say where a request goes. */
export interface Destination {
  readonly url?: string;
  readonly baseURL?: string;
  readonly allowAbsoluteUrls?: boolean;
  readonly socketPath?: string | null;
}

/** As axios' own isAbsoluteURL: a scheme or none, and two slashes. */
const ABSOLUTE_URL = /^([a-z][a-z\d+\-.]*:)?\/\//i;
const HAS_SCHEME = /^[a-z][a-z\d+\-.]*:/i;

/** What a browser's page, or a worker, resolves relative URLs against. */
interface PageGlobals {
  readonly document?: { readonly baseURI?: string };
  readonly location?: { readonly href?: string };
}

/** Scheme, host and port of the URL that axios makes of a config; of the page, in browsers, where it is relative. */
export function originOf({ url = '', baseURL, allowAbsoluteUrls, socketPath }: Destination): string {
  if (socketPath) return `unix:${socketPath}`;
  const isAbsolute = ABSOLUTE_URL.test(url) && (!baseURL || allowAbsoluteUrls !== false);
  const target = isAbsolute ? url : (baseURL ?? '');
  if (last.target === target && !last.isOfPage) return last.origin;
  const { document, location } = globalThis as PageGlobals;
  const page = document?.baseURI ?? location?.href;
  if (last.target !== target || last.page !== page)
    last = { target, page, isOfPage: !HAS_SCHEME.test(target), origin: originOfUrl(target, page) };
  return last.origin;
}

/** What was last taken apart: most clients have one base URL, and to take it apart takes longer than all else at a gate. */
let last: Taken = { isOfPage: true, origin: '' };

interface Taken {
  readonly target?: string;
  readonly page?: string | undefined;
  /** Whether it depends on the page. */
  readonly isOfPage: boolean;
  readonly origin: string;
}

function originOfUrl(target: string, page: string | undefined): string {
  try {
    const { protocol, host } = new URL(target, page);
    // Not its `origin`, which is `null` for schemes that it does not know: `capacitor:`, `app:`.
    return `${protocol}//${host}`;
  } catch {
    // No URL, or one that cannot take it apart: React Native's. Its user and password are nobody's business.
    const [, scheme, host] = /^((?:[a-z][a-z\d+\-.]*:)?\/\/)(?:[^/?#]*@)?([^/?#]+)/i.exec(target) ?? [];
    return host === undefined || host.endsWith('@') ? 'unknown' : `${scheme}${host}`;
  }
}
