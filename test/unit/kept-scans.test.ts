import { expect, test } from 'vitest';
import type { RunSetup, ScanRecord } from '../../src/change/scan-record.ts';
import { wouldList } from '../../src/change/coverage.ts';
import { KnownScans, LAST } from '../../src/change/scans.ts';
import { stateFile } from '../../src/state/store.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { freshDir } from '../support/run-portlog.ts';
import { completeRuns } from '../support/plain-runs.ts';
import { host, port, scan } from '../support/scans.ts';
import { World } from '../support/world.ts';
import { database, ownDatabase } from '../support/own-database.ts';

const START = 1_700_000_000_000;

ownDatabase();

function setup(args: string): RunSetup {
  return { scanner: 'nmap', args, verbose: 1, scaninfo: [{ type: 'syn', protocol: 'tcp', numservices: 1, services: '22', scanflags: undefined }] };
}

function run(scans: KnownScans, nr: number, args: string, complete = true): ScanRecord {
  const record = scans.begin(`scan ${nr}`, START + nr * 1000, setup(args));
  record.ended = record.started + 500;
  record.complete = complete;
  scans.save(record);
  return record;
}

test('neither other sites, nor runs that were cut, nor a scan shipped again take away what a comparison needs', () => {
  const scans = new KnownScans(database, 'quiet');
  run(scans, 1, 'nmap -v 192.0.2.0/24');
  run(scans, 2, 'nmap -v -p 22 198.51.100.0/24');
  database.transaction(() => {
    const busy = new KnownScans(database, 'busy');
    for (let nr = 10; nr < 2600; nr++) run(busy, nr, 'nmap -v 203.0.113.0/24 -oX today.xml');
    for (let nr = 3000; nr < 5600; nr++) run(scans, nr, 'nmap -v 203.0.113.0/24', false);
    for (let i = 0; i < 3000; i++) scans.begin('scan 2', START, setup('nmap -v -p 22 198.51.100.0/24'));
  });
  const kept = completeRuns(database, 'quiet');
  expect(kept.map(({ id }) => id)).toEqual(['scan 2', 'scan 1']);
  expect(database.get('SELECT count(*) AS n FROM scan')?.['n']).toBeLessThan(2 * (100 + 1 + 64) + 3);
});

test('of a kind the first and the latest are kept, wherever the output went', () => {
  const scans = new KnownScans(database, 'site');
  database.transaction(() => {
    for (let nr = 1; nr <= 1000; nr++) run(scans, nr, `nmap -v 192.0.2.0/24 -oX scan-${nr}.xml`);
  });
  const kept = completeRuns(database, 'site').map(({ started }) => (started - START) / 1000);
  expect(kept.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, i) => 1000 - i));
  expect(kept.at(-1)).toBe(1);
  expect(kept.length).toBeLessThan(100 + 64 + 2);
});

test('of two sites that are scanned in turn, too', () => {
  const sites = ['north', 'south'].map((site) => new KnownScans(database, site));
  database.transaction(() => {
    for (let nr = 1; nr <= 1000; nr++) for (const scans of sites) run(scans, nr, 'nmap -v 192.0.2.0/24');
  });
  for (const site of ['north', 'south']) expect(completeRuns(database, site).length).toBeLessThan(100 + 64 + 2);
});

test('very many kinds are bounded: those that were used last are kept', () => {
  const scans = new KnownScans(database, 'site');
  database.transaction(() => {
    for (let nr = 1; nr <= 5300; nr++) run(scans, nr, `nmap -v 10.${nr >> 8}.${nr & 255}.7`);
  });
  const kept = completeRuns(database, 'site');
  expect(kept.length).toBeLessThanOrEqual(5064);
  expect(kept[0]?.id).toBe('scan 5300');
});

test('what a site scans again and again is kept when very many kinds come once', () => {
  const scans = new KnownScans(database, 'site');
  database.transaction(() => {
    for (const nr of [1, 2]) run(scans, nr, 'nmap -v 192.0.2.0/24');
    for (let nr = 10; nr <= 5300; nr++) run(scans, nr, `nmap -v 10.${nr >> 8}.${nr & 255}.7`);
  });
  const kept = completeRuns(database, 'site');
  expect(kept.length).toBeLessThanOrEqual(5064);
  expect(kept.slice(-2).map(({ id }) => id)).toEqual(['scan 2', 'scan 1']);
});

test('runs of a state from before there were kinds are sorted into them', () => {
  const scans = new KnownScans(database, 'site');
  database.transaction(() => {
    for (let nr = 1; nr <= 60; nr++) run(scans, nr, 'nmap -v 192.0.2.0/24');
    database.run("UPDATE scan SET kind = '', reached = 0");
    for (let nr = 61; nr <= 400; nr++) run(scans, nr, 'nmap -v 192.0.2.0/24');
  });
  const kept = completeRuns(database, 'site');
  expect(kept.length).toBeLessThan(100 + 64 + 2);
  expect(new Set(kept.map(({ kind }) => kind)).size).toBe(1);
});

test('a state of before: its runs are compared with, and what told no time is held as it was', () => {
  const path = stateFile(freshDir());
  const old = Database.open(
    path,
    SCHEMA_VERSIONS.slice(
      0,
      SCHEMA_VERSIONS.findIndex((step) => typeof step === 'string' && step.includes('CREATE TABLE scan_reach')),
    ),
  );
  const insert = 'INSERT INTO scan (site, id, started, ended, complete, run, counts, kind) VALUES (?, ?, ?, ?, 1, ?, ?, ?)';
  const counts = (held: boolean): string => JSON.stringify({ firstHosts: 0, firstPorts: 0, firstFindings: 0, changes: 0, changedHosts: 0, held });
  old.run(insert, 'site', 'a', START, START + 1, JSON.stringify(setup('nmap -v 192.0.2.0/24')), counts(false), 'as it was');
  old.run(insert, 'site', 'b', START + 5, START + 6, JSON.stringify(setup('nmap -v 198.51.100.7')), counts(true), '');
  old.run(insert, 'site', 'c', START + 7, START + 8, '{', '{', 'as it was');
  old.close();
  const now = Database.open(path, SCHEMA_VERSIONS);
  const scans = new KnownScans(now, 'site');
  const found = (address: string): readonly string[] =>
    [...scans.at.earlier(address, LAST)].filter(({ coverage }) => wouldList(coverage, address)).map(({ id }) => id);
  // Before a run begins, as for who only looks, and after.
  for (const begin of [() => undefined, () => now.transaction(() => scans.begin('d', START + 9, setup('nmap -v 203.0.113.7')))]) {
    begin();
    expect([found('192.0.2.1'), found('198.51.100.7'), found('198.51.100.8')]).toEqual([['a'], ['b'], []]);
    expect(scans.withoutOwnTimeAfter(START)).toEqual([{ nr: 2, started: START + 5 }]);
  }
  expect(now.get('SELECT count(*) AS n FROM scan WHERE reached = 0')).toEqual({ n: 0 });
  now.close();
});

test('a host is new after thousands of other scans, too', async () => {
  const world = new World();
  const wide = (day: number, inside: string): string =>
    scan(
      `<scaninfo type="syn" protocol="tcp" numservices="1" services="80"/>${inside}`,
      `scanner="nmap" args="nmap -v -p 80 192.0.2.0/24" start="${1_700_000_000 + day * 86_400}"`,
    ).replaceAll('1760000060', String(1_700_000_060 + day * 86_400));
  const seen = (day: number, address: string): string =>
    host(address, port(80), `starttime="${1_700_000_001 + day * 86_400}" endtime="${1_700_000_002 + day * 86_400}"`);
  await world.ship(wide(0, seen(0, '192.0.2.1')));
  const file = Database.open(stateFile(world.stateDir), SCHEMA_VERSIONS);
  file.transaction(() => {
    const others = new KnownScans(file, 'default');
    for (let nr = 10; nr < 2400; nr++) run(others, nr, 'nmap -v 203.0.113.0/24');
  });
  file.close();
  expect(await world.ship(wide(1, seen(1, '192.0.2.1') + seen(1, '192.0.2.2')))).toEqual(['192.0.2.2 is new, with 80/tcp http open']);
});
