import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What to do with a connection; 0 is the first. `read` gives what came, once the sender has closed its side. */
export type StreamScript = (socket: Socket, read: Promise<string>, index: number) => void;

/** A receiver of streams on loopback that reads, or misbehaves, as the script says. */
export async function scriptedStream(script: StreamScript, tls?: TlsOptions): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let count = 0;
  const onConnection = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    const chunks: Buffer[] = [];
    const read = new Promise<string>((resolve) =>
      socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks).toString())),
    );
    script(socket, read, count++);
  };
  const server = tls === undefined ? createServer({ allowHalfOpen: true }, onConnection) : createTlsServer(tls, onConnection);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** RFC 6587, 3.4.1: `LENGTH SPACE MESSAGE`. */
export function unframed(text: string): readonly string[] {
  const messages: string[] = [];
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    const at = rest.indexOf(' ');
    const length = Number(rest.subarray(0, at).toString());
    if (!(length > 0) || rest.length < at + 1 + length) throw new Error(`a frame of ${length} bytes in ${rest.length}`);
    messages.push(rest.subarray(at + 1, at + 1 + length).toString());
    rest = rest.subarray(at + 1 + length);
  }
  return messages;
}
