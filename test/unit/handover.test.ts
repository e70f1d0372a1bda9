import { expect, test } from 'vitest';
import { DEFAULT_CHANGE_OPTIONS } from '../../src/change/options.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { ship, type ShipReport } from '../../src/pipeline/ship.ts';
import { type Sink, SinkError } from '../../src/sink/sink.ts';
import { NOTHING, openStore, scriptedSink } from '../support/delivery.ts';
import { fastDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { textSource } from '../support/text-source.ts';

const header = (start: number): string => `scanner="nmap" version="7.93" args="nmap -v -p 22,80 192.0.2.0/28" start="${start}"`;
const SERVICES = '<verbose level="1"/><scaninfo type="syn" protocol="tcp" numservices="2" services="22,80"/>';
const scanAt = (start: number, open: number): string => {
  const times = `starttime="${start + 1}" endtime="${start + 2}"`;
  return scan(SERVICES + Array.from({ length: 12 }, (_, i) => host(`192.0.2.${i}`, port(open), times)).join(''), header(start));
};
const SCANS = [scanAt(1_760_000_000, 22), scanAt(1_760_000_500, 80)];

/** A server without ids: what comes twice is there twice. */
class Lines {
  readonly sink: Sink;
  readonly ids: string[] = [];
  /** So many requests are taken, then none. */
  takes = Number.POSITIVE_INFINITY;
  /** It rejects each event for good. */
  refuses = false;

  constructor(target: string, scope = '') {
    this.sink = scriptedSink(
      ({ entries }) => {
        if (this.takes-- <= 0) return new SinkError('temporary', 'down');
        if (this.refuses) return { ...NOTHING, rejected: entries.map((entry) => ({ entry, reason: 'no' })) };
        this.ids.push(...entries.map(({ id }) => id));
        return { ...NOTHING, delivered: entries.length };
      },
      {
        identity: { type: 'scripted', target, scope },
        accepts: (dataset) => dataset !== 'nmap.inventory',
        encode: ({ id, dataset }: LogEvent) => ({ parts: [id], bytes: id.length, partition: dataset }),
      },
    );
  }

  get twice(): number {
    return this.ids.length - new Set(this.ids).size;
  }
}

/** Ships to a server; or, with `from`, what waits for another one. */
async function run(stateDir: string, to: Lines, texts: readonly string[], from?: Lines, retryDeadLetters = false): Promise<ShipReport> {
  const store = openStore(stateDir, {}, Date.now);
  const sources = texts.map((text, i) => textSource(`scan ${i}`, text));
  const takeOver = store.waiting().filter(({ identity }) => identity.target === from?.sink.identity.target);
  const changes = { ...DEFAULT_CHANGE_OPTIONS, everywhere: false };
  const report = await ship({ sources, sinks: [to.sink], store, retryForMs: 0, changes, takeOver, retryDeadLetters });
  store.close();
  return report;
}

test('what waits for one destination and goes to another is there then: shipped to it, it is "already"', async () => {
  const stateDir = fastDir();
  const [old, fresh] = [new Lines('old'), new Lines('new')];
  old.takes = 0;
  const [{ tally } = { tally: undefined }] = (await run(stateDir, old, SCANS)).sinks;
  expect(tally?.spooled).toBe(tally?.read);
  const moved = await run(stateDir, fresh, [], old);
  expect(moved.sinks[0]?.replayed.delivered).toBeGreaterThan(50);
  const again = await run(stateDir, fresh, SCANS);
  // Changes are told once, by the state: they are not read again.
  expect(again.sinks[0]?.tally).toMatchObject({ read: 50, already: 50, delivered: 0 });
  expect(fresh.twice).toBe(0);
  // The old one has nothing, and gets all of it when it is back, with the changes.
  old.takes = Number.POSITIVE_INFINITY;
  expect((await run(stateDir, old, SCANS)).sinks[0]?.tally).toMatchObject({ already: 0, spooled: 0 });
  expect(fresh.ids.filter((id) => !old.ids.includes(id)).length).toBeLessThanOrEqual(3);
});

test('what the new destination has already is not sent there again', async () => {
  const stateDir = fastDir();
  const [old, fresh] = [new Lines('old'), new Lines('new')];
  old.takes = 0;
  await run(stateDir, old, SCANS);
  await run(stateDir, fresh, SCANS);
  const moved = await run(stateDir, fresh, [], old);
  expect(moved.sinks[0]?.replayed.already).toBeGreaterThan(50);
  expect(fresh.twice).toBe(0);
});

test('what went over in part, or was for something else, is not taken to be there', async () => {
  for (const [takes, scope] of [
    [3, ''],
    [0, 'datasets=nmap.port'],
  ] as const) {
    const stateDir = fastDir();
    const [old, fresh] = [new Lines('old'), new Lines('new', scope)];
    old.takes = takes;
    await run(stateDir, old, SCANS);
    await run(stateDir, fresh, [], old);
    await run(stateDir, fresh, SCANS);
    const everything = new Lines('everything');
    await run(stateDir, everything, SCANS);
    // But for what portlog tells about its own runs.
    const missing = everything.ids.filter((id) => !fresh.ids.includes(id));
    expect(missing.length).toBeLessThanOrEqual(1);
  }
});

test('the same part of a group from two destinations is not the whole of it', async () => {
  for (const scope of ['', 'datasets=nmap.port']) {
    const stateDir = fastDir();
    const [first, second, fresh] = [new Lines('first'), new Lines('second', scope), new Lines('new')];
    for (const old of [first, second]) {
      // Hosts go first, and are acknowledged.
      old.takes = 1;
      await run(stateDir, old, SCANS.slice(0, 1));
      await run(stateDir, fresh, [], old);
    }
    await run(stateDir, fresh, SCANS.slice(0, 1));
    const missing = first.ids.filter((id) => !fresh.ids.includes(id));
    expect([scope, first.ids.length > 0, missing]).toEqual([scope, true, []]);
  }
});

test('when the new destination is down as well, it waits for that one, and is lost when that is deleted', async () => {
  const stateDir = fastDir();
  const [old, fresh] = [new Lines('old'), new Lines('new')];
  old.takes = 0;
  fresh.takes = 0;
  await run(stateDir, old, SCANS);
  await run(stateDir, fresh, [], old);
  const store = openStore(stateDir, {}, Date.now);
  expect(store.waiting().map(({ identity, tables }) => [identity.target, tables.spool.usage().events > 50])).toEqual([['new', true]]);
  expect((await run(stateDir, fresh, SCANS)).sinks[0]?.tally).toMatchObject({ already: 0, spooled: 50 });
  store.transaction(() => store.tables(fresh.sink.identity).spool.purge());
  store.close();
  fresh.takes = Number.POSITIVE_INFINITY;
  expect((await run(stateDir, fresh, SCANS)).sinks[0]?.tally).toMatchObject({ already: 0, spooled: 0 });
});

test('dead letters of the old destination move on request, and still count as missing at the old one', async () => {
  const stateDir = fastDir();
  const [old, fresh] = [new Lines('old'), new Lines('new')];
  old.refuses = true;
  await run(stateDir, old, SCANS);
  expect((await run(stateDir, fresh, [], old)).sinks[0]?.replayed.delivered).toBe(0);
  expect((await run(stateDir, fresh, [], old, true)).sinks[0]?.replayed.delivered).toBeGreaterThan(50);
  expect((await run(stateDir, fresh, SCANS)).sinks[0]?.tally).toMatchObject({ already: 50, delivered: 0 });
  old.refuses = false;
  await run(stateDir, old, SCANS);
  // But for what portlog tells about its own runs.
  expect(fresh.ids.filter((id) => !old.ids.includes(id)).length).toBeLessThanOrEqual(3);
});
