import axios from 'axios';
import { attachRetry } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { type Step, stubAdapter } from '../support/stub-adapter';

/** Who hears what of a call. */
async function heard(...steps: Step[]) {
  const onGiveUp = jest.fn();
  const onSettled = jest.fn();
  const client = axios.create({ adapter: stubAdapter(...steps).adapter });
  attachRetry(client, { backoff: () => 0, patience: 0, maxRetries: 1, onGiveUp, onSettled });
  const end = client.get('/');
  await (steps.length > 1 ? rejectionOf(end) : end);
  return { onGiveUp, onSettled };
}

test('who hears of calls that are given up hears nothing of a good one', async () => {
  const { onGiveUp, onSettled } = await heard(503);
  expect([onGiveUp.mock.calls.length, onSettled.mock.calls.length]).toEqual([0, 1]);
});

test('a call that is given up has no wait that the server named, unless it ends for that', async () => {
  const { onGiveUp, onSettled } = await heard(503, 503);
  expect(onGiveUp).toHaveBeenCalledTimes(1);
  expect(onGiveUp.mock.calls[0][0]).toMatchObject({ reason: 'retries-exhausted' });
  expect(onGiveUp.mock.calls[0][0]).not.toHaveProperty('retryAfter');
  expect(onSettled).toHaveBeenCalledTimes(1);
});
