/**
 * `prepare`, which is all that npm runs when it installs from git: builds where nothing has been built yet. What is packed in
 * other ways is built by `prepack`, each time. Without the packages of development (`npm ci --omit=dev`) nothing is built.
 */
import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '../..');
if (!existsSync(join(root, 'dist')) && existsSync(join(root, 'node_modules/tsdown')))
  execSync('npm run --silent build -- --logLevel warn', { cwd: root, stdio: 'inherit' });
