/**
 * Which budget a request uses: its policy's own, or that of its origin.
 */

import type { Budget } from '../policy/budget';
import { now } from '../timing';
import { RetryBudget } from './retry-budget';
import { RetryQueue } from './retry-queue';

/** A budget and the retries that wait for its tokens. */
export interface SharedBudget {
  readonly budget: Budget;
  readonly queue: RetryQueue;
}

/** One line for a health page. */
export interface BudgetReport {
  /** Scheme, host and port; `unix:` and the path of a unix socket; `*` for a budget that the policy names. */
  readonly origin: string;
  /** Tokens left; undefined for a budget kept elsewhere. */
  readonly tokens: number | undefined;
  /** Retries waiting for the origin to recover. */
  readonly parked: number;
}

/** The fields of an axios config that say where a request goes. */
export interface Destination {
  readonly url?: string;
  readonly baseURL?: string;
  readonly allowAbsoluteUrls?: boolean;
  readonly socketPath?: string | null;
}

/**
 * Fewer tokens than a RetryBudget has by itself. The buckets of all processes that call a server add up: measured in the
 * storm simulation, 200 processes with 100 tokens each fail more callers after an outage of rejections than without
 * retries, and with 20 they fail fewer, as do 1,000.
 */
const TOKENS_PER_ORIGIN = 20;
const FORGET_AFTER = 600_000;
const MOST_ORIGINS = 10_000;

interface OriginBudget extends SharedBudget {
  readonly budget: RetryBudget;
  usedAt: number;
}

/**
 * One budget per origin, made when a request to it first fails: before that it would be full anyway.
 * Those unused for ten minutes are forgotten, and beyond 10,000 the least recently used ones.
 */
export class BudgetsPerOrigin {
  /** Least recently used first. */
  readonly #origins = new Map<string, OriginBudget>();

  get isEmpty(): boolean {
    return this.#origins.size === 0;
  }

  /** The budget of an origin, if any request to it failed lately. */
  find(destination: Destination): SharedBudget | undefined {
    const origin = originOf(destination);
    const found = this.#origins.get(origin);
    return found && this.#touch(origin, found);
  }

  findOrMake(destination: Destination): SharedBudget {
    const origin = originOf(destination);
    const found = this.#origins.get(origin);
    if (found) return this.#touch(origin, found);
    const budget = new RetryBudget({ maxTokens: TOKENS_PER_ORIGIN });
    const made = this.#touch(origin, { budget, queue: new RetryQueue(budget), usedAt: 0 });
    this.#forgetUnused(made);
    return made;
  }

  report(): BudgetReport[] {
    this.#forgetUnused();
    return [...this.#origins].map(([origin, { budget, queue }]) => ({
      origin,
      tokens: budget.tokens,
      parked: queue.parked,
    }));
  }

  #touch(origin: string, used: OriginBudget): OriginBudget {
    used.usedAt = now();
    this.#origins.delete(origin);
    this.#origins.set(origin, used);
    return used;
  }

  /** @param inUse the one that somebody is about to use */
  #forgetUnused(inUse?: OriginBudget): void {
    const longAgo = now() - FORGET_AFTER;
    for (const [origin, known] of this.#origins) {
      if (known.usedAt > longAgo && this.#origins.size <= MOST_ORIGINS) return;
      if (known.queue.parked === 0 && known !== inUse) this.#origins.delete(origin);
    }
  }
}

const SHARED = new WeakMap<object, SharedBudget>();

/**
 * The queue of a budget that a policy names: one, however many clients share the budget.
 * axios copies a plain object with every merge of configs, but not the functions in it: so such a budget is known by its
 * `tryAcquire`, and it is the first one seen, not the copy, whose tokens count.
 */
export function withQueue(budget: Budget): SharedBudget {
  const key = Object.hasOwn(budget, 'tryAcquire') ? budget.tryAcquire : budget;
  let shared = SHARED.get(key);
  if (!shared) {
    shared = { budget, queue: new RetryQueue(budget) };
    SHARED.set(key, shared);
  }
  return shared;
}

/** As axios' own isAbsoluteURL: a scheme or none, and two slashes. */
const ABSOLUTE_URL = /^([a-z][a-z\d+\-.]*:)?\/\//i;

/** What a browser's page, or a worker, resolves relative URLs against. */
interface PageGlobals {
  readonly document?: { readonly baseURI?: string };
  readonly location?: { readonly href?: string };
}

/** Scheme, host and port of the URL that axios makes of a config; of the page, in browsers, where it is relative. */
export function originOf({ url = '', baseURL, allowAbsoluteUrls, socketPath }: Destination): string {
  if (socketPath) return `unix:${socketPath}`;
  const isAbsolute = ABSOLUTE_URL.test(url) && (!baseURL || allowAbsoluteUrls !== false);
  const { document, location } = globalThis as PageGlobals;
  const target = isAbsolute ? url : (baseURL ?? '');
  try {
    const { protocol, host } = new URL(target, document?.baseURI ?? location?.href);
    // Not its `origin`, which is `null` for schemes that it does not know: `capacitor:`, `app:`.
    return `${protocol}//${host}`;
  } catch {
    // No URL, or one that cannot take it apart: React Native's. Its user and password are nobody's business.
    const [, scheme, host] = /^((?:[a-z][a-z\d+\-.]*:)?\/\/)(?:[^/?#]*@)?([^/?#]+)/i.exec(target) ?? [];
    return host === undefined || host.endsWith('@') ? 'unknown' : `${scheme}${host}`;
  }
}
