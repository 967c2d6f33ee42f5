import { lastCheck, refused } from '../../lib/request/last-check';

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
