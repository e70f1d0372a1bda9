import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_CHANGE_OPTIONS } from '../../src/change/options.ts';
import { INVENTORY, type LogEvent } from '../../src/event/event.ts';
import { ship, type ShipOptions } from '../../src/pipeline/ship.ts';
import { type Batch, type Outcome, type Sink, SinkError } from '../../src/sink/sink.ts';
import { unaccounted } from '../../src/state/tally.ts';
import { NOTHING, openStore, scriptedSink } from '../support/delivery.ts';
import { deathAtCommit } from '../support/dying-database.ts';
import { fastDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { runs } from '../support/seed.ts';
import { textSource } from '../support/text-source.ts';

/*
 * What the state says once (changes, records of the inventory) is not read again from a scan. Whatever becomes of it on its way, a
 * destination that takes everything in the end has all of it, when the scans are shipped to it.
 */

const SERVICES = '<verbose level="1"/><scaninfo type="syn" protocol="tcp" numservices="2" services="22,80"/>';
const OPEN: readonly (readonly number[] | undefined)[][] = [
  [[22], [80], undefined],
  [[22, 80], undefined, [22]],
  [[80], [80], [22, 80]],
];
const SCANS = OPEN.map((found, nr) => {
  const start = 1_760_000_000 + nr * 1000;
  const times = `starttime="${start + 1}" endtime="${start + 2}"`;
  const hosts = found.map((open, i) => {
    const address = `192.0.2.${i + 1}`;
    if (open === undefined) return host(address, '', times).replace('state="up"', 'state="down"');
    return host(address, [22, 80].map((number) => port(number, open.includes(number) ? 'open' : 'closed')).join(''), times);
  });
  return scan(SERVICES + hosts.join(''), `scanner="nmap" version="7.93" args="nmap -v -p 22,80 192.0.2.0/30" start="${start}"`);
});

type Mood = 'takes' | 'down' | 'half' | 'refuses' | 'refuses all';

/** What it was sent and has taken: events by their ids, records in their latest version. */
class Server {
  readonly sink: Sink;
  readonly ids = new Set<string>();
  readonly records = new Map<string, LogEvent>();
  moods: Mood[] = [];

  constructor(target: string) {
    const encoded = new Map<string, LogEvent>();
    this.sink = scriptedSink((batch) => this.answer(batch, encoded), {
      identity: { type: 'scripted', target, scope: '' },
      limits: { maxEvents: 4, maxBytes: 10_000, inFlight: 2, inFlightPerPartition: 1 },
      encode(event) {
        const key = `${event.id} ${event.revision ?? ''}`;
        encoded.set(key, event);
        TEXTS.set(key, event);
        return { parts: [key], bytes: key.length, partition: event.dataset === INVENTORY ? 'records' : '' };
      },
    });
  }

  private answer({ entries }: Batch, encoded: ReadonlyMap<string, LogEvent>): Outcome | SinkError {
    const mood = this.moods.length > 1 ? this.moods.shift() : this.moods[0];
    if (mood === 'down') return new SinkError('temporary', 'down');
    const refused = mood === 'refuses all' ? entries : entries.slice(0, mood === 'refuses' ? 1 : 0);
    const rejected = refused.map((entry) => ({ entry, reason: 'no' }));
    const retry = mood === 'half' ? entries.slice(Math.ceil(entries.length / 2)) : [];
    const taken = entries.filter((entry) => !retry.includes(entry) && rejected.every((one) => one.entry !== entry));
    for (const { parts } of taken) this.take(encoded.get(parts.join('')) ?? TEXTS.get(parts.join('')));
    return { ...NOTHING, delivered: taken.length, retry, rejected };
  }

  private take(event: LogEvent | undefined): void {
    if (event === undefined || event.dataset === 'nmap.health') return;
    if (event.dataset !== INVENTORY) return void this.ids.add(event.id);
    const before = this.records.get(event.id);
    // As servers do: of two records of one version, the first stays.
    if ((before?.revision ?? 0) < (event.revision ?? 0)) this.records.set(event.id, event);
  }

  get inventory(): readonly string[] {
    const lines = [...this.records.values()].map(({ message, own }) => `${message} ${(own['nmap'] as any).inventory.state}`);
    // That a port was open once, which a scan says that comes late, is history: no record replaces a later one.
    return lines.filter((line) => !line.endsWith(' closed')).toSorted();
  }
}

/** Across sinks, for what one had encoded and another one sends. */
const TEXTS = new Map<string, LogEvent>();

const MOODS = fc.array(fc.constantFrom<Mood>('takes', 'takes', 'down', 'half', 'refuses', 'refuses all', 'refuses all'), {
  minLength: 1,
  maxLength: 6,
});
const WHO = fc.subarray([0, 1], { minLength: 1 });
const STEP = fc.record({
  what: fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('ship' as const), scans: fc.subarray([0, 1, 2], { minLength: 1 }), who: WHO }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('replay' as const, 'purge' as const), dead: fc.boolean(), who: WHO }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), dead: fc.boolean(), to: fc.constantFrom(0, 1) }) },
  ),
  moods: fc.tuple(MOODS, MOODS),
  diesAt: fc.option(fc.integer({ min: 2, max: 20 }), { nil: undefined, freq: 4 }),
});
type Step = typeof STEP extends fc.Arbitrary<infer S> ? S : never;

class World {
  readonly stateDir = fastDir();
  readonly servers = [new Server('a'), new Server('b')] as const;

  async do({ what, moods, diesAt }: Step): Promise<void> {
    for (const [i, server] of this.servers.entries()) server.moods = [...(moods[i] ?? [])];
    if (what.kind === 'purge') return this.purge(what.who, what.dead);
    const servers = (what.kind === 'move' ? [what.to] : what.who).flatMap((i) => this.servers[i] ?? []);
    const texts = what.kind === 'ship' ? what.scans.map((nr) => SCANS[nr] ?? '') : [];
    const from = what.kind === 'move' ? this.servers[1 - what.to]?.sink.identity.target : undefined;
    await this.run(texts, servers, { retryDeadLetters: what.kind !== 'ship' && what.dead }, from, diesAt);
  }

  async run(texts: readonly string[], servers: readonly Server[], more: Partial<ShipOptions>, from?: string, diesAt?: number): Promise<void> {
    const death = diesAt === undefined ? undefined : deathAtCommit(diesAt, diesAt % 2 === 0);
    const store = openStore(this.stateDir, {}, Date.now, death?.open);
    const sinks = servers.map(({ sink }): Sink => ({
      ...sink,
      async send(batch, signal) {
        if (death?.hasCome === true) throw new SinkError('temporary', 'gone');
        return sink.send(batch, signal);
      },
    }));
    const sources = texts.map((text, i) => textSource(`scan ${i}`, text));
    try {
      const takeOver = from === undefined ? [] : store.waiting().filter(({ identity }) => identity.target === from);
      const report = await ship({
        sources,
        sinks,
        store,
        retryForMs: 0,
        changes: { ...DEFAULT_CHANGE_OPTIONS, everywhere: false },
        takeOver,
        ...more,
      });
      for (const { tally, own, replayed } of death === undefined ? report.sinks : [])
        expect([tally, own, replayed].map(unaccounted)).toEqual([0, 0, 0]);
    } catch (error) {
      if (death?.hasCome !== true) throw error;
    } finally {
      // A process that is gone ends no run.
      if (death === undefined) store.close();
      else store.database.close();
    }
  }

  private purge(who: readonly number[], dead: boolean): void {
    const store = openStore(this.stateDir, {}, Date.now);
    for (const { sink } of who.flatMap((i) => this.servers[i] ?? [])) {
      const { spool, deadLetters } = store.tables(sink.identity);
      store.transaction(() => (dead ? deadLetters : spool).purge());
    }
    store.close();
  }
}

test('whatever happens on the way, each destination ends with all events, all changes and the inventory', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 6 }), async (steps) => {
      const world = new World();
      const all = new Server('all');
      all.moods = ['takes'];
      for (const step of steps) await world.do(step);
      for (const server of world.servers) server.moods = ['takes'];
      for (const server of world.servers) await world.run([], [server], { retryDeadLetters: true });
      for (const server of [...world.servers, all]) await world.run(SCANS, [server], {});
      const wanted = [...all.ids].toSorted();
      for (const { ids, inventory, sink } of world.servers) {
        expect([sink.identity.target, [...ids].toSorted()]).toEqual([sink.identity.target, wanted]);
        expect(inventory).toEqual(all.inventory);
      }
    }),
    { numRuns: runs(60) },
  );
});
