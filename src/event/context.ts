import { systemClock } from '../core/clock.ts';
import { packageText } from '../core/package-files.ts';
import type { AddressSet } from '../nmap/address-set.ts';
import { linkOf } from '../nmap/link.ts';
import { maskArguments } from '../nmap/mask.ts';
import type { Run } from '../nmap/model.ts';
import type { MacOwners } from './address.ts';
import type { Fields } from './event.ts';
import { scanId } from './id.ts';
import { identityArguments } from './identity-args.ts';
import { isMisdated, seenAt } from './time.ts';

const ECS_VERSION = '9.4.0';
export const PORTLOG_VERSION = (JSON.parse(packageText('package.json')) as { version: string }).version;

/** What the exposure file says about a network; part of every event about its hosts. */
interface NetworkFacts {
  /** As in the file: `192.0.2.0/24`. */
  readonly network: string;
  readonly zone: string;
  readonly criticality?: string;
  readonly owner?: string;
  /** Whether everyone can reach it. */
  readonly external?: boolean;
}

/** Settings for all events, and the clock. */
export interface EventOptions {
  /** The place that was scanned; part of every identity. */
  readonly site: string;
  /** `data_stream.namespace` */
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Networks whose hosts are identified by their MAC address, because addresses change (DHCP). */
  readonly macNetworks: AddressSet | undefined;
  /** The network of an address, from the exposure file. */
  readonly networkOf: ((ips: readonly string[]) => NetworkFacts | undefined) | undefined;
  /** Whether the exposure file allows a port at a time (epoch milliseconds). */
  readonly expects: ((ips: readonly string[], port: number, protocol: string, time: number) => boolean | undefined) | undefined;
  /** Send closed and filtered ports and down hosts too. */
  readonly all: boolean;
  /** Epoch milliseconds, for `event.created`. */
  readonly now: () => number;
  /** The name of this host, when portlog itself ran the scan here. */
  readonly scannerHost: string | undefined;
  /** The command line that portlog itself ran, for a run that does not say its own: nmap writes none when it refuses an argument. */
  readonly scannerArgs?: string | undefined;
  /** Why portlog itself stopped the scan that it ran; undefined when it did not. */
  readonly scannerStopped?: (() => string | undefined) | undefined;
  /** The name of this portlog instance and its scanner; never a part of an id. */
  readonly sensor: string | undefined;
  /** The name of the host where portlog runs; undefined when events must depend on the scan alone. */
  readonly agentHost: string | undefined;
}

export const DEFAULT_OPTIONS: EventOptions = {
  site: 'default',
  namespace: 'default',
  tags: [],
  labels: {},
  macNetworks: undefined,
  networkOf: undefined,
  expects: undefined,
  all: false,
  now: systemClock.now,
  scannerHost: undefined,
  sensor: undefined,
  agentHost: undefined,
};

/** `agent` of an event. */
function agentFields({ sensor, agentHost }: Pick<EventOptions, 'sensor' | 'agentHost'>): Fields {
  return { name: sensor ?? agentHost ?? 'portlog', type: 'portlog', version: PORTLOG_VERSION };
}

/** What the events of one run have in common. */
export interface RunContext {
  readonly options: EventOptions;
  readonly run: Run;
  readonly scanId: string;
  /** nmap's command line with secrets masked. */
  readonly args: string | undefined;
  /** The link of its link-local addresses: `eth0`; undefined when it is not known. */
  readonly link: string | undefined;
  /** Hosts in `macNetworks` that were read so far. */
  readonly macOwners: MacOwners;
  /** Shared fields that do not depend on the host. */
  readonly base: Fields;
  /** Epoch milliseconds; the time of reading when the scan has no start time, or an impossible one. */
  readonly start: number;
  /** `start` is the time of reading. */
  readonly startIsOurs: boolean;
  /** Impossible times of the run itself: `nmaprun@start=253402300799`. */
  readonly misdated: readonly string[];
}

export function runContext(run: Run, options: EventOptions): RunContext {
  const args = run.args ?? options.scannerArgs;
  const scanner = run.scanner ?? 'nmap';
  const now = options.now();
  return {
    options,
    run,
    scanId: scanId(run, run.args === undefined ? undefined : identityArguments(run.args), options.site),
    args: args === undefined ? undefined : maskArguments(args),
    link: linkOf(run.args),
    macOwners: new Map(),
    start: seenAt(run.start, now) || now,
    startIsOurs: seenAt(run.start, now) === 0,
    misdated: isMisdated(run.start, now) ? [`nmaprun@start=${run.start}`] : [],
    base: baseFields({ scanner, version: run.version }, options),
  };
}

/** Members of `Shared` that depend on no host. */
export function baseFields({ scanner = 'nmap', version }: Partial<Pick<Run, 'scanner' | 'version'>>, options: EventOptions): Fields {
  return {
    ecs: { version: ECS_VERSION },
    observer: {
      vendor: scanner === 'nmap' ? 'Nmap' : undefined,
      product: scanner,
      version,
      type: 'scanner',
      name: options.sensor ?? options.scannerHost,
      hostname: options.scannerHost,
    },
    agent: agentFields(options),
    tags: options.tags.length === 0 ? undefined : options.tags,
    labels: Object.keys(options.labels).length === 0 ? undefined : options.labels,
  };
}

export function dataStream(dataset: string, namespace: string): Fields {
  return { type: 'logs', dataset, namespace };
}
