import { closeSync, constants, fchmodSync, fstatSync, openSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { self } from '../../core/environment.ts';
import { DatabaseSync, type SqliteHandle } from '../../core/sqlite.ts';
import { isWritableByOthers } from '../file/shared-folder.ts';

/** Logcollector looks for new files every 64 s (`vcheck_files`), and reads a new one when it next looks for lines. */
export const FOUND_AFTER_MS = 70_000;
/** A turn further ahead than this comes from before the machine was restarted. */
const LATEST_TURN_MS = 600_000;
/** SQLite's result codes for a file that is damaged or not a database. https://www.sqlite.org/rescode.html */
const DAMAGED: ReadonlySet<unknown> = new Set([11, 26]);

/**
 * A rate limit for all processes that write to one file: not faster than an agent reads, and not to a file that no agent has found yet. It is
 * stored beside the file under SQLite's locks, which the kernel releases when a process is killed. `now` is by the clock's `elapsed`, which
 * all processes share and which does not change when the wall clock is set.
 */
export class SharedRateLimit {
  /** Why the limit does not cover other processes: no file can be created beside it. */
  readonly whyNotShared: string | undefined;
  private readonly handle: SqliteHandle;

  constructor(path: string) {
    const lock = join(dirname(path), `.${basename(path)}.lock`);
    const opened = open(lock);
    this.handle = opened instanceof Error ? connect(':memory:') : opened;
    this.whyNotShared = opened instanceof Error ? `${lock} cannot be used: ${opened.message}` : undefined;
  }

  /** Records the file that exists before writing. The first one was created before the agent started. */
  sees(inode: string | undefined): void {
    this.handle.prepare('INSERT OR IGNORE INTO turn (one, inode, since, free) VALUES (1, ?, 0, 0)').run(inode ?? '');
    if (inode === undefined) this.handle.prepare("UPDATE turn SET inode = ''").run();
  }

  /** Milliseconds until an agent that runs has found the file. */
  untilFound(inode: string, now: number): number {
    // A file seen in the future was seen before the machine was restarted.
    this.handle.prepare('UPDATE turn SET inode = ?, since = ? WHERE inode <> ? OR since > ?').run(inode, now, inode, now);
    const since = Number(this.handle.prepare('SELECT since FROM turn').get()?.['since']);
    return Math.max(0, since + FOUND_AFTER_MS - now);
  }

  /** Takes the next turn, which lasts `milliseconds`; returns the milliseconds until it begins. */
  reserve(milliseconds: number, now: number): number {
    const next = 'max(?, CASE WHEN free > ? THEN 0 ELSE free END)';
    const row = this.handle.prepare(`UPDATE turn SET free = ${next} + ? RETURNING free`).get(now, now + LATEST_TURN_MS, milliseconds);
    return Math.max(0, Number(row?.['free']) - milliseconds - now);
  }

  close(): void {
    this.handle.close();
  }
}

/**
 * Opens the lock file. A damaged one is recreated, because it holds only 70 seconds of data. There is none in a directory where others may
 * write: SQLite would follow their links and replay their journals.
 */
function open(lock: string): SqliteHandle | Error {
  if (isWritableByOthers(dirname(lock))) return new Error('others may write its directory');
  try {
    return connectTo(lock);
  } catch (error) {
    if (!DAMAGED.has((error as { errcode?: unknown }).errcode)) return error as Error;
  }
  try {
    rmSync(lock);
    return connectTo(lock);
  } catch (error) {
    return error as Error;
  }
}

/** Mode of the lock file: whoever may read it may lock it, and block all who write. */
const MODE = 0o660;

function connectTo(lock: string): SqliteHandle {
  const file = openSync(lock, constants.O_RDWR | constants.O_CREAT, MODE);
  try {
    const { uid, mode } = fstatSync(file);
    if (uid === self()?.uid && (mode & 0o777 & ~MODE) !== 0) fchmodSync(file, mode & MODE);
  } finally {
    closeSync(file);
  }
  return connect(lock);
}

function connect(lock: string): SqliteHandle {
  const handle = new DatabaseSync(lock);
  try {
    // Without sync: it may be lost in a power failure.
    handle.exec(
      `PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF;
       CREATE TABLE IF NOT EXISTS turn (one INTEGER PRIMARY KEY CHECK (one = 1), inode TEXT NOT NULL, since REAL NOT NULL, free REAL NOT NULL)`,
    );
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}
