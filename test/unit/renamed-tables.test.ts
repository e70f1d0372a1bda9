import { expect, test } from 'vitest';
import { AnnouncedChanges } from '../../src/change/announced.ts';
import { InventoryOffsets } from '../../src/change/inventory-offsets.ts';
import { Database } from '../../src/state/database.ts';
import { ScheduledScans } from '../../src/state/scheduled-scans.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { stateFile } from '../../src/state/store.ts';
import { openStore } from '../support/delivery.ts';
import { packFrame } from '../../src/state/frame.ts';
import { freshDir } from '../support/run-portlog.ts';

const RENAMING = SCHEMA_VERSIONS.findIndex((step) => typeof step === 'string' && step.includes('RENAME TO announced_change'));
const SINK = { type: 'loki', target: 'http://loki', scope: '' };
const KEY = 'loki http://loki ';
const SCAN = 'ab'.repeat(16);
const EVENT = JSON.stringify({
  id: 'e',
  ackGroup: 'u',
  dataset: 'nmap.change',
  action: 'host-new',
  time: 1,
  created: 1,
  severity: 21,
  message: 'm',
  shared: {},
  own: {},
});

/** A state file of the version before tables and columns got other names. */
function oldState(): string {
  const stateDir = freshDir();
  const old = Database.open(stateFile(stateDir), SCHEMA_VERSIONS.slice(0, RENAMING));
  old.run('INSERT INTO sink (id, type, target, scope) VALUES (1, ?, ?, ?)', SINK.type, SINK.target, SINK.scope);
  for (const event of [EVENT, EVENT.replace('"m"', '"n"')]) old.run('INSERT INTO told_change (scan, event) VALUES (?, ?)', SCAN, event);
  old.run('INSERT INTO told_sink (scan, sink, nr) VALUES (?, ?, 1)', SCAN, KEY);
  for (const key of ['192.0.2.1', '192.0.2.2']) old.run("INSERT INTO moved_host (site, key) VALUES ('lab', ?)", key);
  old.run("INSERT INTO told_inventory (site, sink, nr) VALUES ('lab', ?, 1)", KEY);
  for (const [name, told] of [
    ['quiet', 1],
    ['loud', 0],
  ] as const) {
    old.run("INSERT INTO scheduled_scan (name, due, site, pid, started, ended, problem, told) VALUES (?, 5, 'lab', 1, 5, 6, 'why', ?)", name, told);
    old.run("INSERT INTO file_attempt VALUES ('/d', ?, 'lab', 'v', 0, 1, 0, 0, NULL, 'why', NULL, ?)", name, told);
  }
  old.run(
    `INSERT INTO scan (site, id, started, ended, complete, run, counts) VALUES ('lab', 'a', 1, 2, 1, '{}', '{"first":2,"toldFirst":2,"toldShrank":true}')`,
  );
  old.run(
    "INSERT INTO dead (sink, id, dataset, partition, time, queued, died, status, reason, body, unit) VALUES (1, 'e', 'd', '', 1, 1, 1, 400, 'r', 'b', ?)",
    Buffer.from(SCAN, 'hex'),
  );
  old.close();
  return stateDir;
}

test('a state file of before keeps what each sink has been sent, and what has been announced', () => {
  const store = openStore(oldState());
  const { database } = store;
  expect(new ScheduledScans(database).failed(() => true, 10).map(({ name }) => name)).toEqual(['loud']);
  expect(database.all('SELECT name FROM file_attempt WHERE announced = 0')).toEqual([{ name: 'loud' }]);
  expect(JSON.parse(database.get('SELECT counts FROM scan')?.['counts'] as string)).toEqual({ first: 2, announcedFirst: 2, announcedShrank: true });
  expect(new InventoryOffsets(database, 'lab').missed(SINK)).toEqual(['192.0.2.2']);
  expect(new AnnouncedChanges(database).missed(SCAN, SINK).events.map(({ message }) => message)).toEqual(['n']);
  // A dead letter that is thrown away: its scan's changes count as not sent.
  database.run('DELETE FROM dead');
  expect(new AnnouncedChanges(database).missed(SCAN, SINK).events.map(({ message }) => message)).toEqual(['m', 'n']);
  store.close();
});

test('none of the names of before is left', () => {
  const store = openStore(oldState());
  const names = store.database.all('SELECT name, sql FROM sqlite_schema').map(({ name, sql }) => `${String(name)} ${String(sql)}`);
  expect(names.filter((text) => /told/.test(text.replaceAll(/--.*/g, '')))).toEqual([]);
  store.close();
});

const GROUPS = SCHEMA_VERSIONS.findIndex((step) => typeof step === 'string' && step.includes('RENAME COLUMN unit TO ack_group'));
const [WAITING, DEAD, WHOLE] = ['1', '2', '3'].map((digit) => digit.repeat(32)) as [string, string, string];

/** A state file of the version before units were called acknowledgement groups: one waits, one has a dead letter, one is delivered. */
function stateWithUnits(): string {
  const stateDir = freshDir();
  const old = Database.open(stateFile(stateDir), SCHEMA_VERSIONS.slice(0, GROUPS));
  const { frame, checksum } = packFrame(
    [{ id: 'w', dataset: 'nmap.port', time: 1, queued: 1, partition: '', parts: ['b'], bytes: 1, ackGroup: { key: WAITING } }],
    '',
  );
  old.run('INSERT INTO sink (id, type, target, scope) VALUES (1, ?, ?, ?)', SINK.type, SINK.target, SINK.scope);
  old.run(
    "INSERT INTO spool (sink, seq, run, outbox, partition, events, created, stored, checksum, frame) VALUES (1, 5, 1, 0, '', 1, 1, 9, ?, ?)",
    checksum,
    frame,
  );
  old.run(`INSERT INTO waiting_unit (sink, unit, seq) VALUES (1, x'${WAITING}', 5)`);
  old.run(
    `INSERT INTO ledger (sink, unit, fate, events) VALUES (1, x'${WAITING}', 'whole', 2), (1, x'${DEAD}', 'died', 3), (1, x'${WHOLE}', 'whole', 4)`,
  );
  old.run(
    `INSERT INTO dead (sink, id, unit, dataset, partition, time, queued, died, reason, body) VALUES (1, 'd', x'${DEAD}', 'nmap.port', '', 1, 1, 1, 'r', 'b')`,
  );
  old.run(`INSERT INTO claim (sink, run, nr, units) VALUES (1, 1, 1, x'${WAITING}${DEAD}')`);
  old.close();
  return stateDir;
}

test('a state file of before knows what each sink has of each acknowledgement group', () => {
  const store = openStore(stateWithUnits());
  const { ledger, deadLetters, spool } = store.tables(SINK);
  expect([WAITING, DEAD, WHOLE].map((key) => [ledger.fateOf(key), ledger.sizeOf(key)])).toEqual([
    ['spooled', 2],
    [undefined, 3],
    ['delivered', 4],
  ]);
  expect(deadLetters.some(9).map(({ id, ackGroup }) => [id, ackGroup?.key])).toEqual([['d', DEAD]]);
  expect(store.database.all('SELECT lower(hex(ack_groups)) AS keys FROM claim')).toEqual([{ keys: WAITING + DEAD }]);
  ledger.acknowledgeAll(5);
  spool.remove(5);
  expect(ledger.fateOf(WAITING)).toBe('delivered');
  store.close();
});

test('what leaves the spool or the dead letters of a state file of before is lost', () => {
  const store = openStore(stateWithUnits());
  store.database.run('DELETE FROM spool');
  store.database.run('DELETE FROM dead');
  expect(store.database.all('SELECT fate FROM ledger ORDER BY nr')).toEqual([{ fate: 'lost' }, { fate: 'lost' }, { fate: 'whole' }]);
  expect(store.database.all('SELECT * FROM waiting_group')).toEqual([]);
  store.close();
});

test('of a state file of before nothing is called a unit', () => {
  const store = openStore(stateWithUnits());
  const names = store.database.all('SELECT name, sql FROM sqlite_schema').map(({ name, sql }) => `${String(name)} ${String(sql)}`);
  expect(names.filter((text) => /unit/.test(text.replaceAll(/--.*/g, '')))).toEqual([]);
  store.close();
});
