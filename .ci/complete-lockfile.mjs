/**
 * Adds to a package-lock.json the optional packages of other platforms that the registry at hand does not have.
 * npm leaves out what it cannot look up, and `npm ci` then refuses the lock file as out of sync. The entries say for
 * which platform they are, so npm skips them everywhere else.
 * Run after every change of dependencies: node .ci/complete-lockfile.mjs [package-lock.json ...]
 */
import { readFileSync, writeFileSync } from 'node:fs';

const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
];

/** What a name such as `cli-linux-x64-musl` or `binding-linux-arm-gnueabihf` says of its platform. */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : [];
  return Object.fromEntries(Object.entries({ os, cpu, libc }).filter(([, values]) => values.length > 0));
}

for (const path of process.argv.length > 2 ? process.argv.slice(2) : ['package-lock.json']) {
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  const added = [];
  for (const [parent, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const isThere = [`${parent}/node_modules/${name}`, `node_modules/${name}`].some(
        (at) => lock.packages[at],
      );
      const platform = platformOf(name);
      if (isThere || !/^\d/.test(version) || Object.keys(platform).length === 0) continue;
      lock.packages[`node_modules/${name}`] = { version, ...(dev && { dev }), optional: true, ...platform };
      added.push(name);
    }
  }
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).sort(([a], [b]) => (a === b ? 0 : a < b ? -1 : 1)),
  );
  if (added.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${path}: ${added.length} entries added`);
}
