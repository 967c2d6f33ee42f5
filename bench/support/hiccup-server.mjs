/**
 * `hiccup-server.mjs SETTINGS` (JSON): the server of the hiccup, a process of its own. One request after the other, each
 * taking the same time (and `latency` more, for which no other waits), and work for a client that has gone is done all the
 * same. From `from` to `until` (milliseconds after the start of the load) a `share` of its requests meets its `kind` of trouble.
 */
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const {
  kind,
  from = 0,
  until = Number.POSITIVE_INFINITY,
  share = 1,
  capacityPerSecond,
  latency = 0,
  slowMs,
  /** Any that is free. While it is refusing, the system may give that to another process. */
  port = 0,
} = JSON.parse(process.argv[2]);
/** Does not shrink to nothing under gzip, and is cut in the middle of it. */
const BODY = JSON.stringify({ orders: Array.from({ length: 100 }, () => Math.random()) });
const HEADERS = { 'Content-Type': 'application/json', 'Content-Length': BODY.length };
const loopDelay = monitorEventLoopDelay({ resolution: 5 });
const seen = new Set();
/** One entry per request: when it came, whether it was its caller's first attempt, whether it got its answer. */
const log = [];
/** Until it is told when the load starts, it is a day later. */
let startedAt = Date.now() + 86_400_000;
let freeAt = Number.NEGATIVE_INFINITY;

/** What becomes of a request that meets trouble. While it is refusing, none comes. */
const TROUBLES = {
  rejecting: (_request, response) => response.writeHead(503).end(),
  // Taken, and not worked on before the end.
  stalling: (_request, response, entry) => serve(response, entry, { notBefore: until }),
  slow: (_request, response, entry) => serve(response, entry, { after: slowMs }),
  silent: () => {},
  resetting: (request) => request.socket.resetAndDestroy(),
  cutting: (request, response) => {
    response.writeHead(200, HEADERS);
    response.write(BODY.slice(0, BODY.length / 2), () => request.socket.destroy());
  },
};

const server = createServer((request, response) => {
  const at = Date.now() - startedAt;
  const entry = { at, first: !seen.has(request.url), answered: false };
  // Not counted, and as quick or slow as those that are: clients may learn from them what is usual.
  if (at < 0) return serve(response, entry);
  seen.add(request.url);
  log.push(entry);
  const isTrouble = at >= from && at < until && Math.random() < share && kind in TROUBLES;
  if (isTrouble) TROUBLES[kind](request, response, entry);
  else serve(response, entry);
});
server.keepAliveTimeout = 60_000;
server.listen(port, '127.0.0.1', () => process.send({ port: server.address().port }));

function serve(response, entry, { notBefore = entry.at, after = 0 } = {}) {
  freeAt = Math.max(entry.at, freeAt, notBefore) + 1000 / capacityPerSecond;
  response.on('finish', () => {
    entry.answered = true;
  });
  const answer = setTimeout(
    () => response.writeHead(200, HEADERS).end(BODY),
    freeAt + latency + after - entry.at,
  );
  response.on('close', () => clearTimeout(answer));
}

/** As a process that was killed: its connections are closed, and nobody listens on its port. */
function refuseFor(milliseconds) {
  const taken = server.address().port;
  server.close();
  server.closeAllConnections();
  setTimeout(() => server.listen(taken, '127.0.0.1'), milliseconds);
}

process.on('message', (message) => {
  if (message.startAt) {
    startedAt = message.startAt;
    freeAt = 0;
    loopDelay.enable();
    if (kind === 'refusing') setTimeout(refuseFor, startedAt + from - Date.now(), until - from);
  } else {
    process.send({ log, loopDelayP99: loopDelay.percentile(99) / 1e6 });
  }
});
// Whoever started it has gone.
process.on('disconnect', () => process.exit());
