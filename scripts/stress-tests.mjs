/**
 * npm run test:stress: the whole suite ten times, beside four busy loops. A test that leans on real time is found by it.
 *   -- 3              three times
 *   -- 3 http/time    and only those tests
 * It stops at the first run that is red, whose output stays in reports/stress/.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';

const BUSY_LOOPS = 4;
const DIR = 'reports/stress';

const [times = '10', ...only] = process.argv.slice(2);

/** Runs jest, its output to a file; whether all was green. */
async function run(output) {
  const file = createWriteStream(output);
  const jest = spawn(process.execPath, ['node_modules/jest/bin/jest.js', ...only], { stdio: 'pipe' });
  jest.stdout.pipe(file, { end: false });
  jest.stderr.pipe(file, { end: false });
  const code = await new Promise((resolve) => jest.once('close', resolve));
  file.end();
  return code === 0;
}

const loops = Array.from({ length: BUSY_LOOPS }, () => spawn(process.execPath, ['-e', 'for (;;);']));
process.on('exit', () => loops.forEach((loop) => void loop.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

await mkdir(DIR, { recursive: true });
for (let count = 1; count <= Number(times); count++) {
  const output = `${DIR}/run-${count}.log`;
  const startedAt = performance.now();
  const isGreen = await run(output);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  console.log(`run ${count} of ${times}: ${isGreen ? 'green' : 'RED'}, ${seconds} s`);
  if (!isGreen) {
    console.error(`what was red: ${output}`);
    process.exit(1);
  }
  await rm(output);
}
process.exit(0);
