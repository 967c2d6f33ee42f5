import { wrapper as supportCookies } from 'axios-cookiejar-support';
import { CookieJar } from 'tough-cookie';
import { retryStateOf } from '../../lib';
import { failing, servers } from '../support/server';
import { bodies, clientWith, ORDERS } from './plugin';

const start = servers();

describe.each(ORDERS)('axios-cookiejar-support, attached %s', (order) => {
  test('cookies that a failed attempt was given are sent with the next', async () => {
    const server = await start((_request, response, count) => {
      response.setHeader('Set-Cookie', `attempt=${count}`);
      failing(503, 503)(_request, response, count);
    });
    const jar = new CookieJar();
    const client = clientWith(order, server, supportCookies);

    const response = await client.put('/', { a: 1 }, { jar } as object);

    expect(retryStateOf(response)).toMatchObject({ outcome: 'succeeded', attempts: 3 });
    expect(server.requests.map(({ headers }) => headers.cookie)).toEqual([
      undefined,
      'attempt=1',
      'attempt=2',
    ]);
    expect(bodies(server)).toEqual(Array(3).fill('{"a":1}'));
    expect(await jar.getCookieString(server.url)).toBe('attempt=3');
  });

  test('a jar in the defaults works the same, under a time budget as well', async () => {
    const server = await start((_request, response, count) => {
      response.setHeader('Set-Cookie', `attempt=${count}`);
      failing(503)(_request, response, count);
    });
    const client = clientWith(order, server, supportCookies, { timeBudget: 5_000 });
    Object.assign(client.defaults, { jar: new CookieJar() });

    await client.get('/');
    await client.get('/');

    expect(server.requests.map(({ headers }) => headers.cookie)).toEqual([
      undefined,
      'attempt=1',
      'attempt=2',
    ]);
  });
});
