/** jest's fake timers that leave performance.now real, as those of other runners do: what fires is due all the same. */
import axios, { AxiosError } from 'axios';
import { attachRetry, retryStateOf } from '../../lib';
// @ts-expect-error plain JavaScript, as the other runners run it
import { outage, RULES } from '../runners/outage.js';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate'] });
});
afterEach(() => jest.useRealTimers());

test.each(Object.entries<[object, object]>(RULES))('%s', async (_rule, [policy, expected]) => {
  const parts = { axios, AxiosError, attachRetry, retryStateOf };
  expect(await outage(parts, policy, (ms: number) => jest.advanceTimersByTimeAsync(ms))).toEqual(expected);
});
