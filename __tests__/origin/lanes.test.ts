import { Lanes } from '../../lib/origin/lanes';
import { Pace } from '../../lib/origin/pace';
import { StallWatch } from '../../lib/origin/stall';
import { heldCall } from '../support/held-call';

beforeEach(() => {
  // Rests are nine tenths as long as they are named.
  jest.spyOn(Math, 'random').mockReturnValue(0.3);
});
afterEach(() => jest.restoreAllMocks());

const aRetry = (patience = 1_000) => heldCall({ retriesLeft: 1, patience });
const aNewCall = () => heldCall({ retriesLeft: 1, patience: 1_000, unsent: true });

function makeLanes({ isStalled = false } = {}) {
  const stall = new StallWatch();
  if (isStalled) stall.timedOut(1_000, 1_000);
  const lanes = new Lanes(new Pace(20), stall);
  return { lanes, stall };
}

describe('few retries at an origin that is down', () => {
  it('are spread over half the patience, or over five seconds', () => {
    const { lanes } = makeLanes();
    lanes.retries.collapse(0, 1);
    lanes.hold(aRetry(), 0, 0);
    expect(lanes.retries.restUntil).toBe(0.9 * 250);
    lanes.hold(aRetry(1e9), 10_000, 0);
    expect(lanes.retries.restUntil).toBe(10_000 + 0.9 * (5_000 / 2 ** 4));
  });

  it('are fewer than three', () => {
    const { lanes } = makeLanes();
    lanes.retries.collapse(0, 1);
    for (let count = 0; count < 3; count++) lanes.hold(aRetry(), 0, 0);
    const { restUntil } = lanes.retries;
    lanes.hold(aRetry(), 10_000, 0);
    expect(lanes.retries.restUntil).toBe(restUntil);
  });

  it('are not first attempts', () => {
    const { lanes } = makeLanes();
    lanes.retries.collapse(0, 1);
    const { restUntil } = lanes.retries;
    lanes.hold(aNewCall(), 10_000, 0);
    expect(lanes.retries.restUntil).toBe(restUntil);
  });
});

describe('whose turn it is', () => {
  it('is a first attempt’s while the origin stalls, and no retry’s as long as one is held or out', () => {
    const { lanes, stall } = makeLanes({ isStalled: true });
    const [retry, unsent] = [aRetry(), aNewCall()];
    lanes.hold(retry, 0, 0);
    lanes.hold(unsent, 0, 0);
    lanes.unsent.restUntil = 500;
    expect(lanes.next(100)).toBeUndefined();
    expect(lanes.opensAt).toBe(500);
    expect(lanes.next(500)).toBe(unsent);
    lanes.calls.remove(unsent);
    lanes.unsent.out = 1;
    expect(lanes.next(500)).toBeUndefined();
    expect(lanes.opensAt).toBe(Number.POSITIVE_INFINITY);
    lanes.unsent.out = 0;
    expect(lanes.next(500)).toBe(retry);
    lanes.unsent.out = 1;
    stall.signOfLife(600);
    expect(lanes.next(600)).toBe(retry);
  });
});
