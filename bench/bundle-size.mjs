/**
 * What a library adds to a bundle: its one import, tree-shaken, minified and gzipped by esbuild, without axios.
 */
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { saveResult } from './support/results.mjs';

const ENTRIES = {
  'axios-retry-budget': `export { attachRetry } from '../dist/index.mjs'`,
  'axios-retry': `export { default } from 'axios-retry'`,
  'retry-axios': `export { attach } from 'retry-axios'`,
  // A whole client, on fetch: no axios needed beside it.
  ky: `export { default } from 'ky'`,
  // And what the others need beside them.
  axios: `export { default } from 'axios'`,
};

const bytes = {};
for (const [name, contents] of Object.entries(ENTRIES)) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname ?? new URL('.', import.meta.url).pathname },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: name === 'axios' ? [] : ['axios'],
  });
  const [{ contents: code }] = outputFiles;
  bytes[name] = { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length };
  console.log(`${name}: ${bytes[name].minified} bytes minified, ${bytes[name].gzipped} gzipped`);
}
saveResult('bundle-size', { bytes });
