/** Requests drawn as they happen: a row for each, its attempts and waits one after the other. */

/** Milliseconds that are in view. */
const WINDOW = 15_000;
/** Milliseconds that a row rests between two requests. */
const GAP = 150;
const ROW_HEIGHT = 7.5;

function element(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export class Timeline {
  #startedAt = performance.now();
  #scroll = element('g', {});
  /** When each row is free again; Infinity while its request is pending. */
  #rows = [];
  /** What still grows, up to now. */
  #growing = new Set();
  #outage;

  /** @param {SVGElement} svg */
  constructor(svg, rows) {
    this.#rows = Array(rows).fill(-GAP);
    svg.setAttribute('viewBox', `0 0 ${WINDOW} ${rows}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.style.height = `${rows * ROW_HEIGHT}px`;
    svg.append(this.#scroll);
    const draw = () => {
      for (const shape of this.#growing) this.#reachNow(shape);
      const left = this.#now - WINDOW;
      this.#scroll.setAttribute('transform', `translate(${-left} 0)`);
      for (const shape of [...this.#scroll.children]) {
        if (!this.#growing.has(shape) && shape.end < left - 500) shape.remove();
      }
      requestAnimationFrame(draw);
    };
    draw();
  }

  /** The server breaks, or is mended. */
  setBroken(broken) {
    if (!broken) this.#growing.delete(this.#outage);
    else {
      this.#outage = element('rect', { class: 'outage', x: this.#now, y: 0, height: this.#rows.length });
      this.#grow(this.#outage);
      this.#scroll.prepend(this.#outage);
    }
  }

  /** A request begins, in the first row that is free. */
  request() {
    const now = this.#now;
    let row = this.#rows.findIndex((freeAt) => freeAt + GAP <= now);
    if (row < 0) row = this.#rows.length - 1;
    this.#rows[row] = Number.POSITIVE_INFINITY;
    let line;
    const next = (kind) => {
      this.#growing.delete(line);
      const x = this.#now;
      line = element('line', { class: kind, x1: x, y1: row + 0.5, y2: row + 0.5 });
      // Lines that wait go below the dots of attempts.
      if (kind === 'waiting')
        this.#outage?.isConnected ? this.#outage.after(line) : this.#scroll.prepend(line);
      else this.#scroll.append(line);
      this.#grow(line);
    };
    return {
      attempt: () => next('running'),
      wait: () => {
        line.setAttribute('class', 'retried');
        next('waiting');
      },
      end: (kind) => {
        // One that ended in a wait has its end marked.
        if (line.getAttribute('class') === 'waiting') next(kind);
        line.setAttribute('class', kind);
        this.#growing.delete(line);
        this.#rows[row] = this.#now;
      },
    };
  }

  get #now() {
    return performance.now() - this.#startedAt;
  }

  #grow(shape) {
    this.#growing.add(shape);
    this.#reachNow(shape);
  }

  #reachNow(shape) {
    shape.end = this.#now;
    if (shape.tagName === 'line') shape.setAttribute('x2', shape.end);
    else shape.setAttribute('width', shape.end - shape.getAttribute('x'));
  }
}
