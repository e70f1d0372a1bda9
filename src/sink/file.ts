import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ecsParts } from '../event/ecs.ts';
import { systemClock } from '../clock.ts';
import { PortlogError } from '../errors.ts';
import { batchBody, encoded, Scratch } from './body.ts';
import { rotate } from './file-rotation.ts';
import { accepting, scopeOf, type SinkOptions } from './options.ts';
import { type Sink, SinkError } from './sink.ts';

const LIMITS = { maxEvents: 2000, maxBytes: 1 << 20, inFlight: 1, inFlightPerPartition: 1 };
const DEFAULT_ROTATE_BYTES = 100 << 20;
const DEFAULT_KEEP_FILES = 10;

/**
 * NDJSON, one ECS event a line, appended (O_APPEND) so that others may follow or write the same file.
 * Never half a line: what the disk did not take whole is taken back.
 */
export function fileSink(options: SinkOptions): Sink {
  if (options.target === undefined || options.target === '')
    throw new PortlogError('sink-options', 'the sink "file" needs a path', { hint: 'for example --to file=/var/log/portlog/events.ndjson' });
  const path = resolve(options.target);
  const { rotateBytes = DEFAULT_ROTATE_BYTES, keepFiles = DEFAULT_KEEP_FILES, fsync = false } = options;
  const scratch = new Scratch(LIMITS.maxBytes);
  let file: number | undefined;
  let compressing: Promise<void> = Promise.resolve();

  return {
    name: `file ${path}`,
    identity: { type: 'file', target: path, scope: scopeOf({}, options) },
    limits: LIMITS,
    undeliverable: 'keep',
    accepts: accepting(options),
    encode: (event) => encoded([...ecsParts(event), '\n']),
    async check(signal) {
      await tried(async () => close(await open(signal)));
      return [{ level: 'ok', message: `${path} can be written` }];
    },
    async send(batch, signal) {
      await tried(async () => {
        if (rotateBytes > 0 && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= rotateBytes) await putAside();
        file = await current(file, signal);
        const body = batchBody(batch, scratch);
        append(file, body, fsync);
        scratch.give(body);
      });
      return { delivered: batch.entries.length, already: 0, retry: [], rejected: [] };
    },
    async close() {
      close(file);
      file = undefined;
      await compressing;
    },
  };

  /** The file of that name: somebody else may have put it aside. */
  async function current(opened: number | undefined, signal: AbortSignal): Promise<number> {
    if (opened !== undefined && fstatSync(opened).ino === statSync(path, { throwIfNoEntry: false })?.ino) return opened;
    close(opened);
    file = undefined;
    return open(signal);
  }

  async function open(signal: AbortSignal): Promise<number> {
    mkdirSync(dirname(path), { recursive: true });
    const opened = openSync(path, 'a+', 0o640);
    await cutHalfLine(opened, signal);
    return opened;
  }

  async function putAside(): Promise<void> {
    close(file);
    file = undefined;
    const compress = await rotate(path, keepFiles);
    // Beside the writing. What cannot be compressed now stays as it is, and is tried again the next time.
    compressing = compressing.then(compress).catch(() => undefined);
  }

  async function tried(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw failureOf(path, error as NodeJS.ErrnoException);
    }
  }
}

/** All of it or nothing. */
function append(file: number, bytes: Buffer, fsync: boolean): void {
  const { size } = fstatSync(file);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(file, bytes, written);
    if (fsync) fsyncSync(file);
  } catch (error) {
    // Unless somebody else has written behind it meanwhile, or there is nothing to take back (a device).
    if (written > 0 && fstatSync(file).size === size + written) ftruncateSync(file, size);
    throw error;
  }
}

function close(file: number | undefined): void {
  if (file !== undefined) closeSync(file);
}

/** Who writes still, has written a moment ago. */
const RECENT_MS = 1000;

/**
 * A writer that was killed may leave half a line at the end, which never counted as delivered. One that
 * is just being written by another process must be left alone.
 */
async function cutHalfLine(file: number, signal: AbortSignal): Promise<void> {
  for (let end = endOfLastLine(file); end < fstatSync(file).size; end = endOfLastLine(file)) {
    const age = Date.now() - fstatSync(file).mtimeMs;
    if (age > RECENT_MS || age < 0) return ftruncateSync(file, end);
    await systemClock.sleep(RECENT_MS / 4, signal);
    if (signal.aborted) return;
  }
}

/** Behind the last line feed. */
function endOfLastLine(file: number): number {
  const { size } = fstatSync(file);
  const piece = Buffer.alloc(64 << 10);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - piece.length);
    const read = readSync(file, piece, 0, end - start, start);
    const newline = piece.lastIndexOf(10, read - 1);
    if (newline !== -1) return start + newline + 1;
    end = start;
  }
  return 0;
}

const REASONS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'make room'],
  EDQUOT: ['the quota is used up', 'make room'],
  EFBIG: ['files may not be that large here', 'let it rotate earlier (rotateMib)'],
  EISDIR: ['it is a directory', 'name a file in it'],
  EACCES: ['permission is denied', 'name another path, or give this user access'],
  EPERM: ['it is not permitted', 'name another path, or give this user access'],
  EROFS: ['the file system is read-only', 'name another path'],
  ENOTDIR: ['a part of its path is no directory', 'name another path'],
};
/** What passes when somebody makes room. */
const TEMPORARY: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

function failureOf(path: string, error: NodeJS.ErrnoException): SinkError {
  const [what, hint] = REASONS[error.code ?? ''] ?? [error.message, undefined];
  return new SinkError(TEMPORARY.has(error.code ?? '') ? 'temporary' : 'permanent', `${path} cannot be written: ${what}`, { hint, cause: error });
}
