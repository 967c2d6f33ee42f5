/**
 * The library itself in every process of a storm: an axios instance with attachRetry, over an adapter that asks the
 * storm's server.
 */
import axios, {
  AxiosError,
  type AxiosInstance,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
} from 'axios';
import { attachRetry, type RetryPolicy, type RetryState } from '../../lib/index';
import type { Answer } from './server-model';
import type { Fleet, Send } from './storm';

/** @param policyOf makes the policy of one process, so that each has what it counts in for itself; `false`: no retries */
export function libraryFleet(policyOf: () => RetryPolicy | false = () => ({})): Fleet {
  return axiosFleet((client) => attachRetry(client, policyOf()));
}

/** @param attach has the axios instance of one process retry, or not */
export function axiosFleet(attach: (client: AxiosInstance) => unknown): Fleet {
  return (processes, send) => {
    const clients = Array.from({ length: processes }, () => {
      const client = axios.create({ baseURL: 'http://server.test', adapter: adapterOf(send) });
      attach(client);
      return client;
    });
    return (process, endpoint) => (clients[process] ?? axios).get(`/${endpoint}`);
  };
}

function adapterOf(send: Send) {
  return async (config: InternalAxiosRequestConfig): Promise<AxiosResponse> => {
    const answer = await send(config.url === '/bad' ? 'bad' : 'good', isFirst(config));
    if (answer.kind === 'ok') return responseOf(config, 200);
    throw errorOf(config, answer);
  };
}

/** Whether nobody repeats it: neither this library nor axios-retry. */
function isFirst(config: InternalAxiosRequestConfig & { 'axios-retry'?: { retryCount?: number } }): boolean {
  const state = config.retryState as RetryState | undefined;
  return (state?.attempts ?? 1) === 1 && !config['axios-retry']?.retryCount;
}

function errorOf(config: InternalAxiosRequestConfig, { kind, retryAfter }: Answer): AxiosError {
  if (kind === 'timeout') return new AxiosError('timeout of 1000ms exceeded', 'ECONNABORTED', config, {});
  if (kind === 'refused' && retryAfter === undefined)
    return new AxiosError('connect ECONNREFUSED', 'ECONNREFUSED', config, {});
  const status = kind === 'limited' ? 429 : 503;
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter / 1000) };
  const code = status === 429 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE';
  const message = `Request failed with status code ${status}`;
  return new AxiosError(message, code, config, {}, responseOf(config, status, headers));
}

function responseOf(config: InternalAxiosRequestConfig, status: number, headers = {}): AxiosResponse {
  return { status, statusText: '', data: '', headers, config };
}
