/**
 * The laws of the gate: what a storm may cost callers and the server at most. A table, for the bench and for the tests.
 */
import {
  DEFAULTS,
  type Fleet,
  type Load,
  type StormOptions,
  type StormResult,
  seededRandom,
  storm,
} from './storm';

/** A number, or a range from which each seed draws its own. */
type Draw = number | readonly [from: number, to: number];
type Metric = Exclude<keyof StormResult, 'requests' | 'timersLeft'>;
type Bound = number | ((result: StormResult, processes: number) => number);

export interface Law {
  readonly name: string;
  readonly fleets: readonly Draw[];
  /** Requests a second, all processes together; or any other load. */
  readonly load: Draw | Load;
  /** Seconds that the outage lasts. */
  readonly down?: Draw;
  readonly sigmas?: readonly Draw[];
  readonly settings: Partial<StormOptions>;
  readonly atMost: Partial<Record<Metric, Bound>>;
  /** Where the law is not met: what is instead, and why. The bench judges by the law, tests see that it gets no worse. */
  readonly instead?: {
    readonly atMost: Partial<Record<Metric, Bound>>;
    readonly why: string;
  };
}

const ANY_FLEET: readonly Draw[] = [1, [10, 20], [150, 200], [800, 1000]];
const FIXED_AND_VARIED: readonly Draw[] = [0, [0.8, 1]];

/** Callers may fail, the server be unhealthy, and its backlog last, so long after a hiccup. */
const HICCUP: Law['atMost'] = {
  failedPercent: 0.05,
  healthyAfter: 2,
  traffic: (_, processes) => (processes <= 20 ? 1.15 : 1.35),
  backlogGoneAfter: ({ backlogLimit }, processes) => 2 * backlogLimit + 3 + (processes >= 150 ? 6 : 0),
};
/** A stall in a large fleet may take longer. */
const STALL: Law['atMost'] = {
  ...HICCUP,
  backlogGoneAfter: ({ backlogLimit }, processes) => (processes >= 150 ? 30 : 2 * backlogLimit + 3),
};

const QUARTER = 250;
const MOST = [750, 800] as const;

export const LAWS: readonly Law[] = [
  {
    name: 'refusing for 3 s at 25% load',
    fleets: ANY_FLEET,
    load: QUARTER,
    down: [2.5, 3],
    settings: { outage: 'refusing' },
    atMost: HICCUP,
  },
  {
    name: 'refusing for 3 s at 80% load',
    fleets: ANY_FLEET,
    load: MOST,
    down: [2.5, 3],
    settings: { outage: 'refusing' },
    atMost: HICCUP,
  },
  {
    name: 'stalling for 3 s at 25% load',
    fleets: ANY_FLEET,
    load: QUARTER,
    down: [2.5, 3],
    settings: { outage: 'stalling' },
    atMost: STALL,
  },
  {
    name: 'stalling for 3 s at 80% load',
    fleets: ANY_FLEET,
    load: MOST,
    down: [2.5, 3],
    settings: { outage: 'stalling' },
    atMost: STALL,
  },
  {
    name: 'refusing for half a second at 80% load',
    fleets: ANY_FLEET,
    load: MOST,
    down: 0.5,
    settings: { outage: 'refusing' },
    atMost: HICCUP,
  },
  {
    name: 'stalling for half a second at 80% load',
    fleets: ANY_FLEET,
    load: MOST,
    down: 0.5,
    settings: { outage: 'stalling' },
    atMost: STALL,
  },
  {
    name: 'refusing for 3 s at 90% load',
    fleets: ANY_FLEET,
    load: 900,
    down: 3,
    settings: { outage: 'refusing', until: 60_000 },
    atMost: { failedPercent: 1 },
  },
  {
    name: 'stalling for 3 s at 90% load',
    fleets: ANY_FLEET,
    load: 900,
    down: 3,
    settings: { outage: 'stalling', until: 60_000 },
    atMost: { failedPercent: 1 },
    instead: {
      // In the tests' world, a quarter of the size, a thousand processes are 200 to 250.
      atMost: { failedPercent: (_, processes) => (processes > 200 ? 7 : 1) },
      why:
        'Of a thousand processes each has to find out by itself that it stalls, and that it is over: with what was sent into the stall, ' +
        '5,000 calls are to be served by the 100 a second to spare. That is 50 s, and none is held longer than 30.',
    },
  },
  {
    name: 'one attempt in three fails for 15 s',
    fleets: ANY_FLEET,
    load: 400,
    down: 15,
    settings: { outage: 'flaky', share: 1 / 3 },
    atMost: { failedPercent: 0.3, p99: 3, traffic: 1.3 },
  },
  {
    // A balancer with two servers behind it, one of them broken. Of six attempts all fail in 1.6% of the calls.
    name: 'one attempt in two fails for 15 s',
    fleets: ANY_FLEET,
    load: 400,
    down: 15,
    settings: { outage: 'flaky', share: 1 / 2 },
    atMost: { failedPercent: 1, p99: 4, traffic: 1.45 },
  },
  {
    name: 'one attempt in ten fails for 15 s',
    fleets: ANY_FLEET,
    load: 400,
    down: 15,
    settings: { outage: 'flaky', share: 0.1 },
    atMost: { failedPercent: 0, p99: 0.5 },
  },
  {
    // To young processes this looks like an origin that sheds load. Callers must not wait for what that would take.
    name: 'one attempt in ten fails at once for 15 s',
    fleets: ANY_FLEET,
    load: 400,
    down: 15,
    settings: { outage: 'flaky', share: 0.1, refusal: 2 },
    atMost: { failedPercent: 0.05, p99: 0.5 },
  },
  {
    name: 'five times slower for 8 s',
    fleets: ANY_FLEET,
    load: 300,
    down: 8,
    settings: { outage: 'slow', slower: 5 },
    atMost: { failedPercent: 0.1, traffic: 1.25 },
  },
  {
    name: 'overloaded by a tenth, refusing the rest',
    fleets: ANY_FLEET,
    load: 1100,
    settings: { queue: 100, until: 25_000 },
    atMost: { traffic: 1.35 },
    instead: {
      atMost: { traffic: 2.4 },
      why:
        'A process that never saw the server well takes answers that come late for usual: this is then an origin in which ' +
        'one attempt in ten fails, and those are retried. To slow retries wherever refusals come sooner than answers (1.2 to 1.3 times ' +
        'the calls here) has callers wait 12 to 20 s at p99 where one attempt in three fails at once; to have them pause where they fail among successes (1.4 to 1.75) ' +
        'has 14% of the callers fail, after 30 s, where one server of two is broken for a minute, in place of 1%. A budget is what helps.',
    },
  },
  {
    name: 'overloaded by a tenth after 5 s at half load',
    fleets: ANY_FLEET,
    load: { perSecond: 1100, before: 500 },
    settings: { queue: 100, until: 30_000 },
    atMost: { traffic: 1.35 },
    instead: {
      atMost: { traffic: 1.65 },
      why: 'Met up to 200 processes, but for one storm in ten. A process of one call a second has two retries in ten seconds: a rest that slows those would slow recoveries too.',
    },
  },
  {
    name: 'down for 25 s',
    fleets: ANY_FLEET,
    load: 400,
    down: 25,
    settings: { outage: 'refusing', until: 50_000 },
    atMost: { failingMax: 11, failingP50: 1, healthyAfter: 1, p99After: 1 },
  },
  {
    name: 'stalling for 25 s',
    fleets: ANY_FLEET,
    load: 400,
    down: 25,
    settings: { outage: 'stalling', until: 60_000 },
    // An attempt that times out has taken a second already.
    atMost: { failingMax: 12, failingP50: 2 },
  },
  {
    name: 'one endpoint in two refuses',
    fleets: ANY_FLEET,
    load: 400,
    down: 20,
    settings: { outage: 'endpoint', share: 0.5 },
    atMost: { goodFailed: 0, goodP99: 0.2 },
  },
  {
    // Those who call it are told after their patience, though the origin lives.
    name: 'one endpoint in two refuses for a minute',
    fleets: ANY_FLEET,
    load: 400,
    down: 60,
    settings: { outage: 'endpoint', share: 0.5, until: 70_000 },
    atMost: { goodFailed: 0, goodP99: 0.2, failingP50: 11 },
  },
  {
    // A call elsewhere that fails once must not stand behind those to the broken one. Of 14,400, six fail twice in a row.
    name: 'one endpoint in ten refuses, elsewhere one in fifty',
    fleets: ANY_FLEET,
    load: 400,
    down: 40,
    settings: { outage: 'endpoint', share: 0.1, unlucky: 0.02, until: 50_000 },
    atMost: { goodFailed: 15, goodP99: 0.5 },
  },
  {
    name: 'one endpoint in five stalls',
    fleets: [1, [10, 20]],
    load: 400,
    down: 20,
    settings: { outage: 'endpoint-stall', share: 0.2 },
    atMost: { goodFailed: 0, goodP99: 0.5 },
  },
  {
    name: 'one endpoint in five stalls, two calls a second each',
    fleets: [100],
    load: 200,
    down: 20,
    settings: { outage: 'endpoint-stall', share: 0.2 },
    atMost: { goodFailed: 0, goodP99: 4 },
  },
  {
    name: 'a batch of 200 calls, refused for 1 s',
    fleets: [1],
    load: { batch: 200, at: 5_000 },
    down: 1,
    settings: { outage: 'refusing' },
    atMost: { failedPercent: 0, lastDoneAfter: 5 },
  },
  {
    name: 'a lone call a second, refused for 3 s',
    fleets: [1],
    load: 1,
    down: 3,
    settings: { outage: 'refusing' },
    atMost: { failedPercent: 0 },
  },
  {
    name: 'a lone call a second, stalled for 3 s',
    fleets: [1],
    load: 1,
    down: 3,
    settings: { outage: 'stalling' },
    atMost: { failedPercent: 0 },
  },
  {
    name: '400 processes of one call in 30 s, refused for 3 s',
    fleets: [400],
    load: { oneEachWithin: 30_000 },
    down: 3,
    settings: { outage: 'refusing' },
    atMost: { failedPercent: 0.5 },
  },
  ...[30, 100].flatMap((workers) =>
    [1_000, undefined].map(
      (retryAfter): Law => ({
        name: `${workers} workers, 50 a second allowed, ${retryAfter ? 'Retry-After: 1' : 'a bare 429'}`,
        fleets: [1],
        load: { workers, calls: 400, at: 500 },
        settings: { allowed: 50, retryAfter },
        atMost: { failedPercent: 0, lastDoneAfter: 12 },
      }),
    ),
  ),
];

/** What came of a law in one storm. */
export interface Ruling {
  readonly law: Law;
  readonly processes: number;
  readonly sigma: number;
  readonly seed: number;
  /** The place of its size among the law's. */
  readonly fleet: number;
  readonly result: StormResult;
  readonly bounds: Partial<Record<Metric, number>>;
  /** What is over its bound. */
  readonly broken: readonly { readonly metric: Metric; readonly value: number; readonly atMost: number }[];
}

/** Which of a law's storms. */
export interface Part {
  /** The place of one size among its fleets. */
  readonly fleet?: number | undefined;
  /** Only service times that vary. */
  readonly varying?: boolean;
}

/** Judges a law by one seed, in each of its fleets and with each of its services. */
export async function judge(
  law: Law,
  seed: number,
  makeFleet: Fleet,
  { fleet, varying = false }: Part = {},
): Promise<Ruling[]> {
  const rulings: Ruling[] = [];
  for (const index of law.fleets.keys()) {
    if (fleet !== undefined && law.fleets.length > 1 && index !== fleet) continue;
    for (const spread of law.sigmas ?? (varying ? FIXED_AND_VARIED.slice(1) : FIXED_AND_VARIED)) {
      rulings.push(await judgeOne(law, seed, makeFleet, index, spread));
    }
  }
  return rulings;
}

async function judgeOne(
  law: Law,
  seed: number,
  makeFleet: Fleet,
  fleet: number,
  spread: Draw,
): Promise<Ruling> {
  // The same draws for a seed, whatever else is run.
  const random = seededRandom(1000 * seed + 10 * fleet + 1);
  const processes = Math.round(draw(law.fleets[fleet] as Draw, random));
  const load = isLoad(law.load) ? law.load : { perSecond: draw(law.load, random) };
  const start = law.settings.start ?? 5_000;
  const end = start + 1000 * draw(law.down ?? 0, random);
  const sigma = draw(spread, random);
  const result = await storm({ ...law.settings, start, end, processes, load, sigma, seed }, makeFleet);
  const bounds = boundsOf(law, result, processes);
  return { law, processes, sigma, seed, fleet, result, bounds, broken: brokenBy(bounds, result) };
}

function isLoad(load: Draw | Load): load is Load {
  return typeof load === 'object' && !Array.isArray(load);
}

/**
 * The law in a smaller world: fewer processes, of as many calls each, and a server that is able to do less. A law of so many
 * calls, not so many a second, stays as it is.
 */
export function inSmall(law: Law, share: number): Law {
  const { load, settings } = law;
  if (isLoad(load) && !('perSecond' in load)) return law;
  const { queue = DEFAULTS.queue, workers = DEFAULTS.workers } = settings;
  return {
    ...law,
    fleets: law.fleets.map((fleet) => times(fleet, fleet === 1 ? 1 : share)),
    load: isLoad(load)
      ? { perSecond: load.perSecond * share, before: (load.before ?? load.perSecond) * share }
      : times(load, share),
    settings: { ...settings, queue: queue * share, workers: workers * share },
  };
}

function times(drawn: Draw, share: number): Draw {
  return typeof drawn === 'number' ? drawn * share : [drawn[0] * share, drawn[1] * share];
}

function boundsOf({ atMost }: Law, result: StormResult, processes: number): Ruling['bounds'] {
  return Object.fromEntries(
    Object.entries(atMost).map(([metric, bound]) => [
      metric,
      typeof bound === 'number' ? bound : bound(result, processes),
    ]),
  );
}

function brokenBy(bounds: Ruling['bounds'], result: StormResult): Ruling['broken'] {
  return (Object.entries(bounds) as [Metric, number][])
    .map(([metric, atMost]) => ({ metric, value: result[metric], atMost }))
    .filter(({ value, atMost }) => value > atMost);
}

function draw(from: Draw, random: () => number): number {
  return typeof from === 'number' ? from : from[0] + random() * (from[1] - from[0]);
}
