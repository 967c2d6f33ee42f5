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

/** One pass of a call through an instance. Its methods are called as interceptors: in their order, each at most once. */
export interface Pass<Config> {
  /** A replay runs the inside only: it is never captured nor settled. */
  readonly isReplay: boolean;
  /** Whether `capture` returns at once; else axios must not run the request chain synchronously. */
  readonly isSynchronous: boolean;
  capture(config: Config): Config | Promise<Config>;
  seal(config: Config): Config;
  observe(response: unknown): unknown;
  observeFailure(error: unknown): unknown;
  settle(value: unknown): unknown;
  settleFailure(error: unknown): unknown;
  /** Our response handler has been cleared away: nothing of this call comes back to us. */
  cutOff(): void;
}

/** One handler among an interceptor manager's. */
interface Handler<Config> {
  fulfilled?: unknown;
  rejected?: unknown;
  synchronous?: boolean;
  runWhen?: ((config: Config) => boolean) | null;
}

/** As much of axios' interceptor managers as is used; `forEach` is there in every axios 1.x. */
export interface Manager<Config> {
  use(fulfilled: unknown, rejected?: unknown, options?: { synchronous: boolean }): number;
  eject(id: number): void;
  forEach?(visit: (handler: Handler<Config>) => void): void;
}

/** @returns the pass of the call whose merged config this is; undefined for one that is to be left alone */
type Open<Config> = (config: Config) => Pass<Config> | undefined;

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

type OwnHandlers<Config> = {
  capture(config: Config): unknown;
  settle(response: unknown): unknown;
  settleFailure(error: unknown): unknown;
};

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
    standIn(request, own.capture, (layers, visit) => {
      const config = layers && configOfChain(visit);
      const pass = config && open(config);
      if (pass) visitAll(requestChain(pass, layers, isInOrder(config)), visit);
      // At the end: a predicate may have sent a request of its own.
      current = pass;
      return pass !== undefined;
    }),
    standIn(response, own.settle, (layers, visit) => {
      const pass = current;
      current = undefined;
      if (!layers) pass?.cutOff();
      if (pass && layers) visitAll(responseChain(pass, layers), visit);
      return pass !== undefined && layers !== undefined;
    }),
  ];
  return () => releases.forEach((release) => void release());
}

type Visit<Config> = (handler: Handler<Config>) => void;
/** The handlers of others, as they were registered before or after one of ours. */
interface Sides<Config> {
  readonly inside: readonly Handler<Config>[];
  readonly outside: readonly Handler<Config>[];
}

function visitAll<Config>(handlers: readonly Handler<Config>[], visit: Visit<Config>): void {
  for (const handler of handlers) visit(handler);
}

/** axios puts each request handler that it visits before those it visited earlier, or behind them where `isInOrder`. */
function requestChain<Config>(
  pass: Pass<Config>,
  { inside, outside }: Sides<Config>,
  inOrder: boolean,
): readonly Handler<Config>[] {
  const seal = { fulfilled: (config: Config) => pass.seal(config), rejected: null, synchronous: true };
  if (pass.isReplay) return inOrder ? [...inside, seal] : [seal, ...inside];
  const capture = {
    fulfilled: (config: Config) => pass.capture(config),
    rejected: null,
    synchronous: pass.isSynchronous,
  };
  return inOrder ? [...outside, capture, ...inside, seal] : [seal, ...inside, capture, ...outside];
}

function responseChain<Config>(
  pass: Pass<Config>,
  { inside, outside }: Sides<Config>,
): readonly Handler<Config>[] {
  const observe = {
    fulfilled: (response: unknown) => pass.observe(response),
    rejected: (error: unknown) => pass.observeFailure(error),
  };
  if (pass.isReplay) return [observe, ...inside];
  const settle = {
    fulfilled: (value: unknown) => pass.settle(value),
    rejected: (error: unknown) => pass.settleFailure(error),
  };
  return [observe, ...inside, settle, ...outside];
}

/**
 * The merged config of the call whose chain is being built, by a handler that declines to run for it. Somebody who merely
 * looks at the handlers asks no `runWhen`, and gets to see them as they are.
 */
function configOfChain<Config>(visit: Visit<Config>): Config | undefined {
  let config: Config | undefined;
  const runWhen = (merged: Config) => {
    config = merged;
    return false;
  };
  visit({ fulfilled: undefined, rejected: undefined, synchronous: true, runWhen });
  return config;
}

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
  const ours = (visit: Visit<Config>) => {
    const handlers: Handler<Config>[] = [];
    forEach.call(manager, (handler) => handlers.push(handler));
    const at = handlers.findIndex(({ fulfilled }) => fulfilled === own);
    const sides = at < 0 ? undefined : { inside: handlers.slice(0, at), outside: handlers.slice(at + 1) };
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

function contains<Config>(manager: Manager<Config>, own: unknown): boolean {
  let isThere = !manager.forEach;
  manager.forEach?.(({ fulfilled }) => {
    isThere ||= fulfilled === own;
  });
  return isThere;
}

/** For managers without `forEach`, none of axios' own: a call is found by its config, and replays run all of the chain. */
function handlersByConfig<Config>(
  open: Open<Config>,
  passOf: (answer: unknown) => Pass<Config> | undefined,
): OwnHandlers<Config> {
  return {
    async capture(config) {
      const pass = open(config);
      if (!pass) return config;
      return pass.seal(pass.isReplay ? config : await pass.capture(config));
    },
    settle(response) {
      const pass = passOf(response);
      pass?.observe(response);
      return pass?.isReplay === false ? pass.settle(response) : response;
    },
    settleFailure(error) {
      const pass = passOf(error);
      if (!pass) return Promise.reject(error);
      const observed = pass.observeFailure(error);
      return pass.isReplay ? observed : pass.settleFailure(error);
    },
  };
}
