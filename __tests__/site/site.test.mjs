/**
 * The site in Chromium: every page is in order, and the playground does what it says. Its pictures are in screenshots/, which git
 * ignores: light and dark, on a phone and on a desk.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launchChromium } from '../browser/chromium.mjs';
import { DIST, serveSite } from './serve.mjs';

const PICTURES = join(import.meta.dirname, 'screenshots');
const docs = createRequire(join(import.meta.dirname, '../../docs/package.json'));
const PAGES = readdirSync(DIST, { recursive: true })
  .filter((name) => name.endsWith('.html') && !['404.html', 'playground.html'].includes(name))
  .sort();

let site;
let browser;
before(async () => {
  site = await serveSite();
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await site?.close();
});

/** Opens a page of the site for `use`, and fails if it says anything on its console or is refused a file. */
async function visit(path, { width = 1280, height = 800, ...options }, use) {
  const context = await browser.newContext({ viewport: { width, height }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  try {
    await page.goto(`${site.url}/${path}`);
    await use(page);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

/** Until all policies have been played with the settings as they are. */
async function played(page) {
  await page.waitForSelector('.results tbody:not(:has(.stale))');
}

/** The table, by policy: the text of its cells. */
function results(page) {
  return page.$$eval('.results tbody tr', (rows) =>
    Object.fromEntries(
      rows.map((row) => {
        const [name, ...cells] = [...row.children].map((cell) =>
          cell.textContent.replace(/\s+/g, ' ').trim(),
        );
        return [name, cells];
      }),
    ),
  );
}

/** What axe has to say against a page by the rules of WCAG 2.2, levels A and AA. */
async function barriers(page) {
  await page.evaluate(await readFile(docs.resolve('axe-core/axe.min.js'), 'utf8'));
  const violations = await page.evaluate(async () => {
    // The theme's button is called "Search", and shows the key for it as well.
    const context = { exclude: ['.DocSearch-Button'] };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    return (await axe.run(context, { runOnly: tags })).violations;
  });
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.length} times, ${nodes[0].target}: ${nodes[0].failureSummary}`,
  );
}

function picture(page, name, options) {
  const path = join(PICTURES, `${name.replace('.html', '').replaceAll('/', '-')}.png`);
  return page.screenshot({ path, ...options });
}

const isTooWide = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

describe('pages', () => {
  for (const [index, path] of PAGES.entries()) {
    // The schemes take turns: what is wrong with one is wrong on all pages.
    const [onPhone, onDesk] = index % 2 === 0 ? ['light', 'dark'] : ['dark', 'light'];
    test(`${path} has room on a phone, and no barriers`, async () => {
      await visit(path, { width: 375, colorScheme: onPhone }, async (page) => {
        assert.equal(await isTooWide(page), false);
        assert.deepEqual(await barriers(page), []);
        await picture(page, `${path}-375-${onPhone}`);
        await page.emulateMedia({ colorScheme: onDesk });
        await page.setViewportSize({ width: 1280, height: 800 });
        assert.equal(await isTooWide(page), false);
        await picture(page, `${path}-1280-${onDesk}`);
      });
    });
  }

  test('can be searched', async () => {
    await visit('faults.html', {}, async (page) => {
      await page.click('.DocSearch-Button');
      await page.fill('#localsearch-input', 'maxQueueTime');
      await page.waitForSelector('#localsearch-list li');
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => document.querySelector('main').textContent.includes('maxQueueTime'));
    });
  });
});

describe('the playground', () => {
  for (const width of [375, 1280]) {
    for (const colorScheme of ['light', 'dark']) {
      test(`fits ${width} pixels, ${colorScheme}, without barriers`, async () => {
        await visit('playground.html', { width, colorScheme }, async (page) => {
          await played(page);
          assert.equal(await isTooWide(page), false);
          assert.deepEqual(await barriers(page), []);
          const image = await picture(page, `playground-${width}-${colorScheme}`, { fullPage: true });
          assert.ok(image.length > 30_000);
        });
      });
    }
  }

  test('has a hiccup that callers of the library do not notice, and others do', async () => {
    await visit('playground.html', {}, async (page) => {
      await played(page);
      const table = await results(page);
      assert.equal(table['this library'][0], '0');
      assert.ok(Number.parseInt(table['no retries'][0], 10) > 100);
      await page.waitForFunction(() =>
        document.querySelector('[aria-live]').textContent.includes('this library: nobody fails'),
      );
    });
  });

  test('is used by keyboard: a slider is moved, and what comes of it changes', async () => {
    await visit('playground.html', {}, async (page) => {
      await played(page);
      const before = await results(page);
      const slider = page.getByLabel('Load');
      await slider.focus();
      for (let step = 0; step < 4; step++) await page.keyboard.press('ArrowRight');
      assert.equal(await slider.inputValue(), '60');
      assert.equal(await slider.getAttribute('aria-valuetext'), '60%, 120 calls a second');
      await page.waitForSelector('.results .stale');
      await played(page);
      const now = await results(page);
      assert.notDeepEqual(now['no retries'], before['no retries']);
      assert.notDeepEqual(now['this library'], before['this library']);
    });
  });

  test('has a link that holds the settings', async () => {
    let link;
    let table;
    await visit('playground.html', {}, async (page) => {
      await page.getByLabel('What the server does').selectOption('flaky');
      await page.getByLabel('maxRetries').fill('2');
      await page.getByLabel('patience').fill('4');
      await page.waitForURL(/kind=flaky.*patience=4.*maxRetries=2/);
      await played(page);
      link = page.url();
      table = await results(page);
    });
    await visit(link.slice(site.url.length + 1), {}, async (page) => {
      await page.waitForFunction(() => document.querySelector('.your-policy').textContent.includes('4_000'));
      await played(page);
      assert.equal(await page.getByLabel('What the server does').inputValue(), 'flaky');
      assert.equal(await page.getByLabel('maxRetries').inputValue(), '2');
      // The same settings are the same storm.
      assert.deepEqual(await results(page), table);
      // Another link in the same tab.
      await page.evaluate(() => {
        location.hash = '#load=15&kind=nonsense&processes=1e9';
      });
      await page.waitForFunction(() => document.querySelector('output').value.startsWith('15%'));
      assert.equal(await page.getByLabel('Processes').inputValue(), '100');
      assert.equal(await page.getByLabel('What the server does').inputValue(), 'stalling');
      await played(page);
    });
  });

  /** Milliseconds for so many steps of a loop; they take a core of 3 GHz about LOOP_TAKES. */
  const LOOP_TAKES = 60;
  function loopTime() {
    const startedAt = performance.now();
    let mixed = 1;
    for (let step = 0; step < 3e7; step++) mixed = (mixed * 31 + step) | 0;
    return mixed === 0 ? 0 : performance.now() - startedAt;
  }

  test('plays four policies, 20 processes, 30 s, in less than a second', async (t) => {
    await visit('playground.html', {}, async (page) => {
      await played(page);
      const playAnother = async () => {
        await page.click('text=Another storm');
        await page.waitForSelector('.results .stale');
        await played(page);
        return Number(/([\d.]+) s\s*$/.exec(await page.textContent('.took'))[1]);
      };
      let median = Number.POSITIVE_INFINITY;
      let most = 1;
      // The machine may be slow, or busy with something else for a while.
      for (let round = 0; round < 4 && median >= most; round++) {
        most = Math.max(1, (await page.evaluate(loopTime)) / LOOP_TAKES);
        const times = [];
        while (times.length < 7) times.push(await playAnother());
        times.sort((a, b) => a - b);
        median = times[3];
        t.diagnostic(`seconds: ${times.join(', ')}, of ${most.toFixed(1)}`);
      }
      assert.ok(median < most, `the median is ${median} s, of ${most} s`);
    });
  });

  test('stays smooth while a slider is dragged', async (t) => {
    await visit('playground.html', {}, async (page) => {
      await played(page);
      await page.evaluate(() => {
        globalThis.gaps = [];
        let last = performance.now();
        const frame = (at) => {
          gaps.push(at - last);
          last = at;
          requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      });
      const box = await page.getByLabel('Load').boundingBox();
      const y = box.y + box.height / 2;
      await page.mouse.move(box.x + box.width / 2, y);
      await page.mouse.down();
      for (let step = 0; step < 40; step++) {
        await page.mouse.move(box.x + box.width * (0.5 + 0.4 * Math.sin(step / 4)), y);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      await page.mouse.up();
      const gaps = (await page.evaluate(() => gaps)).sort((a, b) => a - b);
      const [median, most] = [gaps[Math.floor(gaps.length / 2)], gaps[Math.floor(gaps.length * 0.95)]];
      t.diagnostic(`milliseconds between frames: half ${median.toFixed(0)}, 95% ${most.toFixed(0)}`);
      // Sixty frames a second are 17 ms apart; the machine may be busy with something else.
      assert.ok(most < 100, `95% of frames within ${most} ms`);
      await played(page);
    });
  });

  test('moves nothing where motion is not wanted', async () => {
    await visit('playground.html', { reducedMotion: 'reduce' }, async (page) => {
      await played(page);
      const moving = await page.evaluate(
        () =>
          [...document.querySelectorAll('*')].filter((element) =>
            getComputedStyle(element)
              .transitionDuration.split(', ')
              .some((duration) => Number.parseFloat(duration) > 0),
          ).length,
      );
      assert.equal(moving, 0);
    });
  });
});
