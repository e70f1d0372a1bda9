import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ready } from './ready.ts';

/** Above those that the kernel hands out (32768 to 60999), so that no connection takes one before its server listens. */
const [LOWEST, COUNT] = [61_000, 4500];
/** Where to begin: test files go on beside each other, in a process each. */
let next = process.pid * 50;

/** A port of 127.0.0.1 on which nobody listens, and which no other test is about to use. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = LOWEST + (next++ % COUNT);
    if (reserve(port) && (await isFree(port))) return port;
  }
  throw new Error(`all ports from ${LOWEST} to ${LOWEST + COUNT - 1} are taken`);
}

/** Longer than a test file takes, whose process may have been killed before it gave its ports back. */
const RESERVED_MS = 3_600_000;
const reserved: string[] = [];
process.once('exit', () => {
  for (const mark of reserved) rmSync(mark, { force: true });
});

/** Until this process ends: a server listens seconds after it was started, and by then another test would have found the same port free. */
function reserve(port: number): boolean {
  const mark = join(tmpdir(), `portlog-test-port-${port}`);
  try {
    const since = statSync(mark, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > RESERVED_MS) rmSync(mark, { force: true });
    closeSync(openSync(mark, 'wx'));
    return reserved.push(mark) > 0;
  } catch {
    return false;
  }
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
