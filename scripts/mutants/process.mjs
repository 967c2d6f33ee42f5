/** A process for the tests: it may hang, or run out of memory, because of a mutation. */
import { fork } from 'node:child_process';
import { openSync } from 'node:fs';

/** No mutation takes longer than this from test file to test file, in ms. */
const STUCK_AFTER = 15_000;
const DRY_RUN_STUCK_AFTER = 75_000;

/**
 * Gives a new process a task, and tells what it says of it.
 * @param plan the path of what `worker.mjs` is to know of the tests
 * @returns the mutation in which it got stuck or died, if it did; null if it died between two
 */
export function inProcess(plan, task, onMessage) {
  const worker = fork(new URL('worker.mjs', import.meta.url), [plan], {
    stdio: ['ignore', 'ignore', openSync(`${plan}.stderr.txt`, 'w'), 'ipc'],
    execArgv: ['--max-old-space-size=1000', '--expose-gc'],
  });
  let current = null;
  let watchdog;
  const watch = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => worker.kill('SIGKILL'), task.dry ? DRY_RUN_STUCK_AFTER : STUCK_AFTER);
  };
  watch();
  return new Promise((done) => {
    worker.on('message', (message) => {
      watch();
      if (message.ready) worker.send(task);
      if (message.started) current = message.started;
      if (message.ended) current = null;
      if (message.finished) current = undefined;
      onMessage(message);
    });
    worker.on('exit', () => {
      clearTimeout(watchdog);
      done(current);
    });
  });
}
