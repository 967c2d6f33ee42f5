/**
 * All benchmarks, one after the other so that none disturbs another, then the pictures and the tables of the README.
 * `npm run bench -- storm law=stall` runs one of them alone, with what comes after its name.
 */
import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';

const ROOT = new URL('..', import.meta.url).pathname;
const HERE = new URL('.', import.meta.url).pathname;
const PARTS = [
  'bundle-size',
  'happy-path',
  'waiting-memory',
  'hiccup',
  'callers',
  'storm',
  'pictures',
  'report',
];

npm(ROOT, 'run', 'build', '--', '--logLevel', 'warn');
const startedAt = performance.now();
const [chosen, ...options] = process.argv.slice(2);
if (chosen && !PARTS.includes(chosen))
  throw new Error(`no benchmark ${chosen}; there are ${PARTS.join(', ')}`);
for (const part of chosen ? [chosen] : PARTS) {
  console.log(`\n== ${part}`);
  const partStartedAt = performance.now();
  npm(HERE, 'run', part, '--', ...options);
  console.log(`== ${part}: ${seconds(partStartedAt)} s`);
}
console.log(`\nall in ${seconds(startedAt)} s`);

function npm(cwd, ...args) {
  const { status } = spawnSync('npm', ['--silent', ...args], { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function seconds(since) {
  return Math.round((performance.now() - since) / 1000);
}
