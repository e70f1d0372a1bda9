import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
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
import { describe, expect, test } from 'vitest';
import { packFrame } from '../../src/state/frame.ts';
import { maskStoredArguments } from '../../src/state/mask-arguments.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import type { SchemaStep } from '../../src/state/schema-step.ts';
import { stateFile } from '../../src/state/store.ts';
import { unaccounted } from '../../src/state/tally.ts';
import { Database } from '../../src/state/database.ts';
import { describeFilesystem, filesystemOf } from '../../src/state/filesystem.ts';
import { type Entry, SinkError } from '../../src/sink/sink.ts';
import { canMount } from '../support/can-mount.ts';
import { openStore, runPipeline, scriptedSink, storingSink } from '../support/delivery.ts';
import { freshDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

const IDENTITY = { type: 'scripted', target: 'here', scope: '' };
const EVENTS = eventsOf(scan(Array.from({ length: 12 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));
const down = (): SinkError => new SinkError('temporary', 'down');

function entry(id: string, body: string, partition = ''): Entry {
  return { id, dataset: 'nmap.port', time: 1, queued: 2, partition, parts: [body], bytes: Buffer.byteLength(body) };
}

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
    ['overwritten at its beginning', (path: string) => write(path, 0, Buffer.alloc(4096, 7)), /is damaged, or not a database/],
    ['overwritten in the middle', (path: string) => write(path, 4096, Buffer.alloc(statSync(path).size - 4096, 0x5a)), /is damaged/],
    ['cut', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 5000)), /is damaged/],
    ['text', (path: string) => writeFileSync(path, 'hello world, this is no database at all'.repeat(100)), /is damaged, or not a database/],
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
    expect(() => openStore(join(file, 'state'))).toThrow(/a part of its path is not a directory/);
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

  test('network file systems are recognised by their magic number', () => {
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

  test('steps of the schema share a transaction, of a new file and of an older one: the disk is waited for once', () => {
    const path = join(freshDir(), 'steps.db');
    const seen: boolean[] = [];
    const step: SchemaStep = (handle) => void seen.push(handle.isTransaction);
    Database.open(path, [step, step]).close();
    Database.open(path, [step, step, step]).close();
    expect(seen).toEqual([true, true, true]);
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

  test('of a version whose ledger could be wrong: waiting groups are known, others that may never have arrived are not', async () => {
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
