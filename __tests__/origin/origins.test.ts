import { Origins } from '../../lib/origin/origins';
import type { Pass } from '../../lib/origin/passes';
import { heldCall } from '../support/held-call';

const host = (name: string) => ({ url: `http://${name}/x` });
const PATIENCE = 10_000;
const failure = { took: 5, timedOut: false, first: true, countsAsStall: true };
const FOR_LONG = { longest: 1e9, patience: 1e9 };
const names = (origins: Origins) => origins.report(PATIENCE, () => undefined).map(({ origin }) => origin);

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe('origins', () => {
  it('are known from their first failure on, and found again', () => {
    const origins = new Origins();
    expect(origins.find(host('a'))).toBeUndefined();
    const a = origins.findOrMake(host('a'));
    expect(origins.findOrMake(host('b'))).not.toBe(a);
    expect(origins.find(host('a'))).toBe(a);
    expect(origins.findOrMake(host('a'))).toBe(a);
  });

  it('have a bucket of 20 tokens each, for the buckets of many processes add up', () => {
    const origins = new Origins();
    expect(origins.findOrMake(host('a')).bucket.tokens).toBe(20);
  });

  it('are forgotten ten minutes after their last use, and not before', () => {
    const origins = new Origins();
    origins.findOrMake(host('a'));
    const b = origins.findOrMake(host('b'));
    jest.advanceTimersByTime(599_999);
    expect(origins.find(host('b'))).toBe(b);
    jest.advanceTimersByTime(1);
    origins.findOrMake(host('c'));
    expect(names(origins)).toEqual(['http://b', 'http://c']);
    jest.advanceTimersByTime(600_000);
    expect(names(origins)).toEqual([]);
  });

  it('are not forgotten while calls are held', () => {
    const origins = new Origins();
    origins.findOrMake(host('a')).gate.hold(heldCall(FOR_LONG));
    origins.findOrMake(host('b'));
    // Time passes, but no timer fires: the call would leave otherwise.
    jest.spyOn(performance, 'now').mockReturnValue(1e7);
    origins.findOrMake(host('c'));
    expect(names(origins)).toEqual(['http://a', 'http://c']);
  });

  it('stay ten thousand, for a crawler over any number of hosts', () => {
    const origins = new Origins();
    for (let count = 0; count < 30_000; count++) origins.findOrMake({ baseURL: `http://h${count}` });
    expect(names(origins)).toHaveLength(10_000);
    expect(origins.find(host('h0'))).toBeUndefined();
    expect(origins.find(host('h29999'))).toBeDefined();
  }, 30_000);

  it('are reported with what a health page wants to know', () => {
    jest.advanceTimersByTime(500);
    jest.setSystemTime(1_000_000);
    const origins = new Origins();
    const { gate } = origins.findOrMake(host('a'));
    const report = (tokens?: number) => origins.report(PATIENCE, () => tokens)[0];
    expect(report()).toStrictEqual({ origin: 'http://a', state: 'well', held: 0, window: 2 });
    gate.failed(failure);
    jest.advanceTimersByTime(2_000);
    expect(report(7)).toEqual({
      origin: 'http://a',
      state: 'failing',
      held: 0,
      window: 2,
      tokens: 7,
      downSince: 1_000_000,
    });
    jest.advanceTimersByTime(PATIENCE);
    expect(report()).toMatchObject({ state: 'given-up' });
    gate.succeeded(5);
    expect(report()).toMatchObject({ state: 'well' });
    expect(report()).not.toHaveProperty('downSince');
    gate.namedWait(500);
    expect(report()).toMatchObject({ state: 'rate-limited' });
    jest.advanceTimersByTime(2_000);
    gate.failed({ ...failure, took: 1_000, timedOut: true });
    expect(report()).toMatchObject({ state: 'stalled' });
  });

  it('start from what is usual of all origins together', () => {
    const origins = new Origins();
    origins.noteSuccess(20, performance.now());
    jest.advanceTimersByTime(1_000);
    const { gate } = origins.findOrMake(host('a'));
    gate.returned(gate.tryLeave() as Pass, { ok: false, took: 5 });
    jest.advanceTimersByTime(14);
    expect(gate.tryLeave()).toBeUndefined();
    jest.advanceTimersByTime(1);
    expect(gate.tryLeave()).toBeDefined();
  });

  it('do not stall where any of them had a success since', () => {
    const origins = new Origins();
    jest.advanceTimersByTime(1_000);
    origins.noteSuccess(20, performance.now());
    const { gate } = origins.findOrMake(host('a'));
    jest.advanceTimersByTime(500);
    gate.failed({ ...failure, took: 1_000, timedOut: true });
    expect(names(origins)).toEqual(['http://a']);
    expect(gate.state(PATIENCE)).toBe('failing');
  });

  it('can be reset, one or all of them', () => {
    const origins = new Origins();
    for (const name of ['a', 'b', 'c']) origins.findOrMake(host(name)).gate.failed(failure);
    origins.reset('http://b');
    expect(names(origins)).toEqual(['http://a', 'http://c']);
    origins.reset();
    expect(names(origins)).toEqual([]);
  });

  it('tell since when they are down and until when they asked to be left alone, the same whenever they are asked', () => {
    const origins = new Origins();
    const { gate } = origins.findOrMake(host('a'));
    const date = Date.now();
    gate.failed(failure);
    gate.namedWait(2_000);
    const report = () => origins.report(PATIENCE, () => undefined)[0];
    expect(report()).toMatchObject({ downSince: date, until: date + 2_000, state: 'rate-limited' });
    // Another answer names an earlier time.
    gate.namedWait(500);
    jest.advanceTimersByTime(1_999.5);
    expect(report()).toMatchObject({ downSince: date, until: date + 2_000 });
    jest.advanceTimersByTime(1);
    expect(report()).not.toHaveProperty('until');
    gate.alive();
    expect(report()).not.toHaveProperty('downSince');
  });

  it('let go at once of what they hold when they are reset', () => {
    const origins = new Origins();
    const { gate } = origins.findOrMake(host('a'));
    const left: unknown[] = [];
    for (let failures = 0; failures < 20; failures++) gate.failed(failure);
    gate.hold(heldCall({ ...FOR_LONG, leave: (how) => left.push(typeof how) }));
    expect(left).toEqual([]);
    origins.reset();
    expect(left).toEqual(['object']);
  });

  it('know whether any of them may hold first attempts', () => {
    const origins = new Origins();
    expect(origins.mayHoldNewCalls()).toBe(false);
    const { gate } = origins.findOrMake(host('a'));
    gate.failed(failure);
    expect(origins.mayHoldNewCalls()).toBe(false);
    gate.failed({ ...failure, took: 1_000, timedOut: true });
    expect(origins.mayHoldNewCalls()).toBe(true);
    gate.succeeded(5);
    expect(origins.mayHoldNewCalls()).toBe(false);
    gate.namedWait(100);
    expect(origins.mayHoldNewCalls()).toBe(true);
    jest.advanceTimersByTime(100);
    expect(origins.mayHoldNewCalls()).toBe(false);
  });
});
