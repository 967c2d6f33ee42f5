/**
 * What goes wrong between a client and a server that stands behind nginx or haproxy, and for how long.
 * `directives` go into the proxy's configuration, at the place that their name says (see proxies.mjs).
 */

/** Milliseconds after the start of the load at which trouble begins. */
const START = 1_000;
/** Calls a second that the limits of rate allow, to whom 400 come at once. */
const ALLOWED = 50;
const CALLS = 400;

const server = (kind, milliseconds, rest) => ({
  capacityPerSecond: 2_000,
  kind,
  from: START,
  until: START + milliseconds,
  ...rest,
});
const well = server('none', 0);
const gone = (milliseconds) => ({ restart: { at: START, for: milliseconds } });

const OUTAGES = [
  ['restarted, gone for 0.3 s', { name: 'nginx', ...gone(300) }, server('none', 300)],
  ['restarted, gone for 0.3 s', { name: 'haproxy', ...gone(300) }, server('none', 300)],
  ['its server killed, for 1 s: 502', { name: 'nginx' }, server('refusing', 1_000)],
  [
    'its server killed, for 1 s: its page with 503',
    // Or else it would notice only by waiting for connections, for a second each.
    { name: 'haproxy', server: 'check inter 100ms fall 1 rise 1' },
    server('refusing', 1_000),
  ],
  ['its server killed, for 3 s: 502', { name: 'nginx' }, server('refusing', 3_000)],
  [
    'its server slow for 2 s: 504 after 0.3 s',
    { name: 'nginx', location: 'proxy_read_timeout 300ms;' },
    server('slow', 2_000, { slowMs: 10_000 }),
  ],
  [
    'its server slow for 2 s: 504 after 0.3 s',
    { name: 'haproxy', backend: 'timeout server 300ms' },
    server('slow', 2_000, { slowMs: 10_000 }),
  ],
  [
    'queues of `maxconn`: its server does half of what is asked for 2 s, 503 after 0.1 s in the queue',
    { name: 'haproxy', backend: 'timeout queue 100ms', server: 'maxconn 4' },
    server('slow', 2_000, { slowMs: 40 }),
  ],
  [
    'bodies in gzip cut, for 0.5 s',
    { name: 'nginx', http: 'gzip on; gzip_proxied any; gzip_types application/json;' },
    server('cutting', 500),
  ],
  ['10% of bodies cut, for 3 s', { name: 'nginx' }, server('cutting', 3_000, { share: 0.1 })],
  ['10% of requests never answered, for 3 s', { name: 'haproxy' }, server('silent', 3_000, { share: 0.1 })],
  [
    '10% of connections reset, for 5 s',
    {
      name: 'nginx',
      http: 'split_clients $request_id $reset { 10% yes; * ""; } reset_timedout_connection on;',
      location: 'if ($reset) { return 444; }',
    },
    server('none', 5_000, { from: 0 }),
  ],
  [
    'connections closed as they are used again (`keepalive_timeout` as short as the pause between calls)',
    { name: 'nginx', location: 'keepalive_timeout 5ms;' },
    server('none', 5_000, { from: 0 }),
  ],
];

const ZONE = `limit_req_zone $binary_remote_addr zone=rate:1m rate=${ALLOWED}r/s;`;
const LIMIT = `limit_req zone=rate burst=${ALLOWED - 1} nodelay; limit_req_status 429;`;

// A stick table forgets the last second little by little: whoever comes back after the second that he was told is likely to
// be refused again. Workers that wait for just that second need 14 s (32 s where those refused count), those that wait for
// one to two seconds 9.1 s (13.9 s): that is what is taken for what these limits allow.
const TABLE = `acl warm-up path_beg /warm-up
  stick-table type ip size 1k expire 10s store http_req_rate(1s)`;
const TRACK = 'http-request track-sc0 src if !warm-up';
const refuseIf = (rate) =>
  `http-request deny deny_status 429 hdr Retry-After 1 if !warm-up { ${rate} ge ${ALLOWED} }`;

const LIMITS = [
  [
    '`limit_req`: 429 with `Retry-After: 1`',
    {
      name: 'nginx',
      http: ZONE,
      server: 'location @limited { add_header Retry-After 1 always; return 429; }',
      location: `${LIMIT} error_page 429 = @limited;`,
    },
  ],
  ['`limit_req`: 429 and no more', { name: 'nginx', http: ZONE, location: LIMIT }],
  [
    'a stick table of what was let through: 429 with `Retry-After: 1`',
    { name: 'haproxy', frontend: `${TABLE}\n  ${refuseIf('src_http_req_rate')}\n  ${TRACK}` },
    9_100,
  ],
  [
    // As haproxy's own documentation has it.
    'a stick table in which those refused count too: 429 with `Retry-After: 1`',
    { name: 'haproxy', frontend: `${TABLE}\n  ${TRACK}\n  ${refuseIf('src_http_req_rate')}` },
    13_900,
  ],
];

/** Milliseconds in which a limit lets all calls through, where nothing else is said. */
const ALLOWS = (CALLS / ALLOWED) * 1_000;

/**
 * `title` follows the name of the proxy. `law` gets what was noticed of this library in its defaults, and returns what is
 * wrong with that, if anything.
 */
export const SCENARIOS = [
  ...OUTAGES.map(([title, proxy, trouble]) => ({
    kind: 'outage',
    title,
    proxy,
    server: trouble,
    load: { perSecond: 200, end: 6_000 },
    law: ({ failedCallers }) => failedCallers > 0 && `${failedCallers} callers failed`,
  })),
  ...LIMITS.map(([title, proxy, allows = ALLOWS]) => ({
    kind: 'limit',
    title,
    proxy,
    server: well,
    load: { calls: CALLS, workers: 30 },
    law: ({ failedCallers, doneMs }) =>
      (failedCallers > 0 && `${failedCallers} callers failed`) ||
      (doneMs > 1.5 * allows && `done after ${doneMs} ms, where the limit allows ${allows}`),
  })),
];
