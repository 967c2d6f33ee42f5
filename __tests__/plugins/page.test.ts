/** What the table of docs/plugins.md says. The tests beside are about what each plugin is for. */
import { readFileSync } from 'node:fs';
import { FAULTS, type Meeting, meetAll } from './meet';
import { renderPlugins } from './page';
import { ORDERS } from './plugin';
import { PLUGINS } from './plugins';

let meetings: Meeting[];

beforeAll(async () => {
  meetings = await meetAll(PLUGINS);
});

const PAIRS = PLUGINS.flatMap(({ name }) => ORDERS.map((order) => [name, order] as const));

describe.each(PAIRS)('%s, attached %s', (name, order) => {
  test.each(FAULTS)('meets $name as it would alone, but for the number of requests', (fault) => {
    const meeting = meetings.find(
      ({ plugin, order: used, fault: met }) => plugin.name === name && used === order && met === fault,
    ) as Meeting;

    expect(meeting.observed).toEqual(meeting.expected);
  });
});

test('docs/plugins.md is what `npm run docs:plugins` writes', () => {
  expect(renderPlugins(meetings)).toBe(readFileSync('docs/plugins.md', 'utf8'));
});
