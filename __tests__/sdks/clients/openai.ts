import axios, { type AxiosInstance } from 'axios';
import { Configuration, OpenAIApi } from 'openai';
import { json, type Setting, sdk } from '../sdk';

const configurationOf = ({ url }: Setting) => new Configuration({ apiKey: 'key', basePath: url });
/** The SDK has the types of axios 0.26. */
const create = ({ timeout }: Setting) => axios.create({ timeout }) as AxiosInstance & never;

export const openai = sdk({
  name: 'openai',
  file: 'openai',
  attached: {
    first(setting) {
      const configuration = configurationOf(setting);
      const { attachRetry } = setting;
      const instance = create(setting);
      // #region first
      attachRetry(instance, { idempotencyKey: true });
      const client = new OpenAIApi(configuration, undefined, instance);
      // #endregion
      return client;
    },
    last(setting) {
      const configuration = configurationOf(setting);
      const { attachRetry } = setting;
      const instance = create(setting);
      // #region last
      const client = new OpenAIApi(configuration, undefined, instance);
      attachRetry(instance, { idempotencyKey: true });
      // #endregion
      return client;
    },
  },
  call: async (client) =>
    (
      await client.createChatCompletion({
        model: 'gpt-3.5-turbo',
        messages: [{ role: 'user', content: 'Héllo' }],
      })
    ).data,
  answer: json({ id: 'c', choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' } }] }),
  fresh: ['idempotency-key'],
  notes: [
    '`instance` is one of axios 1: `axios.create()` of your own dependency. The one that the SDK brings along is ' +
      'axios 0.26, which this library does not support.',
  ],
});
