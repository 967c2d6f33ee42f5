import base from '../../jest.config.js';

/** Run by `npm run test:migration`, which installs the other libraries first; `npm test` does without. */
export default {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/__tests__/migration/*.test.ts'],
  // One for each guide: they wait more than they work.
  maxWorkers: 2,
  testTimeout: 30_000,
  moduleNameMapper: {
    '^axios-retry-budget$': '<rootDir>/lib',
    '^axios-retry-budget/compat$': '<rootDir>/lib/compat',
  },
};
