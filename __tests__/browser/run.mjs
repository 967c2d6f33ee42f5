/**
 * The browser tests, or one line that says why not. Run: npm run test:browser
 * With CI=true and REQUIRE_CHROMIUM=1, a missing Chromium is a failure.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findChromium } from './chromium.mjs';

const HERE = import.meta.dirname;

if (findChromium()) {
  const tests = readdirSync(HERE).filter((name) => name.endsWith('.test.mjs'));
  const { status } = spawnSync(
    process.execPath,
    ['--test', '--test-reporter=spec', ...tests.map((name) => join(HERE, name))],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
} else {
  const isRequired = process.env.CI === 'true' && process.env.REQUIRE_CHROMIUM === '1';
  const verdict = isRequired ? 'FAILED' : 'skipped';
  console.log(
    `${verdict}: the browser tests need Chromium. Run .ci/install-chromium, or set CHROMIUM to its path.`,
  );
  process.exitCode = isRequired ? 1 : 0;
}
