/** A migration guide and the tests that back it: every option and every claim of the one is in the other. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Guide {
  /** A row of the guide's option table: a test of what the counterpart does. */
  option(name: string, check: () => Promise<void>): void;
  /** A bold sentence that begins an item of one of the guide's lists. */
  claim(sentence: string, check: () => Promise<void>): void;
}

export function guide(library: string, describeClaims: (guide: Guide) => void): void {
  const text = readFileSync(path.join(__dirname, `../../docs/migrating-from-${library}.md`), 'utf8');
  const tested: Record<'options' | 'claims', string[]> = { options: [], claims: [] };

  describeClaims({
    option(name, check) {
      tested.options.push(name);
      test(`option ${name}`, check);
    },
    claim(sentence, check) {
      tested.claims.push(sentence);
      test(sentence, check);
    },
  });

  test('the guide’s options are those that are tested here', () => {
    expect(matches(text, /^\| `(.+?)`/gm)).toEqual(tested.options);
  });

  test('the guide’s claims are those that are tested here', () => {
    expect(matches(text, /^- \*\*(.+?)\.\*\*/gm)).toEqual(tested.claims);
  });
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, match]) => match ?? '');
}
