/**
 * Letting go of a response that nobody is going to read.
 */

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
