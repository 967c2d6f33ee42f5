/**
 * What a retry budget must offer, wherever its tokens are kept.
 */

/**
 * What a retry follows.
 * - `'ordinary'`: a failure that was cheap for the server.
 * - `'after-timeout'`: the server is congested, and may still be at work for a client that has gone. A process that calls
 *   it once a second cannot tell a lost request from a stalled server; with a thousand such processes, a hundred
 *   tokens each would be the outage.
 */
export type RetryKind = 'ordinary' | 'after-timeout';

/** What a retry budget must offer, wherever its tokens are kept. */
export interface Budget {
  /** Takes a token for one retry; `false`: there is none. A rejected promise and a throw count as `false`; `GiveUpEvent.budgetError` has what it was. */
  tryAcquire(kind: RetryKind): boolean | Promise<boolean>;
  /** A request succeeded. */
  recordSuccess(): unknown;
  /** A retry succeeded, or was not sent after all: its token comes back. */
  refund(kind: RetryKind): unknown;
}
