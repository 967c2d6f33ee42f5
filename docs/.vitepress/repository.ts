/** Where the repository is, as whoever builds the site says it: its name is written nowhere. */
import { readFileSync } from 'node:fs';

const MANIFEST = new URL('../../package.json', import.meta.url);

/**
 * Its address without a slash at the end: that of the workflow, else that of package.json, else none. OWNER is the placeholder of
 * package.json (see .ci/check-face.mjs): whoever builds the site at home gets no links to nowhere.
 */
export function repositoryUrl(): string | undefined {
  const { GITHUB_SERVER_URL = 'https://github.com', GITHUB_REPOSITORY } = process.env;
  if (GITHUB_REPOSITORY) return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;
  const { repository } = JSON.parse(readFileSync(MANIFEST, 'utf8'));
  const [, url, owner] = /^git\+(https:\/\/[^/]+\/([^/]+)\/.+)\.git$/.exec(repository?.url ?? '') ?? [];
  return owner === 'OWNER' ? undefined : url;
}
