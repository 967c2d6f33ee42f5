/**
 * npm run test:types: what users write compiles against the built package, with axios of several versions beside its own, as an
 * ES module, as CommonJS, and as a bundler resolves; `strict`, and without `skipLibCheck` where only axios is involved.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '../..');
const folder = join(root, '__tests__/types');
const run = (command, args, cwd) => execFileSync(command, args, { cwd, stdio: 'inherit' });

run('npm', ['ci', '--no-audit', '--no-fund'], folder);
run('npm', ['run', '--silent', 'build', '--', '--logLevel', 'warn'], root);
// As installed, so that the axios it finds is the one beside it.
const installed = join(folder, 'node_modules/axios-retry-budget');
mkdirSync(installed);
for (const name of ['package.json', 'dist'])
  cpSync(join(root, name), join(installed, name), { recursive: true });

const work = join(folder, '.matrix');
rmSync(work, { recursive: true, force: true });

const VERSIONS = ['axios-1.0', 'axios-1.6', 'axios-1.12', 'axios-1.15', 'axios'];
const ESM = { extension: 'mts', module: 'node16' };
const CJS = { extension: 'cts', module: 'node16' };
const BUNDLER = { extension: 'ts', module: 'esnext', moduleResolution: 'bundler' };
/** axios 1.0 names no types for `require`. */
const formatsOf = (axios) => (axios === 'axios-1.0' ? [ESM, BUNDLER] : [ESM, CJS, BUNDLER]);

const cases = [
  ...VERSIONS.flatMap((axios) => formatsOf(axios).map((format) => ({ file: 'mixes', axios, format }))),
  ...VERSIONS.slice(1).flatMap((axios) =>
    [ESM, CJS].map((format) => ({ file: 'module-formats', axios, format })),
  ),
  ...[ESM, CJS, BUNDLER].map((format) => ({ file: 'callbacks', axios: 'axios', format })),
  // They are published as ES modules only.
  ...[ESM, BUNDLER].map((format) => ({ file: 'sdks', axios: 'axios', format, skipLibCheck: true })),
];

/** @returns what the compiler has to say, nothing if all is well */
function compile({ file, axios, format: { extension, ...format }, skipLibCheck = false }) {
  const dir = join(work, `${file}-${axios}-${extension}`);
  mkdirSync(dir, { recursive: true });
  const source = readFileSync(join(folder, `${file}.ts`), 'utf8').replaceAll('axios-under-test', axios);
  writeFileSync(join(dir, `${file}.${extension}`), source);
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck,
    experimentalDecorators: true,
    ...format,
  };
  writeFileSync(
    join(dir, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: [`${file}.${extension}`] }),
  );
  const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', dir], {
    encoding: 'utf8',
  });
  return stdout.trim();
}

const nameOf = ({ file, axios, format }) =>
  `${file}.${format.extension}, ${format.moduleResolution ?? format.module}, ${axios}`;
let failed = 0;
for (const each of cases) {
  const complaints = compile(each);
  if (complaints) failed++;
  console.log(`${complaints ? '✗' : '✓'} ${nameOf(each)}${complaints ? `\n${complaints}` : ''}`);
}
rmSync(work, { recursive: true });
console.log(`${cases.length - failed} compile, ${failed} do not`);
process.exit(failed > 0 ? 1 : 0);
