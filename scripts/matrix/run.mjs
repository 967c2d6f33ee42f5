/**
 * npm run test:matrix: the tests over the wire, on versions of axios, of Node, and on other runtimes.
 * `-- --edges` runs the oldest and the newest of each only. Needs the package registry, and 1 GB for the runtimes.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundle } from '../bundle.mjs';

const run = promisify(execFile);
const edges = process.argv.includes('--edges');
const ends = (list) => (edges ? [list[0], list.at(-1)] : list);

const AXIOS = ends(['1.0.0', '1.6', '1.7', '1.8', '1.12', '1']);
const NODE = ends(['18', '20', '22', '24', '26']);
const OTHERS = ['bun', 'deno'];
/** What other runtimes than Node run of it: no raw sockets. */
const SMOKE = ['bodies', 'good-answers', 'idempotency', 'interceptors', 'layers', 'ways-to-call'];

const here = dirname(fileURLToPath(import.meta.url));
const project = join(here, '../..');
const dir = join(tmpdir(), `axios-retry-budget-matrix${edges ? '-edges' : ''}`);
const axiosName = (version) => `axios-${version}`;
const nodeName = (version) => `node-${version}`;
const bin = (name) => join(dir, 'node_modules/.bin', name);

function commandOf(runtime) {
  if (runtime === 'bun') return [bin('bun'), 'run'];
  if (runtime === 'deno') return [bin('deno'), 'run', '--allow-all', '--quiet'];
  return [join(dir, 'node_modules', nodeName(runtime), 'bin/node')];
}

async function install() {
  mkdirSync(dir, { recursive: true });
  // The package `node` fetches one of these in an install script; the platform's own needs none.
  const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const dependencies = {
    ...Object.fromEntries(AXIOS.map((version) => [axiosName(version), `npm:axios@${version}`])),
    ...Object.fromEntries(NODE.map((version) => [nodeName(version), `npm:${nodePackage}@${version}`])),
    ...Object.fromEntries(OTHERS.map((name) => [name, 'latest'])),
  };
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ private: true, dependencies }));
  await run('npm', ['update', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: dir });
  // Puts in place what the platform's own package brought along.
  await run(process.execPath, ['install.js'], { cwd: join(dir, 'node_modules/bun') });
  await run(process.execPath, ['install.cjs'], { cwd: join(dir, 'node_modules/deno') });
}

const tests = readdirSync(join(project, '__tests__/http'))
  // Its own processes, and a minute of real time: once is enough.
  .filter((file) => file.endsWith('.test.ts') && file !== 'hiccup.test.ts')
  .map((file) => file.slice(0, -'.test.ts'.length));

const bundleDir = (version) => join(dir, 'bundles', version);

/** axios is left out of the bundle, and found under its alias. */
async function bundleFor(version) {
  const axios = axiosName(version);
  const input = Object.fromEntries(
    tests.map((test) => [`${test}.test`, join(project, `__tests__/http/${test}.test.ts`)]),
  );
  await bundle({ runner: join(here, '../runner.mjs'), ...input }, bundleDir(version), {
    external: [axios, /^\.\/.*\.test\.mjs$/],
    plugins: [
      {
        name: 'axios under its alias',
        resolveId: (id) => (id === 'axios' ? join(here, 'axios.mjs') : undefined),
        load: (id) =>
          id === join(here, 'axios.mjs')
            ? readFileSync(id, 'utf8').replace("'axios-under-test'", `'${axios}'`)
            : undefined,
      },
    ],
  });
}

async function runCell(version, runtime) {
  const files = OTHERS.includes(runtime) ? SMOKE : tests;
  const [command, ...args] = [...commandOf(runtime), join(bundleDir(version), 'runner.mjs'), ...files];
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' };
  const { stdout, stderr } = await run(command, args, { cwd: project, env, timeout: 120_000 }).catch(
    (error) => error,
  );
  try {
    const lines = stdout.trimEnd().split('\n');
    return { ...JSON.parse(lines.at(-1)), log: lines.slice(0, -1).join('\n') };
  } catch {
    return { passed: 0, failed: 1, skipped: {}, log: `${stdout}\n${stderr}` };
  }
}

async function versionOf(runtime) {
  const [command] = commandOf(runtime);
  const { stdout } = await run(command, ['--version']);
  return `${/^\d+$/.test(runtime) ? 'Node' : runtime} ${/\d+\.\d+\.\d+/.exec(stdout)[0]}`;
}

const cellText = ({ passed, failed }) => (failed > 0 ? `${failed} FAILED` : `${passed} passed`);

await install();
rmSync(join(dir, 'bundles'), { recursive: true, force: true });
for (const version of AXIOS) await bundleFor(version);

const runtimes = [...NODE, ...OTHERS];
const cells = runtimes.flatMap((runtime) => AXIOS.map((version) => ({ runtime, version })));
const queue = cells.values();
// Two at a time: the tests are about time, too.
const work = async () => {
  for (const cell of queue) cell.result = await runCell(cell.version, cell.runtime);
};
await Promise.all([work(), work()]);

const versions = AXIOS.map(
  (version) =>
    JSON.parse(readFileSync(join(dir, 'node_modules', axiosName(version), 'package.json'))).version,
);
const rows = [['', ...versions.map((version) => `axios ${version}`)]];
for (const runtime of runtimes) {
  rows.push([
    await versionOf(runtime),
    ...cells.filter((cell) => cell.runtime === runtime).map(({ result }) => cellText(result)),
  ]);
}
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
for (const row of rows) console.log(row.map((text, column) => text.padEnd(widths[column])).join('  '));

const skipped = new Map();
for (const { result, runtime, version } of cells) {
  for (const [reason, count] of Object.entries(result.skipped)) {
    const where = skipped.get(reason) ?? new Set();
    skipped.set(
      reason,
      where.add(`${OTHERS.includes(runtime) ? `${runtime}, ` : ''}axios ${version}: ${count}`),
    );
  }
}
if (skipped.size > 0) console.log('\nSkipped:');
for (const [reason, where] of skipped) console.log(`- ${reason} (${[...where].join('; ')})`);

const failures = cells.filter(({ result }) => result.failed > 0);
for (const { runtime, version, result } of failures) {
  console.log(`\n=== ${runtime}, axios ${version}\n${result.log}`);
}
const sum = (field) => cells.reduce((total, { result }) => total + result[field], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exit(failures.length > 0 ? 1 : 0);
