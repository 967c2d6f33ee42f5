/**
 * The clients of the happy path: axios on an adapter that answers at once, bare and with each library attached.
 */
import axios from 'axios';
import axiosRetry from 'axios-retry';
import * as rax from 'retry-axios';
import { attachRetry } from './library.mjs';

const RESPONSE = { data: 'ok', status: 200, statusText: 'OK', headers: {} };

function bare() {
  return axios.create({
    baseURL: 'http://server.test',
    timeout: 10_000,
    adapter: (config) => Promise.resolve({ ...RESPONSE, config }),
  });
}

function withRetries(attach) {
  const client = bare();
  attach(client);
  return client;
}

/** Each as its documentation attaches it. `again` is bare axios once more: what the method itself gets wrong. */
export const MAKE = {
  bare,
  again: bare,
  'axios-retry-budget': () => withRetries(attachRetry),
  'axios-retry': () => withRetries(axiosRetry),
  'retry-axios': () => withRetries(rax.attach),
};

/** One request after the other, so that nothing but the request's own path is measured. */
export async function sendRequests(client, count) {
  for (let n = 0; n < count; n++) await client.get('/orders', { params: { page: 1 } });
}
