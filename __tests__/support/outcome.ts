/** Promises in tests: where they are now, what they were rejected with, and fulfilling them when it is time. */

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

/** A promise, and what fulfils it. */
export function deferred<T = void>(): { promise: Promise<T>; fulfil: (value: T) => void } {
  let fulfil: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    fulfil = resolve;
  });
  return { promise, fulfil };
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
