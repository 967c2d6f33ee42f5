/** SDKs built on axios, with attachRetry before and after their own interceptors: what docs/sdks.md says. */
import { readFileSync } from 'node:fs';
import { SDKS } from './clients';
import { FAULTS, type Meeting, meetAll, pairsOf } from './meet';
import { renderSdks } from './page';

let meetings: Meeting[];

beforeAll(async () => {
  meetings = await meetAll(SDKS);
});

const PAIRS = pairsOf(SDKS).map(({ sdk, order }) => [sdk.name, order] as const);

describe.each(PAIRS)('%s, attachRetry %s', (name, order) => {
  test.each(FAULTS)('meets $name', (fault) => {
    const meeting = meetings.find(
      ({ sdk, order: used, fault: met }) => sdk.name === name && used === order && met === fault,
    ) as Meeting;

    expect(meeting.observed).toEqual(meeting.expected);
  });
});

test('docs/sdks.md is what `npm run docs:sdks` writes', () => {
  expect(renderSdks(meetings)).toBe(readFileSync('docs/sdks.md', 'utf8'));
});
