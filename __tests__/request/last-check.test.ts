import axios, { type AxiosRequestConfig } from 'axios';
import { attachRetry } from '../../lib';
import { lastCheck, refused } from '../../lib/request/last-check';
import { rejectionOf } from '../support/outcome';
import { stubAdapter } from '../support/stub-adapter';

test('what is no request of ours is let through', () => {
  expect(lastCheck.call({ signal: AbortSignal.abort() }, 'body')).toBe('body');
});

test('what is refused is sent by no adapter: neither one that transforms the body, nor one that does not', async () => {
  const error = new Error('too late');
  const { transformRequest, adapter, url } = refused({ url: '/a' }, error);
  const [transform] = transformRequest as (() => void)[];
  expect(transform).toThrow(error);
  await expect((adapter as () => Promise<void>)()).rejects.toBe(error);
  expect(url).toBe('/a');
});

describe('a retry that is cancelled while its body is transformed', () => {
  async function sentWhen(cancel: () => void, config: AxiosRequestConfig) {
    let count = 0;
    const transform = (data: unknown) => {
      if (++count === 2) cancel();
      return data;
    };
    const stub = stubAdapter(503);
    const client = axios.create({ adapter: stub.adapter, transformRequest: [transform] });
    attachRetry(client, { backoff: () => 0, patience: 0 });
    const error = await rejectionOf(client.put('/', {}, config));
    expect(axios.isCancel(error)).toBe(true);
    return stub.configs.length;
  }

  test('by its signal is not sent', async () => {
    const controller = new AbortController();
    expect(await sentWhen(() => controller.abort(), { signal: controller.signal })).toBe(1);
  });

  test('by its token is not sent', async () => {
    const source = axios.CancelToken.source();
    expect(await sentWhen(() => source.cancel(), { cancelToken: source.token })).toBe(1);
  });
});
