/**
 * The server of the hiccup, a process of its own. One request after the other, each taking the same time, and work for a
 * client that has gone is done all the same. While it is down it answers 503 at once (rejecting), or takes requests
 * and does not get to work on them (stalling). Or it is never down, and answers a share of all requests with 503 (flaky).
 */
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const [kind, capacityPerSecond, outageStart, outageEnd, flakyShare] = process.argv
  .slice(2)
  .map((arg) => Number(arg) || arg);
const loopDelay = monitorEventLoopDelay({ resolution: 5 });
const seen = new Set();
/** One entry per request: when it came, whether it was its caller's first attempt, whether it got its answer. */
const log = [];
let startedAt = Number.POSITIVE_INFINITY;
let freeAt = 0;

const server = createServer((request, response) => {
  const at = Date.now() - startedAt;
  // Warm-up: not counted, answered at once.
  if (at < 0 || request.url.startsWith('/warm-up')) return response.end('ok');
  const entry = { at, first: !seen.has(request.url), answered: false };
  seen.add(request.url);
  log.push(entry);
  const isDown = at >= outageStart && at < outageEnd;
  const isRejected = kind === 'flaky' ? Math.random() < flakyShare : kind === 'rejecting' && isDown;
  if (isRejected) return response.writeHead(503).end();
  let beginsAt = Math.max(at, freeAt);
  if (beginsAt >= outageStart && beginsAt < outageEnd && kind === 'stalling') beginsAt = outageEnd;
  freeAt = beginsAt + 1000 / capacityPerSecond;
  response.on('finish', () => {
    entry.answered = true;
  });
  const answer = setTimeout(() => response.end('ok'), freeAt - at);
  response.on('close', () => clearTimeout(answer));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

process.on('message', (message) => {
  if (message.startAt) {
    startedAt = message.startAt;
    loopDelay.enable();
  } else {
    process.send({ log, loopDelayP99: loopDelay.percentile(99) / 1e6 }, () => process.exit());
  }
});
