/** The public names of axios-retry-budget, nothing else. */
import './axios-augmentation';

export {
  type AttachedRetry,
  attachRetry,
  type InterceptorManagerLike,
  type RetryableInstance,
} from './attach-retry';
export type { BudgetReport } from './origin/origins';
export { RetryBudget, type RetryBudgetOptions } from './origin/retry-budget';
export type { Budget, RetryKind } from './policy/budget';
export type {
  AttemptFailure,
  DelaySource,
  GiveUpEvent,
  GiveUpReason,
  Outcome,
  RetryEvent,
  RetryState,
  SettledEvent,
} from './policy/events';
export type { BackoffFunction, BackoffOptions, Judgement, Overlay, RetryPolicy } from './policy/retry-policy';
export { retriesExhausted, retryStateOf } from './request/retry-state';
