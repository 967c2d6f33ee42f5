import axios, { type AxiosStatic } from 'axios';
import { createHttpClient, errorHandler } from 'contentful-sdk-core';
import { json, type Setting, sdk } from '../sdk';

const optionsOf = ({ url, timeout }: Setting) => ({
  baseURL: url,
  timeout,
  accessToken: async () => 'token',
  // contentful.js passes errors through this: it hides the token in the failed attempt's own config, and drops the config.
  onError: errorHandler,
  logHandler: () => {},
  retryOnError: false,
});

export const contentful = sdk({
  name: 'contentful-sdk-core',
  file: 'contentful',
  attached: {
    first(setting) {
      const options = optionsOf(setting);
      const { attachRetry } = setting;
      // #region first
      const create: typeof axios.create = (config) => {
        const instance = axios.create(config);
        attachRetry(instance);
        return instance;
      };
      const client = createHttpClient({ create } as AxiosStatic, options);
      // #endregion
      return client;
    },
    last(setting) {
      const options = optionsOf(setting);
      const { attachRetry } = setting;
      // #region last
      const client = createHttpClient(axios, options);
      attachRetry(client);
      // #endregion
      return client;
    },
  },
  call: async (client) =>
    (await client.get('/entries', { params: { content_type: 'post', order: '-sys.createdAt' } })).data,
  answer: json({ sys: { type: 'Array' }, items: [{ fields: { title: 'Hello' } }] }),
  notes: [
    'Pass `retryOnError: false`: its own retries are off.',
    'Tested with `accessToken` as a function and with `onError: errorHandler`, which hides the token in the config of the failed attempt.',
  ],
});
