import { Client } from '@line/bot-sdk';
import axios, { type AxiosInstance, getAdapter } from 'axios';
import { json, type Setting, sdk, whileMaking } from '../sdk';

const config = { channelAccessToken: 'token', channelSecret: 'secret' };

/** The SDK has its URLs built in: the adapter, which is behind all interceptors, asks the local server instead. */
function divert(instance: AxiosInstance, { url, timeout }: Setting): void {
  const send = getAdapter('http');
  Object.assign(instance.defaults, {
    timeout,
    adapter: (config: { url: string }) => {
      config.url = config.url.replace('https://api.line.me', url);
      return send(config as never);
    },
  });
}

export const line = sdk({
  name: '@line/bot-sdk',
  file: 'line',
  attached: {
    first(setting) {
      const { attachRetry } = setting;
      const policy = { idempotencyKey: true, idempotencyKeyHeader: 'X-Line-Retry-Key' };
      return whileMaking(
        axios,
        (instance) => divert(instance, setting),
        () => {
          // #region first
          const client = whileMaking(
            axios,
            (instance) => attachRetry(instance, policy),
            () => new Client(config),
          );
          // #endregion
          return client;
        },
      );
    },
    last(setting) {
      const { attachRetry } = setting;
      const policy = { idempotencyKey: true, idempotencyKeyHeader: 'X-Line-Retry-Key' };
      // #region last
      const client = new Client(config);
      attachRetry(client['http']['instance'], policy);
      // #endregion
      divert(client['http']['instance'], setting);
      return client;
    },
  },
  call: (client) => client.pushMessage('U0', { type: 'text', text: 'こんにちは' }),
  answer: json({ sentMessages: [{ id: 'm' }] }),
  fresh: ['x-line-retry-key'],
  notes: [
    "`policy` is `{ idempotencyKey: true, idempotencyKeyHeader: 'X-Line-Retry-Key' }`, LINE’s own idempotency key.",
    'This is `Client`, which is deprecated; `messagingApi.MessagingApiClient` uses fetch, and is none of ours.',
    'An interceptor of its own turns every error into an `HTTPError` or `RequestError` without axios’ `config`.',
  ],
});
