/**
 * Bytes of heap that a waiting request takes, in a fresh process.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const CHILD = new URL('./wait-in-memory.mjs', import.meta.url).pathname;

/** @param name a case of `wait-in-memory.mjs` */
export async function heldBytes(name, waiting) {
  const args = ['--expose-gc', CHILD, name, String(waiting)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout) / waiting;
}
