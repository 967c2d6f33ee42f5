/**
 * Runs what has packages of its own, some of them ESM only, as it is, in Node: a folder of __tests__.
 * node scripts/run-apart.mjs plugins          its tests
 * node scripts/run-apart.mjs plugins FILE     its file FILE.ts
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const [name, file] = process.argv.slice(2);
const root = join(fileURLToPath(import.meta.url), '../..');
const folder = join(root, '__tests__', name);
execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
  stdio: 'inherit',
});

const tests = readdirSync(folder)
  .filter((entry) => entry.endsWith('.test.ts'))
  .map((entry) => entry.slice(0, -'.test.ts'.length));
const input = file
  ? { [file]: join(folder, `${file}.ts`) }
  : {
      runner: join(root, 'scripts/runner.mjs'),
      ...Object.fromEntries(tests.map((test) => [`${test}.test`, join(folder, `${test}.test.ts`)])),
    };
// Beside the packages, so that they are found from there.
const dir = join(folder, 'node_modules/.bundle');
await bundle(input, dir, {
  external: (id) => id.endsWith('.test.mjs') || (/^[^./]/.test(id) && !['expect', 'jest-mock'].includes(id)),
});

if (file) {
  process.exit(spawnSync(process.execPath, [join(dir, `${file}.mjs`)], { stdio: 'inherit' }).status);
}
const { status, stdout } = spawnSync(process.execPath, [join(dir, 'runner.mjs'), ...tests], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const lines = stdout.trimEnd().split('\n');
const { passed, failed } = JSON.parse(lines.pop());
console.log([...lines, `${passed} passed, ${failed} failed`].join('\n'));
process.exit(status);
