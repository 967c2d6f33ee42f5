/**
 * node:diagnostics_channel, where there is one: whoever listens hears of retries without a hand in any policy.
 */

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: object): void;
}

/** One channel per kind of event. */
export type Channels = Readonly<Record<'retry' | 'settled' | 'gate', Channel>>;

/** As much of Node's process as is needed. */
interface ProcessLike {
  getBuiltinModule?(name: string): unknown;
  mainModule?: { require?(name: string): unknown };
}

/** The channels of this process; undefined in browsers. */
export function findChannels(): Channels | undefined {
  const diagnostics = diagnosticsChannel();
  const channel = (name: string) => diagnostics?.channel(`axios-retry-budget:${name}`);
  const [retry, settled, gate] = [channel('retry'), channel('settled'), channel('gate')];
  return retry && settled && gate ? { retry, settled, gate } : undefined;
}

/**
 * Asked of the process and not imported, which no bundler for browsers could resolve. Node before 20.16 has no
 * `getBuiltinModule`; there the main module knows, if it is a CommonJS one.
 */
function diagnosticsChannel(): { channel(name: string): Channel } | undefined {
  const name = 'node:diagnostics_channel';
  const { process } = globalThis as { process?: ProcessLike };
  try {
    const found = process?.getBuiltinModule?.(name) ?? process?.mainModule?.require?.(name);
    return found as { channel(name: string): Channel } | undefined;
  } catch {
    return undefined;
  }
}
