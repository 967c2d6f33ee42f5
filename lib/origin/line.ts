/**
 * A line, first in, first out, that anybody may leave at any time: in and out cost the same however long it is.
 */
export interface InLine {
  /** The line's own. */
  ahead: InLine | undefined;
  behind: InLine | undefined;
}

export class Line<Item extends InLine> {
  #first: Item | undefined;
  #last: Item | undefined;

  get first(): Item | undefined {
    return this.#first;
  }

  add(item: Item): void {
    item.ahead = this.#last;
    if (this.#last) this.#last.behind = item;
    else this.#first = item;
    this.#last = item;
  }

  remove(item: Item): void {
    const { ahead, behind } = item;
    if (ahead) ahead.behind = behind;
    else this.#first = behind as Item | undefined;
    if (behind) behind.ahead = ahead;
    else this.#last = ahead as Item | undefined;
    item.ahead = undefined;
    item.behind = undefined;
  }
}
