import http from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import axios from 'axios';
import { releaseBody as releaseBodyOf } from '../../lib/request/release-body';

/** Of a response that is nothing but its body. */
const releaseBody = (data: unknown) => releaseBodyOf({ data });

describe('releasing the body of a response that nobody reads', () => {
  test('destroys a Node stream', async () => {
    const stream = new PassThrough();
    stream.write('half');
    releaseBody(stream);
    expect(stream.destroyed).toBe(true);
  });

  test('bears that a stream fails as it is destroyed', async () => {
    const stream = new Readable({
      read() {},
      destroy(_error, done) {
        done(new Error('aborted'));
      },
    });
    const closed = new Promise((resolve) => stream.once('close', resolve));
    releaseBody(stream);
    await closed;
    expect(stream.errored).toMatchObject({ message: 'aborted' });
  });

  test('frees the socket of a response that is on its way', async () => {
    const server = http.createServer((_request, response) => response.write('half'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const closed = new Promise((resolve) =>
      server.once('connection', (socket) => socket.once('close', resolve).on('error', () => {})),
    );
    const { data } = await axios.get(`http://127.0.0.1:${port}/`, {
      responseType: 'stream',
      adapter: 'http',
    });
    releaseBody(data);
    await closed;
    await new Promise((resolve) => server.close(resolve));
  });

  test('cancels a web stream', async () => {
    const cancel = jest.fn();
    releaseBody(new ReadableStream({ cancel }));
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  test('bears that cancelling fails', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    releaseBody(
      new ReadableStream({
        cancel() {
          throw new Error('no');
        },
      }),
    );
    await new Promise(setImmediate);
    expect(unhandled).not.toHaveBeenCalled();
    process.off('unhandledRejection', unhandled);
  });

  test('leaves a web stream to whoever has locked it', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue('x');
      },
    });
    const reader = stream.getReader();
    releaseBody(stream);
    await new Promise(setImmediate);
    expect(unhandled).not.toHaveBeenCalled();
    expect(await reader.read()).toEqual({ value: 'x', done: false });
    process.off('unhandledRejection', unhandled);
  });

  test('destroys the request of a stream as well, of which axios may have put a generator in front', () => {
    const request = { on: jest.fn(), destroy: jest.fn() };
    releaseBodyOf({ data: new PassThrough(), request });
    expect(request.destroy).toHaveBeenCalledTimes(1);
    expect(request.on).toHaveBeenCalledWith('error', expect.any(Function));
  });

  test('leaves the request of a body that is no stream alone: its socket may serve the next', () => {
    const request = { destroy: jest.fn() };
    releaseBodyOf({ data: 'text', request });
    releaseBodyOf({ data: { destroy() {} }, request });
    expect(request.destroy).not.toHaveBeenCalled();
  });

  test('has nothing to do where no response came', () => {
    expect(() => releaseBodyOf(undefined)).not.toThrow();
  });

  test('destroys what can only be destroyed', () => {
    const body = { destroy: jest.fn() };
    releaseBody(body);
    expect(body.destroy).toHaveBeenCalledTimes(1);
  });

  test.each([
    undefined,
    null,
    '',
    'text',
    5,
    { a: 1 },
    [1],
    Buffer.from('x'),
    new Blob(['x']),
    { destroy: true, cancel: 1 },
  ])('has nothing to do for %p', (body) => {
    expect(() => releaseBody(body)).not.toThrow();
  });
});
