/**
 * Type-checks every TypeScript and JavaScript block of the README and of the site's pages, as extracted from them, and runs those
 * marked `ts run`: where such an example logs something, the comment behind it says what.
 * A block that imports nothing gets the imports and the names that the text around it takes for granted.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Of the README, tables and code included: it is read in a minute. */
const MOST_WORDS = 1_100;
/** Pages whose blocks other steps of .ci/run check, and run. */
const CHECKED_ELSEWHERE = [
  'docs/migrating-from-axios-retry.md', // npm run test:migration
  'docs/migrating-from-retry-axios.md',
  'docs/plugins.md', // written from the code of the tests: test:plugins, test:sdks
  'docs/sdks.md',
  'docs/in-your-tests.md', // test:runners
];

const root = new URL('..', import.meta.url).pathname;
// Inside the repository, so that the package finds itself by its name.
const work = join(root, '.readme-blocks');
const IMPORTS = `
import axios, { type AxiosInstance } from 'axios';
import MockAdapter from 'axios-mock-adapter';
import { attachRetry, RetryBudget, retriesExhausted, retryStateOf } from 'axios-retry-budget';
`;
const TAKEN_FOR_GRANTED = `${IMPORTS}
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { requestHook, withTelemetry } from 'axios-retry-budget/opentelemetry';
declare const client: AxiosInstance, ordersClient: AxiosInstance, invoicesClient: AxiosInstance;
declare const order: { id: string }, error: unknown;
declare function currentToken(): Promise<string>;
declare const metrics: { increment(name: string, labels: object): void };
declare const log: { info(line: string): void; warn(line: string): void };
declare const app: { get(path: string, handle: (request: unknown, response: any) => unknown): void };
`;
/** Packages that only some users have: their own tests (test:redis, test:telemetry) have the real ones. */
const ELSEWHERE = `
declare module 'ioredis' {
  export const Redis: new (url?: string) => import('axios-retry-budget/redis').IoredisClient;
}
declare module '@opentelemetry/instrumentation-http' {
  export const HttpInstrumentation: new (options: object) => object;
}
declare module '@opentelemetry/instrumentation-undici' {
  export const UndiciInstrumentation: new (options: object) => object;
}
`;

/** What a block that imports something, or goes on from one that did, takes for granted all the same. */
function namesOf(code) {
  const names = {
    client: "import('axios').AxiosInstance",
    redis: "import('axios-retry-budget/redis').RedisClient & { quit(): Promise<unknown> }",
    budget: "import('axios-retry-budget/redis').RedisRetryBudget",
  };
  return Object.entries(names)
    .filter(([name]) => new RegExp(`\\b${name}[,).]`).test(code) && !code.includes(`const ${name} `))
    .map(([name, type]) => `declare const ${name}: ${type};`)
    .join('\n');
}

/** A block that is run, as a function of the world that it has to hand. */
function runnable(code) {
  const checked = code.replace(/^console\.log\((.+)\); \/\/ (.+)$/gm, 'check($1, $2);');
  if (checked.includes('console.log')) throw new Error(`What does this print? Say so behind it:\n${code}`);
  const world = "import { exampleWorld } from '../.ci/example-world';";
  return `${IMPORTS}${world}
export async function example() {
const { client, adapter, serve, requests, check } = exampleWorld();
${checked}
}`;
}

function compiled(code) {
  const isStandalone = /^import |\brequire\(|\bbudget\.close/m.test(code);
  return `${isStandalone ? namesOf(code) : TAKEN_FOR_GRANTED}\n${code}\nexport {};`;
}

const markdownIn = (folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
const pages = ['README.md', ...['docs', 'docs/guide', 'docs/api'].flatMap(markdownIn)].filter(
  (page) => !CHECKED_ELSEWHERE.includes(page),
);

const words = readFileSync(join(root, 'README.md'), 'utf8').split(/\s+/).filter(Boolean).length;
if (words > MOST_WORDS) throw new Error(`README.md has ${words} words; the rest belongs to the site`);

rmSync(work, { recursive: true, force: true });
mkdirSync(work);
writeFileSync(join(work, 'elsewhere.d.ts'), ELSEWHERE);
/** Files of the blocks that are run, by the page and line that they stand at. */
const examples = new Map();
let count = 0;
for (const page of pages) {
  const text = readFileSync(join(root, page), 'utf8');
  for (const { 1: language, 2: run, 3: code, index } of text.matchAll(/^```([tj]s)( run)?\n(.*?)^```$/gms)) {
    const name = `${page.replace(/\W/g, '-')}-${++count}`;
    if (run) examples.set(name, `${page}:${text.slice(0, index).split('\n').length}`);
    writeFileSync(join(work, `${name}.${language}`), `${run ? runnable(code) : compiled(code)}\n`);
  }
}

const compilerOptions = {
  target: 'es2022',
  module: 'esnext',
  moduleResolution: 'bundler',
  lib: ['es2023', 'dom'],
  types: ['jest', 'node'],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowJs: true,
  rootDir: '..',
};
writeFileSync(join(work, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts', '*.js'] }));
try {
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', work], { stdio: 'inherit' });
  console.log(`${count} blocks of ${pages.length} pages compile`);
  await runExamples();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function runExamples() {
  const { build } = await import('esbuild');
  const entryPoints = [...examples.keys()].map((name) => join(work, `${name}.ts`));
  const outdir = join(work, 'built');
  await build({
    entryPoints,
    outdir,
    bundle: true,
    packages: 'external',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
  });
  const failures = await Promise.all(
    [...examples].map(async ([name, place]) => {
      const { example } = await import(pathToFileURL(join(outdir, `${name}.mjs`)).href);
      return example().then(
        () => undefined,
        (error) => `${place}: ${error.stack}`,
      );
    }),
  );
  const told = failures.filter((failure) => failure !== undefined);
  for (const failure of told) console.error(failure);
  if (told.length > 0) process.exitCode = 1;
  else console.log(`${examples.size} examples do what they say`);
}
