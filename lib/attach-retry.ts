/**
 * attachRetry: puts retrying on an axios instance, and takes it off again.
 */
import { type OriginReport, Origins, tokensOf } from './origin/origins';
import { originalOf } from './origin/token-line';
import { tellLeftOvers } from './policy/left-overs';
import { type ResolvedPolicy, resolvePolicy } from './policy/policy';
import type { RetryPolicy } from './policy/retry-policy';
import { checkInstance } from './policy/validation';
import type { AttemptConfig } from './request/attempt';
import { findChannels } from './request/channels';
import { bindLayers, type Layers, type Manager } from './request/layers';
import type { Attachment } from './request/logical-request';
import { axiosTransformOf } from './request/original-request';
import { openPass, passOf } from './request/pass';
import { isRetryState } from './request/retry-state';
import { StopSignal } from './timing';

/**
 * What an axios instance must have. Structural, because the types of axios' ESM and CJS builds
 * (and of two versions in one tree) are not assignable to one another.
 */
export interface RetryableInstance {
  /** Sends a request; replays go through it. */
  request(config: object): Promise<unknown>;
  /** Where `retryPolicy` of this instance is looked up, which overrides `attachRetry`'s. */
  defaults: object;
  /** Where the interceptor pair is attached. */
  interceptors: {
    /** The manager of request interceptors. */
    request: InterceptorManagerLike;
    /** The manager of response interceptors. */
    response: InterceptorManagerLike;
  };
}

/** One of axios' interceptor managers. `never` stands for whatever axios says its handlers take. */
export interface InterceptorManagerLike {
  /** Registers an interceptor. @returns its id */
  use(...handlers: never[]): number;
  /** Takes an interceptor off. @param id what `use` returned */
  eject(id: number): void;
}

/** What `attachRetry` returns. */
export interface AttachedRetry {
  /**
   * Takes the interceptors off. Requests that wait for a retry end at once with their last error
   * (outcome `detached`), attempts that are running are left to end by themselves. Calling it again does nothing.
   */
  detach(): void;
  /** The origins that failed lately, for a health page. */
  origins(): OriginReport[];
  /**
   * Forgets that an origin (as `origins()` spells it), or any, has failed: for tests, and for operators who know better. Calls that
   * are held are not lost.
   */
  reset(origin?: string): void;
}

/** Where an instance's attachment is found again, by another copy of this library as well (ESM beside CJS). */
const ATTACHED = Symbol.for('axios-retry-budget.attached');

/** axios' interceptor managers, as they are used here. */
interface Managers {
  request: Manager<AttemptConfig>;
  response: Manager<AttemptConfig> & { [ATTACHED]?: AttachedRetry };
}

/** The defaults of an instance, as axios merges them into each config. */
interface Defaults {
  retryPolicy?: RetryPolicy | false;
  retryState?: unknown;
}

/**
 * Has all requests of an axios instance retried from now on.
 * Attaching again to the same instance replaces the earlier attachment.
 *
 * @param instance an axios instance, or `axios` itself
 * @param policy overrides of the defaults; `false` retries only requests with a policy of their own
 * @returns a handle with `detach()`, `origins()` and `reset()`
 * @throws TypeError or RangeError naming the field of a policy that is not allowed, its value and the fix; TypeError if it is
 *   no axios instance. A bad policy of a request rejects that request, unsent.
 * @example attachRetry(axios.create({ baseURL: 'https://api.example.com' }), { maxRetries: 3 })
 */
export function attachRetry(instance: RetryableInstance, policy?: RetryPolicy | false): AttachedRetry {
  return attach(instance, policy).handle;
}

/**
 * Another way to say how requests are to be retried, which other entry points speak. It may write on the config.
 * @param resolve what was said in this library's words, on top of what is given
 */
export type Dialect = (
  config: AttemptConfig,
  resolve: (weakest: RetryPolicy) => ResolvedPolicy | undefined,
) => ResolvedPolicy | undefined;

/** The same for those who speak a dialect. */
export function attach(
  instance: RetryableInstance,
  policy: RetryPolicy | false | undefined,
  dialect?: Dialect,
): { readonly handle: AttachedRetry; readonly ids: Layers['ids'] } {
  checkInstance(instance);
  const resolved = resolvePolicy([policy]);
  const managers = instance.interceptors as unknown as Managers;
  managers.response[ATTACHED]?.detach();

  const defaults = instance.defaults as Defaults | undefined;
  const mark = new InstanceMark(defaults);
  const attachment: Attachment = {
    send: senderOf(instance),
    isWhole: () => layers.isWhole,
    detached: new StopSignal(),
    origins: new Origins(),
    transform: axiosTransformOf(defaults),
    patience: resolved?.patience ?? 0,
    channels: findChannels(),
  };
  // axios has merged the instance's policy into the request's, as copies; what must not be copied is taken from the original.
  const policyOf = ({ retryPolicy }: AttemptConfig, weakest?: RetryPolicy): ResolvedPolicy | undefined => {
    if (retryPolicy === undefined && !weakest) return resolved;
    const ofInstance = defaults?.retryPolicy;
    const merged = resolvePolicy([weakest, policy, ofInstance, retryPolicy as RetryPolicy | false]);
    if (!merged?.budget) return merged;
    const known = [ofInstance, policy].map((level) => (level ? level.budget : undefined));
    return { ...merged, budget: originalOf(merged.budget, known) };
  };
  const opening = dialect
    ? {
        attachment,
        policyOf: (config: AttemptConfig) => dialect(config, (weakest) => policyOf(config, weakest)),
      }
    : { attachment, policyOf, inspect: tellLeftOvers };
  const layers: Layers = bindLayers(
    managers,
    (config, isFirst) => (mark.isOn(config) ? openPass(opening, config, isFirst) : undefined),
    passOf,
  );

  const handle: AttachedRetry = {
    detach() {
      if (attachment.detached.stopped) return;
      layers.remove();
      mark.remove();
      delete managers.response[ATTACHED];
      attachment.detached.stop();
    },
    origins: () => reportOf(attachment, resolved),
    reset: (origin) => attachment.origins.reset(origin),
  };
  Object.defineProperty(managers.response, ATTACHED, { value: handle, configurable: true });
  return { handle, ids: layers.ids };
}

/**
 * Tells the configs of this instance from those of another one that shares its interceptor managers: a mark in the instance's
 * defaults, which axios merges into every config by reference, as it does with all instances of classes. There it stands where
 * the state of the call will stand, so no config has a key more. A request of the other instance must never be replayed
 * through this one, with this one's credentials.
 */
class InstanceMark {
  // Private: whoever clones a config deeply would clone all defaults, which hold the mark.
  readonly #defaults: Defaults | undefined;

  constructor(defaults: Defaults | undefined) {
    this.#defaults = defaults;
    this.#put();
  }

  isOn({ retryState }: AttemptConfig): boolean {
    if (retryState === this || isRetryState(retryState)) return true;
    // Somebody gave the instance other defaults, or they cannot be written to.
    return this.#defaults?.retryState !== this && !this.#put();
  }

  remove(): void {
    if (this.#defaults?.retryState === this) delete this.#defaults.retryState;
  }

  toJSON(): undefined {
    return undefined;
  }

  /** @returns false, for this call has been merged without it */
  #put(): false {
    if (this.#defaults && Object.isExtensible(this.#defaults)) this.#defaults.retryState = this;
    return false;
  }
}

/** The function itself where there is one: somebody may wrap `request`, and what he does to a call is to be done once. */
function senderOf(instance: RetryableInstance): (config: object) => Promise<unknown> {
  return typeof instance === 'function'
    ? (instance as (config: object) => Promise<unknown>)
    : instance.request.bind(instance);
}

function reportOf({ origins, patience }: Attachment, resolved: ResolvedPolicy | undefined): OriginReport[] {
  const { budget } = resolved ?? {};
  // Where nothing is held, there is no patience that could end.
  return origins.report(patience || Number.POSITIVE_INFINITY, ({ bucket }) => {
    if (budget) return tokensOf(budget);
    return patience === 0 && budget !== false ? bucket.tokens : undefined;
  });
}
