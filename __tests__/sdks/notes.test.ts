/** What the notes of docs/sdks.md say besides. */
import { Client } from '@googlemaps/google-maps-services-js';
import { WebClient } from '@slack/web-api';
import twilio from 'twilio';
import { attachRetry, type RetryPolicy } from '../../lib';
import { rejectionOf } from '../support/outcome';
import { failing, servers } from '../support/server';
import { optionsOf } from './clients/slack';
import { SID, TOKEN, validationClient } from './clients/twilio';

const start = servers();
const QUICK: RetryPolicy = { backoff: { initialDelay: 1 }, patience: 0 };

test('Google Maps: OVER_QUERY_LIMIT in an answer of 200 is retried as a 429', async () => {
  const server = await start((_request, response, count) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: count === 1 ? 'OVER_QUERY_LIMIT' : 'OK', results: [] }));
  });
  const client = new Client({ config: { raxConfig: { retry: 0 } } });
  const delayed: (number | undefined)[] = [];
  attachRetry(client['axiosInstance'], {
    ...QUICK,
    onRetry: ({ state }) => void delayed.push(state.failures[0]?.status),
  });

  const { data } = await client.elevation({ params: { key: 'k', locations: [[1, 2]] }, url: server.url });

  expect(data.status).toBe('OK');
  expect(delayed).toEqual([429]);
});

describe('Slack, with only what it refused repeated', () => {
  const only: RetryPolicy = {
    ...QUICK,
    methods: ['POST'],
    isRetryable: ({ response }) => (response ? undefined : false),
  };
  const clientAt = (url: string) => {
    const setting = { url, timeout: 10_000, attachRetry };
    const client = new WebClient('xoxb-token', optionsOf(setting));
    attachRetry(client['axios'], only);
    return client;
  };

  test('a 503 is repeated', async () => {
    const server = await start(failing(503));

    const { ok } = await clientAt(server.url).chat.postMessage({ channel: 'C0', text: 'hello' });

    expect(ok).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  test('a reset is not: the message may be there', async () => {
    const server = await start((_request, response) => response.socket?.resetAndDestroy());

    await rejectionOf(clientAt(server.url).chat.postMessage({ channel: 'C0', text: 'hello' }));

    expect(server.requests).toHaveLength(1);
  });
});

describe('Twilio’s signature', () => {
  const EARLIER = new Date('2026-01-01T00:00:00Z').getTime();

  /** The times at which the attempts of one call were signed, on a clock that is a minute later for each request. */
  async function signedAt(attach: () => twilio.Twilio) {
    const { now } = Date;
    let requests = 0;
    Date.now = () => EARLIER + requests * 60_000;
    try {
      const server = await start((request, response, count) => {
        requests = count;
        failing(503, 503)(request, response, count);
      });
      const client = attach();
      client.api.baseUrl = server.url;
      await client.messages('SM0').fetch();
      return server.requests.map(({ headers }) => {
        const token = String(headers['twilio-client-validation']).split('.')[1] ?? '';
        const { iat } = JSON.parse(Buffer.from(token, 'base64url').toString());
        return (iat * 1000 - EARLIER) / 60_000;
      });
    } finally {
      Date.now = now;
    }
  }

  test('attached last, each attempt has its own', async () => {
    const minutes = await signedAt(() => {
      const client = twilio(SID, TOKEN, { validationClient });
      attachRetry(client.httpClient.axios, QUICK);
      return client;
    });

    expect(minutes).toEqual([0, 1, 2]);
  });

  test('attached first, all attempts have the same', async () => {
    const minutes = await signedAt(() => {
      const httpClient = new twilio.RequestClient();
      attachRetry(httpClient.axios, QUICK);
      httpClient.axios.interceptors.request.use(httpClient.validationInterceptor(validationClient));
      return twilio(SID, TOKEN, { httpClient });
    });

    expect(minutes).toEqual([0, 0, 0]);
  });
});
