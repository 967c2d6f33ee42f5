/** Writes docs/faults.md from a run of the fault matrix. */
import { writeFileSync } from 'node:fs';
import { FAULTS, meetAll } from './faults';
import { renderFaults } from './faults-page';

writeFileSync('docs/faults.md', renderFaults(await meetAll(FAULTS)));
process.exit();
