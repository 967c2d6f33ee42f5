/** A server on 127.0.0.1 that answers as told, records what it got, and lets pages of other origins read its answers. */
import http from 'node:http';

/**
 * @param {(request: object, response: http.ServerResponse, count: number) => unknown} answer `count` is 1 for the
 *   first request; preflights are not counted
 */
export async function startServer(answer) {
  const requests = [];
  const preflights = [];
  const server = http.createServer((incoming, response) => {
    // A connection reused is one that Chromium itself sends a request on again when it breaks.
    response.setHeader('Connection', 'close');
    response.setHeader('Access-Control-Allow-Origin', incoming.headers.origin ?? '*');
    response.setHeader('Cache-Control', 'no-store');
    if (incoming.method === 'OPTIONS') {
      preflights.push(incoming.headers);
      response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, PUT, DELETE');
      response.setHeader(
        'Access-Control-Allow-Headers',
        incoming.headers['access-control-request-headers'] ?? '',
      );
      response.writeHead(204).end();
      return;
    }
    const chunks = [];
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.on('error', () => {});
    incoming.on('end', () => {
      const { method, url, headers, socket } = incoming;
      const request = { method, url, headers, socket, body: Buffer.concat(chunks).toString(), closed: false };
      socket.on('close', () => {
        request.closed = true;
      });
      requests.push(request);
      answer(request, response, requests.length);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    preflights,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
