import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { stateFile } from '../../src/state/store.ts';
import { fastDir, ROOT } from '../support/run-portlog.ts';
import { type Statement, statementsIn } from '../support/statements.ts';

/** Tables of which there is a row for each of what somebody has set up: sinks, sites, schedules, processes; or a few (batches on their way; 500 answers about incomplete groups). */
const SMALL = new Set(
  'sink run site schedule lease looked event_total sink_state sink_upkeep spool_bytes inventory_offset claim sent_part json_each'.split(' '),
);
/** Indexes of rows that are few, however much is kept. */
const FEW = new Set(
  'scan_unreached scan_held file_attempt_read file_attempt_failed file_attempt_unannounced scheduled_scan_open scheduled_scan_unannounced'.split(' '),
);
/** What tells only whose a row is. */
const OWNER = new Set(['site', 'sink', 'directory']);

/** Statements that go through many rows, and why they may. By how they begin. */
const ALLOWED: readonly (readonly [file: string, beginning: string, why: string])[] = [
  // Someone asks for all of it.
  ['change/announced.ts', 'SELECT event FROM announced_change ORDER BY nr', 'announced_change: asked for by a person'],
  ['state/known-hosts.ts', 'SELECT key FROM host WHERE site = ?', 'host: inventory, report, diff and metrics want each'],
  ['state/unfinished-files.ts', 'SELECT directory, name, version, since FROM', 'unfinished_file: those that status tells'],
  ['state/dead-letters.ts', 'SELECT reason, status', 'dead: status tells the reasons; 20,000 at most'],
  ['state/dead-letters.ts', 'SELECT body FROM dead', 'dead: a person asks for some of each reason; 20,000 at most'],
  ['state/dead-letters.ts', 'SELECT id, nullif(revision, 0)', 'dead: a replay takes all of them; 20,000 at most'],
  ['state/dead-letters.ts', 'DELETE FROM dead WHERE sink = ?', 'dead: a purge'],
  ['state/spool.ts', 'DELETE FROM spool WHERE sink = ?', 'spool: a purge'],
  // Counted in an index that has nothing else, once a run at most.
  ['state/known-hosts.ts', 'SELECT count(*) AS hosts FROM host', 'host: status counts them'],
  ['state/seen-files.ts', 'SELECT count(DISTINCT name)', 'shipped_file: status counts them, and a watcher those of an empty directory, once'],
  ['state/seen-files.ts', 'SELECT DISTINCT directory', 'shipped_file: status lists the directories'],
  ['state/seen-files.ts', 'SELECT directory FROM watched_directory', 'watched_directory: status lists them, one row a directory'],
  ['state/spool.ts', 'SELECT count(*) AS batches', 'spool: the sum at the end of a run, and status'],
  ['state/dead-letters.ts', 'SELECT count(*)', 'dead: 20,000 at most'],
  // A look into a directory lists all of it, and asks for each of its files.
  ['state/seen-files.ts', 'SELECT DISTINCT name FROM shipped_file', 'shipped_file: once a look'],
  ['state/file-attempts.ts', 'SELECT name FROM file_attempt', 'file_attempt: once a look'],
  ['state/unfinished-files.ts', 'SELECT name, version, since FROM unfinished_file', 'unfinished_file: once a look'],
  ['state/file-attempts.ts', 'UPDATE file_attempt SET words', 'file_attempt: when a process is ended'],
  ['state/file-attempts.ts', 'SELECT directory, name, site, version, problem', 'file_attempt: hardly any other rows are there'],
  // Stops at the first that fits, or begins at the last.
  ['state/ledger.ts', 'DELETE FROM ledger WHERE nr <=', 'ledger: the last number'],
  ['state/ledger.ts', 'SELECT max(nr) AS nr FROM ledger', 'ledger: the last number'],
  ['state/store.ts', 'SELECT id, type, target, scope FROM sink', 'spool, dead: one row of a sink'],
  ['state/spool.ts', 'SELECT 1 FROM spool WHERE sink = ?', 'spool: one row'],
  ['state/spool.ts', 'SELECT seq, run, events FROM spool WHERE sink = ? AND NOT', 'spool: one row, behind those about to be sent'],
  ['state/spool.ts', 'SELECT seq, run, tries, partition', 'spool: one row'],
  ['change/scans.ts', 'SELECT max(started, ended) AS last FROM scan WHERE site = ? AND held = 0', 'scan: one row'],
  ['change/inventory-offsets.ts', 'SELECT coalesce(max(nr), 0) AS nr FROM moved_host', 'moved_host: one row'],
  // Bounded, or seldom.
  ['change/kept-scans.ts', 'SELECT count(*) AS n FROM scan', 'scan: 5,064 at most, one of 64 runs'],
  ['change/kept-scans.ts', 'DELETE FROM scan WHERE site', 'scan: 5,064 at most, one of 64 runs'],
  ['state/dead-letters.ts', 'DELETE FROM dead WHERE rowid IN', 'dead: when there are too many'],
  ['state/dead-letters.ts', 'SELECT rowid, row_number()', 'dead: a part of that'],
  ['state/index-known.ts', 'SELECT site, key, known FROM host', 'host: an old state, once'],
  ['state/mask-arguments.ts', 'SELECT nr FROM scan', 'scan: an old state, once'],
];

/** What cannot be prepared by itself. */
const NOT_ALONE: readonly (readonly [file: string, why: string])[] = [
  ['sink/wazuh/shared-rate-limit.ts', 'a file of its own, of one row'],
  ['state/schema.ts', 'parts of triggers'],
  ['state/forget-offsets.ts', 'by what was lost; the tables are small, or found by the scan'],
  ['state/totals.ts', 'tables of a row for each sink'],
];

const STEP = /^(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?(?:INDEX (\w+)|PRIMARY KEY|INTEGER PRIMARY KEY))?(?: \((.*)\))?/;

let database: Database;
const statements = statementsIn(join(ROOT, 'src'));
beforeAll(() => {
  database = Database.open(stateFile(fastDir()), SCHEMA_VERSIONS);
  database.run(
    'CREATE TEMP TABLE awaited (sink INTEGER, ack_group BLOB, account INTEGER, part INTEGER, events INTEGER, PRIMARY KEY (sink, ack_group, account, part)) WITHOUT ROWID',
  );
});
afterAll(() => database.close());

test('no statement of a run goes through all that is known, kept or was shipped', () => {
  expect(statements.length).toBeGreaterThan(150);
  const greedy = statements.flatMap((one) => (isAllowed(one) ? [] : greedySteps(one).map((step) => `${one.file}: ${one.sql}\n  ${step}`)));
  expect(greedy).toEqual([]);
});

test('only statements that run seldom bind a limit, because SQLite plans them anew each time', () => {
  const bound = statements.filter(({ sql }) => /\b(LIMIT|OFFSET) \?/.test(sql)).map(({ file }) => file);
  expect([...new Set(bound)].toSorted()).toEqual([
    'change/inventory-offsets.ts',
    'change/kept-scans.ts',
    'state/dead-letters.ts',
    'state/scheduled-scans.ts',
    'state/sent-parts.ts',
  ]);
});

test('each exception is one', () => {
  const idle = ALLOWED.filter(([file, beginning]) => !statements.some((one) => isMeant(one, file, beginning) && greedySteps(one).length > 0));
  expect(idle).toEqual([]);
});

test('a statement that goes through all rows is found', () => {
  const found = [
    'SELECT key FROM host WHERE up = 1',
    'SELECT max(queued) FROM dead',
    'SELECT max(events) FROM spool',
    'SELECT max(died) FROM dead WHERE sink = ?',
    'DELETE FROM scan WHERE run = 1',
  ];
  for (const sql of found) expect([sql, greedySteps({ file: '', sql })]).toEqual([sql, [expect.any(String)]]);
  for (const sql of ['SELECT known FROM host WHERE site = ? AND key = ?', 'SELECT site FROM site', 'SELECT max(created) FROM spool'])
    expect(greedySteps({ file: '', sql })).toEqual([]);
});

function isAllowed(one: Statement): boolean {
  return ALLOWED.some(([file, beginning]) => isMeant(one, file, beginning));
}

function isMeant({ file, sql }: Statement, of: string, beginning: string): boolean {
  return file === of && sql.startsWith(beginning);
}

/** Steps of the plan that read all rows of a table that grows, or all of a site, a sink or a directory. */
function greedySteps({ file, sql }: Statement): readonly string[] {
  const plan = planOf(file, sql);
  return plan.filter((step) => {
    const [, how, table = '', index, columns = ''] = STEP.exec(step) ?? [];
    if (how === undefined || !isGrowing(table) || FEW.has(index ?? '')) return false;
    // The least or the greatest is at an end of an index that begins with it; else all are looked at, whatever the plan calls it.
    if (how === 'SEARCH' && columns === '') return !new RegExp(`\\b(?:min|max)\\(${firstOf(index)}\\)`).test(sql);
    return how === 'SCAN' || OWNER.has(/^(\w+)=\?$/.exec(columns)?.[1] ?? '');
  });
}

function planOf(file: string, sql: string): readonly string[] {
  try {
    return database.all(`EXPLAIN QUERY PLAN ${sql}`, ...Array.from(sql.matchAll(/\?/g), () => null)).map(({ detail }) => detail as string);
  } catch (error) {
    if (NOT_ALONE.some(([of]) => of === file)) return [];
    throw error;
  }
}

function isGrowing(table: string): boolean {
  return !SMALL.has(table) && database.get("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", table) !== undefined;
}

/** The first column of an index. */
function firstOf(index: string | undefined): string {
  return index === undefined ? '' : String(database.all(`PRAGMA index_info(${index})`)[0]?.['name']);
}
