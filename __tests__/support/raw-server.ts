/** A TCP server that answers a request with bytes, whole or broken, as told. */
import net, { type AddressInfo, type Socket } from 'node:net';

export interface RawServer {
  readonly url: string;
  readonly port: number;
  /** How many requests it got. */
  readonly count: number;
  close(): Promise<void>;
}

/** @param answer gets the socket of each request and its number, from 1 */
export type RawAnswer = (socket: Socket, count: number) => unknown;

export const OK =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}';

export async function startRawServer(answer: RawAnswer): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    // The requests of these tests are small enough to come in one piece.
    socket.on('data', () => answer(socket, ++count));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get count() {
      return count;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Starts servers for the tests of one file, and closes them when the test that started them has ended. */
export function rawServers(): (answer: RawAnswer) => Promise<RawServer> {
  const open: RawServer[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });
  return async (answer) => {
    const server = await startRawServer(answer);
    open.push(server);
    return server;
  };
}
