/**
 * `node send-requests.mjs CLIENT SHAPE WARM_UP COUNT [callgrind]`: a process that does nothing else, for its instructions to
 * be counted. With `callgrind` it has them counted from the end of the warm-up on.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { sender } from './happy-clients.mjs';

const [client, shape, warmUp, count, tool] = process.argv.slice(2);
const send = await sender(client, shape);
await send(Number(warmUp));
if (tool === 'callgrind') {
  await promisify(execFile)('callgrind_control', ['--instr=on', String(process.pid)]);
}
await send(Number(count));
