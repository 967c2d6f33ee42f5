/**
 * What the caller asked for, kept for replays, and whether its body can be sent twice.
 */
import type { Destination } from '../origin/destination';

/**
 * A merged config as the caller asked for it, before any interceptor saw it. Plain objects, arrays, URLSearchParams and
 * FormData are copied all the way down, everything else (instances of classes) is kept by reference, as axios itself
 * does when it merges. So whatever interceptors then do to the config, or to its headers, params or data, in place,
 * a replay starts from what the caller asked for. Only of a long body, of more than 1,000 lists and objects, are the lists' items
 * kept by reference, as axios keeps those of all lists: to copy them would take longer than to send them.
 *
 * Made for every request and needed by few, so making it is quick: two lists take a third of the time of an object with
 * these keys, which axios' configs, having no prototype, are slow to be copied into.
 */
export class OriginalRequest {
  readonly #config: object;
  readonly #keys: string[];
  readonly #values: unknown[];

  constructor(config: object) {
    const keys = Object.keys(config);
    const values = new Array(keys.length);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string;
      const value = (config as Record<string, unknown>)[key];
      // axios' headers become a plain object: quicker than making AxiosHeaders, and as good to axios.
      values[index] = key === 'headers' ? { ...(value as object) } : copyOfField(key, value);
    }
    this.#config = config;
    this.#keys = keys;
    this.#values = values;
  }

  /** What the caller asked for in one field of the config. */
  get(key: string): unknown {
    return this.#values[this.#keys.indexOf(key)];
  }

  /** Where it was to go. */
  get destination(): Destination {
    return Object.fromEntries(
      ['url', 'baseURL', 'allowAbsoluteUrls', 'socketPath'].map((key) => [key, this.get(key)]),
    );
  }

  /** A config to send, new each time: what interceptors do to it reaches no other attempt. */
  toConfig(): Record<string, unknown> {
    const config: Record<string | symbol, unknown> = {};
    this.#keys.forEach((key, index) => {
      config[key] = copyOfField(key, this.#values[index]);
    });
    for (const key of Object.getOwnPropertySymbols(this.#config)) {
      config[key] = copyOf((this.#config as typeof config)[key]);
    }
    return config;
  }
}

const NOTHING: readonly object[] = [];
/** Lists and objects in a body, or items in one list. */
const MOST_COPIED = 1_000;

function copyOfField(key: string, value: unknown): unknown {
  return copyOf(value, NOTHING, key !== 'data' || !isLong(value));
}

function isLong(value: unknown, seen = { count: 0 }): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value) && !isPlainObject(value)) return false;
  if (Array.isArray(value) && value.length > MOST_COPIED) return true;
  if (++seen.count > MOST_COPIED) return true;
  return Object.values(value).some((part) => isLong(part, seen));
}

/**
 * @param within the arrays and objects that hold the value: what holds itself is not copied again
 * @param hasItems whether the items of arrays are copied as well
 */
function copyOf(value: unknown, within = NOTHING, hasItems = true): unknown {
  if (typeof value !== 'object' || value === null || within.includes(value)) return value;
  if (Array.isArray(value)) return hasItems ? copyItems(value, within) : value.slice();
  if (isPlainObject(value)) return copyFields(value, within, hasItems);
  if (value instanceof URLSearchParams) return new URLSearchParams(value);
  if (typeof FormData === 'function' && value instanceof FormData) return copyOfForm(value);
  return value;
}

function copyOfForm(form: FormData): FormData {
  const copy = new FormData();
  for (const [name, value] of form) copy.append(name, value as string);
  return copy;
}

function copyFields(fields: object, within: readonly object[], hasItems: boolean): Record<string, unknown> {
  const copy: Record<string, unknown> = { ...fields };
  for (const key in copy) {
    const value = copy[key];
    if (typeof value === 'object' && value !== null && Object.hasOwn(copy, key)) {
      copy[key] = copyOf(value, [...within, fields], hasItems);
    }
  }
  return copy;
}

function copyItems(items: unknown[], within: readonly object[]): unknown[] {
  const copy = items.slice();
  for (let index = 0; index < copy.length; index++) {
    const item = copy[index];
    if (typeof item === 'object' && item !== null) copy[index] = copyOf(item, [...within, items]);
  }
  return copy;
}

function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  // The prototype of the last line is another realm's Object.prototype (an iframe's, or jest's).
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
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
