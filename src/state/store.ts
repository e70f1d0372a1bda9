import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { PortlogError } from '../core/errors.ts';
import { packageText } from '../core/package-files.ts';
import { isAlive } from '../core/process-alive.ts';
import { Database } from './database.ts';
import { SCHEMA_VERSIONS } from './schema.ts';
import type { SinkIdentity, SinkMemory } from '../sink/sink.ts';
import { EarlierEvents } from './earlier-events.ts';
import { Claims } from './claims.ts';
import { DeadLetters } from './dead-letters.ts';
import { Lease } from './lease.ts';
import { StoredMemory } from './sink-memory.ts';
import { Ledger, pruneLedger } from './ledger.ts';
import { type IsAlive, type OpenRun, Runs, type RunSums } from './runs.ts';
import { sinkKey } from './seen-files.ts';
import { SentParts } from './sent-parts.ts';
import { Spool, type SpoolContext } from './spool.ts';
import { DEFAULT_SPOOL_LIMITS, type SpoolLimits } from './spool-limits.ts';
import { Totals } from './totals.ts';
import { isOutOfRoom, stateError } from './state-error.ts';
import { timePassed } from './time-passed.ts';

/** Entries of the ledger that are kept, about 60 bytes each on disk. */
const LEDGER_UNITS = 500_000;

export interface StoreOptions {
  readonly stateDir: string;
  /** Default: {@link openDatabase}. */
  readonly open?: ((stateDir: string) => Database) | undefined;
  readonly limits?: SpoolLimits;
  readonly now: () => number;
  readonly pid: number;
  /** When this process began, by `tickOf`. */
  readonly tick?: number | undefined;
  readonly isAlive: IsAlive;
  /** What this run reads, for the report if it is killed. */
  readonly what: string;
}

/** The tables of one sink. */
export interface SinkTables {
  readonly spool: Spool;
  readonly deadLetters: DeadLetters;
  readonly ledger: Ledger;
  readonly sentParts: SentParts;
  readonly lease: Lease;
  readonly claims: Claims;
  readonly earlierEvents: EarlierEvents;
  readonly memory: SinkMemory;
}

export interface WaitingSink {
  readonly identity: SinkIdentity;
  readonly tables: SinkTables;
}

/** The state file as one run uses it: everything that delivery must not lose. */
export class Store {
  readonly path: string;
  readonly run: number;
  /** Earlier runs that were killed. */
  readonly lostRuns: readonly OpenRun[];
  /** @internal The state file, for data that is saved in the same transactions as deliveries. */
  readonly database: Database;
  private readonly runs: Runs;
  private readonly now: () => number;
  private readonly isAlive: IsAlive;
  private context: SpoolContext;
  private sums: () => readonly RunSums[] = () => [];

  /** @internal Throws `state-unusable` when the file cannot be used. */
  constructor({ stateDir, open = openDatabase, limits = DEFAULT_SPOOL_LIMITS, now, pid, tick, isAlive, what }: StoreOptions) {
    this.path = stateFile(stateDir);
    this.database = open(stateDir);
    this.runs = new Runs(this.database);
    this.now = now;
    this.isAlive = isAlive;
    try {
      const time = now();
      const [lost, run, passed] = this.database.transaction(() => {
        const before = this.runs.lost(isAlive);
        for (const { sums } of before) new Totals(this.database).add(sums, time);
        return [before, this.runs.begin(pid, what, time, tick), timePassed(this.database, time, limits.maxAgeMs)] as const;
      });
      this.lostRuns = lost;
      this.run = run;
      this.context = { run, limits, passed };
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  /** @internal */
  tables({ type, target, scope }: SinkIdentity): SinkTables {
    this.database.run('INSERT OR IGNORE INTO sink (type, target, scope) VALUES (?, ?, ?)', type, target, scope);
    const row = this.database.get('SELECT id FROM sink WHERE type = ? AND target = ? AND scope = ?', type, target, scope);
    return tablesOf(this.database, row?.['id'] as number, this.context);
  }

  /** @internal Divides the spool limit between this number of sinks, so that one that is down does not use up the space of others. */
  shareBetween(sinks: number): void {
    const { limits } = this.context;
    this.context = { ...this.context, limits: { ...limits, maxBytes: Math.floor(limits.maxBytes / Math.max(1, sinks)) } };
  }

  /** @internal Every sink with waiting events or dead letters. */
  waiting(): readonly WaitingSink[] {
    return waitingSinks(this.database, this.context);
  }

  /** @internal Releases the claims of runs that were killed. */
  releaseClaimsOfTheDead(): void {
    const dead = this.runs.open().filter(({ pid, started, tick }) => !this.isAlive(pid, started, tick));
    for (const { id } of dead) this.database.run('DELETE FROM claim WHERE run = ?', id);
  }

  /** @internal Deletes what waits for these sinks, on the user's request, and counts it. */
  purge(sinks: readonly WaitingSink[]): void {
    const totals = new Totals(this.database);
    this.transaction(() => {
      for (const { identity, tables } of sinks) {
        totals.discard(sinkKey(identity), tables.spool.usage().events, this.now());
        tables.spool.purge();
      }
    });
  }

  /** @internal */
  transaction<T>(work: () => T): T {
    return this.database.transaction(work);
  }

  /** @internal From now on, the current sums are saved with each commit. */
  watch(sums: () => readonly RunSums[]): void {
    this.sums = sums;
  }

  /** @internal */
  saveSums(): void {
    this.runs.save(this.run, this.sums());
  }

  /** Ends the run. On a full disk the run stays open, and the next one reports it. */
  close(): void {
    try {
      this.database.transaction(() => {
        new Totals(this.database).add(this.sums(), this.now());
        this.runs.end(this.run);
      });
      pruneLedger(this.database, LEDGER_UNITS);
      this.database.shrink();
    } catch (error) {
      if (!(error instanceof PortlogError)) throw error;
    }
    this.database.close();
  }
}

/** Spool settings for a command that only reads: what a killed run was sending counts as waiting, although that run was not concluded yet. */
function looking(database: Database): SpoolContext {
  const gone = new Runs(database).open().filter(({ pid, started, tick }) => !isAlive(pid, started, tick));
  return { run: 0, limits: DEFAULT_SPOOL_LIMITS, passed: 0, gone: gone.map(({ id }) => id) };
}

/** Waiting events and dead letters of all sinks. */
export function waitingSinks(database: Database, context: SpoolContext = looking(database)): readonly WaitingSink[] {
  const rows = database.all(
    `SELECT id, type, target, scope FROM sink
     WHERE EXISTS (SELECT 1 FROM spool WHERE spool.sink = sink.id) OR EXISTS (SELECT 1 FROM dead WHERE dead.sink = sink.id) ORDER BY id`,
  ) as unknown as readonly (SinkIdentity & { id: number })[];
  return rows.map(({ id, ...identity }) => ({ identity, tables: tablesOf(database, id, context) }));
}

function tablesOf(database: Database, sink: number, context: SpoolContext): SinkTables {
  const spool = new Spool(database, sink, context);
  return {
    spool,
    sentParts: new SentParts(database, sink, context.run, spool),
    deadLetters: new DeadLetters(database, sink),
    ledger: new Ledger(database, sink),
    lease: new Lease(database, sink, context.run),
    claims: new Claims(database, sink, context.run),
    earlierEvents: new EarlierEvents(database, sink),
    memory: new StoredMemory(database, sink),
  };
}

/** Opens the state file for writing. Throws `state-unusable`. */
export function openDatabase(stateDir: string): Database {
  return Database.open(stateFile(stateDir), SCHEMA_VERSIONS, () => packageText('schemas/state.sql'));
}

/** Opens the state file read-only, without changing anything. Throws `state-unusable`. */
export function openReadOnly(stateDir: string): Database {
  return Database.openReadOnly(stateFile(stateDir), SCHEMA_VERSIONS);
}

/** Opens the state file for writing and migrates it; read-only where it may not be written. Throws `state-unusable`. */
export function openWritableOrReadOnly(stateDir: string): Database {
  if (!mayWrite(stateDir) || !mayWrite(stateFile(stateDir))) return openReadOnly(stateDir);
  try {
    return openDatabase(stateDir);
  } catch (error) {
    if (error instanceof PortlogError && isOutOfRoom(error)) return openReadOnly(stateDir);
    throw error;
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function stateFile(stateDir: string): string {
  return join(stateDir, 'portlog.db');
}

/** Whether there is a state file. Throws `state-unusable` when this user has no permission to see it, which does not mean that there is none. */
export function hasState(stateDir: string): boolean {
  const path = stateFile(stateDir);
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw stateError(path, error);
  }
}
