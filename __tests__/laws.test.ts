/**
 * The laws of the gate in virtual time, one storm of each kind and size, with service times that vary
 * (`bench/laws.ts` has all of them, by many seeds).
 */
import { judge, LAWS, type Law } from './support/laws';
import { gatedFleet } from './support/model-client';

const SEED = 11;

/** The law as it is met: the bench tells where that is less than was wished. */
function asMet({ instead, ...law }: Law): Law {
  return instead ? { ...law, atMost: instead.atMost } : law;
}

it.each(LAWS.map((law) => [law.name, law] as const))(
  '%s: callers and server are as well as the law says',
  async (_name, law) => {
    // A minute of 900 calls a second takes its time: one size of fleet is enough of it.
    const isLong = (law.settings.until ?? 0) >= 60_000;
    const part = { varying: true, fleet: isLong ? 1 : undefined };
    const rulings = await judge(asMet(law), SEED, gatedFleet(), part);
    const broken = rulings.flatMap(({ processes, broken }) =>
      broken.map((bound) => ({ processes, ...bound })),
    );
    expect(broken).toEqual([]);
    for (const { result } of rulings) expect(result.timersLeft).toBe(0);
  },
  60_000,
);
