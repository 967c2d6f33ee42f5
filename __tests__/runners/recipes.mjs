/**
 * Runs each block of docs/in-your-tests.md in the runner that its name ends with, as a user would who copied it: only that
 * the package, which is not installed here, is its build.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const FOLDER = here('.recipes/');
const ROOT = here('../../');

const page = readFileSync(`${ROOT}docs/in-your-tests.md`, 'utf8');
const blocks = [...page.matchAll(/^```js(?: \[([^\]]+)\])?\n(.*?)^```$/gms)];
const names = blocks.map(([, name]) => name);
const ofRunner = (runner) => names.filter((name) => name?.endsWith(`.${runner}.js`));
const runners = {
  vitest: ['npx', 'vitest', 'run', '--dir', '.recipes', '--config', 'recipes.config.mjs'],
  jest: [`${ROOT}node_modules/.bin/jest`, '--config', 'recipes.jest.config.cjs'],
  node: ['node', '--test', ...ofRunner('node').map((name) => `.recipes/${name}`)],
};
const unknown = names.filter((name) => name !== 'client.js' && !/\.(vitest|jest|node)\.js$/.test(name ?? ''));
if (unknown.length > 0) throw new Error(`no runner for the blocks ${unknown.join(', ')}`);

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);
for (const [, name, code] of blocks) {
  writeFileSync(FOLDER + name, code.replace("'axios-retry-budget'", "'../../../dist/index.mjs'"));
}
for (const [runner, [command, ...args]] of Object.entries(runners)) {
  if (ofRunner(runner).length === 0) throw new Error(`the page has no recipe for ${runner}`);
  console.log(`\n${runner}: ${ofRunner(runner).join(', ')}`);
  const { status } = spawnSync(command, args, { cwd: here('.'), stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
rmSync(FOLDER, { recursive: true });
