import { ecsParts } from '../event/ecs.ts';
import { encoded } from '../sink/transport/body.ts';
import type { Sink } from '../sink/sink.ts';
import type { ScanFact } from './facts.ts';
import { Top } from './top.ts';

const MOST_SCANS = 100;
const LIMITS = { maxEvents: 2000, maxBytes: 1 << 18, inFlight: 1, inFlightPerPartition: 1 };

/** The members of an event that a report uses. */
interface ReportEvent {
  readonly '@timestamp': string;
  readonly 'message': string;
  readonly 'event': { readonly action: string; readonly outcome?: string };
  readonly 'nmap'?: { readonly scan?: { readonly args?: string } };
}

/** A sink that remembers how scans ended, for a report about them; of many scans only the latest. */
export function scansSink(): { readonly sink: Sink; readonly scans: () => readonly ScanFact[] } {
  const scans = new Top<ScanFact>(MOST_SCANS, (a, b) => b.time - a.time);
  const sink: Sink = {
    name: 'report',
    identity: { type: 'report', target: '', scope: '' },
    limits: LIMITS,
    undeliverable: 'discard',
    accepts: (dataset) => dataset === 'nmap.scan',
    encode: (event) => encoded(ecsParts(event)),
    check: async () => [],
    async send({ entries }) {
      for (const { parts } of entries) {
        const event = JSON.parse(parts.join('')) as ReportEvent;
        if (event.event.action !== 'scan-started') scans.add(scanFact(event));
      }
      return { delivered: entries.length, already: 0, retry: [], rejected: [] };
    },
    async close() {},
  };
  return { sink, scans: () => scans.all().rows };
}

function scanFact({ '@timestamp': time, message, event, nmap }: ReportEvent): ScanFact {
  return { time: Date.parse(time), outcome: event.outcome ?? '', message, args: nmap?.scan?.args ?? '' };
}
