/** docs/plugins.md, made of a run. */
import { isDeepStrictEqual } from 'node:util';
import axios from 'axios';
import { markdownTable, regionOf, versionIn } from '../support/page';
import { FAULTS, type Meeting } from './meet';
import { ORDERS, type Order } from './plugin';
import type { Plugin } from './plugins';

const FOLDER = '__tests__/plugins';

const INTRODUCTION = `# With other plugins

Whatever is registered **before** \`attachRetry\` is inside: its request part and its response part run for every attempt.
Whatever is registered **after** it is outside: both parts run once per call. Either order works; which is better depends on what the
plugin is for. Tokens and signatures that must be fresh go before. Spinners, caches, unwrapping (\`response => response.data\`) and error
messages go after.

Each line below is a run: a client with both plugins and \`maxRetries: 2\` meets a real server that fails in that way.
The tests assert that the caller gets what it would have got with that plugin alone, and what the notes say:
\`${FOLDER}\`, run by \`npm run test:plugins\`; \`npm run docs:plugins\` writes this page.
A cell says how many requests the server got, what the caller got, and how often the plugin’s request and response parts ran.
`;

export function renderPlugins(meetings: readonly Meeting[]): string {
  const plugins = [...new Set(meetings.map(({ plugin }) => plugin))];
  return [
    INTRODUCTION,
    `Written by axios ${axios.VERSION}.\n`,
    table(meetings, plugins),
    ...plugins.map(section),
  ].join('\n');
}

function table(meetings: readonly Meeting[], plugins: readonly Plugin[]): string {
  const head = ['Plugin', 'Version', 'Attached', ...FAULTS.map(({ name }) => name)];
  const rows = plugins.flatMap((plugin) =>
    ORDERS.map((order, index) => [
      ...(index === 0
        ? [`[${plugin.name}](#${anchor(plugin)})`, plugin.isOnNpm ? versionIn(FOLDER, plugin.name) : '']
        : ['', '']),
      order,
      ...FAULTS.map((fault) =>
        cell(
          meetings.find(
            (meeting) => meeting.plugin === plugin && meeting.order === order && meeting.fault === fault,
          ) as Meeting,
        ),
      ),
    ]),
  );
  return markdownTable([head, ...rows]);
}

function cell({ observed, expected, fault }: Meeting): string {
  const { end, requests, parts } = observed;
  const same = fault.ends === 'well' ? '**the same result**' : 'the same error';
  const { code, message } = (end ?? {}) as { code?: string; message?: string };
  const came = isDeepStrictEqual(end, expected.end) ? same : `\`${code ?? message ?? 'another result'}\``;
  const ran = Object.entries(parts).map(([part, times]) => `${part} ${times}`);
  return [requests, came, ...ran].join(', ');
}

const TITLES: Readonly<Record<Order | 'either', string>> = {
  either: '',
  before: '*Before*: ',
  after: '*After*: ',
};

function section({ name, notes, code }: Plugin): string {
  const shown = code ? `\`\`\`ts\n${regionOf(`${FOLDER}/${code[0]}`, code[1])}\n\`\`\`\n\n` : '';
  const bullets = (['either', ...ORDERS] as const).flatMap((order) =>
    notes[order].map((note) => `- ${TITLES[order]}${note}\n`),
  );
  return `## ${name}\n\n${shown}${bullets.join('')}`;
}

/** As GitHub makes it of a heading. */
const anchor = ({ name }: Plugin) =>
  name
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
