import { type KnownHost, currentValue } from '../../src/state/known-host.ts';
import { KnownScans } from '../../src/change/scans.ts';
import { KnownHosts } from '../../src/state/known-hosts.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { ship, type ShipOptions, type ShipReport } from '../../src/pipeline/ship.ts';
import { SinkError } from '../../src/sink/sink.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { stateFile } from '../../src/state/store.ts';
import { NOTHING, openStore, scriptedSink } from './delivery.ts';
import { type Death, deathAtCommit } from './dying-database.ts';
import { fastDir } from './run-portlog.ts';
import { expectValidEvent } from './validate.ts';
import { textSource } from './text-source.ts';

/** Opens the state of a run; the process may be gone at some time. */
type Opening = Pick<Death, 'open'> & Partial<Death>;

/** A state directory and a server that keeps what it is sent, by id. */
export class World {
  readonly stateDir = fastDir();
  readonly stored = new Map<string, LogEvent>();
  private readonly options: Partial<ShipOptions>;

  constructor(options: Partial<ShipOptions> = {}) {
    this.options = options;
  }

  /** Ships scans in one run, and gives the messages of the changes that were new to the server. */
  async ship(...texts: readonly string[]): Promise<readonly string[]> {
    const before = new Set(this.stored.keys());
    await this.run(texts);
    return this.changes((id) => !before.has(id)).map(({ message }) => message);
  }

  /** All changes that the server has, in the order in which they came. */
  changes(isWanted: (id: string) => boolean = () => true): readonly LogEvent[] {
    return [...this.stored.values()].filter(({ dataset, id }) => dataset === 'nmap.change' && isWanted(id));
  }

  async run(texts: readonly string[], more: Partial<ShipOptions> = {}, death?: Opening): Promise<ShipReport> {
    const encoded = new Map<string, LogEvent>();
    const sink = scriptedSink(
      ({ entries }) => {
        if (death?.hasCome === true) return new SinkError('temporary', 'gone');
        const fresh = entries.filter(({ id }) => !this.stored.has(id));
        for (const { id, parts } of fresh) this.stored.set(id, encoded.get(id) ?? (JSON.parse(parts.join('')) as LogEvent));
        return { ...NOTHING, delivered: fresh.length, already: entries.length - fresh.length };
      },
      {
        encode(event) {
          encoded.set(event.id, event);
          if (event.dataset === 'nmap.change' || event.dataset === 'nmap.health') expectValidEvent(event);
          const text = JSON.stringify(event);
          return { parts: [text], bytes: text.length, partition: '' };
        },
        limits: { maxEvents: 50, maxBytes: 1 << 20, inFlight: 2, inFlightPerPartition: 1 },
      },
    );
    const store = openStore(this.stateDir, {}, undefined, death?.open);
    try {
      return await ship({
        sources: texts.map((text, i) => textSource(`scan ${i}`, text)),
        sinks: [sink],
        store,
        changes: { confirm: 1, mass: 100, everywhere: false },
        retryForMs: 0,
        ...this.options,
        ...more,
      });
    } finally {
      // A process that is gone ends no run.
      if (death?.hasCome === true) store.database.close();
      else store.close();
    }
  }

  /** Ships, and dies at the `n`th commit, as {@link deathAtCommit} says. False when the run had ended before. */
  async shipAndDie(texts: readonly string[], n: number, done: boolean): Promise<boolean> {
    const death = deathAtCommit(n, done);
    await this.run(texts, {}, death).catch(() => undefined);
    return death.hasCome;
  }

  /** What is known, with scans by their ids: the same whatever the order in which they came. */
  known(site = 'default'): unknown {
    const database = Database.open(stateFile(this.stateDir), SCHEMA_VERSIONS);
    const hosts = new KnownHosts(database, site);
    const scans = new KnownScans(database, site);
    const named = (key: string, value: unknown): unknown =>
      key === 'scan' && typeof value === 'number' ? scans.idOf(value) : key === 'marks' ? (value as string[]).toSorted() : value;
    const found = hosts.keys().map((key) => {
      // What was sent to an inventory is no knowledge.
      const { findings, recorded: _, recordedFindings: __, revision: ___, ...host } = JSON.parse(JSON.stringify(hosts.get(key), named)) as KnownHost;
      // Of a finding, whether it stands: when nobody saw it, nobody counted who looked.
      return { ...host, findings: Object.fromEntries(Object.entries(findings).map(([id, { open }]) => [id, currentValue(open, 1)])) };
    });
    database.close();
    return found;
  }
}
