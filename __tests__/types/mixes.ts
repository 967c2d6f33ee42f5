/**
 * A tree with two copies of axios: its own and the one that axios-retry-budget has. Compiled by `npm run test:types`, as an
 * ES module, as CommonJS and as a bundler resolves, once for each version of axios, under the name of its alias.
 */

import { attachRetry, retryStateOf } from 'axios-retry-budget';
import a, { type AxiosInstance } from 'axios-under-test';

attachRetry(a);
attachRetry(a.create());
attachRetry(a.create({ baseURL: 'https://api.example.com' }), { maxRetries: 3 });
attachRetry(new a.Axios({}));

class Client {
  constructor(private readonly http: AxiosInstance) {
    attachRetry(this.http, false).detach();
  }
}
new Client(a.create()).toString();

a.get<string>('/').then((response) => retryStateOf(response)?.outcome === 'succeeded');
