import { DatabaseSync } from 'node:sqlite';
import { crc32, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packFrame, unpackFrame } from '../../src/state/frame.ts';
import { pruneLedger } from '../../src/state/ledger.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { stateFile } from '../../src/state/store.ts';
import { Database } from '../../src/state/database.ts';
import { type Entry, type Sink, SinkError } from '../../src/sink/sink.ts';
import { clockAt, NOTHING, openStore, passDays, runPipeline, scriptedSink, storingSink } from '../support/delivery.ts';
import { fastDir } from '../support/run-portlog.ts';
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
    const stateDir = fastDir();
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

  const packed = (text: string): Buffer => zstdCompressSync(Buffer.from(text));

  test.for<readonly [what: string, frame: Buffer]>([
    ['no zstd', Buffer.from('junk')],
    ['nothing', Buffer.alloc(0)],
    ['an empty text', packed('')],
    ['no JSON', packed('xx\n')],
    ['no list', packed('7\n')],
    ['no entries', packed('[null]\n')],
    ['an entry without an id', packed('[[1,"nmap.port",1,2,3]]\nabc')],
    ['a length below nothing', packed('[["id","nmap.port",1,2,-5]]\nabc')],
    ['a length beyond its end', packed('[["id","nmap.port",1,2,1e15]]\nabc')],
    ['far more than any batch', zstdCompressSync(Buffer.alloc(600 << 20))],
  ])('a batch with the right checksum that is %s is set aside, and the others go', async ([, frame]) => {
    const stateDir = fastDir();
    await runPipeline(scriptedSink(down, SMALL), EVENTS, { stateDir });
    const database = new DatabaseSync(stateFile(stateDir));
    database
      .prepare('UPDATE spool SET frame = ?, checksum = ?, stored = ? WHERE seq = (SELECT min(seq) FROM spool)')
      .run(frame, crc32(frame), frame.length);
    const { events } = database.prepare('SELECT events FROM spool ORDER BY seq LIMIT 1').get() as { events: number };
    database.close();
    const stored: string[] = [];
    const pipeline = await runPipeline(storingSink(stored), [], { stateDir });
    expect(pipeline.spoolWriter?.damaged).toBe(events);
    expect(stored).toHaveLength(EVENTS.length - events);
  });

  test('full, with block: reading is given up, what was read is kept, and the rest can be shipped later', async () => {
    const stateDir = fastDir();
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
    const stateDir = fastDir();
    const first = await runPipeline(scriptedSink(down), EVENTS, { stateDir, limits: { maxBytes: 700, whenFull: 'drop-oldest' } });
    expect(first.account.tally.discarded).toBeGreaterThan(0);
    expect(first.account.tally.spooled + first.account.tally.discarded).toBe(EVENTS.length);
    const stored: string[] = [];
    await runPipeline(storingSink(stored), EVENTS, { stateDir });
    expect(stored.toSorted()).toEqual(EVENTS.map(({ id }) => id).toSorted());
  });

  test('events that wait, are read again and are then dropped count once: in this run', async () => {
    const stateDir = fastDir();
    const later = eventsOf(scan(host('192.0.2.200', port(80)), 'scanner="nmap" args="nmap 192.0.2.200" start="1760099999"'));
    await runPipeline(scriptedSink(down, SMALL), EVENTS, { stateDir });
    const store = openStore(stateDir);
    const { bytes } = store.waiting()[0]?.tables.spool.usage() ?? { bytes: 0 };
    store.close();
    const limits = { maxBytes: bytes + 1, whenFull: 'drop-oldest' } as const;
    const { account } = await runPipeline(scriptedSink(down, SMALL), [...EVENTS, ...later], { stateDir, limits });
    const { tally, replayed, givenUp } = account;
    expect(tally).toMatchObject({ read: EVENTS.length + later.length, delivered: 0, already: 0, dead: 0 });
    expect(tally.discarded).toBeGreaterThan(0);
    expect(tally.spooled + tally.discarded).toBe(tally.read);
    expect(replayed).toMatchObject({ read: 0, discarded: 0 });
    expect(givenUp).toEqual({ full: tally.discarded, old: 0, dead: 0 });
  });

  test('events that have waited too long are discarded and counted', async () => {
    const stateDir = fastDir();
    await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    const later = clockAt();
    passDays(stateDir, later, 31);
    const pipeline = await runPipeline(storingSink([]), [], { stateDir, clock: later });
    expect(pipeline.account.replayed).toMatchObject({ read: EVENTS.length, discarded: EVENTS.length, delivered: 0 });
    const again = await runPipeline(storingSink([]), EVENTS, { stateDir, clock: later });
    expect(again.account.tally.delivered).toBe(EVENTS.length);
  });

  test('a clock that is set forty days ahead, or a machine that was off for as long, gives up nothing', async () => {
    const stateDir = fastDir();
    await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    const stored: string[] = [];
    const pipeline = await runPipeline(storingSink(stored), [], { stateDir, clock: clockAt(1_700_000_000_000 + 40 * DAY) });
    expect(pipeline.account.replayed).toMatchObject({ read: EVENTS.length, discarded: 0, delivered: EVENTS.length });
  });

  test('a lease from before the machine was started again, or by the wall clock, is not waited for', () => {
    const stateDir = fastDir();
    const [ahead, right] = [openStore(stateDir), openStore(stateDir)];
    ahead.database.run("INSERT INTO run (id, pid, started, what) VALUES (99, 1, 1, 'other')");
    const { elapsed } = clockAt();
    expect(ahead.tables(IDENTITY).lease.take(() => elapsed() + 40 * DAY)).toBe(true);
    expect(right.tables(IDENTITY).lease.take(elapsed)).toBe(true);
    ahead.close();
    right.close();
  });

  test('two processes on one spool: one sends, the other leaves it to it, and nothing is lost', async () => {
    const stateDir = fastDir();
    await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    const [a, b] = [openStore(stateDir), openStore(stateDir)];
    const { elapsed } = clockAt();
    expect(a.tables(IDENTITY).lease.take(elapsed)).toBe(true);
    // The test's processes count as dead, so only the time protects here.
    expect(b.run).not.toBe(a.run);
    a.tables(IDENTITY).lease.release();
    expect(b.tables(IDENTITY).lease.take(elapsed)).toBe(true);
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
    const stateDir = fastDir();
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
    const stateDir = fastDir();
    await runPipeline(storingSink([]), EVENTS, { stateDir });
    const other = await runPipeline(storingSink([], { identity: { ...IDENTITY, scope: 'namespace=other' } }), EVENTS, { stateDir });
    expect(other.account.tally.delivered).toBe(EVENTS.length);
  });

  test('what waits already is not kept twice', async () => {
    const stateDir = fastDir();
    await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    const second = await runPipeline(scriptedSink(down), EVENTS, { stateDir });
    expect(second.account.tally).toMatchObject({ read: EVENTS.length, spooled: EVENTS.length });
    const store = openStore(stateDir);
    expect(store.tables(IDENTITY).spool.usage().events).toBe(EVENTS.length);
    store.close();
  });

  test('more events of a host than last time are another unit', async () => {
    const stateDir = fastDir();
    const text = scan(host('192.0.2.1', port(80, 'closed')));
    await runPipeline(storingSink([]), eventsOf(text), { stateDir });
    const pipeline = await runPipeline(storingSink([]), eventsOf(text, { all: true }), { stateDir });
    expect(pipeline.account.tally.delivered).toBeGreaterThan(0);
  });

  test('has bounded size: the oldest go', async () => {
    const stateDir = fastDir();
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

  test('of records with one id the latest stays, whatever is refused or delivered after it', () => {
    const store = openStore(fastDir());
    const { deadLetters } = store.tables(IDENTITY);
    const record = (revision: number): { entry: Entry & { ackGroup: undefined }; reason: string } => ({
      entry: { ...entry('host', `as of ${revision}`), revision, ackGroup: undefined },
      reason: 'no',
    });
    const kept = (): readonly string[] => deadLetters.some(9).flatMap(({ parts }) => parts);
    deadLetters.add([record(2)], 1);
    deadLetters.add([record(1)], 2);
    expect(kept()).toEqual(['as of 2']);
    deadLetters.remove([record(1).entry]);
    expect(kept()).toEqual(['as of 2']);
    deadLetters.add([record(3)], 3);
    expect(kept()).toEqual(['as of 3']);
    deadLetters.remove([record(3).entry]);
    expect(kept()).toEqual([]);
    store.close();
  });

  test('are kept once with the reason, and go again when asked to', async () => {
    const stateDir = fastDir();
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
    expect(deadLetters.countsByReason()).toEqual([{ reason: 'no such field', status: 400, events: EVENTS.length }]);
    store.close();
  });
});
