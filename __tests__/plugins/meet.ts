/** Each plugin in each order meets two faults on a real server: for page.test.ts and docs/plugins.md. */
import axios, { type AxiosInstance } from 'axios';
import { endOf } from '../support/ends';
import { failing, startServer } from '../support/server';
import { clientWith, ORDERS, type Order } from './plugin';
import type { Plugin } from './plugins';

export interface Fault {
  readonly name: string;
  readonly statuses: readonly number[];
  /** The call ends as with the plugin alone, without the fault or with it. */
  readonly ends: 'well' | 'as without retries';
}

const ALWAYS = Array(20).fill(503);

export const FAULTS: readonly Fault[] = [
  { name: '503 twice', statuses: [503, 503], ends: 'well' },
  { name: '503 always', statuses: ALWAYS, ends: 'as without retries' },
];

/** How often each part of a plugin ran, as far as it has that part. */
interface Parts {
  request?: number;
  response?: number;
}

export interface Observation {
  readonly end: unknown;
  readonly requests: number;
  readonly parts: Parts;
}

export interface Meeting {
  readonly plugin: Plugin;
  readonly order: Order;
  readonly fault: Fault;
  readonly observed: Observation;
  readonly expected: Observation;
}

export async function meetAll(plugins: readonly Plugin[]): Promise<Meeting[]> {
  const meetings: Meeting[] = [];
  for (const plugin of plugins) {
    for (const order of ORDERS) {
      meetings.push(...(await Promise.all(FAULTS.map((fault) => meet(plugin, order, fault)))));
    }
  }
  return meetings;
}

async function meet(plugin: Plugin, order: Order, fault: Fault): Promise<Meeting> {
  const { ends, statuses } = fault;
  const alone = await call(plugin, order, ends === 'well' ? [] : statuses, 0);
  const observed = await call(plugin, order, statuses, 2);
  const times = order === 'before' ? 3 : 1;
  const parts = Object.fromEntries(Object.keys(alone.parts).map((part) => [part, times]));
  return { plugin, order, fault, observed, expected: { end: alone.end, requests: 3, parts } };
}

/** A call that waits for ever is not one to wait for: it has come to nothing. */
const PATIENCE = 10_000;

async function call(plugin: Plugin, order: Order, statuses: readonly number[], maxRetries: number) {
  const { url, requests, close } = await startServer(failing(...statuses));
  const parts: Parts = {};
  const attach = (client: AxiosInstance) => counting(client, parts, () => plugin.attach(client));
  const client = clientWith(order, { url }, attach, { maxRetries }, plugin.axios ?? axios);
  const answer = (plugin.call?.(client) ?? client.get('/')).then(({ data }) => data);
  let timer: NodeJS.Timeout | undefined;
  const never = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('waits for ever')), PATIENCE);
  });
  const end = await endOf(Promise.race([answer, never]), url);
  clearTimeout(timer);
  await close();
  return { end, requests: requests.length, parts };
}

/** Counts how often the interceptors run that are registered meanwhile. */
function counting({ interceptors }: AxiosInstance, parts: Parts, attach: () => unknown): void {
  const managers = ['request', 'response'] as const;
  const originals = managers.map((part) => interceptors[part].use);
  managers.forEach((part, index) => {
    const use = originals[index] as (...args: unknown[]) => number;
    const counted = (handler: unknown) =>
      typeof handler === 'function' &&
      ((value: unknown) => {
        parts[part] = (parts[part] ?? 0) + 1;
        return handler(value);
      });
    interceptors[part].use = (fulfilled?: unknown, rejected?: unknown, options?: unknown) => {
      parts[part] ??= 0;
      return use.call(interceptors[part], counted(fulfilled) || null, counted(rejected) || null, options);
    };
  });
  attach();
  for (const part of managers) delete (interceptors[part] as { use?: unknown }).use;
}
