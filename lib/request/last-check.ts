/**
 * How a request that is on its way to an adapter is kept from being sent.
 */
import axios from 'axios';
import type { AttemptConfig } from './attempt';
import { LogicalRequest } from './logical-request';

/**
 * The last of an attempt's body transforms, which leaves the body alone: the only place between the request interceptors and the
 * adapter. Transforms may have taken long, and some adapters send for a signal that was aborted before.
 */
export function lastCheck(this: AttemptConfig, data: unknown): unknown {
  const request = LogicalRequest.of(this);
  const { signal, cancelToken } = this as {
    signal?: { aborted?: boolean };
    cancelToken?: { reason?: unknown };
  };
  const isCancelled = signal?.aborted || cancelToken?.reason !== undefined;
  if (request && (isCancelled || request.owner.timeLeft <= 0))
    throw new axios.CanceledError(undefined, this as never);
  return data;
}

/**
 * Has the request rejected instead of sent: its body's transform throws, which no adapter comes before; and its adapter
 * rejects. Not by throwing here: axios 1.0 would throw it out of `request()` instead of rejecting, or send the request all the same.
 */
export function refused(config: AttemptConfig, error: unknown): AttemptConfig {
  const transformRequest = [
    () => {
      throw error;
    },
  ];
  return { ...config, transformRequest, adapter: () => Promise.reject(error) };
}
