/**
 * The raw numbers of each benchmark, in `results/*.json`, each with the machine and the versions they come from.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

const FOLDER = new URL('../results/', import.meta.url);
const PACKAGES = ['axios', 'axios-retry', 'retry-axios', 'ky', 'got', 'esbuild'];

/** @param numbers whatever the benchmark found, ready for JSON */
export function saveResult(name, numbers) {
  const json = JSON.stringify({ ...origin(), ...rounded(numbers) }, null, 1);
  // A list of numbers on one line, or else the file would be thousands of lines.
  saveFile(`${name}.json`, `${json.replace(/\[[\d\s.,e-]+\]/g, (list) => list.replace(/\s+/g, ''))}\n`);
}

export function loadResult(name) {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'));
}

export function saveFile(name, text) {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(new URL(name, FOLDER), text);
  console.log(`wrote bench/results/${name}`);
}

function origin() {
  const [cpu] = cpus();
  return {
    measuredAt: new Date().toISOString(),
    machine: `${cpus().length} x ${cpu.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()} ${arch()}`,
    loadAverage: loadavg()[0],
    versions: {
      node: process.version,
      ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
    },
  };
}

function versionOf(name) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}

/** Four significant digits are more than any of these numbers has, and keep the diffs of a new run readable. */
function rounded(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(4));
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, rounded(field)]));
}
