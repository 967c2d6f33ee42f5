/** What a library adds to a page. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/** Bytes of what `code` imports, without axios, minified and gzipped. By the command: esbuild's API does not work in jest. */
export function bundledSize(code: string): number {
  const bundle = execFileSync(
    path.join(__dirname, 'node_modules/.bin/esbuild'),
    ['--bundle', '--minify', '--format=esm', '--platform=browser', '--external:axios'],
    { cwd: __dirname, input: code, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  return gzipSync(bundle, { level: 9 }).length;
}
