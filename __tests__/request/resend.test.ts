/** What breaks as a kept-alive connection is used again; with real servers in __tests__/http/reused-sockets.test.ts. */
import axios, { AxiosError, type InternalAxiosRequestConfig } from 'axios';
import { type AttachedRetry, attachRetry, type RetryPolicy, retryStateOf } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { type Step, stubAdapter } from '../support/stub-adapter';

afterEach(() => jest.restoreAllMocks());

const stale = async (config: InternalAxiosRequestConfig): Promise<never> => {
  throw new AxiosError('socket hang up', 'ECONNRESET', config, { reusedSocket: true });
};

function clientOf(steps: Step[], policy: RetryPolicy = {}) {
  const stub = stubAdapter(...steps);
  const client = axios.create({ adapter: stub.adapter, baseURL: 'http://api.test' });
  return { stub, client, retry: attachRetry(client, { maxRetries: 0, patience: 0, ...policy }) };
}

test('it is sent again, once, which counts as no retry and is on the record', async () => {
  const { client, stub } = clientOf([stale]);
  const response = await client.get('/');
  expect(stub.configs).toHaveLength(2);
  expect(retryStateOf(response)?.failures).toMatchObject([{ delay: 0, delaySource: 'reused-socket' }]);
});

test('what comes of that is what the caller gets', async () => {
  const { client, stub } = clientOf([stale, 404]);
  const error = await rejectionOf(client.get('/'));
  expect(error.response.status).toBe(404);
  expect(stub.configs).toHaveLength(2);
});

test('a second one is not', async () => {
  const { client, stub } = clientOf([stale, stale]);
  await rejectionOf(client.get('/'));
  expect(stub.configs).toHaveLength(2);
});

describe('it is not sent again', () => {
  async function sentWhen(
    happens: (retry: AttachedRetry, abort: () => void) => void,
    policy: RetryPolicy = {},
  ) {
    const controller = new AbortController();
    const made = clientOf(
      [
        (config) => {
          happens(made.retry, () => controller.abort());
          return stale(config);
        },
      ],
      policy,
    );
    await rejectionOf(made.client.get('/', { signal: controller.signal }));
    return made.stub.configs.length;
  }

  test('where the call was cancelled meanwhile', async () => {
    expect(await sentWhen((_retry, abort) => abort())).toBe(1);
  });

  test('where the interceptors were detached meanwhile', async () => {
    expect(await sentWhen((retry) => retry.detach())).toBe(1);
  });

  test('where the time is over, though no timer has told so', async () => {
    const jump = () => {
      const time = performance.now() + 1_000;
      jest.spyOn(performance, 'now').mockReturnValue(time);
    };
    expect(await sentWhen(jump, { timeBudget: 1_000 })).toBe(1);
  });

  test('where that is not allowed to a POST', async () => {
    const { client, stub } = clientOf([stale]);
    await rejectionOf(client.post('/', {}));
    expect(stub.configs).toHaveLength(1);
  });
});
