import type { Database } from './database.ts';
import { listOf, number, oneOf, optional, parsedAs, record, text } from '../core/shape.ts';
import { newTally, type Tally } from './tally.ts';

/** The last committed sums of a run. */
export interface RunSums {
  /** Its name for people. */
  readonly sink: string;
  /** Key by which the sums of several runs are added up (`sinkKey`). Absent in data of older versions. */
  readonly key?: string;
  /** Absent in data of older versions. */
  readonly acknowledges?: boolean;
  readonly tally: Tally;
  /** portlog's own events, and events of earlier runs. */
  readonly own?: Tally;
  readonly replayed?: Tally;
  /** Whether the sink does not work. */
  readonly failing?: boolean;
}

/** A run that is still going on, or was killed (or the machine went down). */
export interface OpenRun {
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly started: number;
  /** When its process began, see `tickOf`; `null` when unknown. */
  readonly tick?: number | null;
  /** What it reads. */
  readonly what: string;
  readonly sums: readonly RunSums[];
}

/** Whether the process with this id that started then still runs. */
export type IsAlive = (pid: number, started: number, tick?: number | null) => boolean;

const TALLY = record({ read: number, delivered: number, already: number, dead: number, spooled: number, discarded: number });
const SUMS = listOf(
  record({ sink: text, key: optional(text), tally: TALLY, own: optional(TALLY), replayed: optional(TALLY), failing: optional(oneOf(true, false)) }),
);

/** The runs on one state file, so that the next run can report what a killed one left. */
export class Runs {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** Returns the number of the run. */
  begin(pid: number, what: string, now: number, tick?: number): number {
    this.database.run('INSERT INTO run (pid, started, what, tick) VALUES (?, ?, ?, ?)', pid, now, what, tick ?? null);
    return Number(this.database.get('SELECT last_insert_rowid() AS id')?.['id']);
  }

  save(run: number, sums: readonly RunSums[]): void {
    this.database.run('UPDATE run SET sums = ? WHERE id = ?', JSON.stringify(sums), run);
  }

  end(run: number): void {
    this.database.run('DELETE FROM claim WHERE run = ?', run);
    this.database.run('DELETE FROM run WHERE id = ?', run);
  }

  /** Killed runs, each returned once. */
  lost(isAlive: IsAlive): readonly OpenRun[] {
    const lost = this.open().filter(({ pid, started, tick }) => !isAlive(pid, started, tick));
    for (const { id } of lost) this.end(id);
    return lost.map(({ pid, started, what, sums }) => ({ pid, started, what, sums }));
  }

  open(): readonly (OpenRun & { readonly id: number })[] {
    const rows = this.database.all('SELECT id, pid, started, tick, what, sums FROM run ORDER BY id') as unknown as readonly {
      id: number;
      pid: number;
      started: number;
      tick: number | null;
      what: string;
      sums: string;
    }[];
    return rows.map(({ sums, ...run }) => ({ ...run, sums: sumsIn(sums) }));
  }
}

/** The stored sums; empty when damaged. Numbers that older versions did not count are 0. */
function sumsIn(text: string): readonly RunSums[] {
  const sums = (parsedAs(text, SUMS) as readonly RunSums[] | undefined) ?? [];
  return sums.map(({ tally, ...more }) => ({ ...more, tally: { ...newTally(), ...tally } }));
}
