/** The public names of axios-retry-budget, nothing else. */
import './axios-augmentation';

export {
  type AttachedRetry,
  attachRetry,
  type InterceptorManagerLike,
  type RetryableInstance,
} from './attach-retry';
export type { OriginState } from './origin/gate-words';
export type { OriginReport } from './origin/origins';
export { RetryBudget, type RetryBudgetOptions } from './origin/retry-budget';
export type { Budget, RetryKind } from './policy/budget';
export type {
  AboutRequest,
  AttemptFailure,
  DelaySource,
  GiveUpEvent,
  GiveUpReason,
  Outcome,
  RetryAttempt,
  RetryEvent,
  RetryObserver,
  RetryState,
  SettledEvent,
} from './policy/events';
export type {
  BackoffFunction,
  BackoffOptions,
  HoldNewCalls,
  Judgement,
  NotYet,
  Overlay,
  RetryPolicy,
} from './policy/retry-policy';
export { retriesExhausted, retryStateOf } from './request/retry-state';
export type { GateEvent } from './request/watchers';
