/** It brings no types along. */
declare module 'axios-concurrency' {
  export function ConcurrencyManager(axios: object, maxConcurrent?: number): { detach(): void };
}
