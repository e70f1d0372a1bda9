import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PortlogError } from '../errors.ts';
import { gunzipped } from './gunzip.ts';
import type { Source } from './source.ts';

const CHUNK_BYTES = 1 << 18;

/** A file, plain or gzip, read at the pace of the slowest sink. */
export function fileSource(path: string): Source {
  return {
    name: path,
    live: false,
    async *bytes(signal) {
      try {
        const { isDirectory } = await stat(path).then((stats) => ({ isDirectory: stats.isDirectory() }));
        if (isDirectory) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
        yield* gunzipped(createReadStream(path, { highWaterMark: CHUNK_BYTES, signal }));
      } catch (error) {
        if ((error as Error).name === 'AbortError') return;
        throw unreadable(path, error as NodeJS.ErrnoException);
      }
    },
  };
}

const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOENT: ['there is no such file', 'check the path'],
  EISDIR: ['it is a directory', 'name the files in it, for example DIR/*.xml'],
  EACCES: ['permission is denied', 'run portlog as a user that may read it'],
  Z_DATA_ERROR: ['its gzip data is damaged', 'what came before the damage was read; make the file again'],
};

function unreadable(path: string, error: NodeJS.ErrnoException): PortlogError {
  const [reason, hint] = REASONS[error.code ?? ''] ?? [error.message, 'check the file and the disk it is on'];
  return new PortlogError('input-unreadable', `${path} could not be read: ${reason}`, { hint, cause: error });
}
