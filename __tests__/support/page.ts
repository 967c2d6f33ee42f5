/** What pages that are written from a run have in common. */
import { readFileSync } from 'node:fs';

/** A table in Markdown; the first row is its head. */
export function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('');
}

/** The version of a package that a folder of tests has installed. */
export function versionIn(folder: string, name: string): string {
  return JSON.parse(readFileSync(`${folder}/node_modules/${name}/package.json`, 'utf8')).version;
}

/** The lines between `// #region name` and `// #endregion` of a file, or none: so that a page shows code that ran. */
export function regionOf(file: string, name: string): string | undefined {
  const lines = readFileSync(file, 'utf8').split('\n');
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`);
  if (start < 0) return undefined;
  const region = lines.slice(start + 1, lines.indexOf(`${indentOf(lines[start])}// #endregion`, start));
  const indent = Math.min(...region.filter((line) => line !== '').map((line) => indentOf(line).length));
  return region.map((line) => line.slice(indent)).join('\n');
}

const indentOf = (line = '') => /^ */.exec(line)?.[0] ?? '';
