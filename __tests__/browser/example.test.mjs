/**
 * examples/browser in Chromium, started by its one command. Its pictures go to a temporary directory;
 * with UPDATE_SCREENSHOTS=1 they replace those beside the example.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { launchChromium } from './chromium.mjs';

const EXAMPLE = fileURLToPath(new URL('../../examples/browser/', import.meta.url));

/** Starts the example. @returns its address, and what ends it */
async function startExample() {
  const child = spawn(process.execPath, [join(EXAMPLE, 'server.mjs')], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { url: /http:\S+/.exec(line)[0], stop: () => child.kill() };
}

describe('examples/browser', { concurrency: true }, () => {
  let browser;
  let pictures;

  before(async () => {
    browser = await launchChromium();
    pictures = process.env.UPDATE_SCREENSHOTS
      ? EXAMPLE
      : await mkdtemp(join(tmpdir(), 'example-in-browser-'));
  });

  after(async () => {
    await browser?.close();
    if (pictures && pictures !== EXAMPLE) await rm(pictures, { recursive: true });
  });

  for (const way of ['503', 'drop', 'hang']) {
    test(`a server that is broken (${way}) and mended: plain axios fails, attachRetry does not`, async () => {
      const { url, stop } = await startExample();
      const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
      const uncaught = [];
      page.on('pageerror', (error) => uncaught.push(error.message));
      /** A client's counter on the page. */
      const count = async (client, name) => Number(await page.textContent(`#${client} dd.${name}`));
      const drawn = (client, kind) => page.locator(`#${client} line.${kind}`).count();
      try {
        await page.goto(url);
        await page.selectOption('select', way);
        await page.waitForFunction(
          () => Number(document.querySelector('#retrying dd.answered').textContent) >= 12,
        );
        await page.click('form button');
        await page.waitForSelector('body.broken');
        await sleep(3_500);
        assert.ok((await count('plain', 'failed')) >= 5);
        assert.ok((await drawn('plain', 'failed')) >= 5);
        assert.ok((await drawn('retrying', 'waiting')) >= 5);
        assert.ok((await count('retrying', 'pending')) >= 5);
        await page.click('form button');
        await page.waitForSelector('body:not(.broken)');
        // Each call is one more request pending, for some milliseconds.
        await page.waitForFunction(
          () => Number(document.querySelector('#retrying dd.pending').textContent) <= 1,
        );
        await page.waitForFunction(() => document.querySelector('output').value.includes('succeeded'));
        assert.equal(await count('retrying', 'failed'), 0);
        assert.equal(await drawn('retrying', 'failed'), 0);
        assert.ok((await drawn('retrying', 'retried')) >= 5);
        assert.ok((await count('retrying', 'answered')) >= (await count('plain', 'answered')));
        // Every call of the outage once more, and a few probes.
        assert.ok((await count('retrying', 'sent')) <= 2 * (await count('retrying', 'asked')));

        if (way === '503') {
          const backgrounds = [];
          for (const colorScheme of ['light', 'dark']) {
            await page.emulateMedia({ colorScheme });
            const path = join(pictures, `screenshot-${colorScheme}.png`);
            await page.screenshot({ path, fullPage: true });
            assert.ok((await stat(path)).size > 10_000);
            backgrounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
          }
          assert.notEqual(backgrounds[0], backgrounds[1]);
        }
        assert.deepEqual(uncaught, []);
      } finally {
        await page.close();
        stop();
      }
    });
  }

  test('fits a phone', async () => {
    const { url, stop } = await startExample();
    const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
    try {
      await page.goto(url);
      await page.waitForFunction(
        () => Number(document.querySelector('#retrying dd.answered').textContent) >= 1,
      );
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    } finally {
      await page.close();
      stop();
    }
  });
});
