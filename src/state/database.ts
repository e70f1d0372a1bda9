import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, linkSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { PortlogError } from '../core/errors.ts';
import { filesystemOf } from './filesystem.ts';
import { DatabaseSync as Sqlite } from '../core/sqlite.ts';
import type { SchemaStep } from './schema-step.ts';
import { inodeOf, makeStateDirectory, UNSEEN } from './place.ts';
import { DAMAGED_HINT, stateError } from './state-error.ts';

/** `PRAGMA application_id`: identifies portlog's SQLite files. "plog" in ASCII. */
const APPLICATION_ID = 0x706c6f67;
/** Two portlogs on one file wait for each other this long; what they write takes milliseconds. */
const BUSY_TIMEOUT_MS = 5000;
/** Migrating a large file takes longer; other processes wait for it. */
const MIGRATION_TIMEOUT_MS = 120_000;
/** Files up to this size are checked as a whole when opened (30 ms); rows carry checksums anyway. */
const CHECKED_BYTES = 32 << 20;

/** One MiB: deleting needs space in the log, too, and must work on a full disk. */
const WAL_PAGES = 256;

type Row = Readonly<Record<string, unknown>>;

/**
 * The SQLite file with everything that portlog must not lose: WAL, durable at each commit. Every failure is a PortlogError
 * `state-unusable` that says what to do. https://www.sqlite.org/wal.html,
 * https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export class Database {
  readonly path: string;
  readonly isReadOnly: boolean;
  private readonly handle: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  private readonly inode: string | undefined;
  private depth = 0;
  private readonly last = new Set<() => void>();
  /** Number of transactions that were begun. */
  transactions = 0;

  private constructor(path: string, handle: DatabaseSync, isReadOnly = false) {
    this.path = path;
    this.handle = handle;
    this.isReadOnly = isReadOnly;
    this.inode = inodeOf(path);
  }

  /**
   * Opens the file, or makes it. `versions` are the steps of its schema, oldest first: a file of an
   * older portlog is brought up to date, one of a newer portlog is refused. A damaged file is never replaced.
   * `whole`: SQL that makes a new file in one go, as those steps would; without it they are taken one by one.
   */
  static open(path: string, versions: readonly SchemaStep[], whole: () => string = () => ''): Database {
    return attempt(path, () => {
      if (!existsSync(path)) create(path, versions, whole());
      else if (statSync(path).size === 0) throw new PortlogError('state-unusable', `${path} is empty, so it was damaged`, { hint: DAMAGED_HINT });
      const database = new Database(path, connect(path));
      database.identify(versions);
      return database;
    });
  }

  /**
   * Opens an existing file for reading only. Nothing in its directory is changed, not even by SQLite, and the directory may be read-only. This
   * works without further files while no other process has it open; https://www.sqlite.org/wal.html#read_only_databases
   */
  static openReadOnly(path: string, versions: readonly SchemaStep[]): Database {
    return attempt(path, () => {
      // Opening a pipe would wait for a writer.
      if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
        throw new PortlogError('state-unusable', `${path} is not a file`, { hint: DAMAGED_HINT });
      const database = new Database(path, connectReadOnly(path), true);
      database.identify(versions);
      return database;
    });
  }

  /** Parameters are `?` only: Node 22 takes `?1` for a name, and refuses the value. */
  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return attempt(this.path, () => this.prepared(sql).get(...values));
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return attempt(this.path, () => this.prepared(sql).all(...values));
  }

  /** Yields one row at a time, for callers that stop early. The same statement must not be run again before that. */
  *each(sql: string, ...values: readonly SQLInputValue[]): Generator<Row, void, undefined> {
    const rows = attempt(this.path, () => this.prepared(sql).iterate(...values));
    try {
      for (;;) {
        const { done, value } = attempt(this.path, () => rows.next());
        if (done === true) return;
        yield value;
      }
    } finally {
      rows.return?.();
    }
  }

  /** Returns the number of changed rows. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return attempt(this.path, () => Number(this.prepared(sql).run(...values).changes));
  }

  /** Runs `work` in a transaction, durable when it returns. Nested calls join the outermost one. */
  transaction<T>(work: () => T): T {
    if (this.depth > 0) return work();
    attempt(this.path, () => this.handle.exec('BEGIN IMMEDIATE'));
    this.depth++;
    this.transactions++;
    try {
      const result = work();
      for (const one of this.last) one();
      attempt(this.path, () => this.handle.exec('COMMIT'));
      return result;
    } catch (error) {
      this.rollBack();
      throw error;
    } finally {
      this.last.clear();
      this.depth--;
    }
  }

  /** A transaction for what only other processes need: they see it when it returns, but it may be lost in a power failure. */
  quickly<T>(work: () => T): T {
    if (this.depth > 0) return work();
    attempt(this.path, () => this.handle.exec('PRAGMA synchronous = NORMAL'));
    try {
      return this.transaction(work);
    } finally {
      attempt(this.path, () => this.handle.exec('PRAGMA synchronous = FULL'));
    }
  }

  /** Whether the file was removed or replaced since it was opened: what is written goes to one that nobody will find. */
  get isLost(): boolean {
    const inode = inodeOf(this.path);
    return inode !== this.inode && inode !== UNSEEN && this.inode !== UNSEEN;
  }

  get isInTransaction(): boolean {
    return this.depth > 0;
  }

  /** Within a transaction: runs `work` after everything else, before the commit; once, however often it is registered. */
  beforeCommit(work: () => void): void {
    this.last.add(work);
  }

  /** For temporary files: commits need not survive a power failure, and take a tenth of the time. */
  withoutDurability(): void {
    attempt(this.path, () => this.handle.exec('PRAGMA synchronous = OFF'));
  }

  /** Returns unused pages to the file system. */
  shrink(): void {
    attempt(this.path, () => this.handle.exec('PRAGMA incremental_vacuum'));
  }

  close(): void {
    if (!this.handle.isOpen) return;
    this.statements.clear();
    this.handle.close();
  }

  private rollBack(): void {
    try {
      if (this.handle.isTransaction) this.handle.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, as it does on a full disk.
    }
  }

  private prepared(sql: string): StatementSync {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.handle.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }

  private migrate(versions: readonly SchemaStep[]): void {
    this.handle.exec(`PRAGMA busy_timeout = ${MIGRATION_TIMEOUT_MS}`);
    // Looks again with the write lock, because another process may have migrated meanwhile.
    this.transaction(() => migrate(this.handle, versions, versionOf(this.handle)));
    this.handle.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }

  private identify(versions: readonly SchemaStep[]): void {
    const id = this.get('PRAGMA application_id')?.['application_id'];
    if (id !== APPLICATION_ID)
      throw new PortlogError('state-unusable', `${this.path} is a database of another program`, { hint: 'name another directory with --state-dir' });
    const version = versionOf(this.handle);
    if (version > versions.length)
      throw new PortlogError('state-unusable', `${this.path} was written by a newer portlog (schema ${version}, this one knows ${versions.length})`, {
        hint: 'run that version, or name another directory with --state-dir',
      });
    if (statSync(this.path).size <= CHECKED_BYTES && this.get('PRAGMA quick_check(1)')?.['quick_check'] !== 'ok')
      throw new PortlogError('state-unusable', `${this.path} is damaged`, { hint: DAMAGED_HINT });
    if (version < versions.length && this.isReadOnly)
      throw new PortlogError('state-unusable', `${this.path} was written by an older portlog, and may not be changed here`, {
        hint: 'any command that ships migrates it',
      });
    if (version < versions.length) this.migrate(versions);
  }
}

/** Created under another name and renamed, so that the file is never incomplete. */
function create(path: string, versions: readonly SchemaStep[], whole: string): void {
  makeStateDirectory(dirname(path));
  const { network, name } = filesystemOf(dirname(path));
  if (network)
    throw new PortlogError('state-unusable', `${dirname(path)} is on a network file system (${name}), where SQLite's write-ahead log is not safe`, {
      hint: 'name a directory on a local disk with --state-dir',
    });
  const draft = `${path}.new-${randomUUID()}`;
  closeSync(openSync(draft, 'w', 0o600));
  try {
    const handle = new Sqlite(draft);
    try {
      handle.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA application_id = ${APPLICATION_ID}`);
      // Each statement alone would wait for the disk.
      handle.exec('BEGIN');
      handle.exec(whole);
      migrate(handle, versions, versionOf(handle));
      handle.exec('COMMIT');
    } finally {
      handle.close();
    }
    linkSync(draft, path);
  } catch (error) {
    // Another process has created it first.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(draft + suffix, { force: true });
  }
}

function connect(path: string): DatabaseSync {
  const handle = new Sqlite(path);
  try {
    handle.exec(
      `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA synchronous = FULL; PRAGMA cache_size = -4000;
       PRAGMA wal_autocheckpoint = ${WAL_PAGES}; PRAGMA journal_size_limit = ${WAL_PAGES * 4096}`,
    );
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

function connectReadOnly(path: string): DatabaseSync {
  const unchanging = pathToFileURL(path);
  unchanging.searchParams.set('immutable', '1');
  if (!existsSync(`${path}-wal`)) return new Sqlite(unchanging, { readOnly: true });
  try {
    const handle = new Sqlite(path, { readOnly: true });
    handle.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    handle.prepare('SELECT count(*) FROM sqlite_schema').get();
    return handle;
  } catch {
    // A write-ahead log whose index cannot be created here: read what was checkpointed.
    return new Sqlite(unchanging, { readOnly: true });
  }
}

/** Version of the schema. */
function versionOf(handle: DatabaseSync): number {
  return Number(handle.prepare('PRAGMA user_version').get()?.['user_version']);
}

function migrate(handle: DatabaseSync, versions: readonly SchemaStep[], from: number): void {
  for (const step of versions.slice(from)) {
    if (typeof step === 'string') handle.exec(step);
    else step(handle);
  }
  handle.exec(`PRAGMA user_version = ${versions.length}`);
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw stateError(path, error);
  }
}
