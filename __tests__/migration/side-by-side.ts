/** Does the same thing with two libraries, each with a server of its own. */
import axios, { type AxiosInstance } from 'axios';
import { attachRetry, type RetryPolicy } from '../../lib';
import { type Answer, type ReceivedRequest, startServer } from '../support/server';

/** Puts a library on a fresh instance. */
export type Attach = (client: AxiosInstance) => unknown;

export interface Observation<T> {
  /** What the act resolved to. */
  readonly value: T | undefined;
  /** What it was rejected with. */
  // biome-ignore lint/suspicious/noExplicitAny: nobody knows the type of what a promise is rejected with.
  readonly error: any;
  readonly requests: readonly ReceivedRequest[];
  /** Milliseconds. */
  readonly elapsed: number;
}

export type Act<T> = (client: AxiosInstance) => Promise<T>;

export const get: Act<unknown> = async (client) => (await client.get('/')).data;
export const post: Act<unknown> = async (client) => (await client.post('/', { a: 1 })).data;
export const put: Act<unknown> = async (client) => (await client.put('/', { a: 1 })).data;

/** This library, with short waits unless told otherwise. */
export const budgeted =
  (policy: RetryPolicy = {}): Attach =>
  (client) =>
    attachRetry(client, { backoff: { initialDelay: 1 }, ...policy });

/** @param act is given a client whose baseURL is a server that answers with `answer` */
export async function sideBySide<T>(
  answer: Answer,
  attach: { theirs: Attach; ours: Attach },
  act: Act<T>,
): Promise<{ theirs: Observation<T>; ours: Observation<T> }> {
  const [theirs, ours] = await Promise.all([
    observe(answer, attach.theirs, act),
    observe(answer, attach.ours, act),
  ]);
  return { theirs, ours };
}

async function observe<T>(answer: Answer, attach: Attach, act: Act<T>): Promise<Observation<T>> {
  const server = await startServer(answer);
  const client = axios.create({ baseURL: server.url });
  attach(client);
  const startedAt = performance.now();
  let value: T | undefined;
  let error: unknown;
  try {
    value = await act(client);
  } catch (reason) {
    error = reason;
  }
  const elapsed = performance.now() - startedAt;
  await server.close();
  return { value, error, requests: server.requests, elapsed };
}

/** How many requests the two servers got. */
export async function requestsOf(
  ...args: Parameters<typeof sideBySide>
): Promise<{ theirs: number; ours: number }> {
  const { theirs, ours } = await sideBySide(...args);
  return { theirs: theirs.requests.length, ours: ours.requests.length };
}

export function bodiesOf({ requests }: Observation<unknown>): string[] {
  return requests.map(({ body }) => body.toString());
}

/** Milliseconds between the arrivals of requests. */
export function gapsOf({ requests }: Observation<unknown>): number[] {
  return requests.slice(1).map(({ at }, index) => at - (requests[index]?.at ?? 0));
}

/** Always the same status and headers. */
export const always =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(status, headers).end();

/** Once this status with these headers, then 200. */
export const once =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_request, response, count) =>
    count === 1 ? response.writeHead(status, headers).end() : response.end('{"ok":true}');

/** Reads the request and resets the connection. */
export const reset: Answer = ({ socket }) => socket.resetAndDestroy();

/** Never answers. */
export const silent: Answer = () => {};

/** Closes the connection in the middle of the first response's body. */
export const cutOff: Answer = (request, response, count) => {
  if (count > 1) return response.end('{"ok":true}');
  response.writeHead(200, { 'content-length': 100 }).write('{"ok":');
  return setTimeout(() => request.socket.destroy(), 20);
};

/** Fails once and names a date that is 0.3 to 1.3 seconds ahead. */
export const soon: Answer = (_request, response, count) => {
  if (count > 1) return response.end('{"ok":true}');
  const date = new Date(Math.ceil((Date.now() + 300) / 1_000) * 1_000);
  return response.writeHead(503, { 'retry-after': date.toUTCString() }).end();
};

/** A validateStatus that takes every response for a failure, and calls back a little later: when the wait has begun. */
export const inTheWait = (callback: () => void) => () => {
  setTimeout(callback, 50);
  return false;
};

/** Sends a request and aborts it while it waits for its first retry. */
export const abortedInTheWait: Act<unknown> = async (client) => {
  const controller = new AbortController();
  return client.get('/', {
    signal: controller.signal,
    validateStatus: inTheWait(() => controller.abort()),
  });
};

/** The same with axios' older way. */
export const cancelledInTheWait: Act<unknown> = async (client) => {
  const source = axios.CancelToken.source();
  return client.get('/', { cancelToken: source.token, validateStatus: inTheWait(() => source.cancel()) });
};
