import { baseFields, type EventOptions, PORTLOG_VERSION } from './context.ts';
import { NO_PORTS, openWords } from './counts.ts';
import { envelope, frameOf, type Statement } from './envelope.ts';
import { type Fields, type LogEvent, SEVERITY, Shared } from './event.ts';
import { digest, eventId } from './id.ts';
import { counted, withCommas } from './text.ts';
import { isoTime } from './time.ts';

/** The account of one sink; `read` is the sum of the other numbers. */
interface DeliverySums {
  readonly read: number;
  readonly delivered: number;
  readonly already: number;
  readonly dead: number;
  readonly spooled: number;
  readonly discarded: number;
  readonly withheld: number;
}

/** Facts of one run of portlog, for its summary. */
export interface RunFacts {
  /** Identifies the run. */
  readonly key: string;
  /** Epoch milliseconds. */
  readonly started: number;
  readonly inputs: number;
  /** Number of inputs that were not read to their end, or not at all, because the run was stopped. */
  readonly unfinished: number;
  readonly scans: number;
  readonly hosts: number;
  readonly openPorts: number;
  /** Number of scans that looked at ports. */
  readonly portScans: number;
  /** Number of IP protocols that answered (`nmap -sO`). */
  readonly openProtocols: number;
  /** Number of inputs and elements that could not be read, and of scans that are cut or failed. */
  readonly problems: number;
  readonly sinks: readonly { readonly name: string; readonly acknowledges: boolean; readonly sums: DeliverySums; readonly replayed: DeliverySums }[];
}

type ProblemKind = 'sink-failing' | 'dead-letters' | 'spool-full' | 'discarded' | 'removed';

export interface DeliveryProblem {
  readonly kind: ProblemKind;
  readonly sink: string;
  readonly reason: string;
  /** Number of events concerned; undefined while it is not known. */
  readonly events: number | undefined;
  /** How many problems of this kind the sink had in this run, this one included. Default 1. */
  readonly times?: number;
}

/** A scan that is overdue. Times are epoch milliseconds. */
export interface OverdueScan {
  readonly site: string;
  readonly due: number;
  readonly last: number | undefined;
  readonly maxAgeMs: number;
}

/** A scheduled scan that failed. Times are epoch milliseconds. */
interface FailedScan {
  readonly name: string;
  readonly site: string;
  readonly due: number;
  readonly problem: string | undefined;
}

/** A scan with impossible times: a wrong clock, or a manipulated file. */
export interface MisdatedScan {
  readonly scanId: string;
  readonly scanner: string;
  /** The times as they were written: `nmaprun@start=253402300799`. */
  readonly times: readonly string[];
  /** Hosts with such times. */
  readonly hosts: number;
}

/** `run-summary`: what a run of portlog read and delivered; per sink in the message, in total in the fields. */
export function runSummaryEvent(options: EventOptions, run: RunFacts): LogEvent {
  const total = totalOf(run.sinks.map(({ sums }) => sums));
  const undelivered = total.dead + total.spooled + total.discarded;
  const bad = undelivered > 0 || run.problems > 0;
  const now = options.now();
  const found = [
    counted(run.scans, 'scan'),
    `${counted(run.hosts, 'host')} listed`,
    run.portScans === 0 && run.hosts > 0 ? NO_PORTS : openWords(run.openPorts, run.openProtocols),
    ...(run.unfinished === 0 ? [] : [`stopped early: ${counted(run.unfinished, 'input')} not read to the end`]),
  ].join(', ');
  const sinks = run.sinks.map((sink) => `${sink.name}: ${sinkText(sink)}`).join('; ');
  return healthEvent(options, 'run-summary', run.key, '', digest(['portlog', options.site]), {
    severity: bad ? SEVERITY.medium : SEVERITY.info,
    message: `portlog run ${bad ? 'ended with problems' : 'ended well'}: ${found}; ${sinks}`,
    event: { outcome: bad ? 'failure' : 'success', start: isoTime(run.started), end: isoTime(now), duration: (now - run.started) * 1e6 },
    nmap: {
      run: {
        inputs: run.inputs,
        scans: run.scans,
        hosts: run.hosts,
        open_ports: run.openPorts,
        open_protocols: run.openProtocols === 0 ? undefined : run.openProtocols,
        problems: run.problems,
      },
      delivery: { sink: run.sinks.map(({ name }) => name), ...total },
    },
  });
}

/** `delivery-problem`: a sink fails, or rejects events for good. */
export function deliveryProblemEvent(options: EventOptions, runKey: string, { kind, sink, reason, events, times = 1 }: DeliveryProblem): LogEvent {
  return healthEvent(options, 'delivery-problem', runKey, `${sink} ${kind}${times === 1 ? '' : ` ${times}`}`, digest(['sink', options.site, sink]), {
    severity: SEVERITY.high,
    message: `${sink}: ${TEXT[kind](events)}: ${reason}`,
    event: { outcome: 'failure', reason },
    nmap: { delivery: { sink: [sink], problem: kind, events } },
  });
}

/** `scan-misdated`: a scan has impossible times, and counts as seen when it was read, or when its run began. One id per scan. */
export function scanMisdatedEvent(options: EventOptions, runKey: string, { scanId, scanner, times, hosts }: MisdatedScan): LogEvent {
  const entity = digest(['site', options.site]);
  const where = hosts === 0 ? '' : ` in the run and ${counted(hosts, 'host')}`;
  return healthEvent(options, 'scan-misdated', runKey, '', entity, {
    id: eventId('nmap.health', 'scan-misdated', scanId, entity, ''),
    severity: SEVERITY.medium,
    message: `site ${options.site}: a scan of ${scanner} has impossible times${where} (${times.join(', ')}): correct the clock of the scanner; until then the time of reading counts`,
    event: { outcome: 'failure' },
    nmap: { scan: { id: scanId }, malformed: times },
  });
}

/** `absence-unknown`: a scan does not list some known hosts, and such a scan never shows whether hosts are gone. Once per kind of scan. */
export function absenceUnknownEvent(options: EventOptions, { scanId, args, hosts }: UnlistedHosts): LogEvent {
  const entity = digest(['site', options.site]);
  return healthEvent(options, 'absence-unknown', '', '', entity, {
    id: eventId('nmap.health', 'absence-unknown', scanId, entity, ''),
    severity: SEVERITY.low,
    message: `site ${options.site}: ${unlistedText(hosts)}`,
    event: { outcome: 'unknown' },
    nmap: { scan: { id: scanId, args } },
  });
}

export interface UnlistedHosts {
  readonly scanId: string;
  readonly args: string | undefined;
  /** Hosts among the targets that are known to be up. */
  readonly hosts: number;
}

export function unlistedText(hosts: number): string {
  const are = hosts === 1 ? 'is' : 'are';
  return `${counted(hosts, 'host')} that ${are} known ${are} not in the scan, which cannot show whether ${hosts === 1 ? 'it is' : 'they are'} gone: without -v, or with --open, nmap leaves out hosts that are down`;
}

/** `scan-overdue`: a site has no finished scan for longer than configured. One id per missed scan, whichever process notices it. */
export function scanOverdueEvent(options: EventOptions, runKey: string, overdue: OverdueScan): LogEvent {
  const { site, due, last, maxAgeMs } = overdue;
  const hours = `${Math.round(maxAgeMs / 360_000) / 10} hours`;
  const message =
    last === undefined
      ? `site ${site}: no finished scan has ever come; one was due ${isoTime(due)}`
      : `site ${site}: no finished scan since ${isoTime(last)}; one is expected every ${hours}, so it was due ${isoTime(due)}`;
  const id = eventId('nmap.health', 'scan-overdue', '', digest(['site', site]), String(due));
  return healthEvent({ ...options, site }, 'scan-overdue', runKey, '', digest(['site', site]), {
    id,
    severity: SEVERITY.high,
    message,
    event: { outcome: 'failure' },
    nmap: {
      overdue: { due: isoTime(due), last: last === undefined ? undefined : isoTime(last), max_age_seconds: Math.round(maxAgeMs / 1000) },
    },
  });
}

/** `scan-overdue` of a schedule: the scan that was due did not finish. `last`: the last one that did. */
export function scheduledScanFailedEvent(
  options: EventOptions,
  runKey: string,
  { name, site, due, problem = '' }: FailedScan,
  last: number | undefined,
): LogEvent {
  const entity = digest(['schedule', site, name]);
  return healthEvent({ ...options, site }, 'scan-overdue', runKey, '', entity, {
    id: eventId('nmap.health', 'scan-overdue', '', entity, String(due)),
    severity: SEVERITY.high,
    message: `site ${site}: the scan of schedule ${name} that was due ${isoTime(due)} did not come: ${problem}`,
    event: { outcome: 'failure', reason: problem },
    nmap: { overdue: { schedule: name, due: isoTime(due), last: last === undefined ? undefined : isoTime(last) } },
  });
}

/** A file of a watched directory. */
interface UnshippedFile {
  readonly directory: string;
  readonly name: string;
  readonly version: string;
  readonly site: string;
  readonly problem: string;
  readonly isAside: boolean;
}

/** `file-not-shipped`: a file of a watched directory could not be read. One id per file, whichever process reports it. */
export function fileNotShippedEvent(options: EventOptions, runKey: string, file: UnshippedFile): LogEvent {
  const { directory, name, version, problem, isAside } = file;
  const site = file.site === '' ? options.site : file.site;
  const entity = digest(['file', site, directory, name]);
  return healthEvent({ ...options, site }, 'file-not-shipped', runKey, '', entity, {
    id: eventId('nmap.health', 'file-not-shipped', '', entity, digest([version, problem])),
    severity: SEVERITY.high,
    message: `site ${site}: ${directory}/${name} was not shipped${isAside ? ', and is set aside' : ''}: ${problem}`,
    event: { outcome: 'failure', reason: problem },
    nmap: {},
  });
}

const TEXT: Readonly<Record<ProblemKind, (events: number | undefined) => string>> = {
  'sink-failing': () => 'events cannot be delivered',
  'dead-letters': (events) => `${counted(events ?? 0, 'event')} rejected for good`,
  'spool-full': () => 'the spool is full, so reading stopped',
  'removed': (events) => `${counted(events ?? 0, 'event')} deleted again after they were delivered`,
  'discarded': (events) => `${counted(events ?? 0, 'event')} given up undelivered`,
};

interface Parts {
  /** The event id, when other runs may report the same. */
  readonly id?: string;
  readonly severity: number;
  readonly message: string;
  readonly event: Fields;
  readonly nmap: Fields;
}

function healthEvent(
  options: EventOptions,
  action: string,
  run: string,
  what: string,
  entity: string,
  { id = eventId('nmap.health', action, run, entity, what), severity, message, event, nmap }: Parts,
): LogEvent {
  const now = options.now();
  const statement: Statement = {
    id,
    ackGroup: id,
    dataset: 'nmap.health',
    action,
    time: now,
    created: now,
    severity,
    message,
    shared: new Shared({
      '@timestamp': isoTime(now),
      ...baseFields({}, options),
      'observer': { name: options.sensor, product: 'portlog', version: PORTLOG_VERSION, type: 'scanner' },
    }),
    event: { kind: 'event', category: ['host'], type: ['info'], more: event },
    namespace: options.namespace,
  };
  const frame = frameOf(statement);
  return envelope(statement, frame, {
    event: frame.event,
    data_stream: frame.data_stream,
    nmap: {
      site: options.site,
      entity: { id: entity },
      ...nmap,
      run: { id: run === '' ? undefined : run, ...(nmap['run'] as Fields | undefined) },
    },
    message: frame.message,
  });
}

function totalOf(all: readonly DeliverySums[]): DeliverySums {
  const total = { read: 0, delivered: 0, already: 0, dead: 0, spooled: 0, discarded: 0, withheld: 0 };
  for (const sums of all) for (const name of Object.keys(total) as (keyof DeliverySums)[]) total[name] += sums[name];
  return total;
}

/** `read 9 = delivered 8 + dead 1, of earlier runs delivered 2`, without zeros. */
function sinkText({ sums, replayed, acknowledges }: RunFacts['sinks'][number]): string {
  const [now, before] = [fatesText(sums, acknowledges), fatesText(replayed, acknowledges)];
  const parts = [sums.read === 0 ? undefined : `read ${withCommas(sums.read)} = ${now}`, before === '' ? undefined : `of earlier runs ${before}`];
  return parts.filter((part) => part !== undefined).join(', ') || 'nothing to send';
}

function fatesText(fates: DeliverySums, acknowledges: boolean): string {
  const words = (['delivered', 'already', 'dead', 'spooled', 'discarded', 'withheld'] as const).filter((name) => fates[name] > 0);
  return words.map((name) => `${name === 'delivered' && !acknowledges ? 'sent' : name} ${withCommas(fates[name])}`).join(' + ');
}
