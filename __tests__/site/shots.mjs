/** A quick look: node __tests__/site/shots.mjs PAGE... */
import { launchChromium } from '../browser/chromium.mjs';
import { serveSite } from './serve.mjs';

const site = await serveSite();
const browser = await launchChromium();
for (const path of process.argv.slice(2))
  for (const width of [375, 1280])
    for (const colorScheme of ['light', 'dark']) {
      const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
      const page = await context.newPage();
      page.on('console', (m) => console.log(path, m.type(), m.text()));
      page.on('pageerror', (e) => console.log(path, 'ERR', e.message));
      await page.goto(`${site.url}/${path}`);
      if (path.startsWith('playground')) await page.waitForSelector('.took', { timeout: 20000 });
      await page.waitForTimeout(800);
      console.log(
        path,
        width,
        colorScheme,
        await page.evaluate(() => [
          document.documentElement.scrollWidth,
          document.querySelector('.took')?.textContent,
        ]),
      );
      await page.screenshot({
        path: `/tmp/shots/${path.replace(/\W/g, '-')}-${width}-${colorScheme}.png`,
        fullPage: true,
      });
      await context.close();
    }
await browser.close();
await site.close();
