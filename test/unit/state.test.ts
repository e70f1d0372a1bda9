import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAlive, tickOf } from '../../src/core/process-alive.ts';
import { packFrame, unpackFrame } from '../../src/state/frame.ts';
import { pruneLedger } from '../../src/state/ledger.ts';
import { maskStoredArguments } from '../../src/state/mask-arguments.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { stateFile, Store } from '../../src/state/store.ts';
import { unaccounted } from '../../src/state/tally.ts';
import { Database } from '../../src/state/database.ts';
import { describeFilesystem, filesystemOf } from '../../src/state/filesystem.ts';
import { type Entry, type Sink, SinkError } from '../../src/sink/sink.ts';
import { canMount } from '../support/can-mount.ts';
import { clockAt, NOTHING, openStore, passDays, runPipeline, scriptedSink, storingSink } from '../support/delivery.ts';
import { fastDir, freshDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

const IDENTITY = { type: 'scripted', target: 'here', scope: '' };
const EVENTS = eventsOf(scan(Array.from({ length: 12 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));
const down = (): SinkError => new SinkError('temporary', 'down');
const DAY = 86_400_000;
/** One stream of small batches. */
const SMALL: Partial<Sink> = {
  limits: { maxEvents: 2, maxBytes: 10_000, inFlight: 1, inFlightPerPartition: 1 },
  encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: '' }),
};

function entry(id: string, body: string, partition = ''): Entry {
  return { id, dataset: 'nmap.port', time: 1, queued: 2, partition, parts: [body], bytes: Buffer.byteLength(body) };
}

describe('the spool', () => {
  test('gives back what it took, byte by byte', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ id: fc.string(), body: fc.string({ unit: 'grapheme' }) }), { minLength: 1, maxLength: 20 }), (rows) => {
        const entries = rows.map(({ id, body }) => entry(id, body, 'p'));
        const { frame, checksum } = packFrame(entries, 'p');
        expect(unpackFrame(frame, checksum, 'p')).toEqual(entries);
      }),
    );
  });

  test('a batch that the disk has changed is set aside, not sent, and the others go', async () => {
    const stateDir = freshDir();
    await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    const database = new DatabaseSync(stateFile(stateDir));
    database.exec('UPDATE spool SET frame = zeroblob(length(frame)) WHERE seq = (SELECT min(seq) FROM spool)');
    const { events } = database.prepare('SELECT events FROM spool ORDER BY seq LIMIT 1').get() as { events: number };
    database.close();
    const stored: string[] = [];
    const pipeline = await runPipeline(storingSink(stored), [], { stateDir });
    expect(pipeline.spoolWriter?.damaged).toBe(events);
    expect(stored).toHaveLength(EVENTS.length - events);
    // Its hosts may be shipped again, and those behind it do not count as waiting because of it.
    const again = await runPipeline(storingSink(stored), EVENTS, { stateDir });
    expect(again.account.tally).toMatchObject({ read: EVENTS.length, delivered: events, spooled: 0 });
    expect(stored.toSorted()).toEqual(EVENTS.map(({ id }) => id).toSorted());
  });

  test('so is one whose partition was changed: nobody knows where it belongs', () => {
    const { frame, checksum } = packFrame([entry('one', 'body')], 'p');
    expect([unpackFrame(frame, checksum, 'p')?.length, unpackFrame(frame, checksum, 'q')]).toEqual([1, undefined]);
  });

  test('full, with block: reading is given up, what was read is kept, and the rest can be shipped later', async () => {
    const stateDir = freshDir();
    const first = await runPipeline(scriptedSink(down, SMALL), EVENTS, { stateDir, limits: { maxBytes: 700 } });
    expect(first.isStuck).toBe(true);
    expect(first.account.tally.spooled).toBe(first.account.tally.read);
    expect(first.account.tally.read).toBeLessThan(EVENTS.length);
    const stored: string[] = [];
    const second = await runPipeline(storingSink(stored), EVENTS, { stateDir });
    expect(second.account.tally).toMatchObject({ read: EVENTS.length, spooled: 0, dead: 0 });
    expect(stored.toSorted()).toEqual(EVENTS.map(({ id }) => id).toSorted());
  });

  test('full, with drop-oldest: the oldest go, are counted, and may be shipped again', async () => {
    const stateDir = freshDir();
    const first = await runPipeline(scriptedSink(down), EVENTS, { stateDir, limits: { maxBytes: 700, whenFull: 'drop-oldest' } });
    expect(first.account.tally.discarded).toBeGreaterThan(0);
    expect(first.account.tally.spooled + first.account.tally.discarded).toBe(EVENTS.length);
    const stored: string[] = [];
    await runPipeline(storingSink(stored), EVENTS, { stateDir });
    expect(stored.toSorted()).toEqual(EVENTS.map(({ id }) => id).toSorted());
  });

  test('what has waited too long is given up and counted', async () => {
    const stateDir = freshDir();
    await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    const later = clockAt();
    passDays(stateDir, later, 31);
    const pipeline = await runPipeline(storingSink([]), [], { stateDir, clock: later });
    expect(pipeline.account.replayed).toMatchObject({ read: EVENTS.length, discarded: EVENTS.length, delivered: 0 });
    const again = await runPipeline(storingSink([]), EVENTS, { stateDir, clock: later });
    expect(again.account.tally.delivered).toBe(EVENTS.length);
  });

  test('a clock that is set forty days ahead, or a machine that was off for as long, gives up nothing', async () => {
    const stateDir = freshDir();
    await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    const stored: string[] = [];
    const pipeline = await runPipeline(storingSink(stored), [], { stateDir, clock: clockAt(1_700_000_000_000 + 40 * DAY) });
    expect(pipeline.account.replayed).toMatchObject({ read: EVENTS.length, discarded: 0, delivered: EVENTS.length });
  });

  test('a lease of somebody whose clock was ahead is not waited for', () => {
    const stateDir = freshDir();
    const [ahead, right] = [openStore(stateDir), openStore(stateDir)];
    ahead.database.run("INSERT INTO run (id, pid, started, what) VALUES (99, 1, 1, 'other')");
    const now = clockAt().now();
    expect(ahead.tables(IDENTITY).lease.take(now + 40 * DAY)).toBe(true);
    expect(right.tables(IDENTITY).lease.take(now)).toBe(true);
    ahead.close();
    right.close();
  });

  test('two processes on one spool: one sends, the other leaves it to it, and nothing is lost', async () => {
    const stateDir = freshDir();
    await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    const [a, b] = [openStore(stateDir), openStore(stateDir)];
    const now = clockAt().now();
    expect(a.tables(IDENTITY).lease.take(now)).toBe(true);
    // The test's processes count as dead, so only the time protects here.
    expect(b.run).not.toBe(a.run);
    a.tables(IDENTITY).lease.release();
    expect(b.tables(IDENTITY).lease.take(now)).toBe(true);
    a.close();
    b.close();
    const stored: string[] = [];
    const pipelines = await Promise.all([runPipeline(storingSink(stored), [], { stateDir }), runPipeline(storingSink(stored), [], { stateDir })]);
    expect(pipelines.reduce((sum, { account: { replayed } }) => sum + replayed.delivered + replayed.already, 0)).toBeGreaterThanOrEqual(
      EVENTS.length,
    );
    expect(stored.toSorted()).toEqual(EVENTS.map(({ id }) => id).toSorted());
  });
});

describe('the ledger', () => {
  test('what was acknowledged is not sent again, unless somebody asks', async () => {
    const stateDir = freshDir();
    let sent = 0;
    const sink = scriptedSink(({ entries }) => {
      sent += entries.length;
      return { ...NOTHING, delivered: entries.length };
    });
    await runPipeline(sink, EVENTS, { stateDir });
    const second = await runPipeline(sink, EVENTS, { stateDir });
    expect([second.account.tally.already, sent]).toEqual([EVENTS.length, EVENTS.length]);
    const third = await runPipeline(sink, EVENTS, { stateDir, again: true });
    expect([third.account.tally.delivered, sent]).toEqual([EVENTS.length, EVENTS.length * 2]);
  });

  test('another sink, another namespace: its own account', async () => {
    const stateDir = freshDir();
    await runPipeline(storingSink([]), EVENTS, { stateDir });
    const other = await runPipeline(storingSink([], { identity: { ...IDENTITY, scope: 'namespace=other' } }), EVENTS, { stateDir });
    expect(other.account.tally.delivered).toBe(EVENTS.length);
  });

  test('what waits already is not kept twice', async () => {
    const stateDir = freshDir();
    await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    const second = await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    expect(second.account.tally).toMatchObject({ read: EVENTS.length, spooled: EVENTS.length });
    const store = openStore(stateDir);
    expect(store.tables(IDENTITY).spool.usage().events).toBe(EVENTS.length);
    store.close();
  });

  test('more events of a host than last time are another unit', async () => {
    const stateDir = freshDir();
    const text = scan(host('192.0.2.1', port(80, 'closed')));
    await runPipeline(storingSink([]), eventsOf(text), { stateDir });
    const pipeline = await runPipeline(storingSink([]), eventsOf(text, { all: true }), { stateDir });
    expect(pipeline.account.tally.delivered).toBeGreaterThan(0);
  });

  test('has bounded size: the oldest go', async () => {
    const stateDir = freshDir();
    await runPipeline(storingSink([]), EVENTS, { stateDir });
    const database = Database.open(stateFile(stateDir), SCHEMA_VERSIONS);
    expect(pruneLedger(database, 3)).toBeGreaterThan(0);
    expect(database.get('SELECT count(*) AS n FROM ledger')?.['n']).toBeOneOf([1, 2, 3]);
    database.close();
  });
});

describe('dead letters', () => {
  const letters = (count: number, bytes: number, from = 0): { entry: Entry & { ackGroup: undefined }; reason: string }[] =>
    Array.from({ length: count }, (_, i) => ({ entry: { ...entry(`e${from + i}`, 'x'.repeat(bytes)), ackGroup: undefined }, reason: 'no' }));

  test('are bounded by number for each sink: the oldest go, and are counted', () => {
    const store = openStore(fastDir());
    const [one, other] = [store.tables(IDENTITY).deadLetters, store.tables({ ...IDENTITY, target: 'there' }).deadLetters];
    expect(other.add(letters(3, 10), 0)).toBe(0);
    expect([one.add(letters(19_999, 10), 1), one.add(letters(4, 10, 50_000), 2), one.count(), other.count()]).toEqual([0, 3, 20_000, 3]);
    expect(one.some(2).map(({ id }) => id)).toEqual(['e3', 'e4']);
    store.close();
  });

  test('and by bytes: the newest one stays, however large it is', () => {
    const store = openStore(fastDir());
    const { deadLetters } = store.tables(IDENTITY);
    expect([deadLetters.add(letters(7, 10 << 20), 1), deadLetters.count()]).toEqual([1, 6]);
    expect([deadLetters.add(letters(1, 30 << 20, 100), 2), deadLetters.count()]).toEqual([3, 4]);
    expect(deadLetters.some(1).map(({ id }) => id)).toEqual(['e4']);
    expect([deadLetters.add(letters(1, 70 << 20, 200), 3), deadLetters.count()]).toEqual([4, 1]);
    expect(deadLetters.some(1).map(({ id }) => id)).toEqual(['e200']);
    store.close();
  });

  test('are kept once with the reason, and go again when asked to', async () => {
    const stateDir = freshDir();
    const refusing = scriptedSink(({ entries }) => ({
      ...NOTHING,
      rejected: entries.map((one) => ({ entry: one, reason: 'no such field', status: 400 })),
    }));
    await runPipeline(refusing, EVENTS, { stateDir });
    const second = await runPipeline(refusing, EVENTS, { stateDir });
    expect(second.account.tally.dead).toBe(EVENTS.length);
    const store = openStore(stateDir);
    const { deadLetters } = store.tables(IDENTITY);
    expect(deadLetters.count()).toBe(EVENTS.length);
    expect(deadLetters.tolls()).toEqual([{ reason: 'no such field', status: 400, events: EVENTS.length }]);
    store.close();
  });
});

describe('the state file', () => {
  const made = async (): Promise<string> => {
    const stateDir = freshDir();
    await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    return stateDir;
  };

  test('is for its owner only', async () => {
    expect(statSync(stateFile(await made())).mode & 0o777).toBe(0o600);
  });

  test.for([
    ['emptied', (path: string) => writeFileSync(path, ''), /is empty, so it was damaged/],
    ['overwritten at its beginning', (path: string) => write(path, 0, Buffer.alloc(4096, 7)), /is damaged, or is no database/],
    ['overwritten in the middle', (path: string) => write(path, 4096, Buffer.alloc(statSync(path).size - 4096, 0x5a)), /is damaged/],
    ['cut', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 5000)), /is damaged/],
    ['text', (path: string) => writeFileSync(path, 'hello world, this is no database at all'.repeat(100)), /is damaged, or is no database/],
    ["another program's", (path: string) => foreign(path), /is a database of another program/],
    ['of a newer portlog', (path: string) => newer(path), /was written by a newer portlog \(schema 99/],
  ] as const)('%s: refused with a sentence, and left as it is', async ([, harm, message]) => {
    const path = stateFile(await made());
    harm(path);
    const before = readFileSync(path);
    expect(() => Database.open(path, SCHEMA_VERSIONS)).toThrow(message);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('a path through a file', () => {
    const file = join(freshDir(), 'file');
    writeFileSync(file, '');
    expect(() => openStore(join(file, 'state'))).toThrow(/a part of its path is no directory/);
  });

  test.skipIf(!canMount())('a full disk: a sentence, and what was there is still there (needs the right to mount)', async () => {
    const mount = freshDir();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mount]);
    try {
      expect(filesystemOf(mount)).toMatchObject({ name: 'tmpfs', ephemeral: true, network: false });
      const stateDir = join(mount, 'state');
      await runPipeline(scriptedSink(down), EVENTS, { stateDir });
      const ballast = join(mount, 'ballast');
      fill(ballast);
      expect(() => openStore(stateDir)).toThrow(/portlog\.db cannot grow: the disk is full/);
      truncateSync(ballast, statSync(ballast).size - 2_000_000);
      const noise = (): string => randomBytes(1500).toString('base64');
      const bulky = scriptedSink(down, { encode: () => ({ parts: [noise()], bytes: 2000, partition: '' }) });
      const others = eventsOf(scan(Array.from({ length: 2000 }, (_, i) => host(`198.51.${i >> 8}.${i & 255}`, port(i))).join('')));
      const pipeline = await runPipeline(bulky, others, { stateDir, crash: true });
      expect(pipeline.spoolWriter?.fatal?.message).toMatch(/portlog\.db cannot grow: the disk is full/);
      expect(unaccounted(pipeline.account.tally)).toBeGreaterThan(0);
      expect(pipeline.account.tally.spooled).toBeGreaterThan(0);
      rmSync(ballast);
      const stored: string[] = [];
      await runPipeline(storingSink(stored), [], { stateDir });
      expect(stored).toEqual(expect.arrayContaining(EVENTS.map(({ id }) => id)));
    } finally {
      execFileSync('umount', ['-l', mount]);
    }
  });

  test.skipIf(!canMount())('a read-only file system: a sentence (needs the right to mount)', async () => {
    const mount = freshDir();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount]);
    try {
      execFileSync('mount', ['-o', 'remount,ro', mount]);
      expect(() => openStore(join(mount, 'state'))).toThrow(/the file system is read-only/);
    } finally {
      execFileSync('umount', ['-l', mount]);
    }
  });

  test('network file systems are told by their magic number', () => {
    expect(describeFilesystem(0x6969)).toEqual({ name: 'nfs', network: true, ephemeral: false, local: false });
    expect(describeFilesystem(-11317950)).toEqual({ name: 'cifs', network: true, ephemeral: false, local: false });
    expect(describeFilesystem(0xef53)).toMatchObject({ network: false, ephemeral: false });
  });

  test('half made by a process that was killed: the next one makes it', () => {
    const stateDir = freshDir();
    mkdirSync(stateDir, { recursive: true });
    writeFileSync(join(stateDir, 'portlog.db.new-dead'), 'half');
    openStore(stateDir).close();
    expect(existsSync(stateFile(stateDir))).toBe(true);
  });

  test('a copy of an older schema is brought up to date', () => {
    const path = join(freshDir(), 'old.db');
    Database.open(path, ['CREATE TABLE a (x INTEGER)']).close();
    const copy = join(freshDir(), 'copy.db');
    copyFileSync(path, copy);
    const database = Database.open(copy, ['CREATE TABLE a (x INTEGER)', 'ALTER TABLE a ADD COLUMN y INTEGER']);
    database.run('INSERT INTO a (x, y) VALUES (1, 2)');
    expect(database.get('PRAGMA user_version')).toEqual({ user_version: 2 });
    database.close();
  });

  test('of the first version, with what waits in it: known hosts come beside it', () => {
    const stateDir = freshDir();
    const path = stateFile(stateDir);
    const old = Database.open(path, SCHEMA_VERSIONS.slice(0, 1));
    old.run("INSERT INTO sink (type, target, scope) VALUES ('loki', 'http://loki', '')");
    old.close();
    const store = openStore(stateDir);
    expect(store.database.get('SELECT target FROM sink')).toEqual({ target: 'http://loki' });
    expect(store.database.get('SELECT count(*) AS n FROM host')).toEqual({ n: 0 });
    store.close();
  });

  test('secrets that it kept in the arguments of scans are gone from the file, and the scans are the same', () => {
    const stateDir = freshDir();
    const path = stateFile(stateDir);
    const old = Database.open(path, SCHEMA_VERSIONS.slice(0, 3));
    const kept = [
      // As earlier versions left them: one half masked, one not at all.
      'nmap -p 80 --script-args "smbusername=admin,smbpassword=***"Sommer 2026!\\"" -oX a2.xml 10.77.2.10',
      String.raw`nmap --script-args "userpw=Winter\\,2027,x={pw=\"Fall 2028\"}" 10.77.2.0/24`,
      'nmap -sV 10.77.3.0/24',
    ];
    for (const [i, args] of kept.entries())
      old.run(
        "INSERT INTO scan (site, id, started, ended, complete, run, counts) VALUES ('default', ?, 1, 2, 1, ?, '{}')",
        `id${i}`,
        JSON.stringify({ scanner: 'nmap', args, verbose: 1, scaninfo: [] }),
      );
    old.close();
    const store = openStore(stateDir);
    const scans = store.database.all('SELECT id, run FROM scan ORDER BY nr').map(({ id, run }) => [id, JSON.parse(run as string).args]);
    expect(scans).toEqual([
      ['id0', 'nmap -p 80 --script-args ***'],
      ['id1', 'nmap --script-args userpw=***,***,x={pw=***} 10.77.2.0/24'],
      ['id2', 'nmap -sV 10.77.3.0/24'],
    ]);
    store.close();
    for (const file of readdirSync(stateDir)) expect(readFileSync(join(stateDir, file), 'latin1'), file).not.toMatch(/Sommer|Winter|2027|Fall/);
  });

  test('bytes that scans were told to send are gone from it, too', () => {
    const stateDir = freshDir();
    const old = Database.open(stateFile(stateDir), SCHEMA_VERSIONS.slice(0, SCHEMA_VERSIONS.lastIndexOf(maskStoredArguments)));
    const run = { scanner: 'nmap', args: 'nmap -v --data-string "token of a customer" 10.77.2.0/24', verbose: 1, scaninfo: [] };
    old.run("INSERT INTO scan (site, id, started, ended, complete, run, counts) VALUES ('default', 'a', 1, 2, 1, ?, '{}')", JSON.stringify(run));
    old.close();
    const store = openStore(stateDir);
    expect(JSON.parse(store.database.get('SELECT run FROM scan')?.['run'] as string)).toEqual({
      ...run,
      args: 'nmap -v --data-string *** 10.77.2.0/24',
    });
    store.close();
    for (const file of readdirSync(stateDir)) expect(readFileSync(join(stateDir, file), 'latin1'), file).not.toContain('token of a customer');
  });

  test('of a version whose ledger could lie: what waits is known, what may never have arrived is not', async () => {
    const stateDir = freshDir();
    const [waiting, old] = ['a'.repeat(32), 'b'.repeat(32)];
    const { frame, checksum } = packFrame([entry('one', 'body')], '');
    const before = Database.open(stateFile(stateDir), SCHEMA_VERSIONS.slice(0, 3));
    before.run("INSERT INTO sink (id, type, target, scope) VALUES (1, 'scripted', 'here', '')");
    before.run("INSERT INTO spool VALUES (1, 5, 1, 0, '', 1, 1700000000000, 100, ?, 0, ?)", checksum, frame);
    before.run(`INSERT INTO ledger (sink, unit, first, last) VALUES (1, x'${waiting}', 5, 5), (1, x'${old}', 0, 0)`);
    before.close();
    const store = openStore(stateDir);
    const { ledger } = store.tables(IDENTITY);
    expect([ledger.fateOf(waiting), ledger.fateOf(old)]).toEqual(['spooled', undefined]);
    store.close();
    const stored: string[] = [];
    await runPipeline(storingSink(stored), [], { stateDir });
    const again = openStore(stateDir);
    expect([stored, again.tables(IDENTITY).ledger.fateOf(waiting)]).toEqual([['one'], 'delivered']);
    again.close();
  });
});

function write(path: string, at: number, bytes: Buffer): void {
  writeSync(openSync(path, 'r+'), bytes, 0, bytes.length, at);
}

function foreign(path: string): void {
  writeFileSync(path, '');
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE theirs (x)');
  database.close();
}

function newer(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

/** Writes until the disk is full. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch {
    // Full.
  } finally {
    closeSync(file);
  }
}

test('rows that the disk has changed do not keep an old file from being brought up to date', () => {
  const stateDir = freshDir();
  const before = Database.open(stateFile(stateDir), SCHEMA_VERSIONS.slice(0, 3));
  for (const known of ['{"key":', '{}', '[]', 'null'])
    before.run('INSERT INTO host (site, key, time, up, known) VALUES (?, ?, 1, 1, ?)', 'a', known, known);
  for (const setup of ['nmap --script-args pw=Sommer', '{"args":7}'])
    before.run("INSERT INTO scan (site, id, started, ended, complete, run, counts) VALUES ('a', ?, 1, 1, 1, ?, '{}')", setup, setup);
  before.close();
  const store = openStore(stateDir);
  expect(store.database.all('SELECT run FROM scan')).toEqual([{ run: '{"scaninfo":[]}' }, { run: '{"scaninfo":[]}' }]);
  store.close();
});

describe('a process', () => {
  test('is there as long as it runs, and not before it began or after it has ended', async () => {
    const now = Date.now();
    expect(isAlive(process.pid, now)).toBe(true);
    // Somebody else had the number then.
    expect(isAlive(process.pid, now - process.uptime() * 1000 - 60_000)).toBe(false);
    const child = spawn('sleep', ['60']);
    const pid = child.pid as number;
    expect(isAlive(pid, Date.now())).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(isAlive(pid, now)).toBe(false);
  });

  test.skipIf(process.platform !== 'linux')('is there, and is the same, however the clock was set since', () => {
    const [ahead, tick] = [Math.round(Date.now() - process.uptime() * 1000) - 3_600_000, tickOf(process.pid)];
    expect(tick).toBeGreaterThan(0);
    expect([isAlive(process.pid, ahead), isAlive(process.pid, ahead, tick), isAlive(process.pid, Date.now(), Number(tick) - 1)]).toEqual([
      false,
      true,
      false,
    ]);
    const stateDir = freshDir();
    const living = new Store({ stateDir, now: () => ahead, pid: process.pid, tick, isAlive, what: 'a long scan' });
    const next = new Store({ stateDir, now: Date.now, pid: process.pid, tick, isAlive, what: 'another' });
    expect(next.lostRuns).toEqual([]);
    next.close();
    living.close();
  });

  test.skipIf(process.platform !== 'linux')('is gone when it has ended, even if nobody has buried it', async () => {
    // The shell becomes a program that asks for none of its children.
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 60']);
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(String(text));
    const began = Date.now();
    while (isAlive(pid, began) && Date.now() < began + 5000) await wait(20);
    expect([isAlive(pid, began), existsSync(`/proc/${pid}`)]).toEqual([false, true]);
    parent.kill('SIGKILL');
  });
});
