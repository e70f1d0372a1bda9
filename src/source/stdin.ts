import { PortlogError } from '../errors.ts';
import { gunzipped } from './gunzip.ts';
import type { Source } from './source.ts';

/** After a Ctrl-C, which the program at the other end of the pipe gets too, what it still wrote is read for so long. */
const GRACE_MS = 1000;

/** Standard input, plain or gzip: usually nmap at the other end of a pipe. */
export function stdinSource(stdin: NodeJS.ReadStream): Source {
  return {
    name: 'standard input',
    live: true,
    async *bytes(signal) {
      const stop = (): void => AbortSignal.timeout(GRACE_MS).addEventListener('abort', () => void stdin.destroy(), { once: true });
      signal.addEventListener('abort', stop, { once: true });
      try {
        yield* gunzipped(stdin as AsyncIterable<Uint8Array>);
      } catch (error) {
        if (signal.aborted) return;
        throw new PortlogError('input-unreadable', `standard input could not be read: ${(error as Error).message}`, {
          hint: 'what came before was read',
          cause: error,
        });
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}
