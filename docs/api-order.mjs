/**
 * Orders the API reference for `npm run docs`: what everybody needs first, and an index at the head of each page.
 * A name that is not told apart here lands in the last group.
 */
import { CommentTag, Converter, PageEvent } from 'typedoc';

const REST = 'More types';
const GROUPS = {
  'Start here': ['attachRetry', 'RetryPolicy', 'AttachedRetry'],
  'How a call ended': [
    'retryStateOf',
    'retriesExhausted',
    'RetryState',
    'Outcome',
    'AttemptFailure',
    'GiveUpReason',
  ],
  'What callbacks get': [
    'RetryEvent',
    'GiveUpEvent',
    'SettledEvent',
    'GateEvent',
    'AboutRequest',
    'RetryAttempt',
    'RetryObserver',
    'DelaySource',
  ],
  'Fields of a policy': [
    'BackoffOptions',
    'BackoffFunction',
    'HoldNewCalls',
    'Judgement',
    'NotYet',
    'Overlay',
  ],
  'Origins and budgets': [
    'RetryBudget',
    'RetryBudgetOptions',
    'Budget',
    'RetryKind',
    'OriginReport',
    'OriginState',
  ],
};
const ORDER = Object.keys(GROUPS);

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.options.setValue('categorizeByGroup', false);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const index = project.getChildByName('index');
    if (!index) return;
    index.name = 'axios-retry-budget';
    for (const child of index.children ?? []) putIntoGroup(child);
  });
  // After typedoc has made the groups and sorted them by the alphabet.
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => sortGroups(project), -1_000);
  app.renderer.on(PageEvent.END, (page) => {
    page.contents = withIndex(page.contents);
  });
}

function putIntoGroup(reflection) {
  const group = ORDER.find((name) => GROUPS[name].includes(reflection.name)) ?? REST;
  // A function's comment is its signature's.
  for (const { comment } of [reflection, ...(reflection.signatures ?? [])])
    comment?.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: group }]));
}

function sortGroups(project) {
  const { categories } = project.getChildByName('axios-retry-budget') ?? {};
  const place = (list, entry) => (list.includes(entry) ? list.indexOf(entry) : list.length);
  categories?.sort((a, b) => place(ORDER, a.title) - place(ORDER, b.title));
  for (const { title, children } of categories ?? []) {
    const names = GROUPS[title] ?? [];
    children.sort((a, b) => place(names, a.name) - place(names, b.name));
  }
}

/** Puts a list of the page's names below its title, a line for each of its groups. */
function withIndex(text) {
  const lines = [];
  for (const [, marks, name] of text.matchAll(/^(#{2,3}) (.+)$/gm)) {
    if (marks === '##') lines.push({ group: name, links: [] });
    else lines.at(-1)?.links.push(`[${name}](#${name.replace(/\W/g, '').toLowerCase()})`);
  }
  const index = lines
    .filter(({ links }) => links.length > 0)
    .map(({ group, links }) => `- **${group}**: ${links.join(', ')}`);
  return index.length > 0 ? text.replace(/^# .+$/m, (title) => `${title}\n\n${index.join('\n')}`) : text;
}
