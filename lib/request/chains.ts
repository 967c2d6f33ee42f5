/**
 * The two chains of one call, as `layers` draws them: who is visited in which order. A chain is built for every call, so handlers of
 * ours that would follow one another are one.
 */
import type { Handler, Pass } from './layers-words';

export type Visit<Config> = (handler: Handler<Config>) => void;

/** The handlers of others, as they were registered before or after one of ours. */
export interface Sides<Config> {
  readonly inside: readonly Handler<Config>[];
  readonly outside: readonly Handler<Config>[];
}

export function visitAll<Config>(handlers: readonly Handler<Config>[], visit: Visit<Config>): void {
  for (const handler of handlers) visit(handler);
}

/** axios puts each request handler that it visits before those it visited earlier, or behind them where `inOrder`. */
export function visitRequestChain<Config>(
  pass: Pass<Config>,
  { inside, outside }: Sides<Config>,
  inOrder: boolean,
  visit: Visit<Config>,
): void {
  pass.isAlone = inside.length === 0;
  const others = pass.isReplay ? [] : outside;
  if (inOrder) visitAll(others, visit);
  if (inside.length === 0) visit(onTheWayOut(pass));
  else visitInside(pass, inside, inOrder, visit);
  if (!inOrder) visitAll(others, visit);
}

/** One handler does for `capture` and `seal` where nobody stands between them. */
function onTheWayOut<Config>(pass: Pass<Config>): Handler<Config> {
  const { isReplay, isSynchronous } = pass;
  return { fulfilled: wayOut(pass), rejected: null, synchronous: isReplay || isSynchronous };
}

function wayOut<Config>(pass: Pass<Config>): (config: Config) => unknown {
  if (pass.isReplay) return (config) => pass.seal(config);
  if (pass.isSynchronous) return (config) => pass.seal(pass.capture(config) as Config);
  return async (config) => pass.seal(await pass.capture(config));
}

function visitInside<Config>(
  pass: Pass<Config>,
  inside: readonly Handler<Config>[],
  inOrder: boolean,
  visit: Visit<Config>,
): void {
  const seal = { fulfilled: (config: Config) => pass.seal(config), rejected: null, synchronous: true };
  const capture = {
    fulfilled: (config: Config) => pass.capture(config),
    rejected: null,
    synchronous: pass.isSynchronous,
  };
  if (!inOrder) visit(seal);
  else if (!pass.isReplay) visit(capture);
  visitAll(inside, visit);
  if (inOrder) visit(seal);
  else if (!pass.isReplay) visit(capture);
}

/** One pair of handlers does for `observe` and `settle` where nobody stands between them. */
export function visitResponseChain<Config>(
  pass: Pass<Config>,
  { inside, outside }: Sides<Config>,
  visit: Visit<Config>,
): void {
  if (inside.length > 0) pass.isAlone = false;
  const endsHere = pass.isReplay || inside.length > 0;
  visit({
    fulfilled: (response: unknown) => {
      pass.observe(response);
      return endsHere ? response : pass.settle(response);
    },
    rejected: (error: unknown) => {
      pass.observeFailure(error);
      return endsHere ? Promise.reject(error) : pass.settleFailure(error);
    },
  });
  visitAll(inside, visit);
  if (pass.isReplay) return;
  if (endsHere) {
    visit({
      fulfilled: (value: unknown) => pass.settle(value),
      rejected: (error: unknown) => pass.settleFailure(error),
    });
  }
  visitAll(outside, visit);
}
