import { originOf } from '../../lib/origin/destination';

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
      expect(originOf({ url: '/a' })).toBe('https://page.test');
      Object.defineProperty(globalThis, 'location', {
        value: { href: 'https://other.test/a' },
        configurable: true,
      });
      expect(originOf({ url: '/a' })).toBe('https://other.test');
      expect(originOf({ url: '//cdn.test/a' })).toBe('https://cdn.test');
      expect(originOf({ baseURL: '/v1?from=http:', url: 'a' })).toBe('https://other.test');
      Object.defineProperty(globalThis, 'location', {
        value: { href: 'http://third.test/a' },
        configurable: true,
      });
      expect(originOf({ baseURL: '/v1?from=http:', url: 'a' })).toBe('http://third.test');
      expect(originOf({ url: '//cdn.test/a' })).toBe('http://cdn.test');
    } finally {
      Reflect.deleteProperty(globalThis, 'location');
    }
  });
});
