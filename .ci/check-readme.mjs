/**
 * Type-checks every TypeScript block of the README, as extracted from it. (Those of the migration guides are
 * checked, and run, by `npm run test:migration`.)
 * A block that imports nothing gets the imports and the names that the text around it takes for granted.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
// Inside the repository, so that the package finds itself by its name.
const work = join(root, '.readme-blocks');
const TAKEN_FOR_GRANTED = `
import axios, { type AxiosInstance } from 'axios';
import MockAdapter from 'axios-mock-adapter';
import { attachRetry, RetryBudget, retriesExhausted, retryStateOf } from 'axios-retry-budget';
declare const client: AxiosInstance, ordersClient: AxiosInstance, invoicesClient: AxiosInstance;
declare const order: { id: string };
declare function currentToken(): Promise<string>;
declare const metrics: { increment(name: string, labels: object): void };
declare const log: { info(line: string): void; warn(line: string): void };
declare const app: { get(path: string, handle: (request: unknown, response: any) => unknown): void };
`;

/** What a block that imports something takes for granted all the same. */
function clientsOf(code) {
  const clients = {
    client: "import('axios').AxiosInstance",
    redis: "import('axios-retry-budget/redis').RedisClient",
  };
  return Object.entries(clients)
    .filter(([name]) => new RegExp(`\\b${name}[,)]`).test(code) && !code.includes(`const ${name} `))
    .map(([name, type]) => `declare const ${name}: ${type};`)
    .join('\n');
}

rmSync(work, { recursive: true, force: true });
mkdirSync(work);
let count = 0;
for (const [, code] of readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)) {
  const prelude = /^import /m.test(code) ? clientsOf(code) : TAKEN_FOR_GRANTED;
  writeFileSync(join(work, `block-${++count}.ts`), `${prelude}\n${code}\nexport {};\n`);
}
const compilerOptions = {
  target: 'es2022',
  module: 'esnext',
  moduleResolution: 'bundler',
  lib: ['es2022', 'dom'],
  types: ['jest', 'node'],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  rootDir: '..',
};
writeFileSync(join(work, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
try {
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', work], { stdio: 'inherit' });
  console.log(`${count} blocks of the README compile`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
