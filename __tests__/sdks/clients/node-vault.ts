import vault from 'node-vault';
import { commonJsAxios, json, sdk, whileMaking } from '../sdk';

export const nodeVault = sdk({
  name: 'node-vault',
  file: 'node-vault',
  attached: {
    first({ url, timeout, attachRetry }) {
      // #region first
      const client = whileMaking(
        commonJsAxios,
        (instance) => attachRetry(instance),
        () => vault({ endpoint: url, token: 'token', requestOptions: { timeout } }),
      );
      // #endregion
      return client;
    },
  },
  call: (client) => client.read('secret/data/hello'),
  answer: json({ data: { data: { password: 'p' } } }),
  notes: [
    'It tells nobody its instance, which has no interceptors, so it can only be had as it is made.',
    'Its `validateStatus` takes every status, and the SDK makes errors of what resolves.',
    '`health()` answers 429 and 503 by design (a standby, a sealed vault): ask with a client of its own, without retries.',
  ],
});
