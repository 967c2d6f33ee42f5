/** Callbacks return what they happen to return. */
import axios from 'axios';
import { attachRetry } from 'axios-retry-budget';

interface Logger {
  warn(message: unknown): Logger;
}
declare const winstonLogger: Logger;
declare const metrics: { increment(name: string): Promise<number> };
const delays: number[] = [];

attachRetry(axios.create(), {
  onRetry: (e) => delays.push(e.delay),
  onGiveUp: (e) => winstonLogger.warn(e),
});
attachRetry(axios.create(), {
  onRetry: async ({ retry }) => metrics.increment(`retry-${retry}`),
  onGiveUp: ({ reason }) => metrics.increment(reason),
});
attachRetry(axios.create(), { onRetry() {}, async onGiveUp() {} });

// @ts-expect-error: an event has no such field
attachRetry(axios.create(), { onRetry: (e) => delays.push(e.wait) });
