/** A real server, started by the tests themselves, on a port that is free. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

function has(command) {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The servers there are on this machine: Redis, Valkey, both or none. */
export const servers = ['redis-server', 'valkey-server'].filter(has);

if (servers.length === 0) {
  const why =
    'neither redis-server nor valkey-server is installed (.ci/install-debian-packages redis-server)';
  if (process.env.REQUIRE_REDIS) throw new Error(why);
  console.log(`SKIPPED: ${why}`);
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** What the server answers to one command, as it is on the wire; nothing if there is no server. */
export function say(port, ...command) {
  const parts = command.map((part) => `$${Buffer.byteLength(String(part))}\r\n${part}\r\n`);
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => resolve(''));
    socket.once('data', (data) => {
      resolve(String(data).trim());
      socket.destroy();
    });
    socket.write(`*${parts.length}\r\n${parts.join('')}`);
  });
}

/** Those that run; none survives the test. */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

export class RedisServer {
  #process;
  #dir = mkdtempSync(join(tmpdir(), 'redis-of-a-test-'));

  constructor(command, port, options) {
    this.command = command;
    this.port = port;
    this.options = options;
    this.url = `redis://127.0.0.1:${port}`;
  }

  /** @param options as in redis.conf, each with its two dashes; nothing is kept on disk unless they say so */
  static async start(command = servers[0], ...options) {
    const server = new RedisServer(command, await freePort(), options);
    await server.start();
    return server;
  }

  async start() {
    const defaults = ['--save', '', '--appendonly', 'no', '--loglevel', 'warning', '--bind', '127.0.0.1'];
    const args = ['--port', this.port, '--dir', this.#dir, ...defaults, ...this.options].map(String);
    this.#process = spawn(this.command, args, { stdio: 'ignore' });
    running.add(this.#process);
    const child = this.#process;
    child.once('exit', () => running.delete(child));
    while (!(await say(this.port, 'PING')).startsWith('+PONG')) {
      if (this.#process.exitCode !== null) throw new Error(`${this.command} ended: ${args.join(' ')}`);
      await sleep(10);
    }
  }

  say(...command) {
    return say(this.port, ...command);
  }

  signal(name) {
    this.#process.kill(name);
  }

  async kill() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }

  async end() {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
