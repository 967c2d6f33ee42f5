/** The worker, as the page sees it: asked for the storm of some settings, it tells of each policy as it is done. */
import type { Settings } from './settings';
import type { Order, Report } from './worker';

export class StormWorker {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  #run = 0;

  constructor(onReport: (report: Report) => void) {
    this.#worker.onmessage = ({ data }: MessageEvent<Report>) => {
      // What was under way when it was called off.
      if (data.run === this.#run) onReport(data);
    };
  }

  /** Calls off what was asked before. */
  ask(settings: Settings): void {
    this.#worker.postMessage({ run: ++this.#run, settings: { ...settings } } satisfies Order);
  }

  close(): void {
    this.#worker.terminate();
  }
}
