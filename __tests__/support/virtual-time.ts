/**
 * Virtual time: setTimeout, performance.now and Date.now run on a clock that jumps from timer to timer.
 * Made for storms of tens of thousands of timers, for which jest's fake timers are too slow.
 */
interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/** Waits for all microtasks, as the runtime does before its next macrotask. Browsers have no setImmediate. */
const microtasks = typeof setImmediate === 'function' ? bySetImmediate(setImmediate) : byMessage();

function bySetImmediate(real: typeof setImmediate): () => Promise<void> {
  return () => new Promise((resolve) => real(resolve));
}

function byMessage(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  let settle = () => {};
  port1.onmessage = () => settle();
  return () =>
    new Promise((resolve) => {
      settle = resolve;
      port2.postMessage(undefined);
    });
}

export class VirtualTime {
  now = 0;
  /** Timers that are waiting to fire. */
  pending = 0;
  #heap: Timer[] = [];
  #order = 0;
  #restore: () => void = () => {};

  install(): void {
    const { setTimeout, clearTimeout, performance } = globalThis;
    const dateNow = Date.now;
    const performanceNow = performance.now;
    Object.assign(globalThis, {
      setTimeout: (callback: () => void, delay = 0) => this.after(delay, callback),
      clearTimeout: (timer: Timer | undefined) => {
        if (!timer || timer.cancelled) return;
        timer.cancelled = true;
        this.pending--;
      },
    });
    performance.now = () => this.now;
    Date.now = () => this.now;
    this.#restore = () => {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      performance.now = performanceNow;
      Date.now = dateNow;
    };
  }

  uninstall(): void {
    this.#restore();
  }

  after(delay: number, callback: () => void): Timer {
    const timer = { at: this.now + Math.max(0, delay), order: this.#order++, callback, cancelled: false };
    this.pending++;
    this.#push(timer);
    return timer;
  }

  /** Fires timers in their order until none is left; promises settle in between. Rejects when the signal aborts it. */
  async runToEnd(signal?: AbortSignal): Promise<void> {
    for (let timer = this.#pop(); timer; timer = this.#pop()) {
      signal?.throwIfAborted();
      if (timer.cancelled) continue;
      timer.cancelled = true;
      this.pending--;
      this.now = timer.at;
      timer.callback();
      await microtasks();
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(timer, heap[parent] as Timer)) break;
      heap[index] = heap[parent] as Timer;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      if (!before(heap[child] as Timer, last)) break;
      heap[index] = heap[child] as Timer;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
