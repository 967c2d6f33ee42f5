/**
 * What an example of the guide that is marked `ts run` has to hand: a client with attachRetry, over a server that answers as told.
 */
import { deepStrictEqual } from 'node:assert';
import axios, { AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { attachRetry } from 'axios-retry-budget';

/** A status, a whole answer, or none until the attempt is given up. */
type Answer = number | 'hang' | { status: number; headers?: Record<string, string>; data?: unknown };

/** A world for one example. `check` stands where the example logs. */
export function exampleWorld() {
  let answers: Answer[] = [503, 503, 200];
  const requests: InternalAxiosRequestConfig[] = [];
  /** How the server answers from now on, the last answer again and again. */
  const serve = (...next: [Answer, ...Answer[]]) => {
    answers = next;
  };
  const adapter = async (config: InternalAxiosRequestConfig) => {
    requests.push(config);
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) as Answer;
    if (answer === 'hang') return hang(config);
    const { status, headers = {}, data = {} } = typeof answer === 'number' ? { status: answer } : answer;
    const response = { status, statusText: '', headers, data, config };
    if (config.validateStatus?.(status) ?? true) return response;
    const code = status >= 500 ? AxiosError.ERR_BAD_RESPONSE : AxiosError.ERR_BAD_REQUEST;
    throw new AxiosError(`Request failed with status code ${status}`, code, config, {}, response);
  };
  const client: AxiosInstance = axios.create({ baseURL: 'https://api.example.com', adapter });
  attachRetry(client);
  const check = (actual: unknown, expected: unknown) => deepStrictEqual(actual, expected);
  return { client, adapter, serve, requests, check };
}

function hang(config: InternalAxiosRequestConfig): Promise<never> {
  return new Promise((_, reject) => {
    config.signal?.addEventListener?.('abort', () => reject(new axios.CanceledError('canceled')));
  });
}
