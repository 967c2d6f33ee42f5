/** The library with all its mutations in it, each behind a switch, and one bundle for each test file. */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { build } from 'esbuild';

const SILENT = { debug() {}, info() {}, warn: console.warn, isDebugEnabled: () => false };
const OPTIONS = { plugins: null, excludedMutations: [], ignorers: [], noHeader: false };

/** @returns every mutation of these files, and the code that holds them */
export async function instrument(files) {
  const sources = files.map((name) => ({ name, mutate: true, content: readFileSync(name, 'utf8') }));
  const { files: out, mutants } = await new Instrumenter(SILENT).instrument(sources, OPTIONS);
  // Each evaluation of a bundle has switches of its own: what an earlier mutation left behind does not see the next one.
  const code = out.map(({ name, content }) => [
    resolve(name),
    content.replace('var ns = g.__stryker__ || (g.__stryker__ = {});', 'var ns = __switches__;'),
  ]);
  return { mutants, code: new Map(code) };
}

/** @returns the code of a test file with all of the library it uses; what is published as CommonJS stays outside */
export async function bundle(test, code) {
  const { outputFiles } = await build({
    entryPoints: [test],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node18',
    logLevel: 'error',
    plugins: [
      {
        name: 'instrumented',
        setup(build) {
          build.onResolve({ filter: /^[^./]/ }, ({ path }) =>
            path === 'uuid' || path === test ? undefined : { path, external: true },
          );
          build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const contents = code.get(path);
            return contents === undefined
              ? undefined
              : { contents, loader: 'ts', resolveDir: dirname(path), pluginData: relative('.', path) };
          });
        },
      },
    ],
  });
  return outputFiles[0].text;
}
