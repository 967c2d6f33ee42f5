/**
 * The site: builds it as GitHub Pages will serve it (under a repository's name), which fails on dead links, and has its playground used in
 * Chromium. Run: npm run test:site
 * With CI=true and REQUIRE_CHROMIUM=1, a missing Chromium is a failure.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findChromium } from '../browser/chromium.mjs';
import { BASE } from './serve.mjs';

const docs = join(import.meta.dirname, '../../docs');
const npm = (...args) =>
  execFileSync('npm', [...args, '--silent'], {
    cwd: docs,
    stdio: 'inherit',
    env: { ...process.env, SITE_BASE: BASE },
  });
npm('ci');
npm('run', 'check');
npm('run', 'build');

if (findChromium()) {
  const { status } = spawnSync(
    process.execPath,
    ['--test', '--test-reporter=spec', join(import.meta.dirname, 'site.test.mjs')],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
} else {
  const isRequired = process.env.CI === 'true' && process.env.REQUIRE_CHROMIUM === '1';
  console.log(
    `${isRequired ? 'FAILED' : 'skipped'}: the playground needs Chromium. Run .ci/install-chromium, or set CHROMIUM to its path.`,
  );
  process.exitCode = isRequired ? 1 : 0;
}
