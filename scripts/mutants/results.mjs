/** What became of the mutations, in this run and in earlier ones. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const NOTICED = ['noticed', 'late', 'stuck'];
const STATUSES = [...NOTICED, 'survived', 'uncovered'];

export class Results {
  #path;
  #earlier;
  #byKey = new Map();

  /** @param mutants all that there are now; what is known of others is forgotten */
  constructor(path, mutants) {
    const known = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
    this.#path = path;
    this.#earlier = new Map(known.map((result) => [result.key, result]));
    addKeys(mutants);
    for (const { key } of mutants) if (this.has({ key })) this.#byKey.set(key, this.#earlier.get(key));
  }

  has({ key }) {
    return this.#earlier.has(key);
  }

  isNoticed({ key }) {
    return NOTICED.includes(this.#byKey.get(key)?.status);
  }

  get open() {
    return [...this.#byKey.values()].filter(({ status }) => !NOTICED.includes(status));
  }

  note({ key, fileName, location: { start }, mutatorName, replacement }, status, more = {}) {
    const place = { fileName, line: start.line + 1, column: start.column + 1 };
    this.#byKey.set(key, { key, status, ...place, mutatorName, replacement, ...more });
  }

  save() {
    writeFileSync(this.#path, JSON.stringify([...this.#byKey.values()], undefined, 1));
  }

  print() {
    for (const { fileName, line, column, status, replacement } of this.open)
      console.log(`${fileName}:${line}:${column} ${status}: ${replacement}`);
    const all = [...this.#byKey.values()];
    const wingOf = ({ fileName }) => fileName.split('/').slice(0, 2).join('/');
    for (const wing of new Set(all.map(wingOf))) {
      printLine(
        wing,
        all.filter((result) => wingOf(result) === wing),
      );
    }
    printLine('all', all);
  }
}

function printLine(name, results) {
  const counts = STATUSES.map((status) => [
    status,
    results.filter((result) => result.status === status).length,
  ]);
  const noticed = results.filter(({ status }) => NOTICED.includes(status)).length;
  const words = counts.map(([status, count]) => `${count} ${status}`).join(', ');
  console.log(
    `${name}: ${results.length}, ${((100 * noticed) / results.length).toFixed(1)}% noticed (${words})`,
  );
}

/** Names that hold though lines move: by the text of the line, and the how manieth it is of the same. */
function addKeys(mutants) {
  const lines = new Map();
  const seen = new Map();
  for (const mutant of mutants) {
    const { fileName, location, mutatorName, replacement } = mutant;
    if (!lines.has(fileName)) lines.set(fileName, readFileSync(fileName, 'utf8').split('\n'));
    const text = lines.get(fileName)[location.start.line].trim();
    const key = [fileName, mutatorName, replacement, text].join('|');
    seen.set(key, (seen.get(key) ?? 0) + 1);
    mutant.key = `${key}|${seen.get(key)}`;
  }
}
