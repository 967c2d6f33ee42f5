/**
 * Interceptors in pairs: what is registered before attachRetry runs for every attempt, what is registered after it once
 * per call. The one trick of this library lives here, and nowhere else.
 *
 * The trick: axios builds the two chains of a call synchronously, one after the other, inside `request()`: it asks the
 * manager of request interceptors, then that of response interceptors, for its handlers, by `forEach`. Ours stands in for both,
 * and puts handlers that are bound to the call in place of the two that attachRetry registered:
 *
 *     outside ─▶ capture ─▶ inside ─▶ seal ─▶ adapter ─▶ observe ─▶ inside ─▶ settle ─▶ outside
 *
 * `capture` sees the config as the outside made it: that is what replays start from. `seal` comes last before the adapter,
 * `observe` first after it, so they see what really was sent and answered, whatever interceptors make of it. A replay runs the
 * inside only, from its first handler to `observe` and back to where `settle` sits. So an answer belongs to its call by
 * the chain, not by anything on it: neither an error without a config nor a config that was cloned can get lost.
 *
 * A chain that is built through other managers (another instance's, to which somebody copied our handlers) meets the two
 * registered handlers themselves, which do nothing.
 */

import { type Sides, type Visit, visitAll, visitRequestChain, visitResponseChain } from './chains';
import { handlersByConfig } from './layers-by-config';
import type { Handler, Manager, Open, OwnHandlers, Pass } from './layers-words';

export type { Manager, Pass } from './layers-words';

export interface Layers {
  /** What the managers call our handlers. */
  readonly ids: Readonly<Record<'request' | 'response', number>>;
  /** Whether both are still where they were registered. */
  readonly isWhole: boolean;
  /** Takes our handlers off. */
  remove(): void;
}

/**
 * @param open called once for each chain, before anything in it runs
 * @param passOf finds the pass that a response or an error belongs to by its config; for managers without `forEach`
 */
export function bindLayers<Config extends object>(
  managers: { request: Manager<Config>; response: Manager<Config> },
  open: Open<Config>,
  passOf: (answer: unknown) => Pass<Config> | undefined,
): Layers {
  const { request, response } = managers;
  const hasChains = request.forEach && response.forEach;
  const own = hasChains ? inertHandlers() : handlersByConfig(open, passOf);
  const ids = {
    request: request.use(own.capture, null, { synchronous: true }),
    response: response.use(own.settle, own.settleFailure),
  };
  const release = hasChains ? overlay(request, response, own, open) : () => {};
  return {
    ids,
    get isWhole() {
      return contains(request, own.capture) && contains(response, own.settle);
    },
    remove() {
      release();
      if (contains(request, own.capture)) request.eject(ids.request);
      if (contains(response, own.settle)) response.eject(ids.response);
    },
  };
}

/** What is registered: new functions each time, by which the places of ours are known. */
function inertHandlers<Config>(): OwnHandlers<Config> {
  return {
    capture: (config) => config,
    settle: (response) => response,
    settleFailure: (error) => Promise.reject(error),
  };
}

function overlay<Config extends object>(
  request: Manager<Config>,
  response: Manager<Config>,
  own: OwnHandlers<Config>,
  open: Open<Config>,
): () => void {
  /** From the building of a call's request chain to that of its response chain; only `runWhen` predicates run in between. */
  let current: Pass<Config> | undefined;
  const releases = [
    standIn(request, own.capture, (sides, visit) => {
      const config = sides && configOfChain(visit);
      const pass = config && open(config, sides.outside.length === 0);
      if (pass) visitRequestChain(pass, sides, isInOrder(config), visit);
      // At the end: a predicate may have sent a request of its own.
      current = pass;
      return pass !== undefined;
    }),
    standIn(response, own.settle, (sides, visit) => {
      const pass = current;
      current = undefined;
      if (!sides) pass?.cutOff();
      if (pass && sides) visitResponseChain(pass, sides, visit);
      return pass !== undefined && sides !== undefined;
    }),
  ];
  return () => releases.forEach((release) => void release());
}

/**
 * The merged config of the call whose chain is being built, by a handler that declines to run for it. Somebody who merely
 * looks at the handlers asks no `runWhen`, and gets to see them as they are.
 */
function configOfChain<Config>(visit: Visit<Config>): Config | undefined {
  lookedAt = undefined;
  visit(LOOKING as Handler<Config>);
  const config = lookedAt as Config | undefined;
  lookedAt = undefined;
  return config;
}

let lookedAt: unknown;
const LOOKING: Handler<unknown> = {
  fulfilled: undefined,
  rejected: undefined,
  synchronous: true,
  runWhen: (merged) => {
    lookedAt = merged;
    return false;
  },
};

/** axios 1.13 and later run request interceptors in the order of their registration where this option says so. */
function isInOrder(config: { transitional?: { legacyInterceptorReqResOrdering?: boolean } }): boolean {
  return config.transitional?.legacyInterceptorReqResOrdering === false;
}

/**
 * Puts ours in front of a manager's `forEach`, until released.
 * @param build visits the bound chain; false leaves it to the handlers as they are
 */
function standIn<Config>(
  manager: Manager<Config>,
  own: unknown,
  build: (sides: Sides<Config> | undefined, visit: Visit<Config>) => boolean,
): () => void {
  const original = Object.getOwnPropertyDescriptor(manager, 'forEach');
  const forEach = manager.forEach as NonNullable<Manager<Config>['forEach']>;
  const lineUp = rememberedLineUp(forEach, manager, own);
  const ours = (visit: Visit<Config>) => {
    const { handlers, sides } = lineUp();
    if (!build(sides, visit)) visitAll(handlers, visit);
  };
  Object.defineProperty(manager, 'forEach', { value: ours, writable: true, configurable: true });
  return () => {
    // Somebody else's may stand in front of ours, which without our handlers changes nothing.
    if (manager.forEach !== ours) return;
    if (original) Object.defineProperty(manager, 'forEach', original);
    else delete manager.forEach;
  };
}

/** The handlers of a manager, in the order of their registration. */
interface LineUp<Config> {
  readonly handlers: readonly Handler<Config>[];
  readonly sides: Sides<Config> | undefined;
}

/** Asked for every call, and the same in nearly all: made anew only where a handler has come or gone. */
function rememberedLineUp<Config>(
  forEach: NonNullable<Manager<Config>['forEach']>,
  manager: Manager<Config>,
  own: unknown,
): () => LineUp<Config> {
  let known: LineUp<Config> = { handlers: [], sides: undefined };
  let seen = 0;
  let isSame = true;
  const compare = (handler: Handler<Config>) => {
    isSame &&= known.handlers[seen] === handler;
    seen++;
  };
  return () => {
    seen = 0;
    isSame = true;
    forEach.call(manager, compare);
    if (isSame && seen === known.handlers.length) return known;
    const handlers: Handler<Config>[] = [];
    forEach.call(manager, (handler) => handlers.push(handler));
    known = { handlers, sides: sidesOf(handlers, own) };
    return known;
  };
}

function sidesOf<Config>(handlers: readonly Handler<Config>[], own: unknown): Sides<Config> | undefined {
  const at = handlers.findIndex(({ fulfilled }) => fulfilled === own);
  return at < 0 ? undefined : { inside: handlers.slice(0, at), outside: handlers.slice(at + 1) };
}

function contains<Config>(manager: Manager<Config>, own: unknown): boolean {
  let isThere = !manager.forEach;
  manager.forEach?.(({ fulfilled }) => {
    isThere ||= fulfilled === own;
  });
  return isThere;
}
