/** Serves the built site under a path, as GitHub Pages does for a repository. */
import { createReadStream, existsSync } from 'node:fs';
import http from 'node:http';
import { extname, join } from 'node:path';

export const BASE = '/a-repository';
export const DIST = join(import.meta.dirname, '../../docs/.vitepress/dist');
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** @returns its address, without a slash at the end, and what ends it */
export async function serveSite() {
  const server = http.createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://site').pathname);
    const file = join(DIST, path.slice(BASE.length).replace(/\/$/, '/index.html'));
    if (!path.startsWith(`${BASE}/`) || !file.startsWith(DIST) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${BASE}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
