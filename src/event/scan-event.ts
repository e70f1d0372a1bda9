import type { RunContext } from './context.ts';
import { envelope, type Statement } from './envelope.ts';
import { type Fields, type LogEvent, SEVERITY, Shared, some } from './event.ts';
import { eventId } from './id.ts';
import { scannerName } from './scan-message.ts';
import { isoSeconds, isoTime } from './time.ts';

const SEVERITY_OF: Readonly<Record<string, number>> = {
  'scan-failed': SEVERITY.high,
  'scan-empty': SEVERITY.high,
  'scan-incomplete': SEVERITY.medium,
};

/** `scan-started`, only for scans that portlog runs itself. */
export function scanStartEvent(context: RunContext): LogEvent {
  const args = context.args ?? '';
  const message = `${scannerName(context)} scan started${args === '' ? '' : `: ${args}`}`.trim();
  const start = isoTime(context.start);
  return scanEvent(context, 'scan-started', context.start, message, '', {
    event: { type: ['start'], outcome: 'unknown', start },
    scan: {},
    nmap: {},
  });
}

/** Members that differ between the events about a run. */
interface Parts {
  readonly event: Fields;
  readonly scan: Fields;
  readonly nmap: Fields;
}

/** An event about a run as a whole. `content` enters its id. */
export function scanEvent(context: RunContext, action: string, time: number, message: string, content: string, parts: Parts): LogEvent {
  const { options, scanId } = context;
  const created = options.now();
  const id = eventId('nmap.scan', action, scanId, scanId, content);
  const severity = SEVERITY_OF[action] ?? SEVERITY.info;
  const statement: Statement = {
    id,
    ackGroup: id,
    dataset: 'nmap.scan',
    action,
    time,
    created,
    severity,
    message,
    shared: new Shared({ '@timestamp': isoTime(time), ...context.base }),
    event: { kind: 'event', category: ['network'], type: undefined, more: parts.event },
    namespace: options.namespace,
  };
  return envelope(statement, {
    nmap: { site: options.site, entity: { id: scanId }, scan: { ...headerFields(context, created), ...parts.scan }, ...parts.nmap },
  });
}

/** `nmap.scan`: what the header of the run says. */
function headerFields({ scanId, args, run }: RunContext, now: number): Fields {
  return {
    id: scanId,
    args,
    start: isoSeconds(run.start, now),
    startstr: run.startstr,
    xmloutputversion: run.xmloutputversion,
    profile_name: run.profileName,
    verbose: run.verbose,
    debugging: run.debugging,
    info: some(run.scaninfo.map((info) => ({ ...info }))),
  };
}
