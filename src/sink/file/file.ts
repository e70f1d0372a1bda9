import type { FileOptions } from '../options.ts';
import { accessSync, closeSync, constants, fstatSync, fsyncSync, ftruncateSync, lstatSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ecsParts } from '../../event/ecs.ts';
import { systemClock } from '../../core/clock.ts';
import { isForShell, NO_TILDE } from '../../core/tilde.ts';
import { PortlogError } from '../../core/errors.ts';
import { reasonOf } from '../../core/reason.ts';
import { batchBody, encoded, BufferPool } from '../transport/body.ts';
import { isFifoOrSocket, openToAppend } from './open.ts';
import { rotate } from './rotation.ts';
import { trapOf } from './shared-folder.ts';
import { accepting, scopeOf } from '../options.ts';
import { allDelivered } from '../outcome.ts';
import { withoutUser } from '../shown.ts';
import { type Diagnosis, type Sink, SinkError } from '../sink.ts';

const LIMITS = { maxEvents: 2000, maxBytes: 1 << 20, inFlight: 1, inFlightPerPartition: 1 };
/** `f_type` of statfs(2), of proc and sysfs: files cannot be created there, whatever the permissions. */
const MAGIC_OF_KERNEL: ReadonlySet<number> = new Set([0x9fa0, 0x62656572]);
const DEFAULT_ROTATE_BYTES = 100 << 20;

/** Resolves when so many events may be written. */
export type Permit = (file: number, events: number, signal: AbortSignal) => Promise<void>;

/** Targets that are addresses rather than paths: as part of a path, a password before the `@` would be shown. */
const AN_ADDRESS = /^\w+:\/\/|^\/\/[^/]*@|^[^/:]+:[^/@]*@/;

/** NDJSON, one ECS event per line, appended (O_APPEND) so that others may read or write the file. Never half a line: a partial write is undone. */
export function fileSink(options: FileOptions, permit?: Permit): Sink {
  if (options.target === undefined || options.target === '')
    throw new PortlogError('sink-options', 'the sink "file" needs a path', { hint: 'for example --to file=/var/log/portlog/events.ndjson' });
  if (isForShell(options.target))
    throw new PortlogError('sink-options', `the path ${options.target} of the sink "file" ${NO_TILDE}`, { hint: 'write the whole path' });
  if (AN_ADDRESS.test(options.target))
    throw new PortlogError('sink-options', `the sink "file" takes a path, and "${withoutUser(options.target)}" is an address`, {
      hint: 'name the kind of server that is there: --to elasticsearch=https://es:9200',
    });
  const path = resolve(options.target);
  const { rotateBytes = DEFAULT_ROTATE_BYTES, keepFiles, fsync = false, clock = systemClock } = options;
  const scratch = new BufferPool(LIMITS.maxBytes);
  let file: number | undefined;
  let compressing: Promise<void> = Promise.resolve();

  return {
    name: `file ${path}`,
    identity: { type: 'file', target: path, scope: scopeOf({}, options) },
    limits: LIMITS,
    undeliverable: 'keep',
    accepts: accepting(options),
    encode: (event) => encoded([...ecsParts(event), '\n']),
    async check() {
      const found: Diagnosis[] = [];
      await tried(async () => void found.push(diagnosis(path)));
      return found;
    },
    async send(batch, signal) {
      let removed = 0;
      await tried(async () => {
        if (rotateBytes > 0 && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= rotateBytes) removed = await putAside();
        const opened = await current(batch.entries.length, signal);
        const body = batchBody(batch, scratch);
        append(opened, body, fsync);
        scratch.give(body);
      });
      return { ...allDelivered(batch), removed };
    },
    async close() {
      close(file);
      file = undefined;
      await compressing;
    },
  };

  /** The open file. It is opened again when somebody else has rotated it, also during the wait for the permit. */
  async function current(events: number, signal: AbortSignal): Promise<number> {
    for (;;) {
      if (file === undefined || !isAt(path, file)) {
        close(file);
        file = undefined;
        file = await openToAppend(path, signal, clock);
      }
      if (permit === undefined) return file;
      await permit(file, events, signal);
      if (isAt(path, file)) return file;
    }
  }

  /** Rotates; returns how many events were deleted with old files. */
  async function putAside(): Promise<number> {
    close(file);
    file = undefined;
    // A file being compressed must not reappear after it was deleted.
    if (keepFiles !== undefined) await compressing;
    const { removed, compress } = await rotate(path, keepFiles, clock);
    // In the background. A failure leaves the file as it is, to be compressed next time.
    compressing = compressing.then(compress).catch(() => undefined);
    return removed;
  }

  async function tried(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof SinkError) throw error;
      throw failureOf(path, error as NodeJS.ErrnoException);
    }
  }
}

/** Checks whether it can be written, without changing anything. */
function diagnosis(path: string): Diagnosis {
  const trap = trapOf(path);
  if (trap !== undefined) throw errorOf(trap);
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) {
    if (statSync(path).isDirectory()) throw errorOf('EISDIR');
    if (isFifoOrSocket(statSync(path))) throw errorOf('ENXIO');
    accessSync(path, constants.R_OK | constants.W_OK);
    return { level: 'ok', message: `${path} can be written` };
  }
  let existing = dirname(path);
  while (lstatSync(existing, { throwIfNoEntry: false }) === undefined) existing = dirname(existing);
  if (!statSync(existing).isDirectory()) throw errorOf('ENOTDIR');
  if (MAGIC_OF_KERNEL.has(statfsSync(existing).type)) throw errorOf('EACCES');
  accessSync(existing, constants.W_OK | constants.X_OK);
  return { level: 'ok', message: `${path} will be made` };
}

function errorOf(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

/** Whether a path still leads to the open file. Inode numbers belong to a file system, and another one may have been mounted there. */
function isAt(path: string, file: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(file);
  return there?.ino === ino && there.dev === dev;
}

/** Appends all of the bytes or none. */
function append(file: number, bytes: Buffer, fsync: boolean): void {
  const { size } = fstatSync(file);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(file, bytes, written);
    if (fsync) fsyncSync(file);
  } catch (error) {
    // Not when someone else has appended meanwhile, or when it cannot be truncated (a device).
    if (written > 0 && fstatSync(file).size === size + written) ftruncateSync(file, size);
    throw error;
  }
}

function close(file: number | undefined): void {
  if (file !== undefined) closeSync(file);
}

const REASONS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'make room'],
  EDQUOT: ['the quota is used up', 'make room'],
  EFBIG: ['files may not be that large here', 'let it rotate earlier (rotateMib)'],
  EISDIR: ['it is a directory', 'name a file in it'],
  EACCES: ['permission is denied', 'name another path, or give this user access'],
  EPERM: ['it is not permitted', 'name another path, or give this user access'],
  EROFS: ['the file system is read-only', 'name another path'],
  ELOOP: ['it is a link, in a directory where others could have put it, or lies behind one', 'name the file that it leads to'],
  ESTRANGER: [
    'it belongs to somebody else, in a directory where everybody can make files, so they could have put it there to read what is written',
    'name a file in a directory of your own, or delete that one',
  ],
  EMLINK: [
    'it has another name, too (a hard link), in a directory where others could have made it, so it may be another file',
    'name a file in a directory of your own, or delete that one',
  ],
  ENXIO: [
    'it is a pipe or a socket, and what goes into one is lost with its reader',
    'name a file, or let events go to standard output (--to stdout)',
  ],
  ENAMETOOLONG: ['its name is too long', 'name another path'],
  ENOENT: ['no directory can be made there', 'name another path'],
  ENOTDIR: ['a part of its path is not a directory', 'name another path'],
};
/** Errors that pass when space is freed. */
const TEMPORARY: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

function failureOf(path: string, error: NodeJS.ErrnoException): SinkError {
  const [what, hint] = REASONS[error.code ?? ''] ?? [reasonOf(error), undefined];
  return new SinkError(TEMPORARY.has(error.code ?? '') ? 'temporary' : 'permanent', `${path} cannot be written: ${what}`, { hint, cause: error });
}
