import type { EventOptions } from './context.ts';
import { type LogEvent, SEVERITY } from './event.ts';
import { healthEvent } from './health-event.ts';
import { digest, eventId } from './id.ts';
import { counted } from './text.ts';
import { isoTime } from './time.ts';

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

/** `delivery-problem`: a sink fails, or rejects events for good. */
export function deliveryProblemEvent(options: EventOptions, runKey: string, { kind, sink, reason, events, times = 1 }: DeliveryProblem): LogEvent {
  const entity = digest(['sink', options.site, sink]);
  return healthEvent(options, {
    action: 'delivery-problem',
    run: runKey,
    entity,
    id: eventId('nmap.health', 'delivery-problem', runKey, entity, `${sink} ${kind}${times === 1 ? '' : ` ${times}`}`),
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
  return healthEvent(options, {
    action: 'scan-misdated',
    run: runKey,
    entity,
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
  return healthEvent(options, {
    action: 'absence-unknown',
    entity,
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
  const entity = digest(['site', site]);
  const id = eventId('nmap.health', 'scan-overdue', '', entity, String(due));
  return healthEvent(
    { ...options, site },
    {
      action: 'scan-overdue',
      run: runKey,
      entity,
      id,
      severity: SEVERITY.high,
      message,
      event: { outcome: 'failure' },
      nmap: {
        overdue: { due: isoTime(due), last: last === undefined ? undefined : isoTime(last), max_age_seconds: Math.round(maxAgeMs / 1000) },
      },
    },
  );
}

/** `scan-overdue` of a schedule: the scan that was due did not finish. `last`: the last one that did. */
export function scheduledScanFailedEvent(
  options: EventOptions,
  runKey: string,
  { name, site, due, problem = '' }: FailedScan,
  last: number | undefined,
): LogEvent {
  const entity = digest(['schedule', site, name]);
  return healthEvent(
    { ...options, site },
    {
      action: 'scan-overdue',
      run: runKey,
      entity,
      id: eventId('nmap.health', 'scan-overdue', '', entity, String(due)),
      severity: SEVERITY.high,
      message: `site ${site}: the scan of schedule ${name} that was due ${isoTime(due)} did not come: ${problem}`,
      event: { outcome: 'failure', reason: problem },
      nmap: { overdue: { schedule: name, due: isoTime(due), last: last === undefined ? undefined : isoTime(last) } },
    },
  );
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
  return healthEvent(
    { ...options, site },
    {
      action: 'file-not-shipped',
      run: runKey,
      entity,
      id: eventId('nmap.health', 'file-not-shipped', '', entity, digest([version, problem])),
      severity: SEVERITY.high,
      message: `site ${site}: ${directory}/${name} was not shipped${isAside ? ', and is set aside' : ''}: ${problem}`,
      event: { outcome: 'failure', reason: problem },
      nmap: {},
    },
  );
}

const TEXT: Readonly<Record<ProblemKind, (events: number | undefined) => string>> = {
  'sink-failing': () => 'events cannot be delivered',
  'dead-letters': (events) => `${counted(events ?? 0, 'event')} permanently rejected`,
  'spool-full': () => 'the spool is full, so reading stopped',
  'removed': (events) => `${counted(events ?? 0, 'event')} deleted again after they were delivered`,
  'discarded': (events) => `${counted(events ?? 0, 'event')} discarded before delivery`,
};
