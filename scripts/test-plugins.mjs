/**
 * npm run test:plugins: other plugins of axios beside this one. They have packages of their own, some of them
 * ESM only, so these tests run as they are, in Node.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const root = join(fileURLToPath(import.meta.url), '../..');
const plugins = join(root, '__tests__/plugins');
execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: plugins, stdio: 'inherit' });
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', plugins], {
  stdio: 'inherit',
});

// Beside the plugins, so that they are found from there.
const dir = join(plugins, 'node_modules/.bundle');
await bundle(
  { runner: join(root, 'scripts/runner.mjs'), 'plugins.test': join(plugins, 'plugins.test.ts') },
  dir,
  {
    external: (id) =>
      id.endsWith('.test.mjs') || (/^[^./]/.test(id) && !['expect', 'jest-mock'].includes(id)),
  },
);
const { status, stdout } = spawnSync(process.execPath, [join(dir, 'runner.mjs'), 'plugins'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const lines = stdout.trimEnd().split('\n');
const { passed, failed } = JSON.parse(lines.pop());
console.log([...lines, `${passed} passed, ${failed} failed`].join('\n'));
process.exit(status);
