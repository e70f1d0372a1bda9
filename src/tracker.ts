import { isIP } from 'node:net';
import { type Change, portOf } from './change/change.ts';
import { absentHost, wouldList } from './change/coverage.ts';
import { absenceEvent, baselineEvent, changeEvent, massChangeEvent, scopeShrankEvent } from './change/event.ts';
import { type KnownHost, type KnownPort, unknownHost } from './change/known.ts';
import { observe, observeAbsence } from './change/observe.ts';
import type { ChangeOptions } from './change/options.ts';
import { hostRecord, portRecord } from './change/record.ts';
import { KnownScans, type ScanRecord } from './change/scans.ts';
import { shrinkage } from './change/shrinkage.ts';
import { sightingOf } from './change/sighting.ts';
import { KnownHosts } from './change/store.ts';
import { announce } from './delivery/announce.ts';
import type { Lane } from './delivery/lane.ts';
import type { Store } from './delivery/store.ts';
import { PortlogError } from './errors.ts';
import type { RunContext } from './event/context.ts';
import { INVENTORY, type LogEvent } from './event/event.ts';
import type { EventMapper } from './event/map.ts';
import { milliseconds } from './event/time.ts';
import { isComplete, type RunEnd, type ScanItem } from './nmap/item.ts';
import type { Host, Run } from './nmap/model.ts';

/** Hosts that are compared before their state and their changes are written together. */
const MAX_HOSTS = 200;
const MAX_EVENTS = 500;

/** The run that is being read, and what its hosts are judged by. */
interface CurrentRun {
  readonly context: RunContext;
  readonly record: ScanRecord;
  /** Complete runs that began before this one. */
  readonly earlier: readonly ScanRecord[];
  /** Complete runs that began after it: this one came late. */
  readonly later: readonly ScanRecord[];
}

/** The ports that changes are about; of a host that is new, those that are open. */
function portsOf(known: KnownHost, changes: readonly Change[]): readonly KnownPort[] {
  const isNew = changes.some(({ action }) => action === 'host-new');
  const keys = new Set(changes.map(portOf));
  return Object.entries(known.ports).flatMap(([key, port]) => (keys.has(key) || (isNew && port.state === 'open') ? [port] : []));
}

/** Of runs that began in the same second, the one that was shipped first. */
function isBefore(a: ScanRecord, b: ScanRecord): boolean {
  return a.started < b.started || (a.started === b.started && a.nr < b.nr);
}

/**
 * Compares what is read with what is known, and announces what changed. State, and the events that say
 * how it changed, are committed in one transaction before anything is sent: a run that is killed has
 * either done both or neither, and the next one goes on from there.
 */
export class ChangeTracker {
  private readonly hosts: KnownHosts;
  private readonly scans: KnownScans;
  private readonly lanes: readonly Lane[];
  private readonly store: Store;
  private readonly options: ChangeOptions;
  private readonly keepsInventory: boolean;
  private current: CurrentRun | undefined;
  private changed = new Map<string, KnownHost>();
  private events: LogEvent[] = [];
  /** Something is to be written. */
  private isDirty = false;
  /** The state could not be read or written: from then on nothing is compared. */
  problem: PortlogError | undefined;

  constructor(store: Store, lanes: readonly Lane[], site: string, options: ChangeOptions) {
    this.hosts = new KnownHosts(store.database, site);
    this.scans = new KnownScans(store.database, site);
    this.store = store;
    this.lanes = lanes;
    this.options = options;
    this.keepsInventory = lanes.some(({ sink }) => sink.accepts(INVENTORY));
  }

  /** Takes the next item, after `mapper` had it. */
  async take(item: ScanItem, mapper: EventMapper): Promise<void> {
    if (this.problem !== undefined) return;
    try {
      if (item.kind === 'run' && mapper.run !== undefined) this.begin(item.run, mapper.run);
      else if (item.kind === 'host') this.host(item.host, mapper);
      else if (item.kind === 'end') await this.end(item.end);
      if (this.changed.size >= MAX_HOSTS || this.events.length >= MAX_EVENTS) await this.flush();
    } catch (error) {
      this.giveUp(error);
    }
  }

  /** Commits and announces what was found so far. */
  async flush(): Promise<void> {
    if (this.problem !== undefined || !this.isDirty) return;
    const { changed, events, current } = this;
    this.changed = new Map();
    this.events = [];
    this.isDirty = false;
    const save = (): void => {
      for (const host of changed.values()) this.hosts.put(host, this.options.confirm);
      if (current !== undefined) this.scans.save(current.record);
    };
    try {
      if (events.length === 0) this.store.transaction(save);
      else await announce(events, this.lanes, this.store, save);
    } catch (error) {
      this.giveUp(error);
    }
  }

  private begin(run: Run, context: RunContext): void {
    const { scanner, verbose, scaninfo } = run;
    const started = milliseconds(run.start);
    const record = this.store.transaction(() => {
      this.hosts.keepLists(run);
      return this.scans.begin(context.scanId, started, { scanner, args: context.args, verbose, scaninfo });
    });
    const complete = this.scans.complete().filter(({ nr }) => nr !== record.nr);
    this.current = {
      context,
      record,
      earlier: complete.filter((other) => isBefore(other, record)),
      later: complete.filter((other) => isBefore(record, other)),
    };
  }

  private host(host: Host, mapper: EventMapper): void {
    const { current } = this;
    const context = mapper.hostOf(host);
    if (current === undefined || context === undefined || context.identity.key === '') return;
    const { record } = current;
    const { identity, time } = context;
    const known = this.known(identity.key) ?? unknownHost(identity.key);
    const address = identity.ips[0] ?? identity.key;
    const { changes, isFirstSeen, firstSeen } = observe(
      known,
      {
        sighting: sightingOf(record.coverage, host, identity),
        time,
        scan: record.nr,
        mark: context.observationId.slice(0, 16),
        wasLookedFor: () => current.earlier.some(({ coverage }) => wouldList(coverage, address)),
      },
      this.options.confirm,
    );
    this.settleAbsence(known, address, current);
    record.counts.firstHosts += isFirstSeen ? 1 : 0;
    record.counts.firstPorts += firstSeen.length;
    this.note(known, changes, (change) => changeEvent(context, change, this.scanId));
    if (known.time === time) this.record(known, [...firstSeen, ...portsOf(known, changes)], time);
  }

  /** For targets that keep an inventory: the host once a run, its ports when they change. */
  private record(known: KnownHost, ports: readonly KnownPort[], time: number): void {
    const { current } = this;
    if (current === undefined || !this.keepsInventory || known.up.yes === undefined) return;
    this.events.push(hostRecord(current.context, known, time));
    for (const port of new Set(ports)) this.events.push(portRecord(current.context, known, port, time));
  }

  private readonly scanId = (nr: number): string | undefined => this.scans.idOf(nr);

  private note(known: KnownHost, changes: readonly Change[], eventOf: (change: Change) => LogEvent): void {
    this.isDirty = true;
    this.changed.set(known.key, known);
    if (changes.length === 0 || this.current === undefined) return;
    const { counts } = this.current.record;
    counts.changes += changes.length;
    counts.changedHosts++;
    this.events.push(...changes.map(eventOf));
  }

  private known(key: string): KnownHost | undefined {
    return this.changed.get(key) ?? this.hosts.get(key);
  }

  /** Runs that were taken in before this one, and are later, have not found the host. */
  private settleAbsence(known: KnownHost, address: string, { later }: CurrentRun): void {
    for (const { started, ended, coverage } of later) {
      if (started > known.time && coverage.listsDown && wouldList(coverage, address)) observeAbsence(known, ended, this.options.confirm);
    }
  }

  private async end(end: RunEnd): Promise<void> {
    const { current } = this;
    if (current === undefined) return;
    await this.flush();
    const { record } = current;
    record.ended = Math.max(milliseconds(end.stats?.finished?.time), record.ended);
    record.counts.total = end.stats?.hosts?.total ?? record.counts.total;
    if (isComplete(end)) {
      record.complete = true;
      this.findAbsent(current);
    }
    this.tellOfRun(current);
    this.isDirty = true;
    await this.flush();
    this.current = undefined;
  }

  /** Hosts that the run would have listed even if they were down, and does not. */
  private findAbsent({ context, record }: CurrentRun): void {
    const { coverage, started, ended } = record;
    if (!coverage.listsDown || !coverage.arguments.scope.known) return;
    for (const key of this.hosts.keys(started)) {
      if (isIP(key) !== 0 && !absentHost(coverage, true, key).tested) continue;
      const known = this.known(key);
      if (known === undefined || !absentHost(coverage, true, known.ips[0] ?? key).tested) continue;
      const changes = observeAbsence(known, ended, this.options.confirm);
      this.note(known, changes, (change) => absenceEvent(context, known, change, this.scanId, ended));
      this.record(known, [], ended);
    }
  }

  /** What can be said of a run as a whole; each is told again only when there is more of it. */
  private tellOfRun({ context, record, earlier, later }: CurrentRun): void {
    const { counts, ended: time } = record;
    const first = counts.firstHosts + counts.firstPorts;
    if (first > (counts.toldFirst ?? 0)) {
      counts.toldFirst = first;
      this.events.push(baselineEvent(context, time, counts.firstHosts, counts.firstPorts));
    }
    if (counts.changes > Math.max(this.options.mass, counts.toldChanges ?? 0)) {
      counts.toldChanges = counts.changes;
      this.events.push(massChangeEvent(context, time, counts.changes, counts.changedHosts));
    }
    const shrank = record.complete && counts.toldShrank !== true ? shrinkage(record, earlier, later) : undefined;
    if (shrank === undefined) return;
    counts.toldShrank = true;
    this.events.push(scopeShrankEvent(context, time, shrank));
  }

  private giveUp(error: unknown): void {
    if (!(error instanceof PortlogError)) throw error;
    this.problem = error;
  }
}
