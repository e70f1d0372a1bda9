import { indexKnown } from './index-known.ts';
import { maskStoredArguments } from './mask-arguments.ts';
import type { SchemaStep } from './schema-step.ts';

/** The first steps of the schema, in order. */
export const EARLIER_VERSIONS: readonly SchemaStep[] = [
  `
  CREATE TABLE sink (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL, target TEXT NOT NULL, scope TEXT NOT NULL,
    UNIQUE (type, target, scope)
  ) STRICT;

  CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pid INTEGER NOT NULL, started INTEGER NOT NULL,
    what TEXT NOT NULL, sums TEXT NOT NULL DEFAULT '[]'
  ) STRICT;

  -- Batches that wait for their sink. outbox = 1: committed before it was sent.
  CREATE TABLE spool (
    sink INTEGER NOT NULL, seq INTEGER NOT NULL, run INTEGER NOT NULL, outbox INTEGER NOT NULL,
    partition TEXT NOT NULL, events INTEGER NOT NULL, created INTEGER NOT NULL,
    stored INTEGER NOT NULL, checksum INTEGER NOT NULL, damaged INTEGER NOT NULL DEFAULT 0,
    frame BLOB NOT NULL,
    PRIMARY KEY (sink, seq)
  ) STRICT;
  CREATE INDEX spool_size ON spool (sink, seq, run, outbox, stored, events, created, damaged);

  -- Events that their sink will never take as they are.
  CREATE TABLE dead (
    sink INTEGER NOT NULL, id TEXT NOT NULL,
    dataset TEXT NOT NULL, partition TEXT NOT NULL, time INTEGER NOT NULL, queued INTEGER NOT NULL,
    died INTEGER NOT NULL, status INTEGER, reason TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (sink, id)
  ) STRICT;

  -- What a sink has acknowledged: units (a host of a scan, a scan's end). first/last: the batches in
  -- the spool that hold a part of the unit, 0 when none does.
  CREATE TABLE ledger (
    nr INTEGER PRIMARY KEY,
    sink INTEGER NOT NULL, unit BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    UNIQUE (sink, unit)
  ) STRICT;
  CREATE INDEX ledger_spooled ON ledger (sink, last) WHERE last > 0;

  -- Who may send what the spool holds for a sink.
  CREATE TABLE lease (sink INTEGER PRIMARY KEY, run INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
  `,
  `
  -- What is known of a host: schemas/state.schema.json. up: 1 when it counts as up.
  CREATE TABLE host (
    site TEXT NOT NULL, key TEXT NOT NULL,
    time INTEGER NOT NULL, up INTEGER NOT NULL, known TEXT NOT NULL,
    PRIMARY KEY (site, key)
  ) STRICT, WITHOUT ROWID;

  -- Runs of nmap and masscan whose hosts were taken in. run: what it was set up to do. counts: what it has changed.
  CREATE TABLE scan (
    nr INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL, id TEXT NOT NULL,
    started INTEGER NOT NULL, ended INTEGER NOT NULL, complete INTEGER NOT NULL,
    run TEXT NOT NULL, counts TEXT NOT NULL,
    UNIQUE (site, id)
  ) STRICT;

  -- Lists of ports as runs have them: thousands of hosts were tested with the same one.
  CREATE TABLE port_list (id INTEGER PRIMARY KEY, ports TEXT NOT NULL UNIQUE) STRICT;

  -- since: when portlog first looked after the site. overdue: a scan that did not come was told, since when.
  CREATE TABLE site (site TEXT PRIMARY KEY, since INTEGER NOT NULL, overdue INTEGER) STRICT;
  `,
  `
  -- Files of watched directories as they were when they were shipped. version: size and time of the last change.
  CREATE TABLE seen_file (
    directory TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, shipped INTEGER NOT NULL,
    PRIMARY KEY (directory, name)
  ) STRICT, WITHOUT ROWID;

  -- since: times before it, at which the schedule was due, are settled. timetable: when it is due, in words.
  CREATE TABLE schedule (name TEXT PRIMARY KEY, timetable TEXT NOT NULL, since INTEGER NOT NULL) STRICT;

  -- Scans that a schedule asked for. ended: NULL while one goes on. problem: why no finished scan came of it. told: that was announced.
  CREATE TABLE scheduled_scan (
    name TEXT NOT NULL, due INTEGER NOT NULL, site TEXT NOT NULL,
    pid INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER, problem TEXT, told INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (name, due)
  ) STRICT;
  `,
  maskStoredArguments,
  `
  -- Which units (a host of a scan, a scan's end) have a part in which batch of the spool.
  CREATE TABLE waiting_unit (
    sink INTEGER NOT NULL, unit BLOB NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (sink, unit, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX waiting_unit_of ON waiting_unit (sink, seq);
  INSERT INTO waiting_unit SELECT DISTINCT ledger.sink, unit, seq FROM ledger
    JOIN spool ON spool.sink = ledger.sink AND seq BETWEEN first AND last WHERE last > 0 AND damaged = 0;

  -- What became of units. Before, a mark could say "delivered" of what never arrived: only those of what waits are kept.
  -- fate: open (not all of its events have been read), whole (each is acknowledged, or waits), died (as whole, or among the
  -- dead letters), lost (some were given up). Of a unit that is not here nothing is known.
  DROP TABLE ledger;
  CREATE TABLE ledger (
    nr INTEGER PRIMARY KEY,
    sink INTEGER NOT NULL, unit BLOB NOT NULL, fate TEXT NOT NULL,
    UNIQUE (sink, unit)
  ) STRICT;
  INSERT INTO ledger (sink, unit, fate) SELECT DISTINCT sink, unit, 'whole' FROM waiting_unit;

  ALTER TABLE dead ADD COLUMN unit BLOB;
  CREATE INDEX dead_unit ON dead (sink, unit);

  -- Whatever leaves the spool is lost, unless it was acknowledged before: then its units wait no more.
  CREATE TRIGGER spool_lost AFTER DELETE ON spool BEGIN
    UPDATE ledger SET fate = 'lost' WHERE sink = old.sink AND unit IN (SELECT unit FROM waiting_unit WHERE sink = old.sink AND seq = old.seq);
    DELETE FROM waiting_unit WHERE sink = old.sink AND seq = old.seq;
  END;

  -- The same for dead letters.
  CREATE TRIGGER dead_lost AFTER DELETE ON dead WHEN old.unit IS NOT NULL BEGIN
    UPDATE ledger SET fate = 'lost' WHERE sink = old.sink AND unit = old.unit AND fate = 'died';
  END;
  `,
  `
  -- Files of watched directories as they were when they were shipped, for each destination: type, target and scope of the sink.
  CREATE TABLE shipped_file (
    directory TEXT NOT NULL, name TEXT NOT NULL, sink TEXT NOT NULL, version TEXT NOT NULL, shipped INTEGER NOT NULL,
    PRIMARY KEY (directory, name, sink)
  ) STRICT, WITHOUT ROWID;
  -- Before, nobody knew to whom: to those that there were.
  INSERT INTO shipped_file SELECT directory, name, type || ' ' || target || ' ' || scope, version, shipped FROM seen_file, sink;
  INSERT INTO shipped_file SELECT directory, name, 'stdout  ' || format, version, shipped FROM seen_file,
    (SELECT 'ecs' AS format UNION SELECT 'otel');
  DROP TABLE seen_file;

  -- Files of watched directories that are being read, and those with which it did not go well. pid: of who reads it; 0: nobody
  -- does. alone: no other file with it. deaths: so often its reader ended without a word. problem: why it was not shipped.
  -- words: why its reader was ended, by who ended it. aside: as it is, this version of portlog does not try it again. told: that was announced.
  CREATE TABLE file_attempt (
    directory TEXT NOT NULL, name TEXT NOT NULL, site TEXT NOT NULL, version TEXT NOT NULL,
    pid INTEGER NOT NULL, started INTEGER NOT NULL, alone INTEGER NOT NULL, deaths INTEGER NOT NULL,
    words TEXT, problem TEXT, aside TEXT, told INTEGER NOT NULL,
    PRIMARY KEY (directory, name)
  ) STRICT, WITHOUT ROWID;

  -- Unfinished files of watched directories. since: when portlog saw them first as they are, by its own clock.
  CREATE TABLE unfinished_file (
    directory TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (directory, name)
  ) STRICT, WITHOUT ROWID;
  `,
  indexKnown,
];
