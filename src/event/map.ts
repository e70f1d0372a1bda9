import type { RunEnd, ScanItem } from '../nmap/item.ts';
import { type EventOptions, type RunContext, runContext } from './context.ts';
import { countPorts } from './counts.ts';
import { levelOf, type LogEvent } from './event.ts';
import { type HostContext, hostContext, hostEvent, isHostObservation } from './host.ts';
import type { Host } from '../nmap/model.ts';
import { isQuiet, portEvent } from './port.ts';
import type { MisdatedScan } from './health.ts';
import { misdatedTimes, RunRecord, scanEndEvent, scanStartEvent } from './scan.ts';

/** What a mapper has counted of hosts; plain data. */
export type HostCounts = RunRecord['hostCounts'] & { readonly openPorts: number };

const MAX_MISDATED = 20;

/** Turns what a scan says into events, in the same order, holding no more than counts of the run. */
export class EventMapper {
  private readonly options: EventOptions;
  private context: RunContext | undefined;
  private current: HostContext | undefined;
  private record = new RunRecord();
  /** Open ports listed so far, in all runs. */
  openPorts = 0;
  /** Runs that tell times that cannot be, the first of them. */
  readonly misdated: MisdatedScan[] = [];

  constructor(options: EventOptions) {
    this.options = options;
  }

  /** The run that is being read. */
  get run(): RunContext | undefined {
    return this.context;
  }

  /** Counts a weakness of the run that is being read. */
  noteFinding(host: HostContext, severity: number): void {
    this.record.addFinding(levelOf(severity), host.place['zone']);
  }

  /** The host of a `host` item that was given last; made when it is asked for. */
  hostOf(host: Host): HostContext | undefined {
    if (this.context !== undefined && this.current?.host !== host) this.current = hostContext(this.context, host);
    return this.current;
  }

  /** Hands over what has been counted of the run since it began, or since this was asked; for {@link add}. */
  takeCounts(): HostCounts {
    const counts = { ...this.record.hostCounts, openPorts: this.openPorts };
    this.record = new RunRecord();
    this.openPorts = 0;
    return counts;
  }

  /** Counts hosts of the run that another mapper has made into events. */
  add(counts: HostCounts): void {
    this.record.add(counts);
    this.openPorts += counts.openPorts;
  }

  *events(item: ScanItem): Generator<LogEvent, void, undefined> {
    switch (item.kind) {
      case 'run':
        this.context = runContext(item.run, this.options);
        if (this.options.scannerHost !== undefined) yield scanStartEvent(this.context);
        return;
      case 'host':
        if (this.context === undefined) return;
        const counts = countPorts(item.host);
        this.record.addHost(item.host, counts, this.options.now());
        this.openPorts += counts.openListed;
        if (item.host.status?.state === 'down' && !this.options.all) return;
        const host = this.hostOf(item.host);
        if (host === undefined) return;
        this.record.addToZone(host.place['zone'], counts);
        if (isHostObservation(this.context)) yield hostEvent(host, counts);
        for (const port of item.host.ports) if (this.options.all || !isQuiet(port)) yield portEvent(host, port);
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
      case 'refused':
        return this.record.addRefusal(item.refusal);
      case 'end':
        if (this.context === undefined) return;
        this.noteMisdated(this.context, item.end);
        yield scanEndEvent(this.context, this.record, item.end);
        this.context = undefined;
        this.current = undefined;
        this.record = new RunRecord();
    }
  }

  private noteMisdated(context: RunContext, end: RunEnd): void {
    const times = misdatedTimes(context, this.record, end);
    const { scanId, run } = context;
    if (times.length > 0 && this.misdated.length < MAX_MISDATED)
      this.misdated.push({ scanId, scanner: run.scanner ?? 'nmap', times, hosts: this.record.misdated.hosts });
  }
}
