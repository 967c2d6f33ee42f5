import { BudgetsPerOrigin, originOf, withQueue } from '../../lib/origin/origins';
import { RetryBudget } from '../../lib/origin/retry-budget';

const host = (name: string) => ({ url: `http://${name}/x` });

describe('the origin of a request', () => {
  it.each([
    ['an absolute URL', { url: 'https://api.test/a?b=c' }, 'https://api.test'],
    ['an absolute URL with its port', { url: 'http://api.test:8080/a' }, 'http://api.test:8080'],
    ['the default port, named or not', { url: 'https://api.test:443/a' }, 'https://api.test'],
    ['credentials in the URL', { url: 'https://me:secret@api.test/a' }, 'https://api.test'],
    ['a relative URL after baseURL', { baseURL: 'https://api.test/v1', url: '/a' }, 'https://api.test'],
    ['no URL but a baseURL', { baseURL: 'https://api.test/v1' }, 'https://api.test'],
    [
      'an absolute URL, which beats baseURL',
      { baseURL: 'https://a.test', url: 'https://b.test/x' },
      'https://b.test',
    ],
    [
      'an absolute URL whose scheme has a figure in it',
      { baseURL: 'https://a.test', url: 's3://bucket/x' },
      's3://bucket',
    ],
    [
      'a relative URL with two slashes in it',
      { baseURL: 'https://a.test', url: 'x//b.test' },
      'https://a.test',
    ],
    [
      'an absolute URL that may not beat baseURL',
      { baseURL: 'https://a.test', url: 'https://b.test/x', allowAbsoluteUrls: false },
      'https://a.test',
    ],
    ['a unix socket, by its path', { socketPath: '/run/docker.sock', url: '/a' }, 'unix:/run/docker.sock'],
    ['a relative URL where there is no page', { url: '/a' }, 'unknown'],
    ['a URL that does not parse', { url: 'http://[/a' }, 'http://['],
    ['a URL without a scheme where there is no page', { url: '//api.test/a' }, '//api.test'],
    ['a URL that does not parse, without its credentials', { url: 'http://me:se@cret@[/a' }, 'http://['],
    ['a URL without a scheme, without its credentials', { url: '//me:secret@api.test/a' }, '//api.test'],
    ['a URL that is nothing but credentials', { url: 'http://me:secret@/a' }, 'unknown'],
    ['a path with two slashes in it', { baseURL: 'api//v1', url: '/a' }, 'unknown'],
    ['a scheme of an app', { url: 'capacitor://localhost/a' }, 'capacitor://localhost'],
  ])('is that of %s', (_, destination, origin) => {
    expect(originOf(destination)).toBe(origin);
  });

  it('is told apart also where URL cannot tell it, as in React Native', () => {
    const host = jest.spyOn(URL.prototype, 'host', 'get').mockImplementation(() => {
      throw new Error('URL.host is not implemented');
    });
    expect(originOf({ baseURL: 'https://api.test:8443/v1', url: '/a' })).toBe('https://api.test:8443');
    expect(originOf({ url: 's3://bucket/a' })).toBe('s3://bucket');
    expect(originOf({ url: 's3://me:secret@bucket/a@b' })).toBe('s3://bucket');
    host.mockRestore();
  });

  it('is the page’s for a relative URL in a browser', () => {
    Object.defineProperty(globalThis, 'location', {
      value: { href: 'https://page.test/a/b' },
      configurable: true,
    });
    try {
      expect(originOf({ url: '/a' })).toBe('https://page.test');
      expect(originOf({ url: '//cdn.test/a' })).toBe('https://cdn.test');
    } finally {
      Reflect.deleteProperty(globalThis, 'location');
    }
  });
});

describe('budgets per origin', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('are made for an origin that failed, one for each, and found again', () => {
    const budgets = new BudgetsPerOrigin();
    expect(budgets.isEmpty).toBe(true);
    expect(budgets.find(host('a'))).toBeUndefined();
    const a = budgets.findOrMake(host('a'));
    expect(budgets.findOrMake(host('b'))).not.toBe(a);
    expect(budgets.find(host('a'))).toBe(a);
    expect(budgets.findOrMake(host('a'))).toBe(a);
  });

  it('hold 20 tokens, for the buckets of many processes add up', () => {
    const budgets = new BudgetsPerOrigin();
    budgets.findOrMake(host('a'));
    expect(budgets.report()).toEqual([{ origin: 'http://a', tokens: 20, parked: 0 }]);
  });

  it('are forgotten ten minutes after their last use', () => {
    const budgets = new BudgetsPerOrigin();
    budgets.findOrMake(host('a'));
    budgets.findOrMake(host('b'));
    jest.advanceTimersByTime(599_999);
    budgets.find(host('b'));
    jest.advanceTimersByTime(1);
    budgets.findOrMake(host('c'));
    expect(budgets.report().map(({ origin }) => origin)).toEqual(['http://b', 'http://c']);
    jest.advanceTimersByTime(600_000);
    expect(budgets.report()).toEqual([]);
  });

  it('are not forgotten before', () => {
    const budgets = new BudgetsPerOrigin();
    const { budget } = budgets.findOrMake(host('a'));
    jest.advanceTimersByTime(599_999);
    expect(budgets.report()).toHaveLength(1);
    expect(budgets.findOrMake(host('a')).budget).toBe(budget);
  });

  it('one that is just being made is not forgotten, however many others have retries parked', () => {
    const budgets = new BudgetsPerOrigin();
    for (let count = 0; count < 10_000; count++) {
      budgets.findOrMake({ baseURL: `http://h${count}` }).queue.park(1, 1e9, () => {});
    }
    expect(budgets.findOrMake(host('new')).budget).toBe(budgets.findOrMake(host('new')).budget);
  }, 30_000);

  it('are not forgotten while retries are parked', () => {
    const budgets = new BudgetsPerOrigin();
    budgets.findOrMake(host('a')).queue.park(1, 1e9, () => {});
    budgets.findOrMake(host('b'));
    // Time passes, but no timer fires: the probe would leave otherwise.
    jest.spyOn(performance, 'now').mockReturnValue(1e7);
    budgets.findOrMake(host('c'));
    expect(budgets.report().map(({ origin }) => origin)).toEqual(['http://a', 'http://c']);
    jest.restoreAllMocks();
  });

  it('stay ten thousand, for a crawler over any number of hosts', () => {
    const budgets = new BudgetsPerOrigin();
    for (let count = 0; count < 100_000; count++) budgets.findOrMake({ baseURL: `http://h${count}` });
    expect(budgets.report()).toHaveLength(10_000);
    expect(budgets.find(host('h0'))).toBeUndefined();
    expect(budgets.find(host('h99999'))).toBeDefined();
  }, 30_000);
});

describe('a budget that policies share', () => {
  it('has one queue, however many clients share it', () => {
    const budget = new RetryBudget();
    expect(withQueue(budget).queue).toBe(withQueue(budget).queue);
    expect(withQueue(new RetryBudget()).queue).not.toBe(withQueue(budget).queue);
  });

  it('is one too, with one queue, when axios has copied it with the config', () => {
    const budget = { tryAcquire: () => true, recordSuccess() {}, refund() {} };
    const first = withQueue(budget);
    expect(first.budget).toBe(budget);
    expect(withQueue({ ...budget })).toBe(first);
  });
});
