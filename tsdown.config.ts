import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: {
    index: 'lib/index.ts',
    redis: 'lib/redis/index.ts',
    opentelemetry: 'lib/opentelemetry/index.ts',
    compat: 'lib/compat/index.ts',
  },
  format: ['esm', 'cjs'],
  dts: true,
  platform: 'neutral',
  target: 'es2022',
  fixedExtension: true,
  sourcemap: false,
  // How long which plugin took is nobody's business.
  inputOptions: { checks: { pluginTimings: false } },
  // `require('axios-retry-budget/compat').default`, as with axios-retry.
  outputOptions: { exports: 'named' },
});
