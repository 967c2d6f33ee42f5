/** Chromium, as Debian packages it or as CHROMIUM names it, and the library bundled for it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where Chromium is installed, if it is. */
export function findChromium() {
  return [process.env.CHROMIUM, ...PLACES].find((path) => path && existsSync(path));
}

export async function launchChromium() {
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath: findChromium(),
    args: [
      '--headless',
      '--no-sandbox',
      // Any name but localhost makes an insecure context.
      '--host-resolver-rules=MAP insecure.test 127.0.0.1',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** The built library and axios in one classic script, as a bundler makes it for browsers. */
export async function bundleForBrowsers() {
  const { build } = await import('esbuild');
  const { outputFiles, warnings } = await build({
    entryPoints: [fileURLToPath(new URL('in-page.mjs', import.meta.url))],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'chrome100',
    write: false,
    logLevel: 'warning',
  });
  if (warnings.length > 0) throw new Error('esbuild warned');
  return outputFiles[0].text;
}
