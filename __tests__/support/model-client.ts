/**
 * A model of what the library's retry loop does, small enough to sweep with: full jitter, five retries, and the gate.
 */
import { Gate } from '../../lib/origin/gate';
import type { Departure } from '../../lib/origin/gate-words';
import { Usual } from '../../lib/origin/pace';
import type { Pass } from '../../lib/origin/passes';
import { heldCall } from './held-call';
import type { Answer } from './server-model';
import type { Endpoint, Fleet, Send } from './storm';

export interface ClientOptions {
  readonly patience?: number;
  readonly maxQueueTime?: number;
  readonly maxRetries?: number;
  readonly holdNewCalls?: 'stalled' | 'rate-limited' | false;
}

class CallFailed extends Error {}

/** No retries at all. */
export const noRetries: Fleet = (_processes, send) => async (_process, endpoint) => {
  const { kind } = await send(endpoint, true);
  if (kind !== 'ok') throw new CallFailed(kind);
};

/** A fleet in which every process has a gate of its own. */
export function gatedFleet(options: ClientOptions = {}): Fleet {
  return (processes, send) => {
    const clients = Array.from({ length: processes }, () => new ModelClient(send, options));
    return (process, endpoint) => (clients[process] as ModelClient).call(endpoint);
  };
}

class ModelClient {
  #gate: Gate | undefined;
  readonly #usual = new Usual();
  readonly #send: Send;
  readonly #options: Required<ClientOptions>;

  constructor(send: Send, options: ClientOptions) {
    this.#send = send;
    this.#options = {
      patience: 10_000,
      maxQueueTime: 30_000,
      maxRetries: 5,
      holdNewCalls: 'stalled',
      ...options,
    };
  }

  async call(endpoint: Endpoint): Promise<void> {
    const { patience, maxRetries, holdNewCalls, maxQueueTime } = this.#options;
    let queueTimeLeft = maxQueueTime;
    let pass: Pass | undefined;
    if (this.#gate?.isHoldingNewCalls(holdNewCalls, patience)) {
      const since = performance.now();
      pass = passOf(await this.#hold(maxRetries, queueTimeLeft, true));
      queueTimeLeft -= performance.now() - since;
    }
    for (let retry = 0; ; retry++) {
      const sentAt = performance.now();
      const answer = await this.#send(endpoint, retry === 0);
      const took = performance.now() - sentAt;
      if (answer.kind === 'ok') return this.#succeeded(pass, took);
      this.#failed(pass, answer, took, retry === 0);
      const gate = this.#gate as Gate;
      if (retry === maxRetries || gate.givenUp(patience)) throw new CallFailed(answer.kind);
      const backoff = Math.min(30_000, 100 * 2 ** retry) * Math.random();
      // Nobody is told late that there is nothing to wait for.
      await sleep(Math.min(backoff, gate.patienceLeft(patience)) + (answer.retryAfter ?? 0));
      pass = gate.tryLeave(retry === 0 ? performance.now() - sentAt - took : 0);
      if (pass) continue;
      if (gate.givenUp(patience)) throw new CallFailed(answer.kind);
      const since = performance.now();
      const heldBefore = maxQueueTime - queueTimeLeft;
      const departure = await this.#hold(maxRetries - retry, queueTimeLeft, false, heldBefore);
      queueTimeLeft -= performance.now() - since;
      pass = passOf(departure);
      if (!pass) throw new CallFailed(String(departure));
    }
  }

  #hold(retriesLeft: number, longest: number, unsent: boolean, heldBefore = 0): Promise<Departure> {
    return new Promise((leave) => {
      this.#gate?.hold(
        heldCall({ retriesLeft, longest, patience: this.#options.patience, unsent, heldBefore, leave }),
      );
    });
  }

  #succeeded(pass: Pass | undefined, took: number): void {
    if (pass) this.#gate?.returned(pass, { ok: true, took });
    else if (this.#gate) this.#gate.succeeded(took);
    this.#usual.observe(took, performance.now());
  }

  #failed(pass: Pass | undefined, { kind, retryAfter }: Answer, took: number, first: boolean): void {
    this.#gate ??= new Gate({
      inheritedUsual: this.#usual.known(performance.now()),
      lastSuccess: this.#usual.lastSuccess,
    });
    const gate = this.#gate;
    if (kind === 'limited') gate.limited();
    else gate.failed({ took, timedOut: kind === 'timeout', first, countsAsStall: true });
    if (retryAfter !== undefined) gate.namedWait(retryAfter);
    if (pass) gate.returned(pass, { ok: false, took });
  }
}

function passOf(departure: Departure): Pass | undefined {
  return typeof departure === 'object' ? departure : undefined;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.ceil(ms)));
}
