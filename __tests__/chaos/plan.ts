/** What each call of the chaos is, made of a seed and its number: the same for the client that sends it and the server that breaks it. */

/** What the server does with one request; see server.ts. */
export type Step =
  | 'fine'
  | 'fine, chunked'
  | 'fine, slowly'
  | 'fine, then closed'
  | 'fine, then stale'
  | 'shorter than it says it is'
  | 'reset'
  | 'closed'
  | 'cut in the headers'
  | 'cut in the body'
  | 'reset in the body'
  | 'cut between chunks'
  | 'longer than it says it is'
  | 'no answer'
  | 'no end'
  | 'drips'
  | 'not HTTP'
  | 'unread'
  | '503'
  | '503, now'
  | '503, soon'
  | '503, in a second'
  | '503, in an hour'
  | '503, with quota left'
  | '503, with a quota that is used up'
  | '503, cut'
  | '503, no end'
  | '503, do not retry'
  | '429'
  | '429, soon'
  | '425'
  | '408'
  | '409, retry'
  | '500'
  | '502'
  | '504'
  | '404';

/** Answers that tell that the request was not processed. */
export const TURNED_AWAY: ReadonlySet<Step> = new Set(['429', '429, soon', '425']);

const FINE: readonly Step[] = [
  'fine',
  'fine',
  'fine',
  'fine, chunked',
  'fine, slowly',
  'fine, then closed',
  'fine, then stale',
];
/** Those that cost a timeout are rarer: they set the pace. */
const QUICK: readonly Step[] = [
  'shorter than it says it is',
  'reset',
  'closed',
  'cut in the headers',
  'cut in the body',
  'reset in the body',
  'cut between chunks',
  'not HTTP',
  'unread',
  '503',
  '503, now',
  '503, soon',
  '503, in an hour',
  '503, with quota left',
  '503, cut',
  '503, do not retry',
  '429',
  '429, soon',
  '425',
  '408',
  '409, retry',
  '500',
  '502',
  '504',
  '404',
];
const SLOW: readonly Step[] = [
  'longer than it says it is',
  'no answer',
  'no end',
  'drips',
  '503, in a second',
  '503, with a quota that is used up',
  '503, no end',
  // Twice as often: what holds a socket if nobody lets go of it.
  '503, no end',
];

/** Milliseconds. */
const LONG = 60_000;

/** Numbers in [0, 1) that follow from a seed: mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a call's policy is: of the attached instance that sends it. */
export const CLIENTS = ['no budget', 'a bucket per origin', 'the gate', 'the gate and a budget'] as const;
/** Of its attempts, how many go wrong. */
const SHARE_OF_FAULTS = [0.6, 0.25, 0.15, 0.15] as const;
/** Origins of each client. */
export const ORIGINS = 2;

export interface Call {
  readonly number: number;
  /** An index of {@link CLIENTS}. */
  readonly client: number;
  readonly origin: number;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly key: boolean;
  readonly adapter: 'http' | 'http, no redirects' | 'fetch';
  /** What is sent, of what is as text always {@link requestText}. */
  readonly body: 'none' | 'json' | 'text' | 'bytes' | 'stream';
  readonly responseType: 'json' | 'text' | 'arraybuffer' | 'stream';
  /** What the caller does with a stream. */
  readonly reads: 'all' | 'nothing';
  readonly maxContentLength: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly timeBudget: number | undefined;
  /** When the caller calls it off, and how; 0 is before it is sent. */
  readonly abort: { readonly after: number; readonly by: 'signal' | 'token' } | undefined;
  /** Every status is good to axios. */
  readonly acceptsAll: boolean;
  /** Milliseconds that an inside request interceptor takes. */
  readonly interceptor: number | undefined;
  /** For its attempts, one after the other, and for all further ones the last. */
  readonly steps: readonly Step[];
}

export function callOf(seed: number, number: number): Call {
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b));
  const chance = (share: number) => random() < share;
  const of = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
  const client = of([0, 0, 0, 1, 2, 2, 2, 3]);
  const fault = () => (chance(0.12) ? of(SLOW) : of(QUICK));
  const step = () => (chance(SHARE_OF_FAULTS[client] as number) ? fault() : of(FINE));
  const method = of(['GET', 'GET', 'PUT', 'POST', 'POST', 'DELETE'] as const);
  const adapter = of(['http', 'http', 'http', 'http, no redirects', 'fetch'] as const);
  const hasBody = method === 'PUT' || method === 'POST';
  const bodies =
    adapter === 'fetch'
      ? (['json', 'text', 'bytes'] as const)
      : (['json', 'text', 'bytes', 'stream'] as const);
  return {
    number,
    client,
    origin: client * ORIGINS + Math.floor(random() * ORIGINS),
    method,
    key: method === 'POST' && chance(0.5),
    adapter,
    body: hasBody ? of(bodies) : 'none',
    responseType: of(['json', 'json', 'text', 'arraybuffer', 'stream'] as const),
    reads: chance(0.8) ? 'all' : 'nothing',
    maxContentLength: chance(0.3),
    ...limitsFrom(random),
    abort: chance(0.12)
      ? { after: chance(0.1) ? 0 : Math.ceil(120 * random() ** 2), by: of(['signal', 'token'] as const) }
      : undefined,
    acceptsAll: chance(0.05),
    interceptor: chance(0.1) ? Math.floor(20 * random()) : undefined,
    steps: Array.from({ length: 6 }, step),
  };
}

/** Each call has a limit of some kind, or it might never end. */
function limitsFrom(random: () => number): Pick<Call, 'timeout' | 'timeBudget'> {
  const timeout = 150 + Math.floor(150 * random());
  const kind = random();
  // What is left of a long budget, timers above all, would be seen; and sockets where no timeout of axios' own ends them.
  if (kind < 0.2) return { timeout, timeBudget: LONG };
  if (kind < 0.45) return { timeout: 0, timeBudget: 100 + Math.floor(500 * random()) };
  return { timeout, timeBudget: undefined };
}

/** The body that a request has. */
export const requestText = (number: number) => JSON.stringify(fieldsOf(number, 'request'));
/** The body of a good answer. */
export const answerText = (number: number) => JSON.stringify(fieldsOf(number, 'answer'));

/** One in twenty is longer than what a socket takes at once. */
export function fieldsOf(number: number, what: 'request' | 'answer') {
  const random = randomFrom(number + (what === 'request' ? 0 : 0x5bd1e995));
  const length = Math.floor(random() * (random() < 0.05 ? 200_000 : 500));
  return { what, number, filler: String.fromCharCode(97 + (number % 26)).repeat(length) };
}

/** What there is of a good answer that says it is shorter than it is. */
export const shortened = (text: string) => text.slice(0, Math.floor(text.length / 2));
