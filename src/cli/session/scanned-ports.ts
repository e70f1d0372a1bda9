import { systemClock } from '../../core/clock.ts';
import { hasPorts } from '../../nmap/transport.ts';
import { runCoverage, type RunCoverage, isOpen } from '../../change/coverage.ts';
import { sightingOf } from '../../change/sighting.ts';
import type { Settings } from '../../config/settings.ts';
import { type RunContext, runContext } from '../../event/context.ts';
import { type HostContext, hostContext } from '../../event/host.ts';
import { shownService } from '../../event/service-name.ts';
import { type Ending, RunWatch } from '../../nmap/item.ts';
import type { Host } from '../../nmap/model.ts';
import type { PortSet } from '../../nmap/port-set.ts';
import { counted } from '../../event/text.ts';
import type { CommandContext } from './context.ts';
import { readScan } from './read-scan.ts';
import { unfinishedText } from './unfinished.ts';

/** An open port, as all tasks need it. */
export interface OpenPort {
  readonly host: string;
  readonly ips: readonly string[];
  readonly number: number;
  readonly protocol: string;
  readonly service: string;
  /** Epoch milliseconds. */
  readonly time: number;
}

/** Open ports of a scan, and what it covered. */
export interface ScannedPorts {
  readonly name: string;
  readonly ports: readonly OpenPort[];
  /** Hosts with at least one tested port, with their coverage. */
  readonly hosts: readonly LookedAt[];
  /** Number of listed hosts. */
  readonly listed: number;
  readonly down: number;
  /** Sentences about what is missing from the scan. */
  readonly gaps: readonly string[];
}

interface LookedAt {
  readonly host: string;
  readonly ips: readonly string[];
  readonly scanned: RunCoverage['ports'];
}

/** Reads a scan to its end. */
export async function scannedPorts(context: CommandContext, settings: Settings, scan: string): Promise<ScannedPorts> {
  const reading = new Reading();
  const watch = new RunWatch();
  const endings: Ending[] = [];
  let refused = 0;
  const name = await readScan(context, scan, (item) => {
    if (item.kind === 'refused') refused++;
    const ending = watch.take(item);
    if (ending !== undefined) endings.push(ending);
    if (item.kind === 'run')
      reading.begin(runContext(item.run, { ...settings.event, now: systemClock.now, scannerHost: undefined, agentHost: undefined }));
    if (item.kind === 'host') reading.add(item.host);
  });
  const gaps = [
    ...unfinishedText(endings, 'count'),
    ...(refused > 0 ? [`${counted(refused, 'element')} could not be read and ${refused === 1 ? 'does' : 'do'} not count`] : []),
    ...reading.gaps(),
  ];
  const { ports, hosts, listed, down } = reading;
  return { name, ports, hosts: [...hosts.values()], listed: listed.size, down: down.size, gaps };
}

/** Merges hosts that are listed repeatedly (masscan writes one per port). */
class Reading {
  readonly ports: OpenPort[] = [];
  readonly hosts = new Map<string, LookedAt>();
  readonly listed = new Set<string>();
  readonly down = new Set<string>();
  private readonly timedOut = new Set<string>();
  private run: { readonly context: RunContext; readonly coverage: RunCoverage } | undefined;

  begin(context: RunContext): void {
    this.run = { context, coverage: runCoverage(context.run) };
  }

  add(host: Host): void {
    if (this.run === undefined) return;
    const context = hostContext(this.run.context, host);
    const { key, ips } = context.identity;
    this.listed.add(key);
    if (host.status?.state === 'down') this.down.add(key);
    else if (host.timedout === true) this.timedOut.add(key);
    // A host may list the same port again and again.
    const open = new Map<string, OpenPort>();
    for (const port of openPorts(context)) open.set(`${port.number}/${port.protocol} ${port.service}`, port);
    for (const port of open.values()) this.ports.push(port);
    if (hasLooked(this.run.coverage, host)) this.hosts.set(key, { host: key, ips, scanned: this.run.coverage.ports });
  }

  gaps(): readonly string[] {
    const timedOut = [...this.timedOut].filter((key) => !this.hosts.has(key));
    const silent = [...this.listed].filter((key) => !this.hosts.has(key) && !this.down.has(key) && !this.timedOut.has(key));
    return [
      ...(timedOut.length > 0 ? [`nmap gave up on ${named(timedOut)}`] : []),
      ...(silent.length > 0 ? [`it does not say of any port of ${named(silent)} whether it is open`] : []),
    ];
  }
}

/** `2 hosts (192.0.2.7, 192.0.2.8)`, the first few. */
function named(keys: readonly string[]): string {
  return `${counted(keys.length, 'host')} (${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ', …' : ''})`;
}

/** Whether the run tested any port of a host. */
function hasLooked(coverage: RunCoverage, host: Host): boolean {
  const sighting = sightingOf(coverage, host);
  const listed = [...sighting.ports.values()];
  const isTold = listed.some(({ protocol, number }) => {
    const found = sighting.find(protocol, number);
    return found.tested && isOpen(found.state) !== undefined;
  });
  // Listed ports count even outside of the scanned set.
  const among = (protocol: string, ports: PortSet): number => listed.filter((one) => one.protocol === protocol && ports.has(one.number)).length;
  return isTold || sighting.unlisted.some(({ protocol, ports }) => ports.size > among(protocol, ports));
}

function* openPorts({ host, identity, time }: HostContext): Generator<OpenPort, void, undefined> {
  for (const { number, protocol, state, service } of host.ports) {
    if (state?.state !== 'open' || number === undefined || protocol === undefined || !hasPorts(protocol)) continue;
    yield { host: identity.key, ips: identity.ips, number, protocol, service: shownService(service?.name, service?.tunnel), time };
  }
}
