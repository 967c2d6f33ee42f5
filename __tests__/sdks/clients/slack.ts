import { LogLevel, WebClient, type WebClientOptions } from '@slack/web-api';
import { commonJsAxios, json, type Setting, sdk, whileMaking } from '../sdk';

/** Its own retries, ten in half an hour, are off, and it is not to wait for a 429 itself. */
export const optionsOf = ({ url, timeout }: Setting): WebClientOptions => ({
  slackApiUrl: `${url}/api/`,
  timeout,
  logLevel: LogLevel.ERROR,
  // #region options
  retryConfig: { retries: 0 },
  rejectRateLimitedCalls: true,
  // #endregion
});

export const slack = sdk({
  name: '@slack/web-api',
  file: 'slack',
  attached: {
    first(setting) {
      const options = optionsOf(setting);
      const { attachRetry } = setting;
      // #region first
      const client = whileMaking(
        commonJsAxios,
        (instance) => attachRetry(instance, { methods: ['POST'] }),
        () => new WebClient('xoxb-token', options),
      );
      // #endregion
      return client;
    },
    last(setting) {
      const options = optionsOf(setting);
      const { attachRetry } = setting;
      // #region last
      const client = new WebClient('xoxb-token', options);
      attachRetry(client['axios'], { methods: ['POST'] });
      // #endregion
      return client;
    },
  },
  call: (client) =>
    client.chat.postMessage({
      channel: 'C0',
      text: 'Ünïcode & more',
      blocks: [{ type: 'divider' }],
    }),
  answer: json({ ok: true, ts: '1.2', channel: 'C0' }),
  notes: [
    '`options` are `{ retryConfig: { retries: 0 }, rejectRateLimitedCalls: true }`: its own retries are off, and it does not wait for a 429 itself.',
    'Its `validateStatus` takes every status.',
    'Everything is a POST, and Slack has no idempotency keys. With `methods`, a message whose answer got lost is posted ' +
      'again; to repeat only what Slack refused, add `isRetryable: ({ response }) => (response ? undefined : false)`.',
  ],
});
