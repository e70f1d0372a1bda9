import { type Change, portOf } from '../change/change.ts';
import { absentHost, isOnLink, reachedAt, wouldList } from '../change/coverage.ts';
import { absenceEvent, baselineEvent, changeEvent, markedAsMass, massChangeEvent, scopeShrankEvent } from '../change/event.ts';
import { healTimes, settleHeld } from '../change/heal.ts';
import { type KnownFinding, type KnownHost, type KnownPort, standing, unknownHost } from '../state/known-host.ts';
import { observe, observeAbsence } from '../change/observe.ts';
import type { ChangeOptions } from '../change/options.ts';
import { findingRecord, hostRecord, hostStateOf, portRecord } from '../change/record.ts';
import { KnownScans, type ScanRecord } from '../change/scans.ts';
import { MAX_LENGTH } from '../change/scope.ts';
import { shrinkage } from '../change/shrinkage.ts';
import { sightingOf } from '../change/sighting.ts';
import { DAMAGED, KnownHosts } from '../state/known-hosts.ts';
import { ToldChanges } from '../change/told.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { Store } from '../state/store.ts';
import { PortlogError } from '../core/errors.ts';
import type { RunContext } from '../event/context.ts';
import { INVENTORY, type LogEvent } from '../event/event.ts';
import { absenceUnknownEvent, unlistedText } from '../event/health.ts';
import type { HostContext } from '../event/host.ts';
import type { Finder } from '../finding/finder.ts';
import { looksFor } from '../finding/script.ts';
import { seenFindings } from '../finding/seen.ts';
import type { EventMapper } from '../event/map.ts';
import { seenAt } from '../event/time.ts';
import { type Ending, type RunEnd, RunWatch, type ScanItem } from '../nmap/item.ts';
import type { Run } from '../nmap/model.ts';
import type { TargetLists } from '../nmap/target-lists.ts';

/** Hosts, and bytes of their text, that wait for being compared in one transaction: some tens of milliseconds. */
const MAX_HOSTS = 50;
/** masscan lists a host once for each port. */
const MAX_LISTINGS = 2000;
const MAX_BYTES = 4 << 20;

/** The run that is being read, and what its hosts are judged by. */
interface CurrentRun {
  readonly context: RunContext;
  readonly record: ScanRecord;
  /** Complete runs that began before this one. */
  earlier: readonly ScanRecord[];
  /** Complete runs that began after it: this one came late. */
  later: readonly ScanRecord[];
}

/** The ports that changes are about; of a host that is new, those that are open, too. */
function portsOf(known: KnownHost, changes: readonly Change[]): readonly KnownPort[] {
  const isNew = changes.some(({ action }) => action === 'host-new');
  const open = isNew ? Object.values(known.ports).filter(({ state }) => state === 'open') : [];
  const changed = changes.flatMap((change) => known.ports[portOf(change) ?? ''] ?? []);
  return [...new Set([...open, ...changed])];
}

/** Whether the host tells its time and the run does not. */
function tellsForRun({ run, time }: HostContext): boolean {
  return run.startIsOurs && time !== run.start;
}

/**
 * When a host was seen, in the order of the scans: never before its run began, whatever its own time says (a clock was set, or several
 * scans were made into one), else it would count as missing in the run that lists it. A run that tells no time that can be was at the
 * time of its first reading, however often it is read.
 */
function timeOf(host: HostContext, { started }: ScanRecord): number {
  if (tellsForRun(host)) return host.time;
  return host.run.startIsOurs ? started : Math.max(host.time, started);
}

/** What the inventory has something new to say of. */
interface Moved {
  readonly ports: readonly KnownPort[];
  readonly findings: readonly KnownFinding[];
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
  private hosts: KnownHosts;
  private scans: KnownScans;
  private readonly delivery: Delivery;
  private readonly store: Store;
  private readonly options: ChangeOptions;
  private readonly finder: Finder;
  private readonly lists: TargetLists | undefined;
  private readonly told: ToldChanges;
  private readonly keepsInventory: boolean;
  private readonly watch = new RunWatch();
  private current: CurrentRun | undefined;
  /** Hosts that wait for being compared, and how much text they are. */
  private waiting: HostContext[] = [];
  private readonly waitingKeys = new Set<string>();
  private waitingBytes = 0;
  /** What the current transaction has found: changes, and all else. */
  private changes: LogEvent[] = [];
  private events: LogEvent[] = [];
  /** What people should hear of the scans. */
  readonly remarks: string[] = [];
  /** The state could not be read or written: from then on nothing is compared. */
  problem: PortlogError | undefined;
  /** What is known of some hosts could not be read: all others are compared. */
  get damage(): PortlogError | undefined {
    return this.hosts.damage;
  }

  constructor(store: Store, delivery: Delivery, site: string, options: ChangeOptions, finder: Finder, lists?: TargetLists) {
    this.hosts = new KnownHosts(store.database, site);
    this.scans = new KnownScans(store.database, site);
    this.store = store;
    this.delivery = delivery;
    this.options = options;
    this.lists = lists;
    this.finder = finder;
    this.told = new ToldChanges(store.database);
    this.keepsInventory = delivery.pipelines.some(({ sink }) => sink.accepts(INVENTORY));
  }

  /** Takes the next item, after `mapper` had it. */
  async take(item: ScanItem, mapper: EventMapper): Promise<void> {
    const ending = this.watch.take(item);
    if (item.kind === 'run' && mapper.run !== undefined) this.begin(item.run, mapper.run);
    else if (item.kind === 'host') this.wait(mapper.hostOf(item.host));
    else if (item.kind === 'end') await this.end(item.end, ending);
    if (this.waitingKeys.size >= MAX_HOSTS || this.waiting.length >= MAX_LISTINGS || this.waitingBytes >= MAX_BYTES) await this.flush();
  }

  /** Compares the hosts that wait, commits what is known of them now, and announces what changed. */
  async flush(): Promise<void> {
    const { waiting, current } = this;
    this.waiting = [];
    this.waitingKeys.clear();
    this.waitingBytes = 0;
    if (current !== undefined && waiting.length > 0)
      await this.commit(current, () => this.hosts.together(this.options.confirm, () => waiting.forEach((host) => this.compare(host, current))));
  }

  /** Drops what waits of the run that is being read: it is not known, and is compared when it is shipped again. */
  abandon(): void {
    this.current = undefined;
    this.waiting = [];
    this.waitingKeys.clear();
    this.waitingBytes = 0;
    // They remember what was read or written in transactions that may have been rolled back.
    this.scans = new KnownScans(this.store.database, this.hosts.site);
    this.hosts = this.hosts.anew();
  }

  private begin(run: Run, context: RunContext): void {
    if (this.problem !== undefined) return;
    const { scanner, verbose, scaninfo } = run;
    const { start: started } = context;
    // Kept with each run, and read again for each scan of the site.
    const args = (context.args ?? '').length > MAX_LENGTH ? undefined : context.args;
    try {
      const record = this.store.transaction(() => {
        healTimes(this.hosts, this.scans, this.options.confirm, { now: context.options.now(), started });
        if (!context.startIsOurs) settleHeld(this.hosts, this.scans, this.options.confirm, started);
        this.hosts.keepLists(run);
        const begun = this.scans.begin(context.scanId, started, { scanner, args, verbose, scaninfo, lists: this.lists });
        if (!context.startIsOurs || begun.counts.held !== undefined) return begun;
        begun.counts.held = true;
        this.scans.save(begun);
        return begun;
      });
      this.current = { context, record, ...this.others(record) };
    } catch (error) {
      this.giveUp(error);
    }
  }

  /** Complete runs, as they lie to this one. */
  private others(record: ScanRecord): Pick<CurrentRun, 'earlier' | 'later'> {
    const complete = this.scans.complete().filter(({ nr }) => nr !== record.nr);
    return { earlier: complete.filter((other) => isBefore(other, record)), later: complete.filter((other) => isBefore(record, other)) };
  }

  private wait(host: HostContext | undefined): void {
    if (this.current === undefined || host === undefined || host.identity.key === '') return;
    this.waiting.push(host);
    this.waitingKeys.add(host.identity.key);
    this.waitingBytes += host.host.source.length;
  }

  /** One transaction: `work` reads and writes the state, and notes events. Another process may have changed it before. */
  private async commit({ record, context }: CurrentRun, work: () => void): Promise<void> {
    const make = (): readonly LogEvent[] => {
      this.changes = [];
      this.events = [];
      this.scans.refresh(record);
      work();
      this.scans.save(record);
      // Known as soon as the scan has more of them: those before it, at most so many, stay as they were told.
      const isMass = record.counts.changes > this.options.mass;
      const events = [...(isMass ? this.changes.map(markedAsMass) : this.changes), ...this.events];
      this.told.add(
        context.scanId,
        events,
        // What a sink has no room for, it gets when the scan is shipped to it again.
        this.delivery.pipelines.filter(({ isStuck }) => !isStuck).map(({ sink }) => sink.identity),
      );
      return events;
    };
    try {
      await this.delivery.announceFrom(make);
    } catch (error) {
      this.giveUp(error);
    }
  }

  /** The state says once what has changed: a sink that was not there when this scan came first gets it now. */
  private async catchUp({ context: { scanId } }: CurrentRun): Promise<void> {
    if (this.problem !== undefined) return;
    try {
      for (const pipeline of this.delivery.pipelines.filter(({ sink, isStuck }) => !isStuck && this.told.hasMissed(scanId, sink.identity)))
        await this.delivery.only((one) => one === pipeline).announceFrom(() => this.told.missed(scanId, pipeline.sink.identity));
    } catch (error) {
      this.giveUp(error);
    }
  }

  private compare(context: HostContext, current: CurrentRun): void {
    const { record } = current;
    const { host, identity } = context;
    const time = timeOf(context, record);
    this.noteTime(context, time, current);
    const found = this.hosts.find(identity.key) ?? unknownHost(identity.key);
    if (found === DAMAGED) return;
    const known = found;
    const address = reachedAt(identity);
    const { changes, isFirstSeen, firstSeen, firstFindings, findings } = observe(
      known,
      {
        sighting: sightingOf(record.coverage, host, identity, seenFindings(this.finder, context.run.run, host, time)),
        time,
        scan: record.nr,
        mark: context.observationId.slice(0, 16),
        wasLookedFor: () => current.earlier.some(({ coverage, counts }) => wouldList(coverage, address, counts.unread)),
        hasLookedIn: (nr, source) => looksFor(this.scans.argsOf(nr), source),
        hasLookedBefore: (port, source, since) =>
          current.earlier.some(
            ({ setup, coverage, ended, counts }) =>
              ended >= since &&
              looksFor(setup.args, source) &&
              wouldList(coverage, address, counts.unread) &&
              (port === undefined || coverage.ports.get(port.protocol)?.has(port.number) === true),
          ),
      },
      this.options,
    );
    this.settleAbsence(known, address, current);
    record.counts.firstHosts += isFirstSeen ? 1 : 0;
    record.counts.firstPorts += firstSeen.length;
    record.counts.firstFindings += firstFindings;
    if (known.time === time) this.record(known, current, { ports: [...firstSeen, ...portsOf(known, changes)], findings }, time);
    this.note(known, current, changes, (change) => changeEvent(context, change, this.scanId, time));
  }

  /** A run that tells no time of its own began with the earliest of its hosts, and no run ends before its latest one. */
  private noteTime(host: HostContext, time: number, current: CurrentRun): void {
    const { record } = current;
    if (tellsForRun(host)) {
      const isFirst = record.counts.held === true;
      if (isFirst) record.counts.held = false;
      if (isFirst && !record.complete) record.ended = time;
      if (time < record.started) {
        record.started = time;
        Object.assign(current, this.others(record));
      }
    }
    record.ended = Math.max(record.ended, time);
  }

  private readonly scanId = (nr: number): string | undefined => this.scans.idOf(nr);

  private note(known: KnownHost, { record }: CurrentRun, changes: readonly Change[], eventOf: (change: Change) => LogEvent): void {
    this.hosts.put(known, this.options.confirm);
    if (changes.length === 0) return;
    record.counts.changes += changes.length;
    record.counts.changedHosts++;
    this.changes.push(...changes.map(eventOf));
  }

  /** For targets that keep an inventory: the host once a run, its ports and weaknesses when they change. */
  private record(known: KnownHost, { context }: CurrentRun, moved: Moved, time: number): void {
    if (!this.keepsInventory || known.up.yes === undefined) return;
    this.events.push(hostRecord(context, known, time));
    const state = hostStateOf(known);
    // The records of its ports and weaknesses say whether the host is there: "what is open now" is asked of them alone.
    const ports = known.recorded === state ? [] : Object.values(known.ports).filter(({ open }) => standing(open, 1) === 'yes');
    const findings = known.recordedFindings === state ? [] : Object.values(known.findings).filter(({ open }) => standing(open, 1) === 'yes');
    known.recorded = state;
    known.recordedFindings = state;
    for (const port of new Set([...moved.ports, ...ports])) this.events.push(portRecord(context, known, port, time));
    for (const finding of new Set([...moved.findings, ...findings]))
      this.events.push(findingRecord(context, known, finding, { time, remedy: this.finder.remedyOf(finding.rule.id) }));
  }

  /** Runs that were taken in before this one, and are later, have not found the host. */
  private settleAbsence(known: KnownHost, address: string, { later }: CurrentRun): void {
    for (const { started, ended, coverage, counts } of later) {
      if (started > known.time && coverage.listsDown && wouldList(coverage, address, counts.unread))
        observeAbsence(known, ended, this.options.confirm);
    }
  }

  private async end(end: RunEnd, ending: Ending | undefined): Promise<void> {
    await this.flush();
    const { current } = this;
    if (current === undefined) return;
    const { record } = current;
    await this.commit(current, () => {
      record.ended = Math.max(seenAt(end.stats?.finished?.time, current.context.options.now()), record.ended);
      record.counts.total = end.stats?.hosts?.total ?? record.counts.total;
      record.counts.unread = this.watch.unread.length === 0 ? undefined : this.watch.unread;
      if (ending === 'finished') {
        record.complete = true;
        this.findAbsent(current);
        this.findUnlisted(current);
      }
      this.tellOfRun(current);
    });
    await this.catchUp(current);
    this.current = undefined;
  }

  /** Hosts that are known and not listed, where nobody can say why: told once of each kind of scan. */
  private findUnlisted({ context, record, earlier, later }: CurrentRun): void {
    const { coverage, counts, kind, started } = record;
    const { scope } = coverage.arguments;
    const isTold = [record, ...earlier, ...later].some((other) => other.kind === kind && other.counts.toldUnlisted === true);
    if (coverage.listsDown || coverage.listsAnswersOnly || !scope.known || isTold) return;
    const hosts = [...this.hosts.unseen(scope.addresses, started)].filter((key) => isOnLink(coverage, key)).length;
    if (hosts === 0) return;
    counts.toldUnlisted = true;
    this.remarks.push(unlistedText(hosts));
    this.events.push(absenceUnknownEvent(context.options, { scanId: context.scanId, args: context.args, hosts }));
  }

  /** Hosts that the run would have listed even if they were down, and does not. */
  private findAbsent(current: CurrentRun): void {
    const { context, record } = current;
    const { coverage, started, ended } = record;
    if (!coverage.listsDown || !coverage.arguments.scope.known) return;
    for (const key of this.hosts.unseen(coverage.arguments.scope.addresses, started)) {
      const known = this.hosts.find(key);
      if (known === undefined || known === DAMAGED || !absentHost(coverage, true, reachedAt(known), record.counts.unread).tested) continue;
      const changes = observeAbsence(known, ended, this.options.confirm);
      this.record(known, current, { ports: [], findings: [] }, ended);
      this.note(known, current, changes, (change) => absenceEvent(context, known, change, this.scanId, ended));
    }
  }

  /** What can be said of a run as a whole; each is told again only when there is more of it. */
  private tellOfRun({ context, record, earlier, later }: CurrentRun): void {
    const { counts, ended: time } = record;
    const first = counts.firstHosts + counts.firstPorts + counts.firstFindings;
    if (first > (counts.toldFirst ?? 0)) {
      counts.toldFirst = first;
      this.events.push(baselineEvent(context, time, counts));
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
    this.current = undefined;
  }
}
