CREATE TABLE sink (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL, target TEXT NOT NULL, scope TEXT NOT NULL,
    UNIQUE (type, target, scope)
  ) STRICT;
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pid INTEGER NOT NULL, started INTEGER NOT NULL,
    what TEXT NOT NULL, sums TEXT NOT NULL DEFAULT '[]'
  , tick INTEGER) STRICT;
CREATE TABLE spool (
    sink INTEGER NOT NULL, seq INTEGER NOT NULL, run INTEGER NOT NULL, outbox INTEGER NOT NULL,
    partition TEXT NOT NULL, events INTEGER NOT NULL, created INTEGER NOT NULL,
    stored INTEGER NOT NULL, checksum INTEGER NOT NULL, damaged INTEGER NOT NULL DEFAULT 0,
    frame BLOB NOT NULL, since INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sink, seq)
  ) STRICT;
CREATE INDEX spool_size ON spool (sink, seq, run, outbox, stored, events, created, damaged);
CREATE TABLE dead (
    sink INTEGER NOT NULL, id TEXT NOT NULL,
    dataset TEXT NOT NULL, partition TEXT NOT NULL, time INTEGER NOT NULL, queued INTEGER NOT NULL,
    died INTEGER NOT NULL, status INTEGER, reason TEXT NOT NULL, body TEXT NOT NULL, ack_group BLOB, revision INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sink, id)
  ) STRICT;
CREATE TABLE lease (sink INTEGER PRIMARY KEY, run INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
CREATE TABLE host (
    site TEXT NOT NULL, key TEXT NOT NULL,
    time INTEGER NOT NULL, up INTEGER NOT NULL, known TEXT NOT NULL, place TEXT NOT NULL DEFAULT '', latest INTEGER NOT NULL DEFAULT 0, found INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (site, key)
  ) STRICT, WITHOUT ROWID;
CREATE TABLE scan (
    nr INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL, id TEXT NOT NULL,
    started INTEGER NOT NULL, ended INTEGER NOT NULL, complete INTEGER NOT NULL,
    run TEXT NOT NULL, counts TEXT NOT NULL, kind TEXT NOT NULL DEFAULT '', reached INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0,
    UNIQUE (site, id)
  ) STRICT;
CREATE TABLE port_list (id INTEGER PRIMARY KEY, ports TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE site (site TEXT PRIMARY KEY, since INTEGER NOT NULL, overdue INTEGER) STRICT;
CREATE TABLE schedule (name TEXT PRIMARY KEY, timetable TEXT NOT NULL, since INTEGER NOT NULL) STRICT;
CREATE TABLE scheduled_scan (
    name TEXT NOT NULL, due INTEGER NOT NULL, site TEXT NOT NULL,
    pid INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER, problem TEXT, announced INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (name, due)
  ) STRICT;
CREATE TABLE "waiting_group" (
    sink INTEGER NOT NULL, ack_group BLOB NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (sink, ack_group, seq)
  ) STRICT, WITHOUT ROWID;
CREATE TABLE ledger (
    nr INTEGER PRIMARY KEY,
    sink INTEGER NOT NULL, ack_group BLOB NOT NULL, fate TEXT NOT NULL, events INTEGER NOT NULL DEFAULT 0,
    UNIQUE (sink, ack_group)
  ) STRICT;
CREATE TABLE shipped_file (
    directory TEXT NOT NULL, name TEXT NOT NULL, sink TEXT NOT NULL, version TEXT NOT NULL, shipped INTEGER NOT NULL, content TEXT,
    PRIMARY KEY (directory, name, sink)
  ) STRICT, WITHOUT ROWID;
CREATE TABLE file_attempt (
    directory TEXT NOT NULL, name TEXT NOT NULL, site TEXT NOT NULL, version TEXT NOT NULL,
    pid INTEGER NOT NULL, started INTEGER NOT NULL, alone INTEGER NOT NULL, deaths INTEGER NOT NULL,
    words TEXT, problem TEXT, aside TEXT, announced INTEGER NOT NULL,
    PRIMARY KEY (directory, name)
  ) STRICT, WITHOUT ROWID;
CREATE TABLE unfinished_file (
    directory TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (directory, name)
  ) STRICT, WITHOUT ROWID;
CREATE INDEX host_place ON host (site, place);
CREATE INDEX host_latest ON host (site, latest);
CREATE TABLE looked (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL, passed INTEGER NOT NULL) STRICT;
CREATE TABLE "announced_change" (nr INTEGER PRIMARY KEY AUTOINCREMENT, scan TEXT NOT NULL, event TEXT NOT NULL) STRICT;
CREATE TABLE "change_offset" (scan TEXT NOT NULL, sink TEXT NOT NULL, nr INTEGER NOT NULL, PRIMARY KEY (scan, sink)) STRICT, WITHOUT ROWID;
CREATE TABLE sink_memory (
    sink INTEGER NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (sink, name)
  ) STRICT, WITHOUT ROWID;
CREATE TABLE sink_upkeep (sink INTEGER PRIMARY KEY, due INTEGER NOT NULL) STRICT;
CREATE TABLE event_total (
    sink TEXT NOT NULL, account TEXT NOT NULL, fate TEXT NOT NULL, events INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (sink, account, fate)
  ) STRICT, WITHOUT ROWID;
CREATE TABLE sink_state (sink TEXT PRIMARY KEY, up INTEGER, since INTEGER NOT NULL, looked INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE moved_host (nr INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, key TEXT NOT NULL, UNIQUE (site, key)) STRICT;
CREATE INDEX moved_host_of ON moved_host (site, nr);
CREATE TABLE "inventory_offset" (site TEXT NOT NULL, sink TEXT NOT NULL, nr INTEGER NOT NULL, PRIMARY KEY (site, sink)) STRICT, WITHOUT ROWID;
CREATE INDEX scan_unreached ON scan (site) WHERE reached = 0;
CREATE INDEX scan_held ON scan (site, started) WHERE held = 1;
CREATE INDEX scan_time ON scan (site, max(started, ended));
CREATE INDEX scan_started ON scan (site, started);
CREATE INDEX scan_ended ON scan (site, complete, ended);
CREATE INDEX scan_kind ON scan (site, kind, complete, started);
CREATE TABLE scan_reach (
    site TEXT NOT NULL, bits INTEGER NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
    kind TEXT NOT NULL, profile TEXT NOT NULL, lists_hosts INTEGER NOT NULL,
    PRIMARY KEY (site, bits, first, kind)
  ) STRICT, WITHOUT ROWID;
CREATE INDEX scan_reach_kind ON scan_reach (site, kind);
CREATE INDEX host_up ON host (site, place, time) WHERE up = 1;
CREATE INDEX file_attempt_read ON file_attempt (directory) WHERE pid <> 0;
CREATE INDEX file_attempt_failed ON file_attempt (directory, name) WHERE problem IS NOT NULL AND pid = 0;
CREATE INDEX scheduled_scan_open ON scheduled_scan (name, due) WHERE ended IS NULL;
CREATE INDEX spool_since ON spool (sink, since, seq, run, events);
CREATE INDEX spool_created ON spool (created);
CREATE INDEX dead_size ON dead (sink, octet_length(body));
CREATE INDEX host_found ON host (site) WHERE found = 1;
CREATE TABLE spool_bytes (sink INTEGER PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
CREATE TRIGGER spool_more AFTER INSERT ON spool BEGIN
    INSERT INTO spool_bytes (sink, bytes) VALUES (new.sink, new.stored) ON CONFLICT (sink) DO UPDATE SET bytes = bytes + new.stored;
  END;
CREATE TRIGGER spool_less AFTER DELETE ON spool BEGIN
    UPDATE spool_bytes SET bytes = bytes - old.stored WHERE sink = old.sink;
  END;
CREATE TRIGGER spool_other AFTER UPDATE OF stored ON spool BEGIN
    UPDATE spool_bytes SET bytes = bytes + new.stored - old.stored WHERE sink = old.sink;
  END;
CREATE INDEX announced_change_of ON announced_change (scan, nr);
CREATE INDEX file_attempt_unannounced ON file_attempt (directory, name) WHERE problem IS NOT NULL AND pid = 0 AND announced = 0;
CREATE INDEX scheduled_scan_unannounced ON scheduled_scan (due) WHERE problem IS NOT NULL AND announced = 0;
CREATE INDEX scan_timed ON scan (site, max(started, ended)) WHERE held = 0;
CREATE TABLE claim (
    sink INTEGER NOT NULL, run INTEGER NOT NULL, nr INTEGER NOT NULL, ack_groups BLOB NOT NULL,
    PRIMARY KEY (sink, run, nr)
  ) STRICT;
CREATE TABLE watched_directory (directory TEXT PRIMARY KEY, looked INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_group_of ON waiting_group (sink, seq);
CREATE INDEX dead_group ON dead (sink, ack_group);
CREATE TRIGGER spool_lost AFTER DELETE ON spool BEGIN
    DELETE FROM inventory_offset WHERE sink = (SELECT type || ' ' || target || ' ' || scope FROM sink WHERE id = old.sink) AND X'00000000000000000000000000000000' IN (SELECT ack_group FROM waiting_group WHERE sink = old.sink AND seq = old.seq);
    DELETE FROM change_offset WHERE sink = (SELECT type || ' ' || target || ' ' || scope FROM sink WHERE id = old.sink) AND scan IN (SELECT lower(hex(ack_group)) FROM (SELECT ack_group FROM waiting_group WHERE sink = old.sink AND seq = old.seq));
    UPDATE ledger SET fate = 'lost', events = iif(fate = 'open', 0, events)
      WHERE sink = old.sink AND ack_group IN (SELECT ack_group FROM waiting_group WHERE sink = old.sink AND seq = old.seq);
    DELETE FROM waiting_group WHERE sink = old.sink AND seq = old.seq;
  END;
CREATE TRIGGER dead_lost AFTER DELETE ON dead WHEN old.ack_group IS NOT NULL BEGIN
    DELETE FROM inventory_offset WHERE sink = (SELECT type || ' ' || target || ' ' || scope FROM sink WHERE id = old.sink) AND X'00000000000000000000000000000000' IN (SELECT old.ack_group AS ack_group);
    DELETE FROM change_offset WHERE sink = (SELECT type || ' ' || target || ' ' || scope FROM sink WHERE id = old.sink) AND scan IN (SELECT lower(hex(ack_group)) FROM (SELECT old.ack_group AS ack_group));
    UPDATE ledger SET fate = 'lost' WHERE sink = old.sink AND ack_group = old.ack_group AND fate = 'died';
  END;
CREATE TABLE pruned_change (scan TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX pruned_change_last ON pruned_change (last);
CREATE TABLE sent_part (nr INTEGER PRIMARY KEY AUTOINCREMENT, sink INTEGER NOT NULL, run INTEGER NOT NULL, ids TEXT NOT NULL) STRICT;
CREATE INDEX sent_part_of ON sent_part (sink, nr);
PRAGMA user_version = 26;
