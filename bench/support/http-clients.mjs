/**
 * The clients of the hiccup. Each has one second per attempt and otherwise its library's defaults, unless its name says
 * more. `connect(baseURL)` returns what sends one GET and rejects if the caller gets no good answer.
 */
import axios from 'axios';
import axiosRetry, { exponentialDelay } from 'axios-retry';
import got from 'got';
import ky from 'ky';
import * as rax from 'retry-axios';
import { attachRetry } from './library.mjs';

const TIMEOUT = 1_000;

function withAxios(attach) {
  return (baseURL) => {
    const client = axios.create({ baseURL, timeout: TIMEOUT });
    attach?.(client);
    return (path) => client.get(path);
  };
}

const withPolicy = (policy) => withAxios((client) => attachRetry(client, policy?.()));

export const CONNECT = {
  'no retries': withAxios(),
  'axios-retry': withAxios(axiosRetry),
  // What its documentation recommends against hammering a server, a timeout for each attempt as all others have, and as
  // many retries as this library.
  'axios-retry, at its best': withAxios((client) =>
    axiosRetry(client, { retries: 5, retryDelay: exponentialDelay, shouldResetTimeout: true }),
  ),
  'retry-axios': withAxios(rax.attach),
  ky: (baseURL) => {
    const client = ky.create({ timeout: TIMEOUT });
    return (path) => client.get(baseURL + path).text();
  },
  got: (baseURL) => {
    const client = got.extend({ timeout: { request: TIMEOUT } });
    return (path) => client.get(baseURL + path).text();
  },
  'this library': withPolicy(),
  'this library, patience: 0': withPolicy(() => ({ patience: 0 })),
  'this library without gate and budget': withPolicy(() => ({ patience: 0, budget: false })),
};
