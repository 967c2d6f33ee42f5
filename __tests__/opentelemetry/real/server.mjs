/** A server on 127.0.0.1 that answers as told. */
import { once } from 'node:events';
import http from 'node:http';

/** @param answer gets the request, the response and the number of the request, from 1 */
export async function startServer(answer) {
  let count = 0;
  const server = http.createServer((request, response) => answer(request, response, ++count));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get count() {
      return count;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
