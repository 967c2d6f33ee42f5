/** Writes docs/plugins.md from a run. */
import { writeFileSync } from 'node:fs';
import { meetAll } from './meet';
import { renderPlugins } from './page';
import { PLUGINS } from './plugins';

writeFileSync('docs/plugins.md', renderPlugins(await meetAll(PLUGINS)));
process.exit();
