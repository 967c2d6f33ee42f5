/**
 * The bundle in a real browser: what the xhr and the fetch adapter make of failures there, and what CORS lets
 * through. Not part of `npm test`; run by `npm run test:browser`.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleForBrowsers, launchChromium } from './chromium.mjs';
import { startServer } from './server.mjs';

const ADAPTERS = ['xhr', 'fetch'];

let browser;
let script;
/** Serves the pages, and `/api` as the test says: what is of the page's own origin. */
let site;
let answerOfSite;
let context;
let page;
/** Of other pages than `page`. */
let opened;
/** Servers of this test, each an origin of its own. */
let servers;
/** What was thrown in a page and caught by nobody. */
let uncaught = [];

before(async () => {
  script = await bundleForBrowsers();
  browser = await launchChromium();
  site = await startServer((request, response, count) => {
    if (request.url === '/bundle.js') response.setHeader('Content-Type', 'text/javascript').end(script);
    else if (request.url.startsWith('/api')) answerOfSite(request, response, count);
    else
      response
        .setHeader('Content-Type', 'text/html')
        .end('<!doctype html><script src="/bundle.js"></script>');
  });
  context = await browser.newContext();
  page = await newPage(site.url);
});

after(async () => {
  await browser?.close();
  await site?.close();
});

beforeEach(() => {
  servers = [];
  uncaught = [];
  opened = [];
  site.requests.length = 0;
});

afterEach(async () => {
  await context.setOffline(false);
  await Promise.all([...servers, ...opened].map((it) => it.close()));
  assert.deepEqual(uncaught, []);
});

async function newPage(url) {
  const made = await context.newPage();
  made.on('pageerror', (error) => uncaught.push(error.message));
  await made.goto(url);
  return made;
}

/** A page that the test does something to that other tests must not see. */
async function ownPage(url = site.url) {
  const own = await newPage(url);
  opened.push(own);
  return own;
}

async function startApi(answer) {
  const server = await startServer(answer);
  servers.push(server);
  return server;
}

/** An API whose first answers are `failures`, one for each request, and which is fine from then on. */
function failingApi(...failures) {
  return startApi((request, response, count) => {
    const fail = failures[count - 1];
    if (fail) fail(response, request);
    else response.setHeader('Content-Type', 'application/json').end('{"fine":true}');
  });
}

const status =
  (code, headers = {}) =>
  (response) =>
    response.writeHead(code, headers).end('{"fine":false}');
const reset = (response) => response.socket.resetAndDestroy();
const close = (response) => response.socket.destroy();
const cutLength = (response) => {
  response.writeHead(200, { 'Content-Length': 100 }).write('{"fine":');
  setTimeout(() => response.socket.destroy(), 50);
};
const cutChunk = (response) => {
  response.writeHead(200).write('{"fine":');
  setTimeout(() => response.socket.destroy(), 50);
};
const hang = () => {};

/** A GET in the page, retried under `policy`. */
function get(adapter, url, policy, config) {
  return page.evaluate(
    ([adapter, url, policy, config]) => settle(makeClient(adapter, policy, config).get(url)),
    [adapter, url, policy, config],
  );
}

const until = async (condition) => {
  const end = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it never came true');
    await sleep(5);
  }
};

for (const adapter of ADAPTERS) {
  describe(`${adapter} adapter`, () => {
    for (const [what, failures, recorded] of [
      ['a 503', [status(503), status(503)], { status: 503, code: 'ERR_BAD_RESPONSE' }],
      ['a connection reset before the answer', [reset, reset], { code: 'ERR_NETWORK' }],
      ['a connection closed before the answer', [close, close], { code: 'ERR_NETWORK' }],
      ['a body cut off, its length known', [cutLength, cutLength], {}],
      ['a body cut off between chunks', [cutChunk, cutChunk], {}],
    ]) {
      test(`${what} is retried`, async () => {
        const api = await failingApi(...failures);
        const { data, state } = await get(adapter, api.url);
        assert.deepEqual(data, { fine: true });
        assert.equal(state.outcome, 'succeeded');
        assert.equal(state.attempts, 3);
        assert.equal(state.failures.length, 2);
        for (const failure of state.failures) {
          assert.deepEqual({ ...failure, ...recorded }, failure);
          assert.equal(failure.delaySource, 'backoff');
        }
        assert.equal(api.requests.length, 3);
      });
    }

    test('a 404 and a 500 are not retried', async () => {
      for (const code of [404, 500]) {
        const api = await failingApi(status(code));
        const outcome = await get(adapter, api.url);
        assert.equal(outcome.state.outcome, 'not-retryable');
        assert.equal(outcome.status, code);
        assert.equal(api.requests.length, 1);
      }
    });

    test('retries end: the caller gets the last error and what was tried', async () => {
      const api = await failingApi(...Array(5).fill(reset));
      const { error, state } = await get(adapter, api.url, { maxRetries: 2 });
      assert.deepEqual(error, { name: 'AxiosError', code: 'ERR_NETWORK', message: 'Network Error' });
      assert.equal(state.outcome, 'retries-exhausted');
      assert.equal(api.requests.length, 3);
    });

    test('a 503 that a proxy sends without CORS headers looks like trouble of the network, and is retried', async () => {
      const unreadable = (response) => {
        response.removeHeader('Access-Control-Allow-Origin');
        status(503, { 'Retry-After': '5' })(response);
      };
      const api = await failingApi(unreadable);
      const { data, state } = await get(adapter, api.url);
      assert.deepEqual(data, { fine: true });
      assert.equal(state.failures[0].status, undefined);
      assert.equal(state.failures[0].code, 'ERR_NETWORK');
      assert.equal(api.requests.length, 2);
    });

    describe('POST', () => {
      const post = (url, policy, from = page) =>
        from.evaluate(
          ([adapter, url, policy]) => settle(makeClient(adapter, policy).post(url, { amount: 1 })),
          [adapter, url, policy],
        );

      test('is sent once without a key, were the connection refused even: a page cannot know', async () => {
        const api = await failingApi(status(503));
        assert.equal((await post(api.url)).state.outcome, 'not-idempotent');
        assert.equal(api.requests.length, 1);
        const { url, close } = await startServer(hang);
        await close();
        const refused = await post(url);
        assert.equal(refused.error.code, 'ERR_NETWORK');
        assert.equal(refused.state.outcome, 'not-idempotent');
      });

      test('carries one key on every attempt, which CORS must allow', async () => {
        const api = await failingApi(status(503), reset);
        const { data, state } = await post(api.url, { idempotencyKey: true });
        assert.deepEqual(data, { fine: true });
        assert.equal(api.requests.length, 3);
        for (const { headers, body } of api.requests) {
          assert.match(
            headers['idempotency-key'],
            /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
          );
          assert.equal(headers['idempotency-key'], state.idempotencyKey);
          assert.equal(body, '{"amount":1}');
        }
        assert.match(api.preflights[0]['access-control-request-headers'], /idempotency-key/);
      });

      test('makes its key where the page is no secure context, too', async () => {
        const api = await failingApi(status(503));
        const insecure = await ownPage(site.url.replace('127.0.0.1', 'insecure.test'));
        assert.equal(await insecure.evaluate(() => isSecureContext || typeof crypto.randomUUID), 'undefined');
        const { state } = await post(api.url, { idempotencyKey: true }, insecure);
        assert.equal(state.outcome, 'succeeded');
        assert.equal(api.requests[0].headers['idempotency-key'], api.requests[1].headers['idempotency-key']);
      });
    });

    test('bodies of browsers are sent again whole: FormData with a file, Blob, URLSearchParams, a typed array', async () => {
      const api = await startApi((_request, response, count) =>
        response.writeHead(count % 3 ? 503 : 200).end(),
      );
      const outcomes = await page.evaluate(
        async ([adapter, url]) => {
          const form = new FormData();
          form.append('name', 'value');
          form.append('file', new File(['the file'], 'file.txt', { type: 'text/plain' }));
          const bodies = [
            form,
            new Blob(['the blob'], { type: 'text/plain' }),
            new URLSearchParams({ a: '1', b: 'ü' }),
            new TextEncoder().encode('the bytes'),
          ];
          const client = makeClient(adapter);
          const settled = [];
          for (const body of bodies) settled.push(await settle(client.put(url, body)));
          return settled;
        },
        [adapter, api.url],
      );
      assert.deepEqual(
        outcomes.map(({ state }) => state.attempts),
        [3, 3, 3, 3],
      );
      const expected = [
        /name="name"\r\n\r\nvalue\r\n.*filename="file\.txt"\r\nContent-Type: text\/plain\r\n\r\nthe file\r\n/s,
        /^the blob$/,
        /^a=1&b=%C3%BC$/,
        /^the bytes$/,
      ];
      api.requests.forEach(({ body, headers }, index) => {
        assert.match(body, expected[Math.floor(index / 3)]);
        assert.equal(
          headers['content-type']?.split(';')[0],
          api.requests[index - (index % 3)].headers['content-type']?.split(';')[0],
        );
      });
      assert.equal(api.requests.length, 12);
    });

    describe('Retry-After', () => {
      const wait = { 'Retry-After': '1' };

      /** The server's word, less what passed since it gave it, and a backoff of at most 20 ms on top. */
      const assertWaited = ({ failures: [{ delay, delaySource }], totalDelay }, named, passed = 0) => {
        assert.equal(delaySource, 'retry-after');
        assert.ok(delay >= named - passed && delay <= named + 20, `${delay}`);
        assert.ok(totalDelay >= delay - 1, `${totalDelay}`);
      };

      test('of the page’s own origin is kept to', async () => {
        answerOfSite = (_request, response, count) => response.writeHead(count === 1 ? 503 : 200, wait).end();
        const { state } = await get(adapter, '/api');
        assertWaited(state, 1_000);
      });

      test('of another origin is not readable until it is exposed', async () => {
        const api = await failingApi(status(503, wait));
        const { state } = await get(adapter, api.url);
        assert.equal(state.failures[0].delaySource, 'backoff');
        assert.ok(state.failures[0].delay <= 20);
      });

      test('of another origin is kept to when Access-Control-Expose-Headers names it', async () => {
        const api = await failingApi(
          status(503, { ...wait, 'Access-Control-Expose-Headers': 'Retry-After' }),
        );
        const { state } = await get(adapter, api.url);
        assertWaited(state, 1_000);
      });

      test('as a date is read against the server’s own clock when Date is exposed as well', async () => {
        const anHourAhead = Date.now() + 3_600_000;
        const api = await failingApi(
          status(503, {
            Date: new Date(anHourAhead).toUTCString(),
            'Retry-After': new Date(anHourAhead + 1_000).toUTCString(),
            'Access-Control-Expose-Headers': 'Retry-After, Date',
          }),
        );
        const { state } = await get(adapter, api.url);
        assertWaited(state, 1_000);
      });

      test('as a date is read against the page’s clock when Date is not exposed', async () => {
        const api = await failingApi(
          status(503, {
            'Retry-After': new Date(Date.now() + 2_000).toUTCString(),
            'Access-Control-Expose-Headers': 'Retry-After',
          }),
        );
        const { state } = await get(adapter, api.url);
        assertWaited(state, 2_000, 1_500);
      });

      test('that is too long ends the request at once', async () => {
        const api = await failingApi(
          status(503, { 'Retry-After': '3600', 'Access-Control-Expose-Headers': '*' }),
        );
        const { status: code, state } = await get(adapter, api.url);
        assert.equal(state.outcome, 'retry-after-too-long');
        assert.equal(code, 503);
        assert.equal(api.requests.length, 1);
      });
    });

    test('abort in the middle of a wait ends the request at once, and nothing is sent any more', async () => {
      const api = await failingApi(...Array(9).fill(status(503)));
      const { error, state, took } = await page.evaluate(
        async ([adapter, url]) => {
          const controller = new AbortController();
          const client = makeClient(adapter, {
            backoff: { initialDelay: 60_000, maxDelay: 60_000, jitter: 'none' },
            onRetry: () => void setTimeout(() => controller.abort(), 100),
          });
          const settled = settle(client.get(url, { signal: controller.signal }));
          let abortedAt;
          controller.signal.addEventListener('abort', () => {
            abortedAt = performance.now();
          });
          return { ...(await settled), took: performance.now() - abortedAt };
        },
        [adapter, api.url],
      );
      assert.deepEqual(error, { name: 'CanceledError', code: 'ERR_CANCELED', message: 'canceled' });
      assert.equal(state.outcome, 'aborted');
      assert.equal(state.attempts, 1);
      assert.ok(took < 5_000, `${took}`);
      await sleep(100);
      assert.equal(api.requests.length, 1);
    });

    test('abort in the middle of an attempt closes its connection, and it is not retried', async () => {
      const api = await failingApi(status(503), hang);
      await page.evaluate(
        ([adapter, url]) => {
          globalThis.controller = new AbortController();
          globalThis.settled = settle(makeClient(adapter).get(url, { signal: controller.signal }));
        },
        [adapter, api.url],
      );
      await until(() => api.requests.length === 2);
      const { error, state } = await page.evaluate(() => {
        controller.abort();
        return settled;
      });
      assert.equal(error.code, 'ERR_CANCELED');
      assert.equal(state.outcome, 'aborted');
      assert.equal(state.attempts, 2);
      await until(() => api.requests[1].closed);
      assert.equal(api.requests.length, 2);
    });

    test('a timeout is retried, and its connection closed', async () => {
      const api = await failingApi(hang, hang);
      // Under a budget, one timeout after the other would be one too many.
      const { data, state } = await get(adapter, api.url, { budget: false }, { timeout: 300 });
      assert.deepEqual(data, { fine: true });
      assert.equal(state.attempts, 3);
      assert.match(state.failures[0].message, /^timeout of 300ms exceeded$/);
      assert.ok(['ECONNABORTED', 'ETIMEDOUT'].includes(state.failures[0].code));
      assert.equal(api.requests.length, 3);
      await until(() => api.requests[0].closed && api.requests[1].closed);
    });

    test('a time budget ends a body that drips', async () => {
      const api = await failingApi(status(503), (response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write(' '), 50);
        response.on('close', () => clearInterval(drip));
      });
      const { error, state } = await get(adapter, api.url, { timeBudget: 500 });
      assert.equal(error.code, 'ETIMEDOUT');
      assert.equal(state.outcome, 'time-budget-exceeded');
      assert.equal(state.attempts, 2);
      assert.ok(state.elapsed >= 499 && state.elapsed < 5_000, `${state.elapsed}`);
      await until(() => api.requests[1].closed);
    });

    test('offline and back: retried until the network is there', async () => {
      const api = await failingApi();
      await context.setOffline(true);
      await page.evaluate(
        ([adapter, url]) => {
          const backoff = { initialDelay: 50, maxDelay: 50, jitter: 'none' };
          globalThis.retries = 0;
          globalThis.settled = settle(
            makeClient(adapter, {
              maxRetries: 1_000,
              budget: false,
              backoff,
              onRetry: () => void retries++,
            }).get(url),
          );
        },
        [adapter, api.url],
      );
      await page.waitForFunction(() => retries >= 3);
      assert.equal(api.requests.length, 0);
      await context.setOffline(false);
      const { data, state } = await page.evaluate(() => settled);
      assert.deepEqual(data, { fine: true });
      assert.equal(state.failures[0].code, 'ERR_NETWORK');
      assert.equal(api.requests.length, 1);
    });

    test('offline and back with an onRetry that waits for the network: one retry is enough', async () => {
      const api = await failingApi();
      await context.setOffline(true);
      await page.evaluate(
        ([adapter, url]) => {
          const online = () =>
            navigator.onLine || new Promise((resolve) => addEventListener('online', resolve, { once: true }));
          globalThis.settled = settle(
            makeClient(adapter, { onRetry: async () => void (await online()) }).get(url),
          );
        },
        [adapter, api.url],
      );
      await sleep(300);
      await context.setOffline(false);
      const { data, state } = await page.evaluate(() => settled);
      assert.deepEqual(data, { fine: true });
      assert.equal(state.attempts, 2);
      assert.equal(api.requests.length, 1);
    });

    test('interceptors run once per attempt inside, once per call outside, transforms on the original', async () => {
      const api = await failingApi(status(503), reset);
      const { outcome, calls } = await page.evaluate(
        async ([adapter, url]) => {
          const calls = { earlier: 0, later: 0, inside: 0, outside: 0 };
          const count = (name) => [
            (response) => {
              calls[name]++;
              return response;
            },
            (error) => {
              calls[name]++;
              throw error;
            },
          ];
          const client = axios.create({ adapter });
          client.interceptors.response.use(...count('earlier'));
          client.interceptors.request.use((config) => {
            config.headers.set('X-Token', String(++calls.inside));
            return config;
          });
          attachRetry(client, { backoff: { initialDelay: 20 } });
          client.interceptors.response.use(...count('later'));
          client.interceptors.request.use((config) => {
            calls.outside++;
            return config;
          });
          const outcome = await settle(client.put(url, { amount: 1 }));
          return { outcome, calls };
        },
        [adapter, api.url],
      );
      assert.deepEqual(outcome.data, { fine: true });
      assert.deepEqual(calls, { earlier: 3, later: 1, inside: 3, outside: 1 });
      assert.deepEqual(
        api.requests.map(({ headers, body }) => [headers['x-token'], body]),
        ['1', '2', '3'].map((token) => [token, '{"amount":1}']),
      );
    });

    test('an empty retry budget stops the retries of its origin only', async () => {
      const broken = await failingApi(...Array(99).fill(status(503)));
      const fine = await failingApi(status(503));
      const outcomes = await page.evaluate(
        async ([adapter, broken, fine]) => {
          const budget = new RetryBudget({ maxTokens: 1, refillPerSecond: 0, tokensPerSuccess: 0 });
          return {
            broken: await settle(makeClient(adapter, { budget }).get(broken)),
            fine: await settle(makeClient(adapter).get(fine)),
          };
        },
        [adapter, broken.url, fine.url],
      );
      assert.equal(outcomes.broken.state.outcome, 'retry-budget-empty');
      assert.equal(broken.requests.length, 2);
      assert.equal(outcomes.fine.state.outcome, 'succeeded');
    });
  });
}

describe('the budget of an origin', () => {
  /** The origins that a client keeps budgets for, once the first answers to these requests were 503. */
  const retriedOrigins = (frame, ...configs) =>
    frame.evaluate(async (configs) => {
      const client = makeClient('fetch', { maxRetries: 1 });
      for (const config of configs) await settle(client.request(config));
      return client.retry.origins().map(({ origin }) => origin);
    }, configs);

  test('is the page’s for relative URLs', async () => {
    answerOfSite = (_request, response) => response.writeHead(503).end();
    const api = await failingApi(...Array(9).fill(status(503)));
    const origins = await retriedOrigins(
      page,
      { url: '/api/a' },
      { url: 'api/b' },
      { url: 'c', baseURL: '/api' },
      { url: `${site.url}/api/d` },
      { url: `//${new URL(site.url).host}/api/e` },
      { url: api.url },
    );
    assert.deepEqual(origins, [site.url, api.url]);
    assert.equal(site.requests.length, 10);
  });

  test('is that of <base href> for relative URLs, if the page has one', async () => {
    const api = await failingApi(...Array(9).fill(status(503)));
    const own = await ownPage();
    await own.evaluate((href) => {
      document.head.append(Object.assign(document.createElement('base'), { href }));
    }, `${api.url}/app/`);
    assert.deepEqual(await retriedOrigins(own, { url: 'a' }), [api.url]);
    assert.equal(api.requests[0].url, '/app/a');
  });

  test('is known to a page of no origin: a sandboxed frame', async () => {
    const apis = [
      await failingApi(...Array(9).fill(status(503))),
      await failingApi(...Array(9).fill(status(503))),
    ];
    const own = await ownPage();
    await own.evaluate((source) => {
      const frame = document.createElement('iframe');
      frame.sandbox = 'allow-scripts';
      frame.srcdoc = `<script>${source.replaceAll('</script', '<\\/script')}</script>`;
      return new Promise((resolve) => {
        frame.onload = resolve;
        document.body.append(frame);
      });
    }, script);
    const frame = own.frames()[1];
    assert.equal(await frame.evaluate(() => location.origin), 'null');
    const origins = await retriedOrigins(frame, ...apis.map(({ url }) => ({ url })));
    assert.deepEqual(
      origins,
      apis.map(({ url }) => url),
    );
  });
});

test('a page that is being left aborts its requests, which are not retried', async () => {
  const api = await failingApi(hang);
  await page.evaluate((url) => {
    globalThis.settled = settle(makeClient('xhr').get(url));
  }, api.url);
  await until(() => api.requests.length === 1);
  const { error, state } = await page.evaluate(() => {
    // What a click on a link does to the requests that are under way.
    window.stop();
    return settled;
  });
  assert.equal(error.message, 'Request aborted');
  assert.equal(state.outcome, 'not-retryable');
  assert.equal(api.requests.length, 1);
});

test('a stream can be sent only once', async () => {
  const api = await failingApi(status(503));
  const { state } = await page.evaluate(
    (url) => settle(makeClient('fetch').put(url, new Blob(['stream']).stream())),
    api.url,
  );
  assert.equal(state.outcome, 'body-not-replayable');
});

test('a streamed response is handed over after retries', async () => {
  const api = await failingApi(status(503), status(503));
  const text = await page.evaluate(async (url) => {
    const { data } = await makeClient('fetch').get(url, { responseType: 'stream' });
    return new Response(data).text();
  }, api.url);
  assert.equal(text, '{"fine":true}');
  assert.equal(api.requests.length, 3);
});

test('works in a web worker', async () => {
  const api = await failingApi(status(503), reset);
  const { outcome, origins } = await page.evaluate(
    ([bundle, url]) =>
      new Promise((resolve, reject) => {
        const source = `
          importScripts(${JSON.stringify(bundle)});
          onmessage = async ({ data: url }) => {
            const client = makeClient('fetch');
            const outcome = await settle(client.get(url));
            postMessage({ outcome, origins: client.retry.origins().map(({ origin }) => origin) });
          };`;
        const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage(url);
      }),
    [`${site.url}/bundle.js`, api.url],
  );
  assert.deepEqual(outcome.data, { fine: true });
  assert.equal(outcome.state.attempts, 3);
  assert.deepEqual(origins, [api.url]);
});
