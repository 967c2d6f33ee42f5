/** Numbers and results as the page says them. */

import type { Result } from './play';
import { POLICIES } from './policy-names';
import { KINDS, type Settings } from './settings';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const twoDigits = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export const count = (value: number): string => whole.format(value);
export const ratio = (value: number): string => twoDigits.format(value);

export function seconds(value: number | null): string {
  return value === null ? '–' : `${value < 1 ? twoDigits.format(value) : oneDigit.format(value)} s`;
}

export function share(part: number, all: number): string {
  const percent = (100 * part) / Math.max(1, all);
  return part > 0 && percent < 0.05 ? 'under 0.1%' : `${oneDigit.format(percent)}%`;
}

/** One sentence for each policy, for those who hear the page. */
export function summary({ kind, down, load }: Settings, results: readonly (Result | undefined)[]): string {
  const calls = results.find((result) => result)?.calls ?? 0;
  const world = `${down} s in which ${KINDS[kind]}, at ${load}% load, ${count(calls)} callers.`;
  const outcomes = results.map((result, index) => {
    if (!result) return '';
    const failed = result.failed === 0 ? 'nobody fails' : `${count(result.failed)} fail`;
    return `${POLICIES[index]?.name}: ${failed}, the slowest waits ${seconds(result.slowest)}.`;
  });
  return [world, ...outcomes].join(' ');
}
