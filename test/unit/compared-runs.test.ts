import fc from 'fast-check';
import { beforeEach, afterEach, describe, expect, test } from 'vitest';
import { wouldList } from '../../src/change/coverage.ts';
import { ComparedRun } from '../../src/change/compared-run.ts';
import type { LaterRun, RunSetup, ScanRecord } from '../../src/change/scan-record.ts';
import { KnownScans, LAST } from '../../src/change/scans.ts';
import { shrinkage } from '../../src/change/shrinkage.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { stateFile } from '../../src/state/store.ts';
import { completeRuns, isBefore } from '../support/plain-runs.ts';
import { fastDir } from '../support/run-portlog.ts';
import { runs } from '../support/seed.ts';

const START = 1_700_000_000_000;
const ADDRESSES = [
  '10.0.0.0',
  '10.0.0.7',
  '10.0.1.255',
  '10.1.0.0',
  '203.0.113.9',
  '2001:db8::7',
  '2001:db8:0:1::',
  'fe80::1%eth0',
  '00:11:22:33:44:55',
];

/** Words as people write them after `nmap`: few of each, so that they meet. */
const target = fc.constantFrom(
  ...ADDRESSES.slice(0, 6),
  '10.0.0.0/24',
  '10.0.0.0/16',
  '10.0.0.0/8',
  '10.0.0-1.1-254',
  '10.0.1.128-255',
  '0.0.0.0/0',
  '2001:db8::/64',
  '2001:db8::/32',
  'fe80::/10',
  'www.example.org',
  'host3.example.org',
  'mail.example.org',
);
/** So many ranges that they are entered as wider ones. */
const many = fc
  .array(fc.nat(500), { minLength: 65, maxLength: 200 })
  .map((octets) => octets.map((n) => `10.${n >> 8}.${n & 255}.${(n * 2) & 254}`).join(' '));
const names = fc.integer({ min: 60, max: 70 }).map((n) => Array.from({ length: n }, (_, i) => `host${i}.example.org`).join(' '));
const args = fc
  .record({
    how: fc.constantFrom('nmap -v', 'nmap', 'nmap --open', 'nmap -sV -v', 'masscan', 'nmap -v -iL list', 'nmap -v --unknown', 'nmap -e eth0 -v'),
    targets: fc.oneof({ weight: 8, arbitrary: fc.array(target, { maxLength: 3 }).map((words) => words.join(' ')) }, many, names),
    excluded: fc.option(fc.constantFrom('10.0.0.7', '10.0.0.0/25')),
  })
  .map(({ how, targets, excluded }) => `${how} ${targets}${excluded === null ? '' : ` --exclude ${excluded}`}`);
const scanned = fc.record({
  args: fc.option(args, { freq: 20, nil: undefined }),
  second: fc.nat(6),
  complete: fc.boolean(),
  services: fc.constantFrom('22', '22,80'),
  unread: fc.option(fc.constantFrom('unknown' as const, ['10.0.0.7']), { freq: 4, nil: undefined }),
  announcedUnlisted: fc.boolean(),
  /** As another version of portlog takes it in, or the disk has left it. */
  fate: fc.constantFrom('', '', '', '', 'not entered', 'no kind', 'damaged'),
});

let database: Database;
beforeEach(() => {
  database = Database.open(stateFile(fastDir()), SCHEMA_VERSIONS);
  database.withoutDurability();
});
afterEach(() => database.close());

describe('what is compared with a run', () => {
  test('is what going through all runs would find', () => {
    let site = 0;
    const property = fc.property(fc.array(scanned, { minLength: 1, maxLength: 12 }), fc.option(fc.nat(6), { freq: 1 }), (history, crowded) => {
      const [name, scans] = [`site ${++site}`, new KnownScans(database, `site ${site}`)];
      const all = history.map((one, nr) => database.transaction(() => enter(scans, nr, one)));
      // More others than are looked at one by one.
      for (let i = 0; i < 20; i++)
        database.transaction(() => enter(scans, 100 + i, { ...PLAIN, args: 'nmap -sS 203.0.113.200', second: crowded ?? 0 }));
      for (const [i, { fate }] of history.entries()) spoil((all[i] as ScanRecord).nr, fate);
      for (const record of all) same(name, record);
      database.transaction(() => all.forEach((record) => same(name, record)));
      // What others have taken in is entered when a run begins.
      database.transaction(() => enter(scans, history.length, { ...(history[0] as Scanned), complete: false }));
      for (const record of all) same(name, record);
    });
    fc.assert(property, { numRuns: runs(40) });
  });

  test('is found by one of very many names, too', () => {
    const scans = new KnownScans(database, 'names');
    const wide = Array.from({ length: 200 }, (_, i) => `host${i}.example.org`).join(' ');
    const all = [wide, 'host7.example.org', wide.replace('host7.', 'host700.')].map((words, nr) =>
      enter(scans, nr, { ...PLAIN, args: `nmap -v ${words}` }),
    );
    for (const record of all) same('names', record);
    expect([...scans.alike('earlier', all[1] as ScanRecord)].map(({ nr }) => nr)).toEqual([all[0]?.nr]);
    expect([...scans.alike('earlier', all[2] as ScanRecord)].map(({ nr }) => nr)).toEqual([all[1]?.nr, all[0]?.nr]);
  });
});

test('the first runs of a site end in the transaction in which they are asked about, and are found then', () => {
  const scans = new KnownScans(database, 'first');
  database.transaction(() => {
    const first = enter(scans, 0, { ...PLAIN, args: 'nmap -v 10.0.0.0/24', complete: false });
    const second = enter(scans, 1, { ...PLAIN, args: 'nmap -v 10.0.0.0/24', second: 1 });
    const ask = (): readonly number[] => [...scans.at.earlier('10.0.0.7', second)].map(({ nr }) => nr);
    expect(ask()).toEqual([]);
    scans.save({ ...first, complete: true });
    expect(ask()).toEqual([first.nr]);
  });
});

test('of each kind of scan the latest is compared; beyond the limit, the latest of the same kind is still found', () => {
  const scans = new KnownScans(database, 'ranges');
  const began = database.transaction(() =>
    Array.from({ length: 80 }, (_, i) => enter(scans, i, { ...PLAIN, args: `nmap -v 10.0-15.0-31.${i % 40}`, second: i })),
  );
  const last = began[79] as ScanRecord;
  const ask = (): readonly ScanRecord[] => [...scans.alike('earlier', last)];
  const kinds = ask().map(({ kind }) => kind);
  expect(new Set(kinds).size).toBe(kinds.length);
  for (let i = 0; i < 1000; i++) ask();
  expect(ask().map(({ nr }) => nr)).toContain(began[39]?.nr);
});

const PLAIN = { second: 0, complete: true, services: '22', unread: undefined, announcedUnlisted: false, fate: '' } as const;

type Scanned = typeof scanned extends fc.Arbitrary<infer T> ? T : never;

function enter(scans: KnownScans, nr: number, { args: words, second, complete, services, unread, announcedUnlisted }: Scanned): ScanRecord {
  const setup: RunSetup = {
    scanner: words?.startsWith('masscan') === true ? 'masscan' : 'nmap',
    args: words,
    verbose: undefined,
    scaninfo: [{ type: 'syn', protocol: 'tcp', numservices: 1, services, scanflags: undefined }],
  };
  const record = scans.begin(`scan ${nr}`, START + second * 1000, setup);
  record.complete = complete;
  Object.assign(record.counts, { unread, ...(announcedUnlisted ? { announcedUnlisted } : {}) });
  scans.save(record);
  return record;
}

function spoil(nr: number, fate: string): void {
  if (fate === 'not entered') database.run('UPDATE scan SET reached = 0 WHERE nr = ?', nr);
  if (fate === 'no kind') database.run("UPDATE scan SET reached = 0, kind = '' WHERE nr = ?", nr);
  if (fate === 'damaged') database.run('UPDATE scan SET run = substr(run, 2) WHERE nr = ?', nr);
}

function same(site: string, record: ScanRecord): void {
  const plain = completeRuns(database, site);
  const others = plain.filter(({ nr }) => nr !== record.nr);
  const [earlier, later] = [others.filter((other) => isBefore(other, record)), others.filter((other) => isBefore(record, other))];
  const scans = new KnownScans(database, site);
  const current = new ComparedRun({} as ComparedRun['context'], record, scans);
  for (const address of ADDRESSES) {
    const listing = (found: Iterable<LaterRun>): readonly number[] =>
      [...found].filter(({ coverage, counts }) => wouldList(coverage, address, counts.unread)).map(({ nr }) => nr);
    expect(listing(current.earlierAt(address)).toSorted(ascending)).toEqual(listing(earlier).toSorted(ascending));
    expect(listing(current.laterAt(address))).toEqual(listing(later));
    expect(listing(scans.at.earlier(address, LAST)).toSorted(ascending)).toEqual(listing(plain).toSorted(ascending));
  }
  const found = shrinkage(current);
  const expected = shrinkage({ record, earlierAlike: earlier, laterAlike: later });
  expect(found && { ...found, earlier: found.earlier.nr }).toEqual(expected && { ...expected, earlier: expected.earlier.nr });
  expect(current.isUnlistedAnnounced).toBe([record, ...others].some(({ kind, counts }) => kind === record.kind && counts.announcedUnlisted === true));
}

function ascending(a: number, b: number): number {
  return a - b;
}
