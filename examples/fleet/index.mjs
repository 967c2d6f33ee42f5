/**
 * Eight workers (node:cluster) call a server that is down for three seconds: through clients that have a bucket of
 * retry tokens each, and through clients that share one in Redis. Prints what each worker spent, and what the sum was.
 * Needs redis-server on the PATH. Run from the repository: npm run demo:fleet
 */
import { spawn, spawnSync } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const WORKERS = 8;
const MS = { well: 1_000, down: 3_000, wellAgain: 2_000 };

if (spawnSync('redis-server', ['--version']).error) {
  console.error('This needs redis-server (Debian: apt-get install redis-server).');
  process.exit(1);
}

/** A server that answers, or not, as the weather says; counts what it gets while it is down. */
async function faultyServer() {
  const seen = { isDown: false, whileDown: { own: 0, shared: 0 } };
  const server = http.createServer((request, response) => {
    if (seen.isDown) seen.whileDown[request.headers['x-side']]++;
    response.statusCode = seen.isDown ? 503 : 200;
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { ...server.address(), seen, stop: () => server.close().closeAllConnections() };
}

async function redisServer() {
  const probe = net.createServer();
  await once(probe.listen(0, '127.0.0.1'), 'listening');
  const { port } = probe.address();
  probe.close();
  const redis = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '']);
  for await (const line of redis.stdout) if (String(line).includes('Ready to accept')) break;
  return { port, stop: () => redis.kill() };
}

const [server, redis] = await Promise.all([faultyServer(), redisServer()]);
cluster.setupPrimary({ exec: new URL('worker.mjs', import.meta.url).pathname });
const workers = Array.from({ length: WORKERS }, () =>
  cluster.fork({ SERVER: `http://127.0.0.1:${server.port}`, REDIS_PORT: redis.port }),
);
const answers = () => Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));

console.log(`${WORKERS} workers, 20 calls a second each, twice: buckets of their own, and one in Redis.`);
await answers();
for (const worker of workers) worker.send('go');
await sleep(MS.well);
console.log('The server goes down for three seconds.');
server.seen.isDown = true;
await sleep(MS.down);
server.seen.isDown = false;
await sleep(MS.wellAgain);
for (const worker of workers) worker.send('stop');
const tallies = await answers();
for (const worker of workers) worker.disconnect();
server.stop();
redis.stop();

const sum = (side, what) => tallies.reduce((total, tally) => total + tally[side][what], 0);
const rows = Object.fromEntries(
  tallies.map(({ own, shared }, index) => [`worker ${index + 1}`, [own.spent, shared.spent]]),
);
rows.sum = [sum('own', 'spent'), sum('shared', 'spent')];
console.log('\nTokens spent (a retry takes one, and brings it back if it succeeds):');
table(rows);
console.log('\nWhile the server was down:');
table({
  'calls that failed': [sum('own', 'failed'), sum('shared', 'failed')],
  'requests it got': [server.seen.whileDown.own, server.seen.whileDown.shared],
});

function table(rows) {
  console.table(
    Object.fromEntries(
      Object.entries(rows).map(([name, [own, shared]]) => [
        name,
        { 'a bucket each': own, 'one in Redis': shared },
      ]),
    ),
  );
}

// What a fleet with one bucket can spend at most: what it holds, what time and successes bring, and a tenth of it in each
// process that Redis did not answer in time.
const seconds = performance.now() / 1_000;
const most = (100 + 0.1 * seconds) * (1 + WORKERS / 10) + 0.1 * sum('shared', 'succeeded');
console.log(`\nThe law: ${rows.sum[1]} spent, at most ${most.toFixed(0)}.`);
if (rows.sum[1] > most) process.exitCode = 1;
