import { afterEach, beforeEach, expect, test } from 'vitest';
import { KnownScans, type RunSetup, type ScanRecord } from '../../src/change/scans.ts';
import { stateFile } from '../../src/state/store.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { World } from '../support/world.ts';

const START = 1_700_000_000_000;

let database: Database;
beforeEach(() => {
  database = Database.open(stateFile(freshDir()), SCHEMA_VERSIONS);
});
afterEach(() => database.close());

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
  const kept = new KnownScans(database, 'quiet').complete();
  expect(kept.map(({ id }) => id)).toEqual(['scan 2', 'scan 1']);
  expect(database.get('SELECT count(*) AS n FROM scan')?.['n']).toBeLessThan(2 * (100 + 1 + 64) + 3);
});

test('of a kind the first and the latest are kept, wherever the output went', () => {
  const scans = new KnownScans(database, 'site');
  database.transaction(() => {
    for (let nr = 1; nr <= 1000; nr++) run(scans, nr, `nmap -v 192.0.2.0/24 -oX scan-${nr}.xml`);
  });
  const kept = new KnownScans(database, 'site').complete().map(({ started }) => (started - START) / 1000);
  expect(kept.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, i) => 1000 - i));
  expect(kept.at(-1)).toBe(1);
  expect(kept.length).toBeLessThan(100 + 64 + 2);
});

test('very many kinds are bounded: those that were used last are kept', () => {
  const scans = new KnownScans(database, 'site');
  database.transaction(() => {
    for (let nr = 1; nr <= 5300; nr++) run(scans, nr, `nmap -v 10.${nr >> 8}.${nr & 255}.7`);
  });
  const kept = new KnownScans(database, 'site').complete();
  expect(kept.length).toBeLessThanOrEqual(5064);
  expect(kept[0]?.id).toBe('scan 5300');
});

test('runs of a state from before there were kinds are sorted into them', () => {
  const scans = new KnownScans(database, 'site');
  database.transaction(() => {
    for (let nr = 1; nr <= 60; nr++) run(scans, nr, 'nmap -v 192.0.2.0/24');
    database.run("UPDATE scan SET kind = ''");
    for (let nr = 61; nr <= 400; nr++) run(scans, nr, 'nmap -v 192.0.2.0/24');
  });
  const kept = new KnownScans(database, 'site').complete();
  expect(kept.length).toBeLessThan(100 + 64 + 2);
  expect(new Set(kept.map(({ kind }) => kind)).size).toBe(1);
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
