/** docs/faults.md, made of a run of the fault matrix. */
import axios from 'axios';
import { type Meeting, SCENARIOS, type Scenario } from './faults';
import { markdownTable } from './page';

const INTRODUCTION = `# What happens when something breaks

Each line below is a run: a real server breaks in that way, a client with \`attachRetry(client, { maxRetries: 2 })\` meets it,
the requests that reached the server are counted, and the caller's answer is written down.
The tests assert the same lines (\`__tests__/http/faults.test.ts\`); \`npm run docs:faults\` writes this page.

- *GET, once*: the fault is gone when the first retry comes. *GET, always*: it stays. *POST, always*: the same for a
  request that may not be sent twice (no idempotency key).
- An error is named by its \`code\`, and in parentheses by the code of its innermost \`cause\` where that tells more.
- After each error stands the \`outcome\` of \`retryStateOf(error)\`.
- *Lasts*: how long each attempt takes until it fails. Between attempts only the backoff is waited for.
`;

const HEADINGS: Readonly<Record<Scenario, string>> = {
  once: 'GET, once',
  always: 'GET, always',
  post: 'POST, always',
};

export function renderFaults(meetings: readonly Meeting[]): string {
  const groups = new Map<string, Meeting[]>();
  for (const meeting of meetings) {
    groups.set(meeting.fault.group, [...(groups.get(meeting.fault.group) ?? []), meeting]);
  }
  const sections = [...groups].map(([group, lines]) => `## ${group}\n\n${table(lines)}${notes(lines)}`);
  return `${INTRODUCTION}\nWritten by ${versions()}.\n\n${sections.join('\n')}`;
}

/** What the page depends on. */
const versions = () => `Node ${nodeMajor()} and axios ${axios.VERSION}`;

const nodeMajor = () => process.versions.node.split('.')[0];

/** Codes differ from one Node to another. */
export const isOfThisNode = (page: string) => page.includes(`Written by Node ${nodeMajor()} `);

function table(lines: readonly Meeting[]): string {
  const head = ['What breaks', 'Adapter', ...SCENARIOS.map((scenario) => HEADINGS[scenario]), 'Lasts'];
  const rows = lines.map((line, index) => [
    line.fault === lines[index - 1]?.fault ? '' : `${line.fault.name}${reference(lines, line)}`,
    line.adapter,
    ...SCENARIOS.map((scenario) => cell(line, scenario)),
    lasting(line),
  ]);
  return markdownTable([head, ...rows]);
}

function cell({ observations, expectation }: Meeting, scenario: Scenario): string {
  const observed = observations.get(scenario);
  if (!observed) return '';
  const { outcome, end, requests } = observed;
  const seen = `${requests === 0 ? 'no' : requests} ${requests === 1 ? 'request' : 'requests'}`;
  if (expectation.kind === 'unnoticed') return `${end} and half a body, ${seen}`;
  return outcome === 'succeeded' ? `**${end}**, ${seen}` : `\`${end}\`, ${seen}: ${outcome}`;
}

function lasting({ expectation: { kind, stalls } }: Meeting): string {
  if (!stalls) return 'a moment';
  return kind === 'out of time' ? 'the `timeBudget`; without one, for ever' : 'its `timeout`';
}

function notes(lines: readonly Meeting[]): string {
  const texts = notesOf(lines).map((note, index) => `[${index + 1}] ${note}\n`);
  return texts.length > 0 ? `\n${texts.join('\n')}` : '';
}

/** The notes of a section, each once. */
const notesOf = (lines: readonly Meeting[]) => [...new Set(lines.flatMap(({ fault }) => fault.note ?? []))];

const reference = (lines: readonly Meeting[], { fault: { note } }: Meeting) =>
  note ? ` [${notesOf(lines).indexOf(note) + 1}]` : '';
