/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // By itself it leaves a core free, which of two is half.
  maxWorkers: '100%',
  // Only what hangs is to meet it: a busy machine is nobody’s fault.
  testTimeout: 180_000,
  // These need other libraries: `npm run test:migration`, `test:plugins` and `test:sdks`.
  testMatch: ['**/__tests__/**/*.test.ts', '!**/__tests__/{migration,plugins,sdks}/**'],
  transform: {
    '\\.[jt]s$': [
      'ts-jest',
      {
        // Types are checked by `npm run typecheck`; here they are only stripped.
        diagnostics: false,
        tsconfig: {
          target: 'ES2022',
          module: 'CommonJS',
          moduleResolution: 'node10',
          ignoreDeprecations: '6.0',
          esModuleInterop: true,
          isolatedModules: true,
          allowJs: true,
          rootDir: '.',
        },
      },
    ],
  },
  // uuid is published as ESM only, and jest runs CommonJS.
  transformIgnorePatterns: ['/node_modules/(?!uuid/)'],
  collectCoverageFrom: ['lib/**/*.ts'],
  coverageThreshold: { global: { branches: 95, functions: 95, lines: 95, statements: 95 } },
};
