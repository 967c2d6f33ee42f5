/**
 * Links that leave docs/: the pages are read on GitHub as well, and there they point into the repository. On the site they point
 * to it from outside, or are plain text where nobody says where it is. One to a file that is not there fails the build.
 * A page that is another file (`source` in its head) has that file's links.
 */
import { existsSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MarkdownRenderer } from 'vitepress';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

type Token = ReturnType<MarkdownRenderer['parse']>[number];
interface Page {
  readonly relativePath: string;
  readonly frontmatter?: { readonly source?: string };
}

export function linksOutOfTheSite(markdown: MarkdownRenderer, repository: string | undefined): void {
  markdown.core.ruler.push('links-out-of-the-site', ({ tokens, env }) => {
    // VitePress renders texts of its own too, which belong to no page.
    if (env.relativePath === undefined) return;
    for (const { children } of tokens) follow(children ?? [], env as Page, repository);
  });
}

function follow(tokens: readonly Token[], page: Page, repository: string | undefined): void {
  for (const [at, token] of tokens.entries()) {
    const name = token.type === 'image' ? 'src' : token.type === 'link_open' ? 'href' : undefined;
    const target = name && token.attrGet(name);
    if (!name || !target || /^([a-z]+:|#|\/)/.test(target)) continue;
    const [file = '', anchor] = target.split('#');
    const source = page.frontmatter?.source ?? join('docs', page.relativePath);
    const path = posix.join(dirname(source), file);
    const isOutside = !path.startsWith('docs/');
    if (isOutside && !existsSync(join(ROOT, path)))
      throw new Error(`${source} links to ${path}, which is not there`);
    if (name === 'src') {
      token.attrSet('src', relative(dirname(join('docs', page.relativePath)), path));
    } else if (isOutside && repository) {
      token.attrSet('href', `${repository}/blob/HEAD/${path}${anchor ? `#${anchor}` : ''}`);
    } else if (isOutside) {
      unlink(tokens, at);
    } else if (page.frontmatter?.source) {
      token.attrSet('href', relative('docs', path) + (anchor ? `#${anchor}` : ''));
    }
  }
}

/** Leaves the text of a link. */
function unlink(tokens: readonly Token[], at: number): void {
  const end = tokens.findIndex(({ type }, index) => index > at && type === 'link_close');
  for (const token of [tokens[at], tokens[end]]) {
    if (!token) continue;
    token.type = 'text';
    token.content = '';
  }
}
