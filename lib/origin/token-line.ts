/**
 * Held calls whose gate would let them go and whose budget has no token: first come, first served.
 */
import type { Budget } from '../policy/budget';
import { startTimer } from '../timing';
import { type InLine, Line } from './line';
import { askForToken, tellBudget } from './retry-budget';

interface Waiting extends InLine {
  readonly leave: () => void;
  isGone: boolean;
}

/** Milliseconds between two questions to a budget that has no token; a success of ours asks at once. */
const FIRST_REST = 100;
const LONGEST_REST = 1_000;

/** One for each budget, however many clients share it. The first in line asks for all. */
export class TokenLine {
  readonly #line = new Line<Waiting>();
  readonly #budget: Budget;
  #rest = FIRST_REST;
  #isAsking = false;
  #stopTimer: () => void = () => {};

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** What the budget rejected with when it was last asked, if it did. */
  error: unknown = undefined;

  /**
   * @param leave called once with a token, never before this method has returned
   * @returns what takes the call out of the line
   */
  wait(leave: () => void): () => void {
    const waiting: Waiting = { leave, isGone: false, ahead: undefined, behind: undefined };
    const isFirst = !this.#line.first;
    this.#line.add(waiting);
    // It has just been told that there is none.
    if (isFirst) this.#askLater();
    return () => this.#remove(waiting);
  }

  /** A success may have paid a token. */
  notify(): void {
    this.#rest = FIRST_REST;
    if (this.#line.first) this.#ask();
  }

  #remove(waiting: Waiting): void {
    if (waiting.isGone) return;
    waiting.isGone = true;
    this.#line.remove(waiting);
    if (!this.#line.first) this.#stopTimer();
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#stopTimer();
    this.error = undefined;
    while (this.#line.first) {
      const hasToken = await askForToken(this.#budget, 'ordinary', (error) => {
        this.error = error;
      });
      if (!hasToken) break;
      this.#rest = FIRST_REST;
      const { first } = this.#line;
      if (first) {
        this.#remove(first);
        first.leave();
      } else tellBudget(() => this.#budget.refund('ordinary'));
    }
    this.#isAsking = false;
    if (this.#line.first) this.#askLater();
  }

  #askLater(): void {
    this.#stopTimer();
    this.#stopTimer = startTimer(this.#rest * (0.75 + Math.random() / 2), () => this.#ask());
    this.#rest = Math.min(LONGEST_REST, 2 * this.#rest);
  }
}

/** A budget that a policy names, as one and the same, and the line for its tokens. */
export interface NamedBudget {
  readonly budget: Budget;
  readonly line: TokenLine;
}

const NAMED = new WeakMap<Budget, NamedBudget>();

/** @param budget the one itself, no copy of it */
export function namedBudget(budget: Budget): NamedBudget {
  let named = NAMED.get(budget);
  if (!named) {
    named = { budget, line: new TokenLine(budget) };
    NAMED.set(budget, named);
  }
  return named;
}

/** Plain objects that only ever came as copies: the first one seen of each, by its function. */
const FIRST_SEEN = new WeakMap<Budget['tryAcquire'], Budget>();

/**
 * The budget of which this is a copy, or it itself. axios copies a plain object with every merge of configs, but neither
 * instances of classes nor the functions in it.
 * @param known those that the instance's own policies name
 */
export function originalOf(budget: Budget, known: readonly (Budget | false | undefined)[]): Budget {
  if (!Object.hasOwn(budget, 'tryAcquire')) return budget;
  const isSame = (other: Budget | false | undefined): other is Budget =>
    other !== false && other?.tryAcquire === budget.tryAcquire;
  const original = known.find(isSame) ?? FIRST_SEEN.get(budget.tryAcquire);
  if (original) return original;
  FIRST_SEEN.set(budget.tryAcquire, budget);
  return budget;
}
