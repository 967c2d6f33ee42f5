/** The plugins of docs/plugins.md: how each is attached and called, and what its tests beside say of it. */
import { createRequire } from 'node:module';
import { HttpService } from '@nestjs/axios';
import { aws4Interceptor } from 'aws4-axios';
import type axios from 'axios';
import type { AxiosInstance, AxiosResponse } from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';
import { type AxiosCacheInstance, setupCache } from 'axios-cache-interceptor';
import applyCaseMiddleware from 'axios-case-converter';
import { ConcurrencyManager } from 'axios-concurrency';
import { wrapper as supportCookies } from 'axios-cookiejar-support';
import { firstValueFrom } from 'rxjs';
import type { Order } from './plugin';
import { attachSpinner } from './spinner';

export interface Plugin {
  /** Its name on npm, or what it is. */
  readonly name: string;
  readonly isOnNpm: boolean;
  attach(client: AxiosInstance): unknown;
  /** Makes the request that is counted; default a GET. */
  call?(client: AxiosInstance): Promise<AxiosResponse>;
  /** The file and the region of code to show. */
  readonly code?: readonly [file: string, region: string];
  /** The copy of axios whose instances it takes; default the ES module. */
  readonly axios?: typeof axios;
  readonly notes: Readonly<Record<Order | 'either', readonly string[]>>;
}

const commonJsAxios: typeof axios = createRequire(import.meta.url)('axios');

export const PLUGINS: readonly Plugin[] = [
  {
    name: 'axios-cache-interceptor',
    isOnNpm: true,
    attach: (client) => setupCache(client as AxiosCacheInstance),
    notes: {
      either: [
        'A response is cached once, after however many attempts; a failure is not cached; what comes from the cache is no attempt on the server.',
        'Concurrent GETs of the same URL share one way to the server, the retries included.',
        'Requests that are not cached (`PUT`, `cache: false`) are retried as ever.',
      ],
      before: [
        'With `staleIfError`, what is stale is served in place of the first failure, and nothing is retried.',
      ],
      after: ['With `staleIfError`, what is stale is served when the retries have failed.'],
    },
  },
  {
    name: 'axios-concurrency',
    isOnNpm: true,
    attach: (client) => ConcurrencyManager(client, 1),
    notes: {
      either: ['Never more than its limit are on the wire, retries included.'],
      before: ['A call that waits for a retry leaves its place to others, and queues again.'],
      after: ['A call keeps its place until it has ended, its waits included.'],
    },
  },
  {
    name: 'A spinner',
    isOnNpm: false,
    attach: attachSpinner,
    code: ['spinner.ts', 'spinner'],
    notes: {
      either: [
        'One interceptor that counts up and one that counts down: it ends at zero, whatever becomes of the calls.',
      ],
      before: ['It is shown for each attempt, and is gone during the waits.'],
      after: ['It is shown once, from the call to its end. That is what you want.'],
    },
  },
  {
    name: 'axios-auth-refresh',
    isOnNpm: true,
    attach: (client) => createAuthRefresh(client, async () => {}),
    notes: {
      either: [
        'One refresh, and the request that it sends again is retried, with the fresh token and the same body, at most `maxRetries` times in all.',
        'A POST that was refused with 401 is sent again by axios-auth-refresh, because it was refused. One that failed otherwise is not repeated without an idempotency key.',
        'With its default `deduplicateRefresh: true`, requests that are refused while a refresh is running fail with their 401. That is so without retries, too; `deduplicateRefresh: false` has them wait for the same refresh.',
      ],
      before: [],
      after: [],
    },
  },
  {
    name: 'axios-cookiejar-support',
    isOnNpm: true,
    attach: supportCookies,
    notes: {
      either: [
        'Cookies set by the answer to a failed attempt are in the jar before the next attempt, which sends them.',
        'It brings its own agents, and refuses others: no `httpAgent` or `httpsAgent` of your own.',
      ],
      before: [],
      after: [],
    },
  },
  {
    name: 'aws4-axios',
    isOnNpm: true,
    attach: (client) =>
      client.interceptors.request.use(
        aws4Interceptor({
          instance: client,
          options: { region: 'eu-central-1', service: 'execute-api' },
          credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI' },
        }),
      ),
    notes: {
      either: [],
      before: [
        'Every attempt is signed for itself: its own time, its own body, headers or query. A server that checks the time of a signature does not refuse a late retry.',
        'The idempotency key and the attempt header are signed with the rest.',
      ],
      after: [
        'All attempts of a call share one signature and its time: right as long as the server takes it for, five minutes at AWS.',
        'The idempotency key and the attempt header are sent unsigned.',
      ],
    },
  },
  {
    name: 'axios-case-converter',
    isOnNpm: true,
    attach: (client) => applyCaseMiddleware(client),
    // It only converts headers of the axios that it finds itself, which is the CommonJS one.
    axios: commonJsAxios,
    notes: {
      either: [
        'Params, body and headers arrive converted on each attempt, the response is converted once.',
        'It renames response headers (`retry-after` becomes `retryAfter`); `Retry-After`, `x-should-retry` and the other headers are heard under those names as well.',
      ],
      before: [],
      after: [],
    },
  },
  {
    name: '@nestjs/axios',
    isOnNpm: true,
    attach: (client) => new HttpService(client),
    call: (client) => firstValueFrom(new HttpService(client).get('/')),
    notes: {
      either: [
        'It has no interceptors. Under `HttpModule`: `attachRetry(this.http.axiosRef)` in `onModuleInit`.',
        'An observable emits one response, or fails with the last error. Unsubscribing ends a wait for a retry, and no further request is sent.',
        'RxJS’ own `retry()` around it multiplies: three times three attempts are nine.',
      ],
      before: [],
      after: [],
    },
  },
];
