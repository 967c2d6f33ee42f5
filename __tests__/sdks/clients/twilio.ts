import { generateKeyPairSync } from 'node:crypto';
import twilio from 'twilio';
import { json, type Setting, sdk } from '../sdk';

export const SID = `AC${'0'.repeat(32)}`;
export const TOKEN = 'token';
const DATE = 'Thu, 30 Jul 2015 20:12:31 +0000';
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
export const validationClient = { accountSid: SID, credentialSid: 'CR0', signingKey: 'SK0', privateKey };

/** The one domain that is asked, at the local server. */
function at({ url }: Setting, client: twilio.Twilio) {
  client.api.baseUrl = url;
  return client;
}

export const twilioSdk = sdk({
  name: 'twilio',
  file: 'twilio',
  attached: {
    first(setting) {
      const { timeout, attachRetry } = setting;
      // #region first
      const httpClient = new twilio.RequestClient({ timeout });
      attachRetry(httpClient.axios);
      httpClient.axios.interceptors.request.use(httpClient.validationInterceptor(validationClient));
      const client = twilio(SID, TOKEN, { httpClient });
      // #endregion
      return at(setting, client);
    },
    last(setting) {
      const { timeout, attachRetry } = setting;
      // #region last
      const client = twilio(SID, TOKEN, { timeout, validationClient });
      attachRetry(client.httpClient.axios);
      // #endregion
      return at(setting, client);
    },
  },
  call: async (client) => (await client.messages('SM0').fetch()).toJSON(),
  // Without dates the SDK takes today's.
  answer: json({
    sid: 'SM0',
    body: 'hello',
    account_sid: SID,
    date_created: DATE,
    date_sent: DATE,
    date_updated: DATE,
  }),
  fresh: ['twilio-client-validation'],
  notes: [
    'Its `validateStatus` takes every status below 600, and the SDK makes errors of what resolves.',
    'Leave `autoRetry` off, which is its default.',
    'With `validationClient`, attached last, each attempt is signed for itself; attached first, all have one signature, good for five minutes.',
  ],
});
