/** docs/sdks.md, made of a run. */

import { isDeepStrictEqual } from 'node:util';
import axios from 'axios';
import { markdownTable, regionOf, versionIn } from '../support/page';
import { FAULTS, type Meeting } from './meet';
import type { AnySdk, Order } from './sdk';

const FOLDER = '__tests__/sdks';

const INTRODUCTION = `# With SDKs built on axios

Each cell below is a run: a client of the SDK, with \`attachRetry\` on its axios instance and \`maxRetries: 2\`, calls a local server that
fails in that way. The tests assert that the caller gets what it would have got without the fault (or, where the fault stays, the SDK's own
error, as without retries), and that every attempt is on the wire what the SDK sends without retries:
\`${FOLDER}\`, run by \`npm run test:sdks\`; \`npm run docs:sdks\` writes this page.

- *first*: attached before the SDK registers its own interceptors, which then run once per call. *last*: after it, so that they run
  for each attempt. *only as it is made*: there is no other way to get at the instance.
- A cell says how many requests the server got, and what the caller. *The same* is what the tests assert; anything else is printed as it came.
`;

export function renderSdks(meetings: readonly Meeting[]): string {
  const sdks = [...new Set(meetings.map(({ sdk }) => sdk))];
  return [
    INTRODUCTION,
    `Written by axios ${axios.VERSION}.\n`,
    table(meetings, sdks),
    ...sdks.map(section),
    HELPER,
  ].join('\n');
}

/** That nothing happens where nothing is wrong is for the tests. */
const SHOWN = FAULTS.filter(({ requests, ends }) => requests > 1 || ends !== 'well');

const HELPER = `## whileMaking

For SDKs that make their instance themselves and keep it. \`axios\` is the copy that the SDK has: \`require('axios')\` where the SDK
is CommonJS, \`import\` where it is ESM.

\`\`\`ts
${regionOf(`${FOLDER}/sdk.ts`, 'whileMaking')}
\`\`\`
`;

function table(meetings: readonly Meeting[], sdks: readonly AnySdk[]): string {
  const head = ['SDK', 'Version', 'attachRetry', ...SHOWN.map(({ name }) => capitalised(name))];
  const rows = sdks.flatMap((sdk) =>
    (Object.keys(sdk.attached) as Order[]).map((order, index) => [
      ...(index === 0 ? [`[${sdk.name}](#${anchor(sdk)})`, versionIn(FOLDER, sdk.name)] : ['', '']),
      Object.keys(sdk.attached).length === 1 ? 'only as it is made' : order,
      ...SHOWN.map((fault) =>
        cell(
          meetings.find(
            (meeting) => meeting.sdk === sdk && meeting.order === order && meeting.fault === fault,
          ),
        ),
      ),
    ]),
  );
  return markdownTable([head, ...rows]);
}

function cell(meeting: Meeting | undefined): string {
  if (!meeting) return '';
  const { observed, expected, fault } = meeting;
  const count = observed.requests;
  if (isDeepStrictEqual(observed, expected)) {
    return `${count}, ${fault.ends === 'well' ? '**the same result**' : 'the same error'}`;
  }
  if (!observed.faithful) return `${count}, not the same on the wire`;
  const { name, code } = (observed.end ?? {}) as { name?: string; code?: string };
  return `${count}, ${isDeepStrictEqual(observed.end, expected.end) ? 'the same' : `\`${code ?? name ?? 'another result'}\``}`;
}

function section(sdk: AnySdk): string {
  const file = `${FOLDER}/clients/${sdk.file}.ts`;
  const snippets = (Object.keys(sdk.attached) as Order[]).map(
    (order) => `// ${capitalised(order)}:\n${regionOf(file, order)}\n`,
  );
  const notes = (sdk.notes ?? []).map((note) => `- ${note}\n`);
  return `## ${sdk.name}\n\n\`\`\`ts\n${snippets.join('\n')}\`\`\`\n\n${notes.join('')}`;
}

const capitalised = (text: string) => text[0]?.toUpperCase() + text.slice(1);

/** As GitHub makes it of a heading. */
const anchor = ({ name }: AnySdk) => name.toLowerCase().replace(/[^\w-]/g, '');
