import { Alarm } from '../../lib/origin/alarm';

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe('an alarm', () => {
  it('rings at the time for which it was set, or sooner, if it was to', () => {
    const rang: number[] = [];
    const alarm = new Alarm((time) => rang.push(time));
    const start = alarm.now;
    alarm.set(start + 100);
    alarm.set(start + 200);
    jest.advanceTimersByTime(100);
    expect(rang).toEqual([start + 100]);
    alarm.set(start + 300);
    alarm.set(start + 200);
    jest.advanceTimersByTime(1_000);
    expect(rang).toEqual([start + 100, start + 200]);
  });

  it('tells the time that it is where the process was busy', () => {
    const rang: number[] = [];
    const alarm = new Alarm((time) => rang.push(time));
    const start = alarm.now;
    alarm.set(start + 100);
    jest.spyOn(performance, 'now').mockReturnValue(start + 350);
    jest.runOnlyPendingTimers();
    expect(rang).toEqual([start + 350]);
  });

  it('takes no timer that fired two milliseconds early for one of a test’s', () => {
    jest.spyOn(performance, 'now').mockReturnValue(1_000);
    const ring = jest.fn();
    const alarm = new Alarm(ring);
    alarm.set(1_002);
    jest.runOnlyPendingTimers();
    expect(ring).toHaveBeenCalledWith(1_002);
    expect(alarm.now).toBe(1_000);
    alarm.set(1_003);
    jest.runOnlyPendingTimers();
    expect(alarm.now).toBe(1_003);
  });
});
