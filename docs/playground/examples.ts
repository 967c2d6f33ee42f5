/** Storms to begin with: also some in which another policy is better. */
import type { Settings } from './settings';

export const EXAMPLES: readonly { readonly name: string; readonly settings: Partial<Settings> }[] = [
  { name: 'Hangs for 3 s', settings: { kind: 'stalling' } },
  { name: 'Refuses for 3 s', settings: { kind: 'refusing' } },
  { name: 'Refuses, at 80% load', settings: { kind: 'refusing', load: 80 } },
  { name: 'One in three fails', settings: { kind: 'flaky', down: 15 } },
  { name: 'Down for longer than patience', settings: { kind: 'refusing', down: 20 } },
];
