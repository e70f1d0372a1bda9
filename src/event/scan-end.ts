import { type Ending, endingOf, interruptedText, missingUp, type Refusal, type RunEnd } from '../nmap/item.ts';
import { maskOutput } from '../nmap/mask.ts';
import type { Task } from '../nmap/model.ts';
import type { RunContext } from './context.ts';
import { type Fields, type LogEvent, some } from './event.ts';
import type { RunRecord } from './run-record.ts';
import { duration, elapsedOf, impossibleElapsed } from './scan-duration.ts';
import { scanEvent } from './scan-event.ts';
import { endMessage, errorOf, whyEmpty, whyFewer, whyIncomplete } from './scan-message.ts';
import { scriptFields } from './script.ts';
import { clipBytes } from './text.ts';
import { isMisdated, isoSeconds, seenAt } from './time.ts';
import { type HostTotals, hostTotals, totalFields } from './totals.ts';

const MAX_OUTPUT_BYTES = 32_000;

const ACTION = {
  finished: 'scan-finished',
  empty: 'scan-empty',
  listed: 'scan-listed',
  failed: 'scan-failed',
  cut: 'scan-incomplete',
} as const satisfies Record<Ending, string>;
const OUTCOME = { finished: 'success', empty: 'failure', listed: 'success', failed: 'failure', cut: 'unknown' } as const satisfies Record<
  Ending,
  string
>;

/** A scan that has ended well with a host that cannot be read leaves open what that host has. */
function outcomeOf(ending: Ending, { unreadable }: RunRecord): (typeof OUTCOME)[Ending] {
  return unreadable > 0 && OUTCOME[ending] === 'success' ? 'unknown' : OUTCOME[ending];
}

/** The one event at the end of a run: how it ended and what it found. */
export function scanEndEvent(context: RunContext, record: RunRecord, end: RunEnd): LogEvent {
  const ending = endingOf(end, context.run.scanner, { listed: record.hosts.listed, named: record.named, skipped: record.skippedHosts });
  const missing = missingUp(end, context.run, record);
  const hosts = hostTotals(end.stats, context.run.scanner, {
    ...record.counted(context.run.scanner),
    missing,
    unanswered: record.unanswered,
  });
  const finished = end.stats?.finished;
  const now = context.options.now();
  const time = seenAt(finished?.time, now) || record.latestSeen || context.start;
  const why =
    ending === 'empty'
      ? whyEmpty(record)
      : ending === 'finished'
        ? whyFewer(missing)
        : whyIncomplete(end, record, context.options.scannerStopped?.());
  const message = endMessage(context, record, end, ending, hosts, why);
  return scanEvent(context, ACTION[ending], time, message, contentOf(record, end), {
    event: {
      type: ['end'],
      outcome: outcomeOf(ending, record),
      start: isoSeconds(context.run.start, now),
      end: isoSeconds(finished?.time, now),
      duration: duration(context, end),
      reason: why ?? errorOf(end),
    },
    scan: scanFields(record, end, hosts, ending === 'cut' ? why : undefined),
    nmap: noticeFields(context, record, end),
  });
}

/** `nmap.scan`: how the run ended, and what was counted. */
function scanFields(record: RunRecord, end: RunEnd, hosts: HostTotals, incomplete: string | undefined): Fields {
  const finished = end.stats?.finished;
  const { different, repeated } = record;
  return {
    elapsed: elapsedOf(end),
    exit: finished?.exit,
    errormsg: errorOf(end),
    summary: finished?.summary,
    timestr: finished?.timestr,
    hosts: { ...different.hosts, ...totalFields(hosts) },
    ports: { ...different.ports },
    protocols: different.openProtocols === 0 ? undefined : { open: different.openProtocols },
    repeated: repeated === 0 ? undefined : repeated,
    findings: { ...record.findings },
    zone: some([...record.zones].map(([name, { hosts, ports, findings }]) => ({ name, hosts, open_ports: ports, findings: { ...findings } }))),
    hosthints: record.hosthints,
    refused: record.refused,
    skipped: record.skippedTargets,
    incomplete,
    pending: end.pending && refusalFields(end.pending),
  };
}

/** What else the run says: elements that could not be read, targets, tasks, impossible values, output. */
function noticeFields(context: RunContext, record: RunRecord, end: RunEnd): Fields {
  const now = context.options.now();
  return {
    refusal: some(record.refusals.map(refusalFields)),
    target: some(record.targets.map(({ specification, status, reason }) => ({ specification, status, reason }))),
    task: some(record.tasks.map((task) => taskFields(task, now))),
    malformed: some([
      ...(context.run.malformed ?? []),
      ...(end.stats?.malformed ?? []),
      ...[...record.mended].map(([element, count]) => interruptedText(element, count)),
      ...impossibleElapsed(end),
      ...misdatedTimes(context, record, end),
      ...record.tasks.filter(({ time }) => isMisdated(time, now)).map(({ kind, time }) => `${kind}@time=${time}`),
    ]),
    script: scriptFields(record.scripts),
    output: record.output && {
      type: record.output.type,
      text: clipBytes(maskOutput(clipBytes(record.output.text, MAX_OUTPUT_BYTES)), MAX_OUTPUT_BYTES),
    },
  };
}

/** Impossible times of a run: its own, and the first one of its hosts. */
export function misdatedTimes({ misdated, options }: RunContext, record: RunRecord, { stats }: RunEnd): readonly string[] {
  const finished = stats?.finished?.time;
  const own = isMisdated(finished, options.now()) ? [`finished@time=${finished}`] : [];
  return [...misdated, ...own, ...(record.misdated.example === undefined ? [] : [record.misdated.example])];
}

/** What distinguishes one end of a run from another. Only what the scan itself says: nothing computed from it, nothing from the configuration. */
function contentOf(record: RunRecord, end: RunEnd): string {
  const { hosts, ports, hosthints, targets, skippedTargets, tasks, scripts, refusals, refused, output, latest } = record;
  const content = { hosts, ports, hosthints, targets, skippedTargets, tasks, scripts, refusals: refusals.map(whereRefused), refused, output, latest };
  return JSON.stringify([end.stats, end.closed, end.pending && whereRefused(end.pending), content]);
}

/** Without the reason: its wording is portlog's, and may change between versions. */
function whereRefused({ element, offset, address }: Refusal): Pick<Refusal, 'element' | 'offset' | 'address'> {
  return { element, offset, address };
}

function refusalFields({ element, offset, length, reason, address }: Refusal): Fields {
  return { element, offset, length, reason, address };
}

function taskFields({ kind, task, time, extrainfo, percent, remaining, etc }: Task, now: number): Fields {
  return { kind, task, time: isoSeconds(time, now), extrainfo, percent, remaining, etc };
}
