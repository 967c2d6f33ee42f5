/** What can be set on the playground, and the link that holds it. */

/** How the server is down. */
export type Kind = 'refusing' | 'stalling' | 'flaky' | 'rare' | 'slow';
export type HoldNewCalls = 'stalled' | 'rate-limited' | 'never';

export interface Settings {
  /** Percent of what the server can do. */
  load: number;
  processes: number;
  kind: Kind;
  /** Seconds. */
  down: number;
  /** Of the policy that is the reader's own; seconds. */
  patience: number;
  maxRetries: number;
  maxQueueTime: number;
  holdNewCalls: HoldNewCalls;
  /** Milliseconds. */
  initialDelay: number;
  /** Of the storm: another number, another storm of the same kind. */
  seed: number;
}

export const DEFAULTS: Readonly<Settings> = {
  load: 40,
  processes: 20,
  kind: 'stalling',
  down: 3,
  patience: 0,
  maxRetries: 5,
  maxQueueTime: 30,
  holdNewCalls: 'stalled',
  initialDelay: 100,
  seed: 1,
};

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

export const RANGES = {
  load: { min: 5, max: 100, step: 5 },
  processes: { min: 1, max: 100, step: 1 },
  down: { min: 0.5, max: 20, step: 0.5 },
  patience: { min: 0, max: 30, step: 1 },
  maxRetries: { min: 0, max: 10, step: 1 },
  maxQueueTime: { min: 1, max: 60, step: 1 },
  initialDelay: { min: 0, max: 1_000, step: 50 },
  seed: { min: 1, max: 9_999, step: 1 },
} satisfies Partial<Record<keyof Settings, Range>>;

export const KINDS: Readonly<Record<Kind, string>> = {
  refusing: 'it refuses connections',
  stalling: 'it takes requests, answers none',
  flaky: 'one request in three fails',
  rare: 'one request in ten fails',
  slow: 'it is five times slower',
};

export const HOLD_NEW_CALLS: Readonly<Record<HoldNewCalls, string>> = {
  stalled: "'stalled'",
  'rate-limited': "'rate-limited'",
  never: 'false',
};

export function toHash(settings: Settings): string {
  return `#${new URLSearchParams(Object.entries(settings).map(([name, value]) => [name, String(value)]))}`;
}

/** What a link says; where it says nothing, or what cannot be, the defaults. */
export function fromHash(hash: string): Settings {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  const settings: Settings = { ...DEFAULTS };
  for (const [name, range] of Object.entries(RANGES) as [keyof typeof RANGES, Range][]) {
    const value = said.get(name);
    if (value) settings[name] = within(range, Number(value)) ?? DEFAULTS[name];
  }
  const kind = said.get('kind');
  if (isOneOf(KINDS, kind)) settings.kind = kind;
  const holdNewCalls = said.get('holdNewCalls');
  if (isOneOf(HOLD_NEW_CALLS, holdNewCalls)) settings.holdNewCalls = holdNewCalls;
  return settings;
}

/** The nearest value that the range has. */
function within({ min, max, step }: Range, value: number): number | undefined {
  if (Number.isNaN(value)) return undefined;
  return Math.min(max, Math.max(min, min + Math.round((value - min) / step) * step));
}

function isOneOf<Name extends string>(
  names: Readonly<Record<Name, string>>,
  value: string | null,
): value is Name {
  return value !== null && Object.hasOwn(names, value);
}
