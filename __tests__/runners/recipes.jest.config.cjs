/** jest as most have it: ES modules turned into CommonJS, here by ts-jest. */
module.exports = {
  rootDir: '.recipes',
  testMatch: ['**/*.jest.js'],
  transform: {
    '\\.m?js$': [
      require.resolve('ts-jest'),
      {
        diagnostics: false,
        tsconfig: {
          allowJs: true,
          module: 'CommonJS',
          esModuleInterop: true,
          target: 'ES2022',
          isolatedModules: true,
          moduleResolution: 'node10',
          ignoreDeprecations: '6.0',
        },
      },
    ],
  },
  moduleNameMapper: { 'dist/index\\.mjs$': require.resolve('../../dist/index.cjs') },
};
