import axios from 'axios';
import { Configuration, PlaidApi } from 'plaid';
import { json, type Setting, sdk } from '../sdk';

const configurationOf = ({ url, timeout }: Setting) =>
  new Configuration({
    basePath: url,
    baseOptions: { timeout, headers: { 'PLAID-CLIENT-ID': 'id', 'PLAID-SECRET': 'secret' } },
  });

export const plaid = sdk({
  name: 'plaid',
  file: 'plaid',
  attached: {
    first(setting) {
      const configuration = configurationOf(setting);
      const { attachRetry } = setting;
      // #region first
      const instance = axios.create();
      attachRetry(instance, { methods: ['POST'] });
      const client = new PlaidApi(configuration, undefined, instance);
      // #endregion
      return client;
    },
    last(setting) {
      const configuration = configurationOf(setting);
      const { attachRetry } = setting;
      // #region last
      const instance = axios.create();
      const client = new PlaidApi(configuration, undefined, instance);
      attachRetry(instance, { methods: ['POST'] });
      // #endregion
      return client;
    },
  },
  call: async (client) => (await client.accountsGet({ access_token: 'access' })).data,
  answer: json({ accounts: [{ account_id: 'a', balances: { available: 100 } }], request_id: 'r' }),
  notes: [
    'Without an instance of its own a client uses `axios` itself, and so would the retries.',
    'Everything is a POST, the reads included, so `methods` names it. What moves money has a key in its body ' +
      '(`idempotency_key` of `transferCreate`), and every attempt sends the same body.',
  ],
});
