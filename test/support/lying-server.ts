import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach } from 'vitest';

/* Servers that speak bytes instead of HTTP, so that they may say what no HTTP server would. */

/** An answer to a login at the API of Wazuh. */
export const LOGGED_IN = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\na.b.c';
/** An answer of Elasticsearch to credentials that may not see its set-up. */
export const UNSEEN = 'HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Whether a request asks Elasticsearch or OpenSearch about set-up. */
export function asksSetUp(request: string): boolean {
  return /^GET \/_|^POST \/_security\//.test(request);
}

/** A server that ends with its test. Resolves with its port on 127.0.0.1. */
export async function socketServer(onSocket: (socket: Socket) => void, allowHalfOpen = false): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** Calls back with each whole request of a connection. */
export function requests(socket: Socket, onRequest: (request: string) => void): void {
  let seen = '';
  socket.on('data', (chunk: Buffer) => {
    seen += chunk.toString('latin1');
    if (!isWhole(seen)) return;
    const request = seen;
    seen = '';
    onRequest(request);
  });
}

function isWhole(request: string): boolean {
  const [, length = '0'] = /content-length: (\d+)/i.exec(request) ?? [];
  const end = request.indexOf('\r\n\r\n');
  return end !== -1 && request.length - end - 4 >= Number(length);
}

export function drip(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 10);
  socket.on('close', () => clearInterval(timer));
}
