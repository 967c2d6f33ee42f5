/** Each SDK meets each fault on a real server, with attachRetry in each order: for sdks.test.ts and docs/sdks.md. */
import type { ServerResponse } from 'node:http';
import { attachRetry, type RetryEvent, type RetryPolicy } from '../../lib';
import { endOf } from '../support/ends';
import { type Answer, type ReceivedRequest, startServer } from '../support/server';
import { type AnySdk, ORDERS, type Order, type Setting } from './sdk';

export interface Fault {
  readonly name: string;
  /** Does to the n-th request what is to go wrong; `false` where nothing is, and it is answered as it should be. */
  readonly strike: (response: ServerResponse, count: number) => boolean;
  /** Requests that the server is to get of one call. */
  readonly requests: number;
  /** The call ends as without the fault, or as it would have ended without retries. */
  readonly ends: 'well' | 'as without retries';
  /** Who decides how long to wait. */
  readonly delaySource?: 'retry-after';
  /** Attempts run into their timeout. */
  readonly stalls?: boolean;
}

const MAX_RETRIES = 2;
const TIMEOUT = 400;

const status = (response: ServerResponse, code: number, headers = {}) => {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ message: 'no', status: code, error: 'no' }));
  return true;
};

export const FAULTS: readonly Fault[] = [
  {
    name: 'nothing',
    strike: () => false,
    requests: 1,
    ends: 'well',
  },
  {
    name: '503 twice',
    strike: (response, count) => count <= 2 && status(response, 503),
    requests: 3,
    ends: 'well',
  },
  {
    name: '429 with Retry-After: 1',
    strike: (response, count) => count === 1 && status(response, 429, { 'retry-after': '1' }),
    requests: 2,
    ends: 'well',
    delaySource: 'retry-after',
  },
  {
    name: 'a reset',
    strike: (response, count) => count === 1 && !!response.socket?.resetAndDestroy(),
    requests: 2,
    ends: 'well',
  },
  {
    name: 'a timeout',
    strike: (_response, count) => count === 1,
    requests: 2,
    ends: 'well',
    stalls: true,
  },
  {
    name: '503 always',
    strike: (response) => status(response, 503),
    requests: 1 + MAX_RETRIES,
    ends: 'as without retries',
  },
  {
    name: '404',
    strike: (response) => status(response, 404),
    requests: 1,
    ends: 'as without retries',
  },
];

/** What came of one call. */
export interface Observation {
  /** What it resolved to, or as much of its error as says what it is. */
  readonly end: unknown;
  readonly requests: number;
  /** Every attempt that the server got was the request that the SDK sends without retries. */
  readonly faithful: boolean;
  readonly delaySources: readonly string[];
}

export interface Meeting {
  readonly sdk: AnySdk;
  readonly order: Order;
  readonly fault: Fault;
  readonly observed: Observation;
  readonly expected: Observation;
}

/** The pairs there are. */
export const pairsOf = (sdks: readonly AnySdk[]) =>
  sdks.flatMap((sdk) => ORDERS.filter((order) => sdk.attached[order]).map((order) => ({ sdk, order })));

/** SDK by SDK, and its faults at once: they wait more than they work. */
export async function meetAll(sdks: readonly AnySdk[]): Promise<Meeting[]> {
  const meetings: Meeting[] = [];
  for (const { sdk, order } of pairsOf(sdks)) {
    meetings.push(...(await Promise.all(FAULTS.map((fault) => meet(sdk, order, fault)))));
  }
  return meetings;
}

async function meet(sdk: AnySdk, order: Order, fault: Fault): Promise<Meeting> {
  const alone = await call(sdk, order, { ...fault, ...(fault.ends === 'well' && { strike: () => false }) });
  const delaySources: string[] = [];
  const policy: RetryPolicy = {
    maxRetries: MAX_RETRIES,
    backoff: { initialDelay: 1 },
    patience: 0,
    onRetry: ({ delaySource }: RetryEvent) => void delaySources.push(delaySource),
  };
  const { end, requests } = await call(sdk, order, fault, (instance, own) =>
    attachRetry(instance, { ...policy, ...own }),
  );
  const sent = wireForms(sdk, alone.requests)[0];
  return {
    sdk,
    order,
    fault,
    observed: {
      end,
      requests: requests.length,
      faithful: wireForms(sdk, requests).every((form) => form === sent),
      delaySources,
    },
    expected: {
      end: alone.end,
      requests: fault.requests,
      faithful: true,
      delaySources: Array(fault.requests - 1).fill(fault.delaySource ?? 'backoff'),
    },
  };
}

const attachNothing: Setting['attachRetry'] = () => ({ detach() {}, origins: () => [], reset() {} });

async function call(sdk: AnySdk, order: Order, { strike, stalls }: Fault, attach = attachNothing) {
  const answer: Answer = (_request, response, count) => {
    if (strike(response, count)) return;
    response.writeHead(200, { 'content-type': sdk.answer.type }).end(sdk.answer.body);
  };
  const { url, requests, close } = await startServer(answer);
  try {
    const client = sdk.attached[order]?.({ url, timeout: stalls ? TIMEOUT : 10_000, attachRetry: attach });
    return { end: await endOf(sdk.call(client, url), url), requests };
  } finally {
    await close();
  }
}

/** What is on the wire of each request, but for what each server and each attempt has of its own. */
function wireForms({ fresh = [] }: AnySdk, requests: readonly ReceivedRequest[]): string[] {
  return requests.map(({ method, url, headers, body }) => {
    const own = Object.entries(headers).filter(([name]) => ![...fresh, 'host'].includes(name));
    return [method, url, JSON.stringify(own), body.toString()].join('\n');
  });
}
