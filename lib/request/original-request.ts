/**
 * What the caller asked for, kept for replays, and whether its body can be sent twice.
 */
import axios from 'axios';
import type { Destination } from '../origin/destination';
import { headerOf } from '../verdict/server-hint';
import { copyOf, copyOfField, isPlainObject } from './copy';

type Config = Record<string | symbol, unknown>;
type Adapter = (config: Config) => unknown;

/** What axios and adapters write to, on a config that they send. */
const WRITTEN_ON: readonly string[] = [
  'url',
  'method',
  'baseURL',
  'timeout',
  'adapter',
  'params',
  'data',
  'headers',
];

/**
 * A merged config as the caller asked for it, before any interceptor saw it. Plain objects, arrays, URLSearchParams and
 * FormData are copied all the way down, everything else (instances of classes) is kept by reference, as axios itself
 * does when it merges. So whatever interceptors then do to the config, or to its headers, params or data, in place,
 * a replay starts from what the caller asked for. Only of a long body, of more than 1,000 lists and objects, are the lists' items
 * kept by reference, as axios keeps those of all lists: to copy them would take longer than to send them.
 *
 * Made for every request and needed by few, so making it is quick. axios' configs, having no prototype, are dictionaries: to list
 * the keys of one costs as much as all the rest. Where nobody but axios and an adapter gets to see the config until
 * its attempt has failed, only what those write on is copied at once, by name, and the rest then.
 */
export class OriginalRequest {
  readonly #config: Config;
  #keys = WRITTEN_ON;
  #values: unknown[];
  /** The body, where the JSON that axios makes of it is all the copy that it needs; and that JSON, once somebody's adapter has it. */
  #sentAs: { readonly body: object; json: unknown } | undefined = undefined;

  /**
   * @param isHidden whether nobody but axios and an adapter sees the config until `complete` is called
   * @param transform what is known to make JSON of bodies
   */
  constructor(config: object, isHidden = false, transform?: unknown) {
    const from = config as Config;
    this.#config = from;
    if (!isHidden) {
      this.#keys = Object.keys(config);
      this.#values = this.#keys.map((key) =>
        key === 'headers' ? copyOfHeaders(from) : copyOfField(key, from[key]),
      );
      return;
    }
    const { data } = from;
    if (willBeJson(from, transform)) this.#sentAs = { body: data as object, json: undefined };
    this.#values = [
      from.url,
      from.method,
      from.baseURL,
      from.timeout,
      from.adapter,
      copyOf(from.params),
      this.#sentAs ? data : copyOfField('data', data),
      copyOfHeaders(from),
    ];
    if (this.#sentAs && typeof from.adapter === 'function')
      this.#takeJson(this.#sentAs, from.adapter as Adapter);
  }

  /**
   * To be called when the first attempt has failed, before anybody else sees the config: from now on it is kept for as long as the
   * call waits.
   */
  complete(): void {
    if (this.#keys === WRITTEN_ON) this.#copyTheRest();
    this.#values = this.#values.map((value, index) => shared(this.#keys[index] as string, value));
    this.#keys = shared('', this.#keys) as string[];
  }

  /** What stands behind our state on the config was put there by an adapter, and what an adapter has removed is put back. */
  #copyTheRest(): void {
    const keys = Object.keys(this.#config);
    const end = keys.indexOf('retryState');
    if (end >= 0) keys.length = end;
    const captured = this.#values;
    if (this.#sentAs) {
      const { body, json } = this.#sentAs;
      captured[WRITTEN_ON.indexOf('data')] = asSent(body, json ?? this.#config.data);
    }
    WRITTEN_ON.forEach((key, index) => {
      if (captured[index] !== undefined && !keys.includes(key)) keys.push(key);
    });
    this.#values = keys.map((key) => {
      const index = WRITTEN_ON.indexOf(key);
      return index < 0 ? copyOf(this.#config[key]) : captured[index];
    });
    this.#keys = keys;
    this.#sentAs = undefined;
  }

  /** What the caller asked for in one field of the config. */
  get(key: string): unknown {
    const index = this.#keys.indexOf(key);
    if (index >= 0) return this.#values[index];
    return this.#keys === WRITTEN_ON ? this.#config[key] : undefined;
  }

  /** Where it was to go. */
  get destination(): Destination {
    return {
      url: this.get('url'),
      baseURL: this.get('baseURL'),
      allowAbsoluteUrls: this.get('allowAbsoluteUrls'),
      socketPath: this.get('socketPath'),
    } as Destination;
  }

  /** A config to send, new each time: what interceptors do to it reaches no other attempt. */
  toConfig(): Record<string, unknown> {
    const config: Config = {};
    this.#keys.forEach((key, index) => {
      config[key] = copyOfField(key, this.#values[index]);
    });
    for (const key of Object.getOwnPropertySymbols(this.#config)) config[key] = copyOf(this.#config[key]);
    return config;
  }

  /** axios' own adapters leave the body on the config alone; somebody's may write another there. */
  #takeJson(sentAs: { json: unknown }, adapter: Adapter): void {
    this.#config.adapter = (sent: Config) => {
      sent.adapter = adapter;
      sentAs.json = sent.data;
      return adapter(sent);
    };
  }
}

/** A plain object: quicker than making AxiosHeaders, and as good to axios. */
function copyOfHeaders(config: Config): object | undefined {
  return Object.hasOwn(config, 'headers') ? { ...(config.headers as object) } : undefined;
}

/** Lists of keys, and what axios itself puts on configs, are the same in call after call: one copy does for all that wait. */
const SHARED = new Map<string, object>();
const OFTEN_THE_SAME: ReadonlySet<string> = new Set([
  '',
  'transitional',
  'env',
  'transformRequest',
  'transformResponse',
]);

/** @returns the last one of that key, if it is equal; nobody writes on either */
function shared(key: string, copy: unknown): unknown {
  if (!OFTEN_THE_SAME.has(key) || typeof copy !== 'object' || copy === null) return copy;
  const last = SHARED.get(key);
  if (last && isEqual(last, copy)) return last;
  SHARED.set(key, copy);
  return copy;
}

function isEqual(one: object, other: object): boolean {
  const fields = Object.entries(one);
  return (
    Array.isArray(one) === Array.isArray(other) &&
    fields.length === Object.keys(other).length &&
    fields.every(([key, value]) => (other as Config)[key] === value)
  );
}

/** axios' own transform of bodies, read before an application can have put another in its place. */
const AXIOS_TRANSFORM = [axios.defaults.transformRequest].flat()[0];

/** The transform of an instance's defaults, if it is axios' own: of another copy of axios, too, if that has the same code. */
export function axiosTransformOf(defaults: unknown): unknown {
  const [transform, another] = [(defaults as Config | undefined)?.transformRequest].flat();
  const isOwn = another === undefined && String(transform) === String(AXIOS_TRANSFORM);
  return isOwn ? transform : undefined;
}

/** Whether axios will make JSON of the body, and nobody anything else. */
function willBeJson({ data, transformRequest, headers }: Config, transform: unknown): boolean {
  if (typeof data !== 'object' || data === null || !transform) return false;
  if (!Array.isArray(transformRequest) || transformRequest.length !== 1 || transformRequest[0] !== transform)
    return false;
  if (!Array.isArray(data) && !isPlainObject(data)) return false;
  return headerOf(headers, 'content-type')?.includes('json') ?? true;
}

/**
 * The body as it was when it was sent: what its owner has changed since is not in the JSON.
 * @param sent what became of it; no string where axios could make none of it
 */
function asSent(body: object, sent: unknown): unknown {
  // What can be read only once leaves no trace in JSON.
  if (typeof sent === 'string' && /^[[{]/.test(sent) && isReplayable(body)) return JSON.parse(sent);
  return copyOfField('data', body);
}

/**
 * Whether a body can be sent twice. Not so what can be read only once: Node streams (the `form-data`
 * package's included), web ReadableStreams, iterators, and objects that hold one for axios to put into a form.
 */
export function isReplayable(body: unknown, seen = new Set<unknown>()): boolean {
  if (typeof body !== 'object' || body === null || seen.has(body)) return true;
  const methods = body as Partial<Record<'pipe' | 'getReader' | 'next' | 'toJSON', unknown>>;
  if ([methods.pipe, methods.getReader, methods.next].some((method) => typeof method === 'function'))
    return false;
  // Bytes, or what makes new JSON of itself each time.
  if (ArrayBuffer.isView(body) || typeof methods.toJSON === 'function') return true;
  seen.add(body);
  return Object.values(body).every((part) => isReplayable(part, seen));
}
