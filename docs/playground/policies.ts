/** The fleets that have the policies side by side. */
import axiosRetry, { exponentialDelay } from 'axios-retry';
import { axiosFleet, libraryFleet } from '../../__tests__/support/library-fleet';
import type { Fleet } from '../../__tests__/support/storm';
import type { RetryPolicy } from '../../lib/index';
import type { Settings } from './settings';

/** In the order of policy-names. */
export function fleetsFor(settings: Settings): readonly Fleet[] {
  return [
    axiosFleet(() => {}),
    axiosFleet((client) =>
      axiosRetry(client, { retries: 5, retryDelay: exponentialDelay, shouldResetTimeout: true }),
    ),
    libraryFleet(),
    libraryFleet(() => yourPolicy(settings)),
  ];
}

export function yourPolicy(settings: Settings): RetryPolicy {
  const { patience, maxRetries, maxQueueTime, holdNewCalls, initialDelay } = settings;
  return {
    patience: patience * 1_000,
    maxRetries,
    maxQueueTime: maxQueueTime * 1_000,
    holdNewCalls: holdNewCalls === 'never' ? false : holdNewCalls,
    backoff: { initialDelay },
  };
}
