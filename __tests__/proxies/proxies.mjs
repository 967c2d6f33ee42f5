/**
 * nginx and haproxy, each as a process of its own, with a folder of its own for its configuration and whatever it writes.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds in which a proxy must listen. */
const STARTS_WITHIN = 5_000;
// Debian has them in /usr/sbin, which is not on everybody's path.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };
const stopAll = new Set();
process.on('exit', () => {
  for (const stop of stopAll) stop();
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const PROXIES = {
  nginx: {
    args: (dir) => ['-p', dir, '-c', join(dir, 'conf'), '-e', join(dir, 'log')],
    // In one process, so that a signal ends all of it at once.
    config: ({ port, upstreamPort, http = '', server = '', location = '' }, dir) => `
      daemon off;
      master_process off;
      pid ${dir}/pid;
      events { worker_connections 4096; }
      http {
        access_log off;
        error_log ${dir}/log crit;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ')}
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        upstream server { server 127.0.0.1:${upstreamPort}; keepalive 32; }
        ${http}
        server {
          listen 127.0.0.1:${port} backlog=4096;
          location /warm-up { proxy_pass http://server; }
          ${server}
          location / { proxy_pass http://server; ${location} }
        }
      }
    `,
  },
  haproxy: {
    args: (dir) => ['-db', '-f', join(dir, 'conf')],
    config: ({ port, upstreamPort, frontend = '', backend = '', server = '' }) => `
global
  maxconn 4096
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${port}
  ${frontend}
  default_backend back
backend back
  ${backend}
  server one 127.0.0.1:${upstreamPort} ${server}
`,
  },
};

/** The versions of the proxies that are installed, by name. */
export function installed() {
  return Object.fromEntries(
    Object.keys(PROXIES).flatMap((name) => {
      try {
        const said = execFileSync('sh', ['-c', `${name} -v 2>&1`], { env, encoding: 'utf8' });
        return [[name, /\d+\.\d+\.\d+/.exec(said)?.[0] ?? said]];
      } catch {
        return [];
      }
    }),
  );
}

/**
 * Starts a proxy in front of the server on `upstreamPort`.
 * @param restart `{ at, for }`: milliseconds after the start of the load at which it is killed, and for how long it is gone
 */
export async function startProxy({ name, restart, ...directives }, upstreamPort) {
  const { config, args } = PROXIES[name];
  const dir = mkdtempSync(join(tmpdir(), `${name}-`));
  const port = await freePort();
  let child;
  const stop = () => {
    child?.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
    stopAll.delete(stop);
  };
  stopAll.add(stop);
  writeFileSync(join(dir, 'conf'), config({ ...directives, port, upstreamPort }, dir));
  const run = () => {
    child = spawn(name, args(dir), { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaints = '';
    child.stderr.on('data', (chunk) => {
      complaints += chunk;
    });
    child.on('exit', (code) => {
      // A signal of ours leaves no code.
      if (code) throw new Error(`${name} ended with ${code}: ${complaints}${logIn(dir)}`);
    });
  };
  run();
  await listening(port);
  return {
    port,
    async begin(startAt) {
      if (!restart) return;
      await sleep(startAt + restart.at - Date.now());
      child.kill('SIGKILL');
      await once(child, 'exit');
      await sleep(startAt + restart.at + restart.for - Date.now());
      if (stopAll.has(stop)) run();
    },
    async stop() {
      const gone = child.exitCode === null && child.signalCode === null && once(child, 'exit');
      stop();
      await gone;
    },
  };
}

async function listening(port) {
  const giveUpAt = Date.now() + STARTS_WITHIN;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isThere) return;
    if (Date.now() > giveUpAt) throw new Error(`nothing listens on port ${port}`);
    await sleep(20);
  }
}

/** Not one that the system hands out for port 0: it could do so again, to one of the clients. */
async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(20_000 * Math.random());
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await new Promise((resolve) => {
      probe.once('listening', () => resolve(true));
      probe.once('error', () => resolve(false));
    });
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

function logIn(dir) {
  try {
    return readFileSync(join(dir, 'log'), 'utf8');
  } catch {
    return '';
  }
}
