/**
 * Sending a logical request again: the one pass through the instance that makes an attempt.
 */

/** As much of an axios interceptor manager as a replay uses; every axios 1.x builds its chains with it. */
interface InterceptorChain {
  forEach?(visit: (handler: { fulfilled: unknown }) => void): void;
}

/** As much of an axios instance as a replay uses. */
export interface ReplayableInstance {
  request(config: object): Promise<unknown>;
  interceptors: { response: object };
}

/** Ends the stream of a response that nobody is going to read, so that its socket is free. */
export function releaseBody(body: unknown): void {
  const stream = body as { destroy?: unknown; on?: unknown; cancel?: unknown } | null | undefined;
  if (typeof stream?.destroy === 'function') {
    // Destroying a response in the middle makes it emit an error, which must find a listener.
    if (typeof stream.on === 'function') stream.on('error', () => {});
    stream.destroy();
  } else if (typeof stream?.cancel === 'function') {
    // A locked stream refuses; whoever locked it is reading it.
    Promise.resolve(stream.cancel()).catch(() => {});
  }
}

/**
 * One attempt: sends the config through the instance, request interceptors, transforms and all, and settles
 * with what comes out where `ownHandler` sits among the response interceptors.
 *
 * The trick: response interceptors registered after attachRetry must run once per logical request, so an
 * attempt's chain has to end where ours begins; the loop's result then takes the rest of the way in the first
 * attempt's chain. axios builds a chain synchronously inside `request()`, by one call of the manager's `forEach`.
 * For this one call it is overlaid by one that stops at our handler and then takes itself away; no other request
 * can come between, because between the two statements below runs no code but axios' own and `runWhen` predicates.
 */
export function replay(instance: ReplayableInstance, config: object, ownHandler: unknown): Promise<unknown> {
  const manager = instance.interceptors.response as InterceptorChain;
  const forEach = manager.forEach;
  manager.forEach = (visit) => {
    delete manager.forEach;
    let reachedOwn = false;
    forEach?.call(manager, (handler) => {
      reachedOwn ||= handler.fulfilled === ownHandler;
      if (!reachedOwn) visit(handler);
    });
  };
  return new Promise((resolve) => {
    try {
      resolve(instance.request(config));
    } finally {
      delete manager.forEach;
    }
  });
}
