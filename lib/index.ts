/** The public names of axios-retry-budget, nothing else. */
import './axios-augmentation';

export {
  type AttachedRetry,
  attachRetry,
  type InterceptorManagerLike,
  type RetryableInstance,
} from './attach-retry';
export type { BackoffFunction, BackoffOptions } from './backoff';
export type { BudgetReport } from './budget/per-origin';
export { type Budget, RetryBudget, type RetryBudgetOptions, type RetryKind } from './budget/retry-budget';
export type { RetryPolicy } from './policy';
export {
  type AttemptFailure,
  type DelaySource,
  type GiveUpEvent,
  type GiveUpReason,
  type Outcome,
  type RetryEvent,
  type RetryState,
  retriesExhausted,
  retryStateOf,
} from './retry-state';
