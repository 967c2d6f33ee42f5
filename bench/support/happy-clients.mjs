/**
 * The clients and the calls of the happy path: axios on an adapter that answers at once, bare and with each library
 * attached, and the shapes of call that cost a library differently.
 */
import axios from 'axios';
import axiosRetry from 'axios-retry';
import * as rax from 'retry-axios';
import { attachRetry } from './library.mjs';

const RESPONSE = { data: 'ok', status: 200, statusText: 'OK', headers: {} };
const REFUSED = '/refused';

function bare() {
  return axios.create({
    baseURL: 'http://server.test',
    timeout: 10_000,
    adapter: (config) =>
      config.url === REFUSED
        ? Promise.reject(new axios.AxiosError('refused', 'ECONNREFUSED', config, {}))
        : Promise.resolve({ ...RESPONSE, config }),
  });
}

/** What axios takes to run any two interceptors. */
function emptyPair({ interceptors: { request, response } }) {
  request.use((config) => config, null, { synchronous: true });
  response.use(
    (answer) => answer,
    (error) => Promise.reject(error),
  );
}

/** Each as its documentation attaches it. `again` is bare axios once more: what the method itself gets wrong. */
const ATTACH = {
  bare: () => {},
  again: () => {},
  'an empty pair': emptyPair,
  'axios-retry-budget': attachRetry,
  'axios-retry': axiosRetry,
  'retry-axios': rax.attach,
};
export const CLIENTS = Object.keys(ATTACH);

const ROW = { id: 1, name: 'a name', amount: 12.5, tags: ['a', 'b'] };
const SMALL = { id: 1, name: 'a name' };
const LONG = { rows: Array.from({ length: 500 }, (_, id) => ({ ...ROW, id })) };

function interceptors(client) {
  client.interceptors.request.use((config) => config);
  client.interceptors.response.use((response) => response);
}

/** What a call looks like, and who else sees it. `block`: how many are sent at a time, where that is not the usual number. */
export const SHAPES = {
  GET: { send: (client) => client.get('/orders') },
  'GET with params': { send: (client) => client.get('/orders', { params: { page: 1 } }) },
  'PUT with a body': { send: (client) => client.put('/orders', SMALL) },
  'POST with a body': { send: (client) => client.post('/orders', SMALL) },
  'POST with 500 rows': { send: (client) => client.post('/orders', LONG), block: 10 },
  'GET after a recent failure of the origin': {
    send: (client) => client.get('/orders'),
    prepare: (client) => client.get(REFUSED, { retryPolicy: { maxRetries: 0 } }).catch(() => {}),
  },
  'GET, an interceptor registered after': {
    send: (client) => client.get('/orders'),
    after: interceptors,
  },
  'GET, an interceptor registered before': {
    send: (client) => client.get('/orders'),
    before: interceptors,
  },
};

/** @returns what sends that many such calls through a new client, one after the other: nothing but the calls' own path is measured */
export async function sender(clientName, shapeName) {
  const { send, before, after, prepare } = SHAPES[shapeName];
  const client = bare();
  before?.(client);
  ATTACH[clientName](client);
  after?.(client);
  await prepare?.(client);
  return async (count) => {
    for (let n = 0; n < count; n++) await send(client);
  };
}
