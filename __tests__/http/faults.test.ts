import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectedOf, FAULTS, type Meeting, meetAll } from '../support/faults';
import { isOfThisNode, renderFaults } from '../support/faults-page';

let meetings: Meeting[];

beforeAll(async () => {
  meetings = await meetAll(FAULTS);
});

const LINES = FAULTS.flatMap(({ group, name, expected }) =>
  Object.keys(expected).map((adapter) => [group, name, adapter] as const),
);

test.each(LINES)('%s: %s, under the %s adapter', (group, name, adapter) => {
  const meeting = meetings.find(
    ({ fault, adapter: used }) => fault.group === group && fault.name === name && used === adapter,
  ) as Meeting;

  for (const [scenario, { elapsed, end, ...observed }] of meeting.observations) {
    const { leastElapsed, ends, ...expected } = expectedOf(meeting, scenario);
    expect({ scenario, ...observed }).toEqual({ scenario, ...expected });
    expect(ends).toContain(end);
    // Timers may fire a millisecond early.
    expect(elapsed).toBeGreaterThanOrEqual(leastElapsed - 1);
  }
});

const page = readFileSync(join(process.cwd(), 'docs/faults.md'), 'utf8');

(isOfThisNode(page) ? test : test.skip)('docs/faults.md is what `npm run docs:faults` writes', () => {
  expect(renderFaults(meetings)).toBe(page);
});
