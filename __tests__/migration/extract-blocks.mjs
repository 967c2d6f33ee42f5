/** Writes the code blocks of the guides to blocks/, to be type-checked, and run by the tests. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const here = (path) => new URL(path, import.meta.url);

rmSync(here('blocks'), { recursive: true, force: true });
mkdirSync(here('blocks'));
for (const library of ['axios-retry', 'retry-axios']) {
  const guide = readFileSync(here(`../../docs/migrating-from-${library}.md`), 'utf8');
  const blocks = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  for (const [index, code] of blocks.entries()) {
    writeFileSync(here(`blocks/${library}-${index + 1}.ts`), code);
  }
}
