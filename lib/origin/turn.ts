/**
 * One retry's turn to be sent: it passes the gate of its origin, with a token where there is a budget.
 */
import type { Budget, RetryKind } from '../policy/budget';
import { type Interrupters, now, settled } from '../timing';
import type { Gate } from './gate';
import type { Departure } from './gate-words';
import { holdRetry, type Obstacle, type Refusal } from './hold';
import type { Pass } from './passes';
import { askForToken, tellBudget } from './retry-budget';
import type { NamedBudget, TokenLine } from './token-line';

/** The budget, and where there is a gate the line for its tokens. */
type Named = Pick<NamedBudget, 'budget'> & { readonly line?: TokenLine };

/** What a retry has to pass. */
export interface Way {
  /** Undefined where nothing is ever held: `patience: 0`. */
  readonly gate: Gate | undefined;
  /** Undefined where no tokens are asked for. */
  readonly named: Named | undefined;
  readonly kind: RetryKind;
  readonly asker: Asker;
}

/** Who asks to send a retry. */
export interface Asker {
  readonly policy: {
    /** Milliseconds. */
    readonly patience: number;
    readonly maxHeld: number;
  };
  readonly state: {
    /** Milliseconds for which it was held before. */
    readonly totalHeld: number;
  };
  /** Milliseconds since its first attempt failed, if no other has; else 0. */
  readonly failedOnceAgo: number;
  /** What a budget kept elsewhere rejects with each time it is asked; undefined where it answers. */
  budgetError: unknown;
}

/** Of a first attempt, which asks for nothing. */
const NOBODY: Asker = {
  policy: { patience: 0, maxHeld: 0 },
  state: { totalHeld: 0 },
  failedOnceAgo: 0,
  budgetError: undefined,
};

/** Milliseconds after which a call that waits for a token looks whether the gate has begun to probe, or patience is over. */
const LOOKS_AGAIN = 250;

export class Turn implements Way {
  readonly gate: Gate | undefined;
  readonly named: Named | undefined;
  readonly kind: RetryKind;
  readonly asker: Asker;
  #pass: Pass | undefined;
  #hasToken = false;

  private constructor({ gate, named, kind, asker }: Way) {
    this.gate = gate;
    this.named = named;
    this.kind = kind;
    this.asker = asker;
  }

  /** Of a first attempt that a gate has let go. */
  static of(gate: Gate, pass: Pass): Turn {
    const turn = new Turn({ gate, named: undefined, kind: 'ordinary', asker: NOBODY });
    turn.#pass = pass;
    return turn;
  }

  /**
   * Asks before the wait.
   * @param namedWait milliseconds that the server asks for; who may not wait so long is told so at once
   * @returns why there is nothing to wait for, if so: no token where nothing is held, no sign of life for as long as
   *   patience lasts, or no place left at the gate
   */
  static request(way: Way, namedWait = 0): Turn | Refusal | Promise<Turn | Refusal> {
    const turn = new Turn(way);
    const { gate, named } = way;
    if (gate) return turn.#refusalAt(gate, namedWait) ?? turn;
    if (!named) return turn;
    const answer = turn.#ask(named.budget);
    const withToken = (granted: boolean) => {
      turn.#hasToken = granted;
      return granted ? turn : 'retry-budget-empty';
    };
    return typeof answer === 'boolean' ? withToken(answer) : answer.then(withToken);
  }

  #refusalAt(gate: Gate, namedWait = 0): Refusal | undefined {
    const { patience, maxHeld } = this.asker.policy;
    const isTooLate = gate.downSince !== undefined && gate.patienceLeft(patience) < namedWait;
    if (isTooLate || gate.givenUp(patience)) return 'origin-down';
    return gate.held >= maxHeld ? 'queue-full' : undefined;
  }

  /** Milliseconds for which it is of use to wait before {@link ready}: nobody is told late that there is no hope. */
  get longestWait(): number {
    const { gate, patience } = this;
    return gate ? gate.patienceLeft(patience) : Number.POSITIVE_INFINITY;
  }

  /**
   * After the wait: returns at once where nothing is in the way, else is held.
   * @param retriesLeft this one included
   * @param longest milliseconds it may be held
   * @returns undefined when the retry may be sent
   */
  ready(
    retriesLeft: number,
    longest: number,
    interrupters: Interrupters,
  ): Obstacle | undefined | Promise<Obstacle | undefined> {
    const { gate, named } = this;
    if (!gate) return undefined;
    if (named) return this.#readyWithToken(gate, named, retriesLeft, longest, interrupters);
    return this.#passGate(gate, retriesLeft, longest, interrupters);
  }

  async #readyWithToken(
    gate: Gate,
    named: Named,
    retriesLeft: number,
    longest: number,
    interrupters: Interrupters,
  ): Promise<Obstacle | undefined> {
    const until = now() + longest;
    for (;;) {
      const left = () => until - now();
      const obstacle = await this.#passGate(gate, retriesLeft, left(), interrupters);
      if (obstacle || this.#hasToken) return obstacle;
      const tokenless = await this.#takeToken(named, left(), interrupters);
      if (tokenless !== 'none' || gate.isProbing) return tokenless === 'none' ? undefined : tokenless;
      // While it waits for a token others may pass.
      this.#giveBack();
      const end = await this.#waitForToken(gate, named, left, interrupters);
      if (end) return end;
    }
  }

  /** No async function: of those that are held there are many, and each frame is memory. */
  #passGate(
    gate: Gate,
    retriesLeft: number,
    longest: number,
    interrupters: Interrupters,
  ): Obstacle | undefined | Promise<Obstacle | undefined> {
    // With a budget, it is for the budget to say who need not wait.
    this.#pass = gate.tryLeave(this.named ? 0 : this.asker.failedOnceAgo);
    if (this.#pass) return undefined;
    const refusal = this.#refusalAt(gate);
    return refusal ?? holdRetry(gate, this, { retriesLeft, longest }, interrupters);
  }

  /** Milliseconds. */
  get patience(): number {
    return this.asker.policy.patience;
  }

  get heldBefore(): number {
    return this.asker.state.totalHeld;
  }

  /** It is held no longer. @returns why it may not be sent, if so */
  left(departure: Departure): Obstacle | undefined {
    this.#pass = typeof departure === 'object' ? departure : undefined;
    if (this.#pass) return undefined;
    return departure === 'expired' ? 'held-too-long' : 'origin-down';
  }

  #ask(budget: Budget): boolean | Promise<boolean> {
    const { kind, asker } = this;
    asker.budgetError = undefined;
    return askForToken(budget, kind, (error) => {
      asker.budgetError = error;
    });
  }

  async #takeToken(
    { budget }: Named,
    longest: number,
    interrupters: Interrupters,
  ): Promise<Obstacle | 'none' | undefined> {
    const answer = this.#ask(budget);
    const end = typeof answer === 'boolean' ? undefined : await settled(answer, longest, interrupters);
    if (end) {
      // One that comes too late goes back.
      Promise.resolve(answer).then((granted) => granted && this.#refund());
      return end === 'expired' ? 'retry-budget-empty' : end;
    }
    this.#hasToken = await answer;
    return this.#hasToken ? undefined : 'none';
  }

  /** @returns undefined with a token, or when the gate probes: it lets one go without */
  async #waitForToken(
    gate: Gate,
    { line }: Named,
    left: () => number,
    interrupters: Interrupters,
  ): Promise<Obstacle | undefined> {
    const { patience, asker } = this;
    let stop = () => {};
    if (line) line.error = asker.budgetError;
    const token = new Promise<void>((resolve) => {
      stop = line?.wait(resolve) ?? stop;
    }).then(() => {
      this.#hasToken = true;
    });
    // A timer that fired is due, whatever the clock says: fake timers may leave it alone.
    let queueLeft = left();
    let patienceNow = gate.patienceLeft(patience);
    let patienceLeft = patienceNow;
    let end: Awaited<ReturnType<typeof settled>> = 'expired';
    while (end === 'expired' && queueLeft > 0 && patienceLeft > 0 && !gate.isProbing) {
      const slice = Math.min(queueLeft, patienceLeft, LOOKS_AGAIN);
      end = await settled(token, slice, interrupters);
      queueLeft = Math.min(queueLeft - slice, left());
      const before = patienceNow;
      patienceNow = gate.patienceLeft(patience);
      // There was a sign of life, if only for a moment, or the server has named a wait.
      const isAnew = gate.downSince === undefined || patienceNow > before;
      patienceLeft = isAnew ? patienceNow : Math.min(patienceLeft - slice, patienceNow);
    }
    stop();
    asker.budgetError = this.#hasToken ? undefined : line?.error;
    if (end !== 'expired') return end;
    if (patienceLeft <= 0) return 'origin-down';
    return queueLeft > 0 ? undefined : 'retry-budget-empty';
  }

  /** Whether a gate let it go, which is told by its return how it went. */
  get hasPassed(): boolean {
    return this.gate !== undefined;
  }

  /** The retry is back. @param isWell whether it succeeded, or the origin showed otherwise that it works */
  returned(isWell: boolean, took: number): void {
    const { gate } = this;
    if (this.#pass) gate?.returned(this.#pass, { ok: isWell, took });
    this.#pass = undefined;
    if (isWell && this.#hasToken) this.#refund();
  }

  /** The retry was not sent after all, or its caller cancelled it: it says nothing of the origin. */
  unused(): void {
    this.#giveBack();
    if (this.#hasToken) this.#refund();
    this.#hasToken = false;
  }

  #refund(): void {
    const { named, kind } = this;
    tellBudget(() => named?.budget.refund(kind));
  }

  #giveBack(): void {
    if (this.#pass) this.gate?.unused(this.#pass);
    this.#pass = undefined;
  }
}
