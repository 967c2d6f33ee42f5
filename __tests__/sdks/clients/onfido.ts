import { Configuration, DefaultApi } from '@onfido/api';
import axios from 'axios';
import { type Setting, sdk } from '../sdk';

const configurationOf = ({ url, timeout }: Setting) =>
  new Configuration({ apiToken: 'token', basePath: url, baseOptions: { timeout } });

export const onfido = sdk({
  name: '@onfido/api',
  file: 'onfido',
  attached: {
    first(setting) {
      const configuration = configurationOf(setting);
      const { attachRetry } = setting;
      // #region first
      const instance = axios.create();
      attachRetry(instance);
      const client = new DefaultApi(configuration, undefined, instance);
      // #endregion
      return client;
    },
    last(setting) {
      const configuration = configurationOf(setting);
      const { attachRetry } = setting;
      // #region last
      const instance = axios.create();
      const client = new DefaultApi(configuration, undefined, instance);
      attachRetry(instance);
      // #endregion
      return client;
    },
  },
  call: async (client) => (await client.downloadDocument('d', { responseType: 'arraybuffer' })).data,
  answer: { type: 'image/png', body: 'not really a picture' },
  notes: [
    "Without an instance of its own, all of its clients share one: `attachRetry(client['axios'])` is for all of them.",
    'An interceptor of its own makes a `FileTransfer` of a download, once.',
  ],
});
