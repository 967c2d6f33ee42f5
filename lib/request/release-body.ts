/**
 * Letting go of a response that nobody is going to read.
 */

/** As much of a response as is let go of. */
interface Releasable {
  readonly data?: unknown;
  readonly request?: unknown;
}

/** Ends the stream of a response that nobody is going to read, so that its socket is free. */
export function releaseBody(response: Releasable | undefined): void {
  const stream = response?.data as { destroy?: unknown; cancel?: unknown } | null | undefined;
  if (typeof stream?.destroy === 'function') {
    destroy(stream);
    // With a `maxContentLength`, axios puts a generator between the stream and the socket, which hears of the stream's end when
    // the next chunk comes: never, if none does. The request that is over already is left alone by Node.
    if (isNodeStream(stream)) destroy(response?.request);
  } else if (typeof stream?.cancel === 'function') {
    // A locked stream refuses; whoever locked it is reading it.
    Promise.resolve(stream.cancel()).catch(() => {});
  }
}

function destroy(target: unknown): void {
  const { destroy, on } = (target ?? {}) as { destroy?: unknown; on?: unknown };
  if (typeof destroy !== 'function') return;
  // Destroyed in the middle, it emits an error, which must find a listener.
  if (typeof on === 'function') on.call(target, 'error', () => {});
  destroy.call(target);
}

/** By more than its `pipe`, which observables and effects have as well. */
export function isNodeStream(
  body: unknown,
): body is { destroyed: boolean; once(event: string, listener: () => void): void } {
  const { pipe, once } = (body ?? {}) as { pipe?: unknown; once?: unknown };
  return typeof pipe === 'function' && typeof once === 'function';
}

export function isWebStream(body: unknown): body is object {
  return typeof (body as { getReader?: unknown } | null | undefined)?.getReader === 'function';
}
