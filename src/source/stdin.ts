import { fstatSync } from 'node:fs';
import { timeLimit } from '../core/deadline.ts';
import { chunksOf, isPipe, unreadable } from './file.ts';
import { scanBytes } from './scan-bytes.ts';
import type { Source } from './source.ts';

/** After Ctrl-C, which the other end of the pipe gets too, its remaining output is read for so long. */
const GRACE_MS = 1000;
const STDIN_FD = 0;
const NAME = 'standard input';

/** Standard input, plain or gzip: usually nmap at the other end of a pipe, or else a file (`portlog < scan.xml`). */
export function stdinSource(stdin: NodeJS.ReadStream): Source {
  const live = isPipe(() => fstatSync(STDIN_FD));
  return {
    name: NAME,
    live,
    async *bytes(signal) {
      try {
        yield* scanBytes(live ? pipeChunks(stdin, signal) : chunksOf(STDIN_FD, signal));
      } catch (error) {
        if (signal.aborted) return;
        throw unreadable(NAME, error as NodeJS.ErrnoException);
      }
    },
  };
}

async function* pipeChunks(stdin: NodeJS.ReadStream, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const stop = (): void => timeLimit(GRACE_MS).addEventListener('abort', () => void stdin.destroy(), { once: true });
  signal.addEventListener('abort', stop, { once: true });
  try {
    yield* stdin as AsyncIterable<Uint8Array>;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
