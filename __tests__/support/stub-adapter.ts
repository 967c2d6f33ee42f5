/** An axios adapter that needs no network: answers attempt after attempt as told, on whatever clock there is. */
import {
  type AxiosAdapter,
  AxiosError,
  AxiosHeaders,
  type AxiosResponse,
  CanceledError,
  type InternalAxiosRequestConfig,
} from 'axios';

/** What one attempt meets. */
export type Step =
  /** A response of that status. */
  | number
  | { readonly status: number; readonly headers?: Record<string, string>; readonly data?: unknown }
  /** No response: an error of that code. */
  | string
  /** No response ever; ends by the config's timeout, signal or cancel token, as axios' own adapters do. */
  | typeof HANG
  /** No response ever, and not to be ended by anything. */
  | typeof DEAF
  | ((config: InternalAxiosRequestConfig) => Promise<AxiosResponse>);

export const HANG = Symbol('hang');
export const DEAF = Symbol('deaf');

export interface StubAdapter {
  readonly adapter: AxiosAdapter;
  /** The configs it was called with. */
  readonly configs: InternalAxiosRequestConfig[];
  /** When it was called, in milliseconds since it was made. */
  readonly at: number[];
  /** What it rejected with. */
  readonly errors: unknown[];
}

/** Meets the steps one after the other; all attempts after the last step get 200. */
export function stubAdapter(...steps: Step[]): StubAdapter {
  const start = performance.now();
  const stub = {
    configs: [] as InternalAxiosRequestConfig[],
    at: [] as number[],
    errors: [] as unknown[],
    adapter: async (config: InternalAxiosRequestConfig): Promise<AxiosResponse> => {
      stub.at.push(performance.now() - start);
      const step = steps[stub.configs.push(config) - 1] ?? 200;
      try {
        return await meet(step, config);
      } catch (error) {
        stub.errors.push(error);
        throw error;
      }
    },
  };
  return stub;
}

async function meet(step: Step, config: InternalAxiosRequestConfig): Promise<AxiosResponse> {
  if (typeof step === 'function') return step(config);
  if (step === DEAF) return new Promise(() => {});
  if (step === HANG) return hang(config);
  if (typeof step === 'string') throw new AxiosError(`failed with ${step}`, step, config, {});
  const { status, headers = {}, data = { status } } = typeof step === 'number' ? { status: step } : step;
  return respond(config, status, headers, data);
}

/** A response, or the AxiosError that axios makes of it. */
export function respond(
  config: InternalAxiosRequestConfig,
  status: number,
  headers: Record<string, string> = {},
  data: unknown = { status },
): AxiosResponse {
  const response: AxiosResponse = {
    status,
    statusText: String(status),
    headers: new AxiosHeaders(headers),
    data,
    config,
    request: {},
  };
  if (!config.validateStatus || config.validateStatus(status)) return response;
  const code = status < 500 ? AxiosError.ERR_BAD_REQUEST : AxiosError.ERR_BAD_RESPONSE;
  throw new AxiosError(`Request failed with status code ${status}`, code, config, {}, response);
}

function hang(config: InternalAxiosRequestConfig): Promise<never> {
  const { signal, cancelToken, timeout } = config;
  return new Promise((_resolve, reject) => {
    const end = (error: unknown) => {
      clearTimeout(timer);
      signal?.removeEventListener?.('abort', onAbort);
      cancelToken?.unsubscribe(end);
      reject(error);
    };
    const onAbort = () =>
      end(new (CanceledError as unknown as new (message: null, config: unknown) => Error)(null, config));
    const timer = timeout
      ? setTimeout(
          () => end(new AxiosError(`timeout of ${timeout}ms exceeded`, 'ECONNABORTED', config, {})),
          timeout,
        )
      : undefined;
    signal?.addEventListener?.('abort', onAbort);
    cancelToken?.subscribe(end);
  });
}
