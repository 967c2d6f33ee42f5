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

/** What a browser's page, or a worker, resolves relative URLs against. */
interface PageGlobals {
  readonly document?: { readonly baseURI?: string };
  readonly location?: { readonly href?: string };
}

/** Scheme, host and port of the URL that axios makes of a config; of the page, in browsers, where it is relative. */
export function originOf({ url = '', baseURL, allowAbsoluteUrls, socketPath }: Destination): string {
  if (socketPath) return `unix:${socketPath}`;
  const isAbsolute = ABSOLUTE_URL.test(url) && (!baseURL || allowAbsoluteUrls !== false);
  const { document, location } = globalThis as PageGlobals;
  const target = isAbsolute ? url : (baseURL ?? '');
  try {
    const { protocol, host } = new URL(target, document?.baseURI ?? location?.href);
    // Not its `origin`, which is `null` for schemes that it does not know: `capacitor:`, `app:`.
    return `${protocol}//${host}`;
  } catch {
    // No URL, or one that cannot take it apart: React Native's. Its user and password are nobody's business.
    const [, scheme, host] = /^((?:[a-z][a-z\d+\-.]*:)?\/\/)(?:[^/?#]*@)?([^/?#]+)/i.exec(target) ?? [];
    return host === undefined || host.endsWith('@') ? 'unknown' : `${scheme}${host}`;
  }
}
