import type { RetryPolicy } from '../../lib';
import { closedPort, failing, servers } from '../support/server';
import { clientWith, ORDERS, type Order } from './plugin';
import { attachSpinner, type Spinner } from './spinner';

const start = servers();

function spinning(order: Order, server: { url: string }, policy: RetryPolicy = { maxRetries: 2 }) {
  let spinner: Spinner | undefined;
  const attach = (client: Parameters<typeof attachSpinner>[0]) => {
    spinner = attachSpinner(client);
  };
  const client = clientWith(order, server, attach, policy);
  return { client, history: () => spinner?.history };
}

const SHOWN: Readonly<Record<Order, number[]>> = {
  before: [1, 0, 1, 0, 1, 0],
  after: [1, 0],
};

describe.each(ORDERS)('A spinner, attached %s', (order) => {
  const shown = `is shown ${order === 'before' ? 'for each attempt' : 'once'}`;

  test(`${shown} where the retries succeed`, async () => {
    const server = await start(failing(503, 503));
    const { client, history } = spinning(order, server);

    await client.get('/');

    expect(history()).toEqual(SHOWN[order]);
  });

  test(`${shown} where they fail`, async () => {
    const server = await start(failing(503, 503, 503));
    const { client, history } = spinning(order, server);

    await client.get('/').catch(() => {});

    expect(history()).toEqual(SHOWN[order]);
  });

  test(`${shown} where nobody answers`, async () => {
    const { client, history } = spinning(order, { url: `http://127.0.0.1:${await closedPort()}` });

    await client.get('/').catch(() => {});

    expect(history()).toEqual(SHOWN[order]);
  });

  test('stands at zero after many calls at once, some of them failed and some aborted', async () => {
    const server = await start(failing(...Array(10).fill(503)));
    const { client, history } = spinning(order, server, { maxRetries: 1 });
    const stop = new AbortController();

    const calls = [1, 2, 3, 4, 5, 6].map((id) => client.get(`/${id}`, id > 4 ? { signal: stop.signal } : {}));
    stop.abort();
    await Promise.allSettled(calls);

    expect(history()?.at(-1)).toBe(0);
  });
});
