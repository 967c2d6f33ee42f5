/**
 * A word to those who came from axios-retry or retry-axios and left something behind: nothing else would tell them.
 * Looked for on what goes to the adapter, when everybody's interceptors have been at it. Once per process and kind.
 */

/** What those plugins read from a request's config, and write on it. */
interface LeftOvers {
  readonly 'axios-retry'?: unknown;
  readonly raxConfig?: unknown;
}

/** Known to other copies of this library as well (ESM beside CJS). */
const TOLD = Symbol.for('axios-retry-budget.told');

export function tellLeftOvers(config: object): void {
  const { 'axios-retry': axiosRetry, raxConfig } = config as LeftOvers;
  // That of axios-retry-budget/compat is an instance of a class.
  if (isPlain(axiosRetry)) {
    // axios-retry's interceptor puts it there on each attempt.
    if ('lastRequestTime' in axiosRetry) tellTwo('axios-retry');
    else tellNothing("'axios-retry'", ', or attach by axios-retry-budget/compat');
  }
  if (isPlain(raxConfig)) {
    // retry-axios' interceptor counts them when it sends a request again.
    if (raxConfig.currentRetryAttempt) tellTwo('retry-axios');
    else tellNothing('raxConfig', '');
  }
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function tellTwo(plugin: string): void {
  tell(`${plugin} is on this instance as well, so retries multiply; take one of the two off`);
}

function tellNothing(field: string, orElse: string): void {
  tell(`${field} on a request's config does nothing here; say retryPolicy${orElse}`);
}

function tell(words: string): void {
  const process = globalThis as { [TOLD]?: Set<string>; console?: Pick<Console, 'warn'> };
  process[TOLD] ??= new Set();
  if (process[TOLD].has(words)) return;
  process[TOLD].add(words);
  process.console?.warn(`axios-retry-budget: ${words}`);
}
