/** A migration guide and the tests that back it: every option and every claim of the one is in the other. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Guide {
  /** A row of the guide's option table: a test of what the counterpart does. */
  option(name: string, check: () => Promise<void>): void;
  /** A bold sentence that begins an item of one of the guide's lists. */
  claim(sentence: string, check: () => Promise<void>): void;
  /** A row of a table of what is the same: a test with both libraries. */
  same(behaviour: string, check: () => Promise<void>): void;
}

/** The section about one changed import, which has tests of its own. */
export const DROP_IN = '## One changed import';

/** @param part the section by itself, or all the rest */
export function guide(
  library: string,
  describeClaims: (guide: Guide) => void,
  part: 'all but the drop-in' | 'the drop-in' = 'all but the drop-in',
): void {
  const text = partOf(library, part);
  const tested = { options: [] as string[], claims: [] as string[], same: [] as string[] };

  // Some tests say the same thing in two libraries' words on one config, of which this one tells.
  beforeEach(() => void jest.spyOn(console, 'warn').mockImplementation());

  describeClaims({
    option(name, check) {
      tested.options.push(name);
      test(`option ${name}`, check);
    },
    claim(sentence, check) {
      tested.claims.push(sentence);
      test(sentence, check);
    },
    same(behaviour, check) {
      tested.same.push(behaviour);
      test(`the same: ${behaviour}`, check);
    },
  });

  test('the guide’s options are those that are tested here', () => {
    expect(matches(text, /^\| `(.+?)`/gm)).toEqual(tested.options);
  });

  test('the guide’s claims are those that are tested here', () => {
    expect(matches(text, /^- \*\*(.+?)\.\*\*/gm)).toEqual(tested.claims);
  });

  test('what the guide says is the same is tested here', () => {
    expect(matches(text, /^\| +\d+ +\| (.+?) +\|$/gm)).toEqual(tested.same);
  });
}

function partOf(library: string, part: string): string {
  const text = readFileSync(path.join(__dirname, `../../docs/migrating-from-${library}.md`), 'utf8');
  const sections = text.split(/^(?=## )/m);
  return sections.filter((section) => section.startsWith(DROP_IN) === (part === 'the drop-in')).join('');
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, match]) => match ?? '');
}
