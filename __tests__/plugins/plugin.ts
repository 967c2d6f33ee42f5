/** What the tests of all plugins have in common. */
import axios, { type AxiosInstance } from 'axios';
import { attachRetry, type RetryPolicy } from '../../lib';
import type { TestServer } from '../support/server';

export const QUICK: RetryPolicy = { backoff: { initialDelay: 1 }, patience: 0 };

/** When the other plugin is attached: before attachRetry, which makes it inside, or after it, outside. */
export type Order = 'before' | 'after';
export const ORDERS: readonly Order[] = ['before', 'after'];

/** A client with both plugins. */
export function clientWith(
  order: Order,
  { url }: Pick<TestServer, 'url'>,
  attachOther: (client: AxiosInstance) => unknown,
  policy: RetryPolicy = {},
  { create } = axios,
): AxiosInstance {
  const client = create({ baseURL: url });
  if (order === 'before') attachOther(client);
  attachRetry(client, { ...QUICK, ...policy });
  if (order === 'after') attachOther(client);
  return client;
}

export const bodies = ({ requests }: TestServer) => requests.map(({ body }) => body.toString());
