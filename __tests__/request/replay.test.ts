import { AxiosHeaders } from 'axios';
import { dropCredentials } from '../../lib/request/replay';

const CREDENTIALS = { Authorization: 'Bearer a', Cookie: 'a=1', 'Proxy-Authorization': 'Basic a' };
const auth = { username: 'a', password: 'b' };

describe('a retry that goes to another origin', () => {
  test('takes no credentials along', () => {
    const config = { headers: new AxiosHeaders({ ...CREDENTIALS, 'X-Trace': '1' }), auth };
    dropCredentials(config, { baseURL: 'https://b.test' });
    expect(config.headers.toJSON()).toEqual({ 'X-Trace': '1' });
    expect(config).not.toHaveProperty('auth');
  });

  test('takes those along that it was told to', () => {
    const config = { headers: new AxiosHeaders(CREDENTIALS), auth };
    dropCredentials(config, { headers: { cookie: 'b=2' }, auth });
    expect(config.headers.toJSON()).toEqual({ Cookie: 'a=1' });
    expect(config.auth).toBe(auth);
  });

  test('takes none along where nothing was said', () => {
    const config = { headers: { ...CREDENTIALS, 'X-Trace': '1' }, auth };
    dropCredentials(config, undefined);
    expect(config).toStrictEqual({ headers: { 'X-Trace': '1' } });
  });

  test('puts a false where the headers have them from the defaults still, as axios before 1.2', () => {
    const headers = { toJSON: () => ({ cookie: 'a=1' }) };
    dropCredentials({ headers }, {});
    expect(headers).toMatchObject({ Cookie: false });
    expect(headers).not.toHaveProperty('Authorization');
  });
});
