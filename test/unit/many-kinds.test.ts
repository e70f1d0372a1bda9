import { expect, test } from 'vitest';
import { KnownScans, LAST } from '../../src/change/scans.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { stateFile } from '../../src/state/store.ts';
import { fastDir } from '../support/run-portlog.ts';
import { World } from '../support/world.ts';

const KINDS = 400;

test('of hundreds of kinds of scan at an address some are left out once very much was asked', () => {
  const database = Database.open(stateFile(fastDir()), SCHEMA_VERSIONS);
  const scans = new KnownScans(database, 'default');
  database.transaction(() => {
    for (let i = 0; i < KINDS; i++) {
      const record = scans.begin(`scan ${i}`, i, { scanner: 'nmap', args: `nmap -T${i} 10.0.0.0/8`, verbose: undefined, scaninfo: [] });
      scans.save({ ...record, complete: true });
    }
  });
  const found = (): number => database.transaction(() => [...scans.at.earlier('10.0.0.7', LAST)].length);
  expect([found(), scans.takeLeftOut()]).toEqual([KINDS, false]);
  for (let i = 0; i < 1000; i++) found();
  const few = found();
  expect(few).toBeGreaterThanOrEqual(20);
  expect(few).toBeLessThan(100);
  expect([scans.takeLeftOut(), scans.takeLeftOut()]).toEqual([true, false]);
  // Another input may ask as much.
  scans.beginInput();
  expect([found(), scans.takeLeftOut()]).toEqual([KINDS, false]);
  database.close();
});

test('a remark says that kinds of scan were left out', async () => {
  const world = new World({ event: { now: () => 1_800_000_000_000 } });
  const scans = (count: number): string =>
    Array.from(
      { length: count },
      (_, i) =>
        `<nmaprun scanner="nmap" args="nmap -v -T${i} 10.0.0.0/8" start="${1_700_000_000 - i}"><host><status state="up"/><address addr="10.0.${i >> 8}.${i & 255}" addrtype="ipv4"/></host><runstats><finished time="1700000000" exit="success"/></runstats></nmaprun>`,
    ).join('');
  const { inputs } = await world.run([scans(100), scans(900)]);
  expect(inputs[0]?.remarks).toEqual([]);
  expect(inputs[1]?.remarks).toEqual([
    'so many kinds of scan covered the same addresses before that it was not compared with all of them: what is new may be reported as seen for the first time, and that it covers less may not be reported',
  ]);
});
