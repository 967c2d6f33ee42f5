/** What the test pages know: axios, the library, and `settle`, which turns an outcome into what can leave the page. */
import axios from 'axios';
import { attachRetry, RetryBudget, retryStateOf } from '../../dist/index.mjs';

/** A client of one adapter with attachRetry; delays are short unless the policy says otherwise. */
function makeClient(adapter, policy, config) {
  const client = axios.create({ adapter, ...config });
  const retry = attachRetry(client, { backoff: { initialDelay: 20 }, patience: 0, ...policy });
  return Object.assign(client, { retry });
}

/** How a request ended, as plain data. */
async function settle(promise) {
  const describe = (outcome) => ({
    status: outcome.status ?? outcome.response?.status,
    state: JSON.parse(JSON.stringify(retryStateOf(outcome) ?? null)),
  });
  try {
    const response = await promise;
    return { data: response.data, ...describe(response) };
  } catch (error) {
    const { name, code, message } = error;
    return { error: { name, code, message }, ...describe(error) };
  }
}

Object.assign(globalThis, { axios, attachRetry, RetryBudget, retryStateOf, makeClient, settle });
