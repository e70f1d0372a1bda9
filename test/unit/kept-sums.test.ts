import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnnouncedChanges } from '../../src/change/announced.ts';
import { type LogEvent, Shared } from '../../src/event/event.ts';
import { Database } from '../../src/state/database.ts';
import { unknownHost } from '../../src/state/known-host.ts';
import { KnownHosts } from '../../src/state/known-hosts.ts';
import { knownSites } from '../../src/state/sites.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { stateFile } from '../../src/state/store.ts';
import { fastDir } from '../support/run-portlog.ts';
import { runs } from '../support/seed.ts';

const WAITING =
  'INSERT INTO spool (sink, seq, run, outbox, partition, events, created, stored, checksum, frame) VALUES (?, ?, 1, 0, ?, 1, 1, ?, 0, ?)';
const FRAME = Buffer.from('frame');

function opened(versions = SCHEMA_VERSIONS, path = stateFile(fastDir())): Database {
  return Database.open(path, versions);
}

function sums(database: Database): unknown {
  return database.all('SELECT sink, bytes FROM spool_bytes WHERE bytes > 0 ORDER BY sink');
}

function counted(database: Database): unknown {
  return database.all('SELECT sink, sum(stored) AS bytes FROM spool GROUP BY sink HAVING bytes > 0 ORDER BY sink');
}

test('how much waits for a sink is known without counting it', () => {
  const step = fc.record({
    what: fc.constantFrom('add', 'add', 'shrink', 'remove', 'purge'),
    sink: fc.integer({ min: 1, max: 3 }),
    bytes: fc.nat(999),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const database = opened();
      database.withoutDurability();
      for (const [seq, { what, sink, bytes }] of steps.entries()) {
        if (what === 'add') database.run(WAITING, sink, seq, '', bytes, FRAME);
        if (what === 'shrink')
          database.run('UPDATE spool SET stored = ? WHERE sink = ? AND seq = (SELECT min(seq) FROM spool WHERE sink = ?)', bytes, sink, sink);
        if (what === 'remove') database.run('DELETE FROM spool WHERE sink = ? AND seq = (SELECT max(seq) FROM spool WHERE sink = ?)', sink, sink);
        if (what === 'purge') database.run('DELETE FROM spool WHERE sink = ?', sink);
        expect(sums(database)).toEqual(counted(database));
      }
      database.close();
    }),
    { numRuns: runs(20) },
  );
});

test('an old state: what waits is counted once, and addresses at which nothing has answered are no hosts', () => {
  const path = stateFile(fastDir());
  const step = SCHEMA_VERSIONS.findIndex((one) => typeof one === 'string' && one.includes('CREATE TABLE spool_bytes'));
  const old = opened(SCHEMA_VERSIONS.slice(0, step), path);
  for (const seq of [1, 2, 3]) old.run(WAITING, seq === 3 ? 2 : 1, seq, '', 100 * seq, FRAME);
  const known = (up: object): string => JSON.stringify({ ...unknownHost('x'), up });
  for (const [key, json] of [
    ['192.0.2.1', known({ yes: { first: 1, times: [1] } })],
    ['192.0.2.2', known({ no: { first: 1, times: [1] } })],
    ['192.0.2.3', '{'],
  ] as const)
    for (const site of ['a', 'b']) old.run('INSERT INTO host (site, key, time, up, known) VALUES (?, ?, 1, 1, ?)', site, key, json);
  old.close();
  const database = opened(SCHEMA_VERSIONS, path);
  expect(sums(database)).toEqual([
    { sink: 1, bytes: 300 },
    { sink: 2, bytes: 300 },
  ]);
  expect(knownSites(database)).toEqual(['a', 'b']);
  // What cannot be read any more counts.
  expect(new KnownHosts(database, 'a').count()).toBe(2);
  const hosts = new KnownHosts(database, 'a');
  hosts.put({ ...unknownHost('192.0.2.2'), up: { yes: { first: 1, times: [1] } } }, 1);
  hosts.put({ ...unknownHost('192.0.2.4'), up: { no: { first: 1, times: [1] } } }, 1);
  expect(hosts.count()).toBe(3);
  database.close();
});

test('a list of ports is kept once, whoever has looked it up before', () => {
  const database = opened();
  const list = Array.from({ length: 50 }, (_, i) => 2 * i + 1).join(',');
  const tested = [{ protocol: 'tcp', ports: list, tests: { first: 1, times: [1] }, state: 'closed', scan: 1 }];
  const info = { type: 'syn', protocol: 'tcp', numservices: 50, services: list, scanflags: undefined };
  const host = { ...unknownHost('192.0.2.1'), scan: 1, time: 1, tested };
  const raw = (): unknown => database.get('SELECT known FROM host')?.['known'];
  new KnownHosts(database, 'a').put(host, 1);
  expect(raw()).toContain(list);
  const hosts = new KnownHosts(database, 'a');
  // Looked up in vain, and kept then.
  hosts.put(host, 1);
  hosts.keepLists({ scaninfo: [info] });
  hosts.put(host, 1);
  expect(raw()).not.toContain(list);
  for (const other of [hosts, new KnownHosts(database, 'a')]) expect(other.get('192.0.2.1')?.tested).toEqual(tested);
  new KnownHosts(database, 'a').put(host, 1);
  expect(raw()).not.toContain(list);
  database.close();
});

test('offsets of a scan are deleted with its announced changes, and nothing else', () => {
  const database = opened();
  database.withoutDurability();
  const announced = new AnnouncedChanges(database);
  const sink = { type: 'a', target: 'b', scope: 'c' };
  const event = { dataset: 'nmap.change', shared: new Shared({}) } as unknown as LogEvent;
  database.transaction(() => {
    announced.add('first', [event, event], [sink]);
    announced.add('second', [event], [sink]);
    for (let i = 0; i < 9_998; i++) announced.add(`${i}`, [event], [sink]);
  });
  const told = (): readonly unknown[] =>
    database.all("SELECT scan FROM change_offset WHERE scan IN ('first', 'second', '0', '9997') ORDER BY scan").map(({ scan }) => scan);
  expect(told()).toEqual(['0', '9997', 'first', 'second']);
  // Room is made once in 256.
  announced.add(
    'more',
    Array.from({ length: 256 }, () => event),
    [sink],
  );
  expect([told(), announced.missed('first', { ...sink, scope: 'other' })]).toEqual([
    ['0', '9997', 'first', 'second'],
    { events: [], areSomeDeleted: true },
  ]);
  // Of which scans some are gone is known for a million more.
  database.run("INSERT INTO announced_change (nr, scan, event) VALUES (1100000, 'later', '{}')");
  announced.add(
    'more',
    Array.from({ length: 256 }, () => event),
    [sink],
  );
  expect(told()).toEqual([]);
  announced.add('first', [event], [sink]);
  expect(told()).toEqual(['first']);
  expect(announced.missed('first', sink)).toEqual({ events: [], areSomeDeleted: false });
  database.close();
});
