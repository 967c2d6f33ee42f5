/** Writes docs/sdks.md from a run. */
import { writeFileSync } from 'node:fs';
import { SDKS } from './clients';
import { meetAll } from './meet';
import { renderSdks } from './page';

writeFileSync('docs/sdks.md', renderSdks(await meetAll(SDKS)));
process.exit();
