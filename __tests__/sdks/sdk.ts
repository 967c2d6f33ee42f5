/** What is known of an SDK: how to attach to it, what to ask of it, and what its server answers. */
import { createRequire } from 'node:module';
import type { AxiosInstance, CreateAxiosDefaults } from 'axios';
import type { attachRetry } from '../../lib';

/** Before the SDK registers its own interceptors, which are outside then; or after, which makes them inside. */
export type Order = 'first' | 'last';
export const ORDERS: readonly Order[] = ['first', 'last'];

export interface Setting {
  /** Where the server is. */
  readonly url: string;
  /** Milliseconds of one attempt. */
  readonly timeout: number;
  /** The library's; or one that attaches nothing, to see what the SDK does alone. */
  readonly attachRetry: typeof attachRetry;
}

export interface Sdk<Client> {
  /** Its name on npm. */
  readonly name: string;
  /** Its file in clients/, whose regions `first` and `last` docs/sdks.md shows. */
  readonly file: string;
  /** How a client is made and attached to; what is between the `#region` lines is all that a user writes. */
  readonly attached: Partial<Readonly<Record<Order, (setting: Setting) => Client>>>;
  /** Asks something of it, by one request. */
  call(client: Client, url: string): Promise<unknown>;
  /** What the server says when it is well. */
  readonly answer: { readonly type: string; readonly body: string };
  /** Headers that each attempt may have made anew, in lower case. */
  readonly fresh?: readonly string[];
  /** What a reader of docs/sdks.md should know besides. */
  readonly notes?: readonly string[];
}

/** An SDK whose clients only it knows. */
export type AnySdk = Sdk<unknown>;

export const sdk = <Client>(definition: Sdk<Client>): AnySdk => definition as AnySdk;

export const json = (value: unknown) => ({ type: 'application/json', body: JSON.stringify(value) });

/** The copy of axios that SDKs in CommonJS have; `import` gives another. */
export const commonJsAxios: Creator = createRequire(import.meta.url)('axios');

interface Creator {
  create(config?: CreateAxiosDefaults): AxiosInstance;
}

/** Makes a client, and lets each axios instance that is created meanwhile be visited before the SDK has it. */
// #region whileMaking
export function whileMaking<Client>(
  axios: Creator,
  visit: (instance: AxiosInstance) => unknown,
  make: () => Client,
): Client {
  const { create } = axios;
  axios.create = (config) => {
    const instance = create(config);
    visit(instance);
    return instance;
  };
  try {
    return make();
  } finally {
    axios.create = create;
  }
}
// #endregion
