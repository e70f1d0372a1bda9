import type { LogEvent } from '../event/event.ts';
import { ecsParts } from '../event/ecs.ts';
import { encoded } from '../sink/transport/body.ts';
import type { Sink } from '../sink/sink.ts';
import type { BaselineFact, ChangeFact, ReportFacts, ScanFact } from './facts.ts';
import { Top } from './top.ts';

const MOST_CHANGES = 2000;
const MOST_SCANS = 100;
/** The latest baselines suffice: each covers many hosts. */
const MOST_BASELINES = 10;
const LIMITS = { maxEvents: 2000, maxBytes: 1 << 18, inFlight: 1, inFlightPerPartition: 1 };

/** The parts of an event that a report shows. */
interface ReportedChange {
  readonly '@timestamp': string;
  readonly 'message': string;
  readonly 'event': { readonly action: string; readonly dataset: string; readonly outcome?: string };
  readonly 'server'?: { readonly port?: number };
  readonly 'network'?: { readonly transport?: string };
  readonly 'related'?: { readonly ip?: readonly string[] };
  readonly 'host'?: { readonly ip?: readonly string[]; readonly name?: string };
  readonly 'nmap'?: { readonly site?: string; readonly scan?: { readonly args?: string } };
}

/** The latest changes and baselines. */
export class ChangeList {
  private readonly changes = new Top<ChangeFact>(MOST_CHANGES, latestFirst);
  private readonly baselines = new Top<BaselineFact>(MOST_BASELINES, latestFirst);

  /** An event of `nmap.change`. */
  add({ shared, own }: LogEvent): void {
    this.take({ ...shared.fields, ...own } as unknown as ReportedChange);
  }

  take(event: ReportedChange): void {
    const { '@timestamp': time, message, nmap } = event;
    if (event.event.action === 'baseline') this.baselines.add({ time: Date.parse(time), site: nmap?.site ?? '', message });
    else this.changes.add(changeFact(event));
  }

  facts(): Pick<ReportFacts, 'changes' | 'baselines'> {
    return { changes: this.changes.all(), baselines: this.baselines.all() };
  }
}

function latestFirst(a: { readonly time: number }, b: { readonly time: number }): number {
  return b.time - a.time;
}

/** A sink that collects changes, and how scans ended, for a report of scans. */
export function newsSink(): { readonly sink: Sink; readonly news: () => Pick<ReportFacts, 'scans' | 'changes' | 'baselines'> } {
  const news = new ChangeList();
  const scans = new Top<ScanFact>(MOST_SCANS, latestFirst);
  const sink: Sink = {
    name: 'report',
    identity: { type: 'report', target: '', scope: '' },
    limits: LIMITS,
    undeliverable: 'discard',
    accepts: (dataset) => dataset === 'nmap.change' || dataset === 'nmap.scan',
    encode: (event) => encoded(ecsParts(event)),
    check: async () => [],
    async send({ entries }) {
      for (const { parts } of entries) {
        const event = JSON.parse(parts.join('')) as ReportedChange;
        if (event.event.dataset === 'nmap.change') news.take(event);
        else if (event.event.action !== 'scan-started') scans.add(scanFact(event));
      }
      return { delivered: entries.length, already: 0, retry: [], rejected: [] };
    },
    async close() {},
  };
  return { sink, news: () => ({ scans: scans.all().rows, ...news.facts() }) };
}

function changeFact({ '@timestamp': time, message, event, server, network, related, host, nmap }: ReportedChange): ChangeFact {
  const port = server?.port === undefined ? '' : `${server.port}/${network?.transport ?? ''}`;
  const address = host?.ip?.[0] ?? related?.ip?.[0] ?? host?.name ?? '';
  return { time: Date.parse(time), action: event.action, site: nmap?.site ?? '', host: address, port, message };
}

function scanFact({ '@timestamp': time, message, event, nmap }: ReportedChange): ScanFact {
  return { time: Date.parse(time), outcome: event.outcome ?? '', message, args: nmap?.scan?.args ?? '' };
}
