/**
 * A page with a button that breaks this server, and two axios clients that keep asking it.
 * Run: node examples/browser/server.mjs
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);
const LIBRARY = new URL('dist/', ROOT);
if (!existsSync(new URL('index.mjs', LIBRARY))) {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: fileURLToPath(ROOT), stdio: 'inherit' });
}

const FILES = {
  '/': [new URL('index.html', import.meta.url), 'text/html'],
  '/style.css': [new URL('style.css', import.meta.url), 'text/css'],
  '/page.mjs': [new URL('page.mjs', import.meta.url), 'text/javascript'],
  '/timeline.mjs': [new URL('timeline.mjs', import.meta.url), 'text/javascript'],
  '/axios.mjs': [new URL('node_modules/axios/dist/esm/axios.js', ROOT), 'text/javascript'],
  // With the files that it imports.
  ...Object.fromEntries(
    readdirSync(LIBRARY)
      .filter((name) => name.endsWith('.mjs'))
      .map((name) => [`/axios-retry-budget/${name}`, [new URL(name, LIBRARY), 'text/javascript']]),
  ),
};

/** What becomes of a request for orders. */
const WAYS = {
  fine: (response) => setTimeout(() => response.end('[]'), 5 + Math.random() * 20),
  503: (response) => response.writeHead(503).end(),
  drop: (response) => response.socket.destroy(),
  hang: () => {},
};
let way = 'fine';

const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  response.setHeader('Cache-Control', 'no-store');
  if (pathname === '/orders') {
    WAYS[way](response);
  } else if (
    pathname === '/break' &&
    request.method === 'POST' &&
    Object.hasOwn(WAYS, searchParams.get('way'))
  ) {
    way = searchParams.get('way');
    response.writeHead(204).end();
  } else if (Object.hasOwn(FILES, pathname)) {
    const [file, type] = FILES[pathname];
    response.setHeader('Content-Type', `${type}; charset=utf-8`);
    response.end(readFileSync(file));
  } else {
    response.writeHead(404).end();
  }
});
server.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`Open http://127.0.0.1:${server.address().port}/`);
});
