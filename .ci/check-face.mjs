/**
 * The package's face: author, repository, homepage and bugs, all from package.json, all of one repository.
 * `check-face.mjs [--publish] [MANIFEST]`: with `--publish` the placeholder OWNER is refused, which stands where the repository's
 * owner is not known, and so is another repository than the workflow's own.
 */
import { readFileSync } from 'node:fs';

const options = process.argv.slice(2).filter((option) => option !== '--publish');
const isPublishing = process.argv.includes('--publish');
const path = options[0] ?? new URL('../package.json', import.meta.url);
const { author, repository, homepage, bugs } = JSON.parse(readFileSync(path, 'utf8'));

const [, owner, name] =
  /^git\+https:\/\/github\.com\/([^/]+)\/([^/]+)\.git$/.exec(repository?.url ?? '') ?? [];
const { GITHUB_REPOSITORY } = process.env;
const complaints = [
  !author && 'author: nobody is named',
  !owner && `repository.url: not of the form git+https://github.com/OWNER/NAME.git: ${repository?.url}`,
  owner &&
    bugs?.url !== `https://github.com/${owner}/${name}/issues` &&
    `bugs.url: of another repository: ${bugs?.url}`,
  owner &&
    homepage !== `https://${owner.toLowerCase()}.github.io/${name}/` &&
    `homepage: of another repository: ${homepage}`,
  isPublishing &&
    owner === 'OWNER' &&
    'repository, bugs, homepage: OWNER is a placeholder; put the GitHub user or organisation in its place, in package.json',
  isPublishing &&
    owner !== 'OWNER' &&
    GITHUB_REPOSITORY &&
    GITHUB_REPOSITORY !== `${owner}/${name}` &&
    `repository.url: this is ${GITHUB_REPOSITORY}; npm refuses its provenance under another name`,
].filter(Boolean);
for (const complaint of complaints) console.error(`package.json: ${complaint}`);
process.exitCode = complaints.length > 0 ? 1 : 0;
