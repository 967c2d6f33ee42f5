/** Plays the storm of the latest settings, one policy after the other, and calls off the one before. */
import { play, type Result } from './play';
import { fleetsFor } from './policies';
import type { Settings } from './settings';

export interface Order {
  readonly run: number;
  readonly settings: Settings;
}

/** One policy is done; `took`: real milliseconds for all policies so far. */
export interface Report {
  readonly run: number;
  readonly policy: number;
  readonly result: Result;
  readonly took: number;
}

let calledOff = new AbortController();
/** The clock and Math.random are the storm's while one is played: so never two at a time. */
let running: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<Order>) => {
  calledOff.abort();
  calledOff = new AbortController();
  const { signal } = calledOff;
  // What went wrong in one storm is on the console, and no reason not to play the next.
  running = running.catch(() => {}).then(() => playAll(data, signal));
};

async function playAll({ run, settings }: Order, signal: AbortSignal): Promise<void> {
  const begunAt = performance.now();
  for (const [policy, fleet] of fleetsFor(settings).entries()) {
    if (signal.aborted) return;
    const result = await play(settings, fleet, signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
    if (!result) return;
    self.postMessage({ run, policy, result, took: performance.now() - begunAt } satisfies Report);
  }
}
