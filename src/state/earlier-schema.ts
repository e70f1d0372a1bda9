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

  -- Batches that wait for their sink. outbox = 1: stored before it was sent.
  CREATE TABLE spool (
    sink INTEGER NOT NULL, seq INTEGER NOT NULL, run INTEGER NOT NULL, outbox INTEGER NOT NULL,
    partition TEXT NOT NULL, events INTEGER NOT NULL, created INTEGER NOT NULL,
    stored INTEGER NOT NULL, checksum INTEGER NOT NULL, damaged INTEGER NOT NULL DEFAULT 0,
    frame BLOB NOT NULL,
    PRIMARY KEY (sink, seq)
  ) STRICT;
  CREATE INDEX spool_size ON spool (sink, seq, run, outbox, stored, events, created, damaged);

  -- Dead letters: events that the sink has rejected permanently.
  CREATE TABLE dead (
    sink INTEGER NOT NULL, id TEXT NOT NULL,
    dataset TEXT NOT NULL, partition TEXT NOT NULL, time INTEGER NOT NULL, queued INTEGER NOT NULL,
    died INTEGER NOT NULL, status INTEGER, reason TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (sink, id)
  ) STRICT;

  -- Units (a host of a scan, a scan's end) that a sink has acknowledged. first, last: the batches of the spool that contain a part
  -- of the unit; 0 if none.
  CREATE TABLE ledger (
    nr INTEGER PRIMARY KEY,
    sink INTEGER NOT NULL, unit BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    UNIQUE (sink, unit)
  ) STRICT;
  CREATE INDEX ledger_spooled ON ledger (sink, last) WHERE last > 0;

  -- Which run may send the spool of a sink.
  CREATE TABLE lease (sink INTEGER PRIMARY KEY, run INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
  `,
  `
  -- Known hosts. known: JSON as in schemas/state.schema.json. up: 1 if the host counts as up.
  CREATE TABLE host (
    site TEXT NOT NULL, key TEXT NOT NULL,
    time INTEGER NOT NULL, up INTEGER NOT NULL, known TEXT NOT NULL,
    PRIMARY KEY (site, key)
  ) STRICT, WITHOUT ROWID;

  -- Runs of nmap and masscan whose hosts are in the known state. run: its set-up (arguments, coverage). counts: what it has changed.
  CREATE TABLE scan (
    nr INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL, id TEXT NOT NULL,
    started INTEGER NOT NULL, ended INTEGER NOT NULL, complete INTEGER NOT NULL,
    run TEXT NOT NULL, counts TEXT NOT NULL,
    UNIQUE (site, id)
  ) STRICT;

  -- Lists of tested ports, each stored once because thousands of hosts share one.
  CREATE TABLE port_list (id INTEGER PRIMARY KEY, ports TEXT NOT NULL UNIQUE) STRICT;

  -- since: when portlog first monitored the site. overdue: since when a missing scan is reported.
  CREATE TABLE site (site TEXT PRIMARY KEY, since INTEGER NOT NULL, overdue INTEGER) STRICT;
  `,
  `
  -- Shipped files of watched directories. version: size and change time.
  CREATE TABLE seen_file (
    directory TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, shipped INTEGER NOT NULL,
    PRIMARY KEY (directory, name)
  ) STRICT, WITHOUT ROWID;

  -- since: due times before it were handled. timetable: the schedule as text.
  CREATE TABLE schedule (name TEXT PRIMARY KEY, timetable TEXT NOT NULL, since INTEGER NOT NULL) STRICT;

  -- Scheduled scans. ended: NULL while the scan runs. problem: why there is no finished scan. told: whether that was reported.
  CREATE TABLE scheduled_scan (
    name TEXT NOT NULL, due INTEGER NOT NULL, site TEXT NOT NULL,
    pid INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER, problem TEXT, told INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (name, due)
  ) STRICT;
  `,
  maskStoredArguments,
  `
  -- The batches of the spool that contain a part of each unit (a host of a scan, a scan's end).
  CREATE TABLE waiting_unit (
    sink INTEGER NOT NULL, unit BLOB NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (sink, unit, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX waiting_unit_of ON waiting_unit (sink, seq);
  INSERT INTO waiting_unit SELECT DISTINCT ledger.sink, unit, seq FROM ledger
    JOIN spool ON spool.sink = ledger.sink AND seq BETWEEN first AND last WHERE last > 0 AND damaged = 0;

  -- The fates of units. An entry of the old ledger could say "delivered" although the unit never arrived, so only entries of waiting units are kept.
  -- fate: open (not all of its events were read), whole (each is acknowledged or waits), died (each is acknowledged, waits, or is a
  -- dead letter), lost (some were discarded). Nothing is known of a unit without an entry.
  DROP TABLE ledger;
  CREATE TABLE ledger (
    nr INTEGER PRIMARY KEY,
    sink INTEGER NOT NULL, unit BLOB NOT NULL, fate TEXT NOT NULL,
    UNIQUE (sink, unit)
  ) STRICT;
  INSERT INTO ledger (sink, unit, fate) SELECT DISTINCT sink, unit, 'whole' FROM waiting_unit;

  ALTER TABLE dead ADD COLUMN unit BLOB;
  CREATE INDEX dead_unit ON dead (sink, unit);

  -- What leaves the spool without an acknowledgement is lost; acknowledged units are removed from waiting_unit first.
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
  -- Shipped files of watched directories, for each sink (type, target and scope).
  CREATE TABLE shipped_file (
    directory TEXT NOT NULL, name TEXT NOT NULL, sink TEXT NOT NULL, version TEXT NOT NULL, shipped INTEGER NOT NULL,
    PRIMARY KEY (directory, name, sink)
  ) STRICT, WITHOUT ROWID;
  -- Earlier versions did not store the sink, so the files count for all sinks that are known.
  INSERT INTO shipped_file SELECT directory, name, type || ' ' || target || ' ' || scope, version, shipped FROM seen_file, sink;
  INSERT INTO shipped_file SELECT directory, name, 'stdout  ' || format, version, shipped FROM seen_file,
    (SELECT 'ecs' AS format UNION SELECT 'otel');
  DROP TABLE seen_file;

  -- Files of watched directories that are being read, and those that failed. pid: the process that reads it; 0: none. alone: whether it is
  -- read without other files. deaths: how often its reader ended unexpectedly. problem: why it was not shipped. words: why its reader was ended,
  -- written by the process that ended it. aside: the portlog version that does not retry this version of the file. told: whether that was reported.
  CREATE TABLE file_attempt (
    directory TEXT NOT NULL, name TEXT NOT NULL, site TEXT NOT NULL, version TEXT NOT NULL,
    pid INTEGER NOT NULL, started INTEGER NOT NULL, alone INTEGER NOT NULL, deaths INTEGER NOT NULL,
    words TEXT, problem TEXT, aside TEXT, told INTEGER NOT NULL,
    PRIMARY KEY (directory, name)
  ) STRICT, WITHOUT ROWID;

  -- Unfinished files of watched directories. since: when portlog first saw this version of the file, by its own clock.
  CREATE TABLE unfinished_file (
    directory TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (directory, name)
  ) STRICT, WITHOUT ROWID;
  `,
  indexKnown,
];
