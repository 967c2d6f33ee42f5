/**
 * A binary heap of what is due when, earliest first. Adding and removing anything costs O(log n).
 */
export interface Due {
  /** Milliseconds on the clock of `now()`. */
  readonly dueAt: number;
  /** Where the heap keeps it; the heap's own. -1 when it is not in a heap. */
  heapIndex: number;
}

export class DeadlineHeap<Item extends Due> {
  readonly #items: Item[] = [];

  get earliest(): Item | undefined {
    return this.#items[0];
  }

  add(item: Item): void {
    this.#place(item, this.#items.length);
    this.#moveUp(item);
  }

  remove(item: Item): void {
    const index = item.heapIndex;
    const last = this.#items.pop();
    item.heapIndex = -1;
    if (!last || last === item) return;
    this.#place(last, index);
    this.#moveUp(last);
    this.#moveDown(last);
  }

  #place(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }

  #swap(upper: Item, lower: Item): void {
    const index = upper.heapIndex;
    this.#place(upper, lower.heapIndex);
    this.#place(lower, index);
  }

  #moveUp(item: Item): void {
    for (;;) {
      const parent = this.#items[(item.heapIndex - 1) >> 1];
      if (item.heapIndex === 0 || !parent || parent.dueAt <= item.dueAt) return;
      this.#swap(parent, item);
    }
  }

  #moveDown(item: Item): void {
    for (;;) {
      const left = this.#items[2 * item.heapIndex + 1];
      const right = this.#items[2 * item.heapIndex + 2];
      const child = right && left && right.dueAt < left.dueAt ? right : left;
      if (!child || item.dueAt <= child.dueAt) return;
      this.#swap(item, child);
    }
  }
}
