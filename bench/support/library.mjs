/**
 * The library as its users get it: the built files in `dist/`, not the sources.
 */
import { existsSync } from 'node:fs';

const DIST = new URL('../../dist/index.mjs', import.meta.url);

if (!existsSync(DIST)) {
  throw new Error(
    'dist/ is missing: run `npm install` and `npm run build` in the root of the repository first',
  );
}

export const { attachRetry, RetryBudget } = await import(DIST.href);
