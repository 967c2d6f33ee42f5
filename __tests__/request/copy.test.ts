import { copyOf } from '../../lib/request/copy';

test('what holds itself by way of others is copied once', () => {
  const outer: Record<string, unknown> = {};
  const list: unknown[] = [{ outer }];
  Object.assign(outer, { list, name: 'a' });
  const copy = copyOf(outer) as { list: [{ outer: unknown }] };
  expect(copy).not.toBe(outer);
  expect(copy.list[0].outer).toBe(outer);
  const [item] = copyOf(list) as [{ outer: { list: unknown } }];
  expect(item.outer).not.toBe(outer);
  expect(item.outer.list).toBe(list);
});
