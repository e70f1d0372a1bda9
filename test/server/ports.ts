import type { ChildProcess } from 'node:child_process';
import { createConnection, createServer } from 'node:net';
import { ready } from './ready.ts';

/** Above those that the kernel hands out (32768 to 60999), so that no connection takes one before its server listens. */
const [LOWEST, COUNT] = [61_000, 4500];
/** Test files go on beside each other: each process begins somewhere else. */
let next = process.pid * 50;

/** A port of 127.0.0.1 that nobody listens on just now, another one each time. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = LOWEST + (next++ % COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`all ports from ${LOWEST} to ${LOWEST + COUNT - 1} are taken`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Resolves when a server that was started listens there. */
export function listening(port: number, child: ChildProcess): Promise<void> {
  return ready(`the server of port ${port}`, () => isTaken(port), child);
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket
      .once('connect', () => void socket.destroy())
      .once('connect', () => resolve(true))
      .once('error', () => resolve(false));
  });
}
