/** Bundles a TypeScript file of the tests, so that any runtime runs it without a test runner or a compiler. */
import { Rolldown } from 'tsdown';

/**
 * @param {Record<string, string>} input names of bundles and their files
 * @param {string} dir where they go
 * @param {import('tsdown').Rolldown.BuildOptions} options
 */
export function bundle(input, dir, { output, ...options } = {}) {
  return Rolldown.build({
    input,
    platform: 'node',
    logLevel: 'warn',
    // jest's packages ask where they lie, only to leave themselves out of stack traces.
    transform: { define: { __dirname: '"/"', __filename: '"/bundle"' } },
    output: {
      dir,
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name]-[hash].mjs',
      ...output,
    },
    ...options,
  });
}
