import { EARLIER_VERSIONS } from './earlier-schema.ts';
import { forgetOffsets } from './forget-offsets.ts';
import { maskStoredArguments } from './mask-arguments.ts';
import type { SchemaStep } from './schema-step.ts';

/**
 * The tables of the state file, one step per released version. `seq` orders the batches of a sink:
 * the run's number times 2³², plus the number of the batch in the run.
 */
export const SCHEMA_VERSIONS: readonly SchemaStep[] = [
  ...EARLIER_VERSIONS,
  `
  -- The time that has passed while portlog was in use. last: the last use. passed: the sum of the times between uses; each counts for a
  -- day at most, so that a clock that jumps expires nothing. spool.since: the value of passed when the batch was stored.
  CREATE TABLE looked (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL, passed INTEGER NOT NULL) STRICT;
  ALTER TABLE spool ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- tries: attempts since the sink accepted other batches but not this one; above 0, the batch is sent after all others.
  ALTER TABLE spool ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- Announced changes of each scan, and the number of the last one that each sink (type, target and scope) has got.
  CREATE TABLE told_change (nr INTEGER PRIMARY KEY AUTOINCREMENT, scan TEXT NOT NULL, event TEXT NOT NULL) STRICT;
  CREATE INDEX told_change_of ON told_change (scan, nr);
  CREATE TABLE told_sink (scan TEXT NOT NULL, sink TEXT NOT NULL, nr INTEGER NOT NULL, PRIMARY KEY (scan, sink)) STRICT, WITHOUT ROWID;
  `,
  `
  -- tick: when the process began, in clock ticks since the machine was started, which setting the clock does not change.
  ALTER TABLE run ADD COLUMN tick INTEGER;
  `,
  // Again, because earlier versions stored the payload of options such as `--data-string`.
  maskStoredArguments,
  `
  -- What a sink stores for its next run: a text for each name, in the sink's own format.
  CREATE TABLE sink_memory (
    sink INTEGER NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (sink, name)
  ) STRICT, WITHOUT ROWID;
  -- When the sink's renew is to be called next.
  CREATE TABLE sink_upkeep (sink INTEGER PRIMARY KEY, due INTEGER NOT NULL) STRICT;
  `,
  `
  -- Sums of events over all runs. account: read, own, replayed. fate: as in the sum of a run, and "read". last: when the latest event was counted.
  CREATE TABLE event_total (
    sink TEXT NOT NULL, account TEXT NOT NULL, fate TEXT NOT NULL, events INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (sink, account, fate)
  ) STRICT, WITHOUT ROWID;
  -- up: whether the sink worked when something was last sent to it (NULL: nothing ever was); since: since when. looked: the last run with this sink.
  CREATE TABLE sink_state (sink TEXT PRIMARY KEY, up INTEGER, since INTEGER NOT NULL, looked INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- Hosts in the order in which their inventory records last changed, and the number of the last one that each sink (type, target and
  -- scope) has got.
  CREATE TABLE moved_host (nr INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, key TEXT NOT NULL, UNIQUE (site, key)) STRICT;
  CREATE INDEX moved_host_of ON moved_host (site, nr);
  CREATE TABLE told_inventory (site TEXT NOT NULL, sink TEXT NOT NULL, nr INTEGER NOT NULL, PRIMARY KEY (site, sink)) STRICT, WITHOUT ROWID;
  -- Earlier versions did not store what each sink got, so each gets all of them once more.
  INSERT INTO moved_host (site, key) SELECT site, key FROM host ORDER BY latest;

  -- events: the number of events of the unit; for an open unit that was moved from another sink, the number that is missing; 0 if unknown.
  ALTER TABLE ledger ADD COLUMN events INTEGER NOT NULL DEFAULT 0;

  -- As before. Also, a sink that has lost inventory records, or changes of a scan (whose id is the unit), counts as not having got them.
  DROP TRIGGER spool_lost;
  CREATE TRIGGER spool_lost AFTER DELETE ON spool BEGIN
    DELETE FROM told_inventory WHERE sink = (SELECT type || ' ' || target || ' ' || scope FROM sink WHERE id = old.sink)
      AND X'00000000000000000000000000000000' IN (SELECT unit FROM waiting_unit WHERE sink = old.sink AND seq = old.seq);
    DELETE FROM told_sink WHERE sink = (SELECT type || ' ' || target || ' ' || scope FROM sink WHERE id = old.sink)
      AND scan IN (SELECT lower(hex(unit)) FROM waiting_unit WHERE sink = old.sink AND seq = old.seq);
    UPDATE ledger SET fate = 'lost', events = iif(fate = 'open', 0, events) WHERE sink = old.sink AND unit IN (SELECT unit FROM waiting_unit WHERE sink = old.sink AND seq = old.seq);
    DELETE FROM waiting_unit WHERE sink = old.sink AND seq = old.seq;
  END;
  DROP TRIGGER dead_lost;
  CREATE TRIGGER dead_lost AFTER DELETE ON dead WHEN old.unit IS NOT NULL BEGIN
    DELETE FROM told_inventory WHERE sink = (SELECT type || ' ' || target || ' ' || scope FROM sink WHERE id = old.sink)
      AND X'00000000000000000000000000000000' = old.unit;
    DELETE FROM told_sink WHERE sink = (SELECT type || ' ' || target || ' ' || scope FROM sink WHERE id = old.sink) AND scan = lower(hex(old.unit));
    UPDATE ledger SET fate = 'lost' WHERE sink = old.sink AND unit = old.unit AND fate = 'died';
  END;
  `,
  `
  -- reached: whether scan_reach contains the kind of the run. held: whether the run has no possible time of its own.
  ALTER TABLE scan ADD COLUMN reached INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE scan ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
  UPDATE scan SET held = 1 WHERE CASE WHEN json_valid(counts) THEN json_extract(counts, '$.held') END = 1;
  CREATE INDEX scan_unreached ON scan (site) WHERE reached = 0;
  CREATE INDEX scan_held ON scan (site, started) WHERE held = 1;
  CREATE INDEX scan_told ON scan (site, max(started, ended)) WHERE held = 0;
  CREATE INDEX scan_time ON scan (site, max(started, ended));
  CREATE INDEX scan_started ON scan (site, started);
  CREATE INDEX scan_ended ON scan (site, complete, ended);
  DROP INDEX scan_kind;
  CREATE INDEX scan_kind ON scan (site, kind, complete, started);

  -- The targets of each kind of run: sorted address ranges, grouped by width (at most 2 to the power of bits); or, with bits = -1, the
  -- target words of the command line. profile: ports and options, without the targets. lists_hosts: whether each host that is up is listed.
  CREATE TABLE scan_reach (
    site TEXT NOT NULL, bits INTEGER NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
    kind TEXT NOT NULL, profile TEXT NOT NULL, lists_hosts INTEGER NOT NULL,
    PRIMARY KEY (site, bits, first, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX scan_reach_kind ON scan_reach (site, kind);

  -- Only hosts that count as up can become missing.
  CREATE INDEX host_up ON host (site, place, time) WHERE up = 1;
  `,
  `
  -- Indexes for rows that each run or status query asks for, and that are few however large the table is.
  CREATE INDEX file_attempt_read ON file_attempt (directory) WHERE pid <> 0;
  CREATE INDEX file_attempt_failed ON file_attempt (directory, name) WHERE problem IS NOT NULL AND pid = 0;
  CREATE INDEX file_attempt_untold ON file_attempt (directory, name) WHERE problem IS NOT NULL AND pid = 0 AND told = 0;
  CREATE INDEX scheduled_scan_open ON scheduled_scan (name, due) WHERE ended IS NULL;
  CREATE INDEX scheduled_scan_untold ON scheduled_scan (due) WHERE problem IS NOT NULL AND told = 0;
  CREATE INDEX spool_since ON spool (sink, since, seq, run, events);
  CREATE INDEX spool_created ON spool (created);
  CREATE INDEX dead_size ON dead (sink, octet_length(body));

  -- found: whether the host was ever up; 0 for addresses at which nothing has answered yet.
  ALTER TABLE host ADD COLUMN found INTEGER NOT NULL DEFAULT 1;
  UPDATE host SET found = 0 WHERE CASE WHEN json_valid(known) THEN json_extract(known, '$.up.yes') IS NULL END;
  CREATE INDEX host_found ON host (site) WHERE found = 1;

  -- The bytes of each sink in the spool, maintained by triggers.
  CREATE TABLE spool_bytes (sink INTEGER PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
  INSERT INTO spool_bytes SELECT sink, sum(stored) FROM spool GROUP BY sink;
  CREATE TRIGGER spool_more AFTER INSERT ON spool BEGIN
    INSERT INTO spool_bytes (sink, bytes) VALUES (new.sink, new.stored) ON CONFLICT (sink) DO UPDATE SET bytes = bytes + new.stored;
  END;
  CREATE TRIGGER spool_less AFTER DELETE ON spool BEGIN
    UPDATE spool_bytes SET bytes = bytes - old.stored WHERE sink = old.sink;
  END;
  CREATE TRIGGER spool_other AFTER UPDATE OF stored ON spool BEGIN
    UPDATE spool_bytes SET bytes = bytes + new.stored - old.stored WHERE sink = old.sink;
  END;
  `,
  `
  -- The version of an inventory record: of several with one id, the largest is the latest. 0 for other events, and for earlier versions.
  ALTER TABLE dead ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- Units (a host of a scan, a scan's end) that a run has claimed, until their fate is known.
  CREATE TABLE claim (
    sink INTEGER NOT NULL, unit BLOB NOT NULL, run INTEGER NOT NULL,
    PRIMARY KEY (sink, unit)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX claim_of ON claim (run);
  `,
  `
  -- New names. An offset is the number of the last entry that a sink (type, target and scope) has got.
  DROP TRIGGER spool_lost;
  DROP TRIGGER dead_lost;
  ALTER TABLE told_change RENAME TO announced_change;
  ALTER TABLE told_sink RENAME TO change_offset;
  ALTER TABLE told_inventory RENAME TO inventory_offset;
  ALTER TABLE file_attempt RENAME COLUMN told TO announced;
  ALTER TABLE scheduled_scan RENAME COLUMN told TO announced;
  UPDATE scan SET counts = replace(counts, '"told', '"announced') WHERE instr(counts, '"told') > 0;
  DROP INDEX told_change_of;
  CREATE INDEX announced_change_of ON announced_change (scan, nr);
  DROP INDEX file_attempt_untold;
  CREATE INDEX file_attempt_unannounced ON file_attempt (directory, name) WHERE problem IS NOT NULL AND pid = 0 AND announced = 0;
  DROP INDEX scheduled_scan_untold;
  CREATE INDEX scheduled_scan_unannounced ON scheduled_scan (due) WHERE problem IS NOT NULL AND announced = 0;
  DROP INDEX scan_told;
  CREATE INDEX scan_timed ON scan (site, max(started, ended)) WHERE held = 0;

  -- What leaves the spool or the dead letters without an acknowledgement is lost, and counts as not sent to the sink.
  CREATE TRIGGER spool_lost AFTER DELETE ON spool BEGIN
    ${forgetOffsets('old.sink', 'SELECT unit FROM waiting_unit WHERE sink = old.sink AND seq = old.seq', 'unit').join(';\n    ')};
    UPDATE ledger SET fate = 'lost', events = iif(fate = 'open', 0, events) WHERE sink = old.sink AND unit IN (SELECT unit FROM waiting_unit WHERE sink = old.sink AND seq = old.seq);
    DELETE FROM waiting_unit WHERE sink = old.sink AND seq = old.seq;
  END;
  CREATE TRIGGER dead_lost AFTER DELETE ON dead WHEN old.unit IS NOT NULL BEGIN
    ${forgetOffsets('old.sink', 'SELECT old.unit AS unit', 'unit').join(';\n    ')};
    UPDATE ledger SET fate = 'lost' WHERE sink = old.sink AND unit = old.unit AND fate = 'died';
  END;
  `,
  `
  -- Units (a host of a scan, a scan's end) that a run has claimed, until their fate is known: one row per batch, with all of its units.
  DROP TABLE claim;
  CREATE TABLE claim (
    sink INTEGER NOT NULL, run INTEGER NOT NULL, nr INTEGER NOT NULL, units BLOB NOT NULL,
    PRIMARY KEY (sink, run, nr)
  ) STRICT;
  `,
  `
  -- Watched directories, also those without a scan so far. looked: when the directory was last listed, epoch milliseconds.
  CREATE TABLE watched_directory (directory TEXT PRIMARY KEY, looked INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- New names: a unit is now called acknowledgement group, which a sink has acknowledged as a whole or not.
  DROP TRIGGER spool_lost;
  DROP TRIGGER dead_lost;
  DROP INDEX waiting_unit_of;
  DROP INDEX dead_unit;
  ALTER TABLE waiting_unit RENAME TO waiting_group;
  ALTER TABLE waiting_group RENAME COLUMN unit TO ack_group;
  ALTER TABLE ledger RENAME COLUMN unit TO ack_group;
  ALTER TABLE dead RENAME COLUMN unit TO ack_group;
  ALTER TABLE claim RENAME COLUMN units TO ack_groups;
  CREATE INDEX waiting_group_of ON waiting_group (sink, seq);
  CREATE INDEX dead_group ON dead (sink, ack_group);

  -- As before.
  CREATE TRIGGER spool_lost AFTER DELETE ON spool BEGIN
    ${forgetOffsets('old.sink', 'SELECT ack_group FROM waiting_group WHERE sink = old.sink AND seq = old.seq').join(';\n    ')};
    UPDATE ledger SET fate = 'lost', events = iif(fate = 'open', 0, events)
      WHERE sink = old.sink AND ack_group IN (SELECT ack_group FROM waiting_group WHERE sink = old.sink AND seq = old.seq);
    DELETE FROM waiting_group WHERE sink = old.sink AND seq = old.seq;
  END;
  CREATE TRIGGER dead_lost AFTER DELETE ON dead WHEN old.ack_group IS NOT NULL BEGIN
    ${forgetOffsets('old.sink', 'SELECT old.ack_group AS ack_group').join(';\n    ')};
    UPDATE ledger SET fate = 'lost' WHERE sink = old.sink AND ack_group = old.ack_group AND fate = 'died';
  END;
  `,
  `
  -- content: a digest of the file's content; NULL for sinks that recognise events, and for files that an earlier version has shipped.
  ALTER TABLE shipped_file ADD COLUMN content TEXT;
  `,
  `
  -- Scans of which some announced changes were deleted. last: the number of the last deleted one.
  CREATE TABLE pruned_change (scan TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX pruned_change_last ON pruned_change (last);
  `,
  `
  -- Events that a sink has acknowledged, of groups that it does not have as a whole: a row per answer. ids: JSON, the ids of events by group.
  CREATE TABLE sent_part (nr INTEGER PRIMARY KEY AUTOINCREMENT, sink INTEGER NOT NULL, run INTEGER NOT NULL, ids TEXT NOT NULL) STRICT;
  CREATE INDEX sent_part_of ON sent_part (sink, nr);
  `,
];
