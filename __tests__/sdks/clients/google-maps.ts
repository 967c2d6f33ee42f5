import { Client } from '@googlemaps/google-maps-services-js';
import { commonJsAxios, json, sdk, whileMaking } from '../sdk';

const URL_PATH = '/maps/api/elevation/json';

export const googleMaps = sdk({
  name: '@googlemaps/google-maps-services-js',
  file: 'google-maps',
  attached: {
    first({ timeout, attachRetry }) {
      // #region first
      const client = whileMaking(
        commonJsAxios,
        (instance) => attachRetry(instance),
        () => new Client({ config: { timeout, raxConfig: { retry: 0 } } }),
      );
      // #endregion
      return client;
    },
    last({ timeout, attachRetry }) {
      // #region last
      const client = new Client({ config: { timeout, raxConfig: { retry: 0 } } });
      attachRetry(client['axiosInstance']);
      // #endregion
      return client;
    },
  },
  call: async (client, url) =>
    (
      await client.elevation({
        params: { key: 'key', locations: [{ lat: 45, lng: -110 }] },
        url: `${url}${URL_PATH}`,
      })
    ).data,
  answer: json({ status: 'OK', results: [{ elevation: 1503.5 }] }),
  notes: [
    '`raxConfig: { retry: 0 }` switches off its own retries: retry-axios, which repeats through `axios` itself and not through this instance.',
    'Its adapter turns `OVER_QUERY_LIMIT` in an answer of 200 into a 429, which is retried as one.',
    'An `axiosInstance` of your own lacks that adapter.',
  ],
});
