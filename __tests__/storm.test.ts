/**
 * What retries do to a server that is down for three seconds, and to its callers: the library itself in
 * virtual time, 800 requests a second for 30 seconds against a server of 1,000 a second. (`npm run bench` has more
 * policies and fleets.)
 */
import type { RetryPolicy } from '../lib/index';
import { type StormOptions, type StormResult, storm } from './support/storm-of-the-queue';

const FLEETS = [1, 20, 200];
const table: string[] = [];

async function run(
  name: string,
  outage: StormOptions['outage'],
  processes: number,
  policy: RetryPolicy | false,
) {
  const result = await storm({ outage, processes, policy: () => policy, end: 30_000 });
  table.push(
    `${outage.padEnd(10)} ${name.padEnd(12)} ${String(processes).padStart(5)} processes: ` +
      `${result.failedPercent.toFixed(2).padStart(5)}% failed, ${result.amplification.toFixed(3)} times the traffic, ` +
      `healthy after ${result.secondsToHealth} s`,
  );
  return result;
}

afterAll(() => {
  // Straight to stdout: jest would put a stack trace under a console.log.
  process.stdout.write(`\n${table.join('\n')}\n`);
});

describe('a three-second outage of rejections', () => {
  it('fails the callers of its three seconds if clients never retry', async () => {
    const result = await run('no retries', 'rejecting', 1, false);
    expect(result.failedPercent).toBeCloseTo((100 * 3) / 30, 0);
    expect(result.amplification).toBe(1);
  }, 30_000);

  it.each([...FLEETS, 1000])(
    'fails at most 0.3%% of those that wait, in a fleet of %d',
    async (processes) => {
      const result = await run('wait', 'rejecting', processes, { whenBudgetEmpty: 'wait' });
      expect(result.failedPercent).toBeLessThanOrEqual(0.3);
      expect(result.amplification).toBeLessThan(1.3);
      expect(result.timersLeft).toBe(0);
    },
    60_000,
  );
});

describe('a three-second stall', () => {
  let without: StormResult;
  beforeAll(async () => {
    without = await run('no retries', 'stalling', 1, false);
  }, 30_000);

  it.each(FLEETS)(
    'is not prolonged by more than 10 s by the default, in a fleet of %d',
    async (processes) => {
      const result = await run('default', 'stalling', processes, {});
      expect(result.secondsToHealth).toBeLessThanOrEqual(without.secondsToHealth + 10);
      expect(result.timersLeft).toBe(0);
    },
    60_000,
  );

  it.each([...FLEETS, 1000])(
    'is not prolonged by more than 10 s by those that wait, who fail no more than without retries, in a fleet of %d',
    async (processes) => {
      const result = await run('wait', 'stalling', processes, { whenBudgetEmpty: 'wait' });
      expect(result.secondsToHealth).toBeLessThanOrEqual(without.secondsToHealth + 10);
      expect(result.failed).toBeLessThanOrEqual(without.failed);
      expect(result.timersLeft).toBe(0);
    },
    60_000,
  );
});
