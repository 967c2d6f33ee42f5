/** Runs a TypeScript file: node [options of node] scripts/run-ts.mjs FILE [its arguments] */
import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';

const [file] = process.argv.splice(2, 1);
// Within the project, so that packages are found from there.
const dir = join(fileURLToPath(import.meta.url), '../../node_modules/.cache/axios-retry-budget');
await mkdir(dir, { recursive: true });
const name = basename(file, '.ts');
await bundle({ [name]: resolve(file) }, dir, { external: /^[^./]/ });
await import(pathToFileURL(join(dir, `${name}.mjs`)).href);
