/**
 * The laws of the gate, with the library itself in every process, in virtual time: each law in one size of fleet, with service
 * times that vary. (`npm run bench -- storm` has all of them, by many seeds.)
 */
import { judge, LAWS, type Law } from './support/laws';
import { libraryFleet } from './support/library-fleet';

const SEED = 11;

/** The law as it is met: the bench tells where that is less than was wished. */
function asMet({ instead, ...law }: Law): Law {
  return instead ? { ...law, atMost: instead.atMost } : law;
}

it.each(LAWS.map((law, index) => [law.name, law, index] as const))(
  '%s: callers and server are as well as the law says',
  async (_name, law, index) => {
    // The sizes take turns; a minute of 900 calls a second takes its time, and one of a thousand processes as well.
    const isLong = (law.settings.until ?? 0) >= 60_000;
    const part = { varying: true, fleet: isLong ? 1 : index % law.fleets.length };
    const rulings = await judge(asMet(law), SEED, libraryFleet(), part);
    const broken = rulings.flatMap(({ processes, broken }) =>
      broken.map((bound) => ({ processes, ...bound })),
    );
    expect(broken).toEqual([]);
    for (const { result } of rulings) expect(result.timersLeft).toBe(0);
  },
  60_000,
);
