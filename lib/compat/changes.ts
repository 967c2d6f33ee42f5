/**
 * What an `onRetry` changed on a config. axios-retry sends that very config again; here each attempt starts from what the caller
 * wrote, and the changes are laid over it.
 */
import type { AxiosRequestConfig } from 'axios';

/** A config, or the headers or params on it. */
type Fields = Readonly<Record<string, unknown>>;

/** What is laid over the original config. */
export type Changes = Partial<AxiosRequestConfig>;

/** Fields that say where a request goes. */
const DESTINATION = ['url', 'baseURL', 'allowAbsoluteUrls', 'socketPath'];
/** Headers that prove who we are: they go with a request to another origin only if somebody says so. */
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization'];

/** A config as it was before somebody's hands were on it. */
export class Snapshot {
  readonly #config: Fields;
  readonly #before: Fields;

  constructor(config: AxiosRequestConfig) {
    this.#config = config as Fields;
    const copy: Record<string, unknown> = { ...config };
    for (const key of Object.keys(copy)) {
      if (key === 'headers' || isPlain(copy[key])) copy[key] = { ...(copy[key] as Fields) };
    }
    this.#before = copy;
  }

  /** @returns undefined if nothing was changed */
  changes(): Changes | undefined {
    const config = this.#config;
    const changes = differences(this.#before, config, isSame);
    if ('headers' in changes) changes.headers = this.#changedHeaders();
    if (Object.keys(changes).length === 0) return undefined;
    // The body that is on the config is written already: it needs the name of what it is.
    if ('data' in changes) this.#keep(changes, ['content-type']);
    if (DESTINATION.some((key) => key in changes)) {
      this.#keep(changes, CREDENTIALS);
      if (config.auth) changes.auth = config.auth;
    }
    return changes as Changes;
  }

  /** A header that was taken off becomes `false`, by which axios leaves out what the defaults have. */
  #changedHeaders(): Fields {
    const headers = differences(this.#before.headers as Fields, (this.#config.headers ?? {}) as Fields);
    for (const [name, value] of Object.entries(headers)) headers[name] = value ?? false;
    return headers;
  }

  #keep(changes: Record<string, unknown>, names: readonly string[]): void {
    const headers = Object.entries((this.#config.headers ?? {}) as Fields);
    const kept = headers.filter(([name]) => names.includes(name.toLowerCase()));
    changes.headers = { ...Object.fromEntries(kept), ...(changes.headers as Fields | undefined) };
  }
}

/** Later changes on top of earlier ones. */
export function together(earlier: Changes | undefined, later: Changes | undefined): Changes | undefined {
  if (!earlier || !later) return later ?? earlier;
  const headers = { ...earlier.headers, ...later.headers } as NonNullable<Changes['headers']>;
  return { ...earlier, ...later, headers };
}

function differences(
  before: Fields,
  after: Fields,
  same: (before: unknown, after: unknown) => boolean = Object.is,
): Record<string, unknown> {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...keys].filter((key) => !same(before[key], after[key]));
  return Object.fromEntries(changed.map((key) => [key, after[key]]));
}

/** Of plain objects a copy was taken, so their fields are compared. */
function isSame(before: unknown, after: unknown): boolean {
  if (!isPlain(before) || typeof after !== 'object' || after === null) return Object.is(before, after);
  return Object.keys(differences(before, after as Fields)).length === 0;
}

function isPlain(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  // Of another realm too, as an iframe's.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
