/** Looking at promises: where they are now, and what they were rejected with. */

export interface Watched {
  status: 'pending' | 'fulfilled' | 'rejected';
  /** What it was fulfilled or rejected with. */
  value: unknown;
}

/** Where a promise is, kept up to date. It needs no other handler then. */
export function watch(promise: Promise<unknown>): Watched {
  const watched: Watched = { status: 'pending', value: undefined };
  promise.then(
    (value) => Object.assign(watched, { status: 'fulfilled', value }),
    (value) => Object.assign(watched, { status: 'rejected', value }),
  );
  return watched;
}

/** What a promise is rejected with; throws if it is fulfilled. */
// biome-ignore lint/suspicious/noExplicitAny: nobody knows the type of what a promise is rejected with.
export async function rejectionOf(promise: Promise<unknown>): Promise<any> {
  const fulfilled = Symbol();
  const error = await promise.then(
    () => fulfilled,
    (reason) => reason,
  );
  if (error === fulfilled) throw new Error('was fulfilled, and should have been rejected');
  return error;
}
