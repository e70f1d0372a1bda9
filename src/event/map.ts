import type { RunEnd, ScanItem } from '../nmap/item.ts';
import { type EventOptions, type RunContext, runContext } from './context.ts';
import { countListed, countPorts, isUnanswered, type PortCounts } from './counts.ts';
import { levelOf, type LogEvent } from './event.ts';
import { type HostContext, hostEvent, isHostObservation } from './host.ts';
import type { Host, Port } from '../nmap/model.ts';
import { isQuiet, portEvent } from './port.ts';
import type { MisdatedScan } from './health.ts';
import { textDigest } from './id.ts';
import { RecentSet } from './recent.ts';
import { SeenInRun } from './seen-in-run.ts';
import { RunRecord } from './run-record.ts';
import { misdatedTimes, scanEndEvent } from './scan-end.ts';
import { looksAtPorts } from './scan-message.ts';
import { scanStartEvent } from './scan-event.ts';
import { textAt } from './text-at.ts';

/** Counts of hosts by one mapper, as plain data. */
export interface HostCounts extends HostCountsOfRun {
  readonly openPorts: number;
  readonly openProtocols: number;
  readonly unconfirmed: number;
  readonly hostsListed: number;
  readonly keys: readonly string[];
}
type HostCountsOfRun = RunRecord['hostCounts'];

/** A host of the run that is being read. */
export interface MappedHost {
  readonly host: Host;
  readonly context: HostContext;
}

const MAX_MISDATED = 20;

/** Turns items of a scan into events, in order. Holds only counts of the run. */
export class EventMapper {
  private readonly options: EventOptions;
  private context: RunContext | undefined;
  private record = new RunRecord();
  private seenInRun = new SeenInRun();
  /**
   * Ids of events about the ports and findings of the latest host. Repetitions are recognised per host, so that a thread that reads the host
   * alone gets the same result.
   */
  private made: RecentSet | undefined;
  /** Keys of hosts that were read; undefined unless asked for. */
  private keys: string[] | undefined;
  /** Hosts listed so far, in all runs, each once. */
  hostsListed = 0;
  /** Open ports listed so far, in all runs. */
  openPorts = 0;
  /** Open IP protocols listed so far, in all runs. */
  openProtocols = 0;
  /** Findings so far that raise no change: guesses, and versions that may be patched. */
  unconfirmed = 0;
  /** Runs that have ended, complete or cut, and looked at ports. */
  private endedPortScans = 0;
  /** Runs with impossible times, the first few. */
  readonly misdated: MisdatedScan[] = [];

  constructor(options: EventOptions) {
    this.options = options;
  }

  /** The run that is being read. */
  get run(): RunContext | undefined {
    return this.context;
  }

  /** Runs so far that looked at ports, as `nmap -sn` and `-sL` do not; the one that is being read counts, because reading may stop within it. */
  get portScans(): number {
    const { context, record } = this;
    return this.endedPortScans + (context !== undefined && looksAtPorts(context, record) ? 1 : 0);
  }

  /**
   * Counts a finding of the current run; false for a repetition. `alerts`: it raises a change; `repeated`: how often its port is listed again
   * right behind.
   */
  noteFinding(
    host: HostContext,
    { id, severity, own }: LogEvent,
    { alerts, repeated = 0 }: { alerts: boolean; repeated?: number | undefined },
  ): boolean {
    this.record.repeated += repeated;
    const isListedOnce = isHostObservation(host.run);
    const isNew = isListedOnce ? this.isFirstOfHost(id) : this.isStatement(id);
    if (isListedOnce ? isNew : this.seenInRun.isFirstFinding(textAt(own, 'nmap', 'entity', 'id') ?? id))
      this.record.addFinding(levelOf(severity), host.place['zone']);
    if (isNew && !alerts) this.unconfirmed++;
    return isNew;
  }

  /** Returns and resets the counts of the current run, for {@link add} of another mapper. */
  takeCounts(): HostCounts {
    const { openPorts, openProtocols, unconfirmed, hostsListed, keys = [] } = this;
    const counts = { ...this.record.hostCounts, openPorts, openProtocols, unconfirmed, hostsListed, keys };
    this.record = new RunRecord();
    this.seenInRun = new SeenInRun();
    this.keys = [];
    [this.openPorts, this.openProtocols, this.unconfirmed, this.hostsListed] = [0, 0, 0, 0];
    return counts;
  }

  /** Adds counts of another mapper for the same run; false, without adding, when one of its hosts was seen here. */
  add(counts: HostCounts): boolean {
    if (counts.keys.some((key) => this.seenInRun.has(key))) return false;
    for (const key of counts.keys) this.seenInRun.isStatement(key);
    this.record.add(counts);
    this.openPorts += counts.openPorts;
    this.openProtocols += counts.openProtocols;
    this.unconfirmed += counts.unconfirmed;
    this.hostsListed += counts.hostsListed;
    return true;
  }

  /** Events for an item other than a host; for hosts see {@link hostEvents}. */
  *events(item: Exclude<ScanItem, { readonly kind: 'host' }>): Generator<LogEvent, void, undefined> {
    switch (item.kind) {
      case 'run':
        this.context = runContext(item.run, this.options);
        this.seenInRun = new SeenInRun();
        if (this.options.scannerHost !== undefined) yield scanStartEvent(this.context);
        return;
      case 'hosthint':
        return this.record.addHint();
      case 'target':
        return this.record.addTarget(item.target);
      case 'task':
        return this.record.addTask(item.task);
      case 'prescript':
      case 'postscript':
        return this.record.addScripts(item.scripts);
      case 'output':
        this.record.output = item;
        return;
      case 'mended':
        return this.record.addMended(item.mended);
      case 'refused':
        return this.record.addRefusal(item.refusal);
      case 'end':
        if (this.context === undefined) return;
        this.noteMisdated(this.context, item.end);
        if (looksAtPorts(this.context, this.record)) this.endedPortScans++;
        yield scanEndEvent(this.context, this.record, item.end);
        this.context = undefined;
        this.record = new RunRecord();
    }
  }

  private noteMisdated(context: RunContext, end: RunEnd): void {
    const times = misdatedTimes(context, this.record, end);
    const { scanId, run } = context;
    if (times.length > 0 && this.misdated.length < MAX_MISDATED)
      this.misdated.push({ scanId, scanner: run.scanner ?? 'nmap', times, hosts: this.record.misdated.hosts });
  }

  /**
   * Events for a host of the current run, and its ports. Returns false for a repetition, which has no events. For hosts that
   * are only counted see {@link countDown}.
   */
  hostEvents(mapped: MappedHost): Generator<LogEvent, boolean, undefined> {
    return this.context === undefined || isHostObservation(this.context) ? this.listedHost(mapped) : this.answer(mapped);
  }

  /** Counts a host that is down and gets no event; false when it gets one. */
  countDown(host: Host): boolean {
    const isOne = host.status?.state === 'down' && !this.options.all && this.context !== undefined && isHostObservation(this.context);
    if (isOne) this.count(host, countPorts(host), textDigest(host.source));
    return isOne;
  }

  /** A host of nmap, which lists each once with all of its ports. */
  private *listedHost({ host, context }: MappedHost): Generator<LogEvent, boolean, undefined> {
    const counts = countPorts(host);
    if (!this.count(host, counts, context.observationId)) return false;
    this.record.addToZone(context.place['zone'], !isUnanswered(host, counts), counts.byState.open - counts.openProtocols);
    yield hostEvent(context, counts);
    this.made = undefined;
    const areOnce = areInOrder(host.ports);
    for (const port of this.wantedPorts(host)) {
      const event = portEvent(context, port);
      if (areOnce || this.isFirstOfHost(event.id)) yield event;
    }
    return true;
  }

  /** An answer to masscan, which writes a host each time it answers. */
  private *answer({ host, context }: MappedHost): Generator<LogEvent, boolean, undefined> {
    const counts = countPorts(host);
    this.record.addHost(host, counts, this.options.now());
    const isNewHost = this.seenInRun.isFirstHost(context.entityId);
    const listed = countListed(host.ports, (port) => (this.seenInRun.isFirstPort(context.entityId, port) ? 1 : 0));
    const openPorts = listed.byState.open - listed.openProtocols;
    this.record.addDifferent(isNewHost ? host : undefined, listed);
    this.record.addToZone(context.place['zone'], isNewHost, openPorts);
    this.openPorts += openPorts;
    this.openProtocols += listed.openProtocols;
    if (isNewHost) this.hostsListed++;
    for (const port of this.wantedPorts(host)) {
      const event = portEvent(context, port);
      if (this.isStatement(event.id)) yield event;
    }
    return true;
  }

  /** Counts a host of nmap; false for a repetition. `key`: see {@link isStatement}. */
  private count(host: Host, counts: PortCounts, key: string): boolean {
    this.record.addHost(host, counts, this.options.now());
    if (!this.isStatement(key)) return false;
    this.record.addDifferent(host, counts);
    this.openPorts += counts.openListed;
    this.openProtocols += counts.openProtocols;
    this.hostsListed++;
    return true;
  }

  /** Ports that get an event; counts what is listed again right behind. */
  private *wantedPorts(host: Host): Generator<Port, void, undefined> {
    for (const port of host.ports) {
      if (!this.options.all && isQuiet(port)) continue;
      this.record.repeated += port.repeated ?? 0;
      yield port;
    }
  }

  /** Whether a statement is made for the first time; repetitions are only counted. */
  private isStatement(key: string): boolean {
    const isNew = this.seenInRun.isStatement(key);
    if (isNew) this.keys?.push(key);
    else this.record.repeated++;
    return isNew;
  }

  /** The same within the latest host. */
  private isFirstOfHost(id: string): boolean {
    this.made ??= new RecentSet();
    const isNew = this.made.add(id);
    if (!isNew) this.record.repeated++;
    return isNew;
  }
}

/**
 * Whether ports are in nmap's order, protocol by protocol with ascending numbers, so that none is listed twice. False for ports that are
 * parsed lazily, because checking them would parse them again.
 */
function areInOrder(ports: Iterable<Port>): boolean {
  if (!Array.isArray(ports)) return false;
  const begun = new Set<string | undefined>();
  let last: Port | undefined;
  for (const port of ports as readonly Port[]) {
    const isNext = last?.protocol === port.protocol ? (port.number ?? -1) > (last?.number ?? -1) : !begun.has(port.protocol);
    if (!isNext || port.number === undefined) return false;
    begun.add(port.protocol);
    last = port;
  }
  return true;
}
