/** One story for every runner: twenty calls meet an origin that is down, and time passes by the runner's own fake timers only. */

/** Policies, and what becomes of calls to an origin that stays down for a minute, or comes back after three seconds. */
export const RULES = {
  'a hiccup of three seconds fails nobody': [{ back: 3_000 }, { succeeded: 20 }],
  'patience ends, and nothing hangs': [{}, { failed: 20 }],
  'a budget without tokens ends with patience': [{ tokens: 0 }, { failed: 20 }],
  'nothing is held with patience: 0': [{ policy: { patience: 0 } }, { failed: 20 }],
  'a time budget ends what is held': [{ policy: { timeBudget: 2_000, patience: 60_000 } }, { failed: 20 }],
  'a stall fails nobody when it ends': [{ back: 3_000, stalls: true }, { succeeded: 20 }],
};

export async function outage(
  { axios, AxiosError, attachRetry, retryStateOf },
  { policy, back = Number.POSITIVE_INFINITY, tokens, stalls },
  advance,
) {
  let isDown = true;
  const adapter = (config) => {
    if (!isDown) return Promise.resolve({ status: 200, statusText: 'OK', data: '', headers: {}, config });
    if (!stalls) return Promise.reject(new AxiosError('connect ECONNREFUSED', 'ECONNREFUSED', config, {}));
    return new Promise((_resolve, reject) => {
      setTimeout(() => reject(new AxiosError('timeout of 500ms exceeded', 'ECONNABORTED', config, {})), 500);
    });
  };
  const client = axios.create({ baseURL: 'http://api.test', adapter });
  const budget =
    tokens === undefined ? undefined : { tryAcquire: () => false, recordSuccess() {}, refund() {} };
  attachRetry(client, { ...policy, budget });
  const outcomes = {};
  const count = (how) => {
    outcomes[how] = (outcomes[how] ?? 0) + 1;
  };
  const calls = Array.from({ length: 20 }, () =>
    client.get('/').then(
      (response) => count(retryStateOf(response).outcome),
      () => count('failed'),
    ),
  );
  for (let passed = 0; passed < 60_000; passed += 100) {
    await advance(100);
    if (passed >= back) isDown = false;
  }
  // Whoever hangs is missing.
  await Promise.race([Promise.all(calls), new Promise((resolve) => setImmediate(resolve))]);
  return outcomes;
}
