/** The policies that stand side by side. Apart from what makes them, which only the worker needs. */
export interface PolicyName {
  readonly name: string;
  readonly about: string;
  /** Its line: a colour of the page's style sheet, and dashes, so that it is told apart without colours too. */
  readonly color: string;
  readonly width: number;
  readonly dash: readonly number[];
}

export const POLICIES: readonly PolicyName[] = [
  { name: 'no retries', about: 'plain axios', color: '--line-none', width: 1.5, dash: [5, 4] },
  {
    name: 'axios-retry',
    about: 'at its best: { retries: 5, retryDelay: exponentialDelay, shouldResetTimeout: true }',
    color: '--line-axios-retry',
    width: 1.5,
    dash: [],
  },
  { name: 'this library', about: 'attachRetry(client)', color: '--line-default', width: 3, dash: [] },
  {
    name: 'yours',
    about: 'this library with the policy that you set',
    color: '--line-yours',
    width: 2,
    dash: [2, 3],
  },
];
