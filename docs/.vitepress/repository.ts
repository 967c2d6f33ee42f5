/** Where the repository is, as whoever builds the site says it: its name is written nowhere. */
import { readFileSync } from 'node:fs';

const MANIFEST = new URL('../../package.json', import.meta.url);

/** Its address without a slash at the end: that of the workflow, else that of package.json, if that is more than a placeholder. */
export function repositoryUrl(): string | undefined {
  const { GITHUB_SERVER_URL = 'https://github.com', GITHUB_REPOSITORY } = process.env;
  if (GITHUB_REPOSITORY) return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;
  const { repository } = JSON.parse(readFileSync(MANIFEST, 'utf8'));
  return repository.url.includes('/OWNER/') ? undefined : repository.url.replace(/^git\+|\.git$/g, '');
}
