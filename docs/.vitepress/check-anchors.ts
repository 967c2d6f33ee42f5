/** Fails the build where a link of the site points to a place that is not on its page: VitePress only looks for the pages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Page {
  readonly ids: ReadonlySet<string>;
  readonly links: readonly string[];
}

export function checkAnchors(folder: string, base: string): void {
  const pages = new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.html'))
      .map((name) => [name.replaceAll('\\', '/'), read(join(folder, name))]),
  );
  const dead = [...pages].flatMap(([name, { links }]) =>
    links.filter((link) => isDead(link, name, base, pages)).map((link) => `${name}: ${link}`),
  );
  if (dead.length > 0) throw new Error(`Links to what is not there:\n${dead.join('\n')}`);
}

function read(file: string): Page {
  const html = readFileSync(file, 'utf8');
  const all = (pattern: RegExp) => [...html.matchAll(pattern)].map(([, value = '']) => value);
  return { ids: new Set(all(/\sid="([^"]+)"/g)), links: all(/<a\s[^>]*?href="([^"]+)"/g) };
}

function isDead(link: string, from: string, base: string, pages: ReadonlyMap<string, Page>): boolean {
  // Any host will do: what comes out with another one leads out of the site.
  const { origin, pathname, hash } = new URL(link, `https://site.test${base}${from}`);
  if (origin !== 'https://site.test') return false;
  const path = decodeURIComponent(pathname);
  if (!path.startsWith(base)) return true;
  const name = path.slice(base.length).replace(/(^|\/)$/, '$1index.html');
  const page = pages.get(name);
  // Files that are no pages are vite's business, which made the links to them.
  if (!page) return name.endsWith('.html');
  return hash !== '' && hash !== '#' && !page.ids.has(decodeURIComponent(hash.slice(1)));
}
