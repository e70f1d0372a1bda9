import { PortlogError } from '../core/errors.ts';
import type { Fields, LogEvent } from '../event/event.ts';
import type { MisdatedScan } from '../event/health.ts';
import { fieldAt, textAt } from '../event/text-at.ts';
import { counted } from '../event/text.ts';
import type { ScanItem } from '../nmap/item.ts';
import { recognise } from '../nmap/recognise.ts';
import type { ChangesInProgress, NotedChanges } from './noted-changes.ts';

/** How reading one input went. */
export interface InputReport {
  readonly name: string;
  readonly bytes: number;
  /** Reading was stopped before its end: interrupted, or no sink takes anything more. The rest was neither read nor compared. */
  readonly partOnly: boolean;
  readonly runs: number;
  readonly hosts: number;
  readonly openPorts: number;
  /** Number of IP protocols that answered (`nmap -sO`, pings of masscan). */
  readonly openProtocols: number;
  /** Number of weaknesses, new or not. */
  readonly findings: number;
  /** Number of those that raise no change: guesses, and versions that may be patched. */
  readonly unconfirmed: number;
  /** Number of runs that looked at ports. */
  readonly portScans: number;
  readonly events: number;
  /** Number of elements that could not be read. */
  readonly refused: number;
  /** Number of runs that were cut, or that nmap ended with an error. */
  readonly incomplete: number;
  readonly failed: number;
  /** Number of runs that scanned no host. */
  readonly empty: number;
  /** Number of hosts that nmap gave up on (`--host-timeout`). */
  readonly timedOut: number;
  /** Number of runs that only name hosts (`nmap -sL`). */
  readonly listed: number;
  /** nmap's current task, for example `SYN Stealth Scan 42.5%`. */
  readonly task: string | undefined;
  /** Remarks for people: messages of scan events, and places that could not be read. */
  readonly remarks: readonly string[];
  readonly problem: PortlogError | undefined;
  /** Scans with impossible times. */
  readonly misdated: readonly MisdatedScan[];
  /** Undefined when it was not compared with what is known. */
  readonly changes: NotedChanges | undefined;
}

/** The inputs of a run. */
export interface WhatWasRead {
  readonly inputs: readonly InputReport[];
  /** Names of sources that were not even begun, because the run was interrupted or no sink takes anything more. */
  readonly notRead: readonly string[];
}

/** The report while the input is read. */
export type InputInProgress = { -readonly [Key in keyof InputReport]: InputReport[Key] } & {
  readonly remarks: string[];
  changes: ChangesInProgress | undefined;
};

const MAX_REMARKS = 20;
/** For each kind of remark about runs or elements: how many are printed one by one, and the sentence about the others. */
const MANY = {
  refused: { shown: 5, more: (count: number) => `${counted(count, 'more element')} could not be read` },
  incomplete: { shown: 1, more: (count: number) => `${counted(count, 'more run')} ${count === 1 ? 'is' : 'are'} incomplete` },
  failed: { shown: 1, more: (count: number) => `${counted(count, 'more run')} ended with an error` },
  empty: { shown: 1, more: (count: number) => `${counted(count, 'more run')} ${count === 1 ? 'has' : 'have'} looked at no host` },
} as const;
const MAX_TARGETS = 5;

export function newInputReport(name: string): InputInProgress {
  return {
    name,
    bytes: 0,
    partOnly: false,
    runs: 0,
    hosts: 0,
    openPorts: 0,
    openProtocols: 0,
    findings: 0,
    unconfirmed: 0,
    portScans: 0,
    events: 0,
    refused: 0,
    incomplete: 0,
    failed: 0,
    empty: 0,
    listed: 0,
    timedOut: 0,
    task: undefined,
    remarks: [],
    problem: undefined,
    misdated: [],
    changes: undefined,
  };
}

export function noteItem(report: InputInProgress, item: ScanItem): void {
  switch (item.kind) {
    case 'run':
      report.runs++;
      break;
    case 'task':
      report.task = `${item.task.task ?? ''} ${item.task.percent === undefined ? '' : `${item.task.percent}%`}`.trim();
      break;
    case 'refused': {
      const { element, address, offset, reason } = item.refusal;
      remarkOneOf(
        report,
        'refused',
        () => `the ${element} element${address === undefined ? '' : ` of ${address}`} at byte ${offset} could not be read: ${reason}`,
      );
      break;
    }
    default:
  }
}

export function noteEvent(report: InputInProgress, { action, message, own }: LogEvent): void {
  report.events++;
  if (action === 'finding-observed') report.findings++;
  if (action === 'scan-incomplete') remarkOneOf(report, 'incomplete', () => message);
  else if (action === 'scan-failed') remarkOneOf(report, 'failed', () => message);
  else if (action === 'scan-empty') remarkOneOf(report, 'empty', () => message);
  else if (action === 'scan-listed') report.listed++;
  else if (action === 'scan-finished') noteFinished(report, own);
}

/** Notes what a finished scan left out. */
function noteFinished(report: InputInProgress, own: LogEvent['own']): void {
  const reason = textAt(own, 'event', 'reason');
  if (reason !== undefined) remarkOnce(report, reason);
  const timedOut = Number(fieldAt(own, ['nmap', 'scan', 'hosts', 'timedout']) ?? 0);
  report.timedOut += timedOut;
  if (timedOut > 0)
    remarkOnce(report, `nmap gave up on ${counted(timedOut, 'host')} (--host-timeout): nothing is known of what it has not listed there`);
  const skipped = Number(fieldAt(own, ['nmap', 'scan', 'skipped']) ?? 0);
  if (skipped === 0) return;
  const targets = fieldAt(own, ['nmap', 'target']);
  const named = (Array.isArray(targets) ? (targets as readonly Fields[]) : []).slice(0, MAX_TARGETS).map(nameOfTarget);
  remarkOnce(
    report,
    `${counted(skipped, 'target')} ${skipped === 1 ? 'was' : 'were'} not scanned: ${named.join(', ')}${skipped > named.length ? ', …' : ''}`,
  );
}

function nameOfTarget(target: Fields): string {
  const reason = textAt(target, 'reason');
  return `${textAt(target, 'specification') ?? '?'}${reason === undefined ? '' : ` (${reason})`}`;
}

export function noteRemarks(report: InputInProgress, remarks: readonly string[]): void {
  // After a rollback, the work and its remarks are repeated.
  for (const text of remarks) remarkOnce(report, text);
}

export function noteMisdated(report: InputInProgress, misdated: readonly MisdatedScan[]): void {
  report.misdated = misdated;
  for (const { times } of misdated) remarkOnce(report, `it contains impossible times (${times.join(', ')}): the time of reading is used instead`);
}

/** The problem of an input without a scan. */
export function notAScan(name: string, beginning: string): PortlogError {
  const { what, hint } = recognise(beginning);
  return new PortlogError('input-not-a-scan', `${name} is not a scan: ${what}`, { hint });
}

/** Counts a remark of a kind, and adds it while there are few; then one about the others, which {@link completeRemarks} completes. */
function remarkOneOf(report: InputInProgress, kind: keyof typeof MANY, text: () => string): void {
  const { shown, more } = MANY[kind];
  const others = ++report[kind] - shown;
  if (others <= 0) remark(report, text());
  else if (others === 1) report.remarks.push(more(1));
}

/** At the end of an input: enters how many others of a kind there were. There may be millions, so the sentence is not renewed for each. */
export function completeRemarks(report: InputInProgress): void {
  for (const kind of Object.keys(MANY) as (keyof typeof MANY)[]) {
    const { shown, more } = MANY[kind];
    const at = report.remarks.indexOf(more(1));
    if (at !== -1) report.remarks[at] = more(report[kind] - shown);
  }
}

function remarkOnce(report: InputInProgress, text: string): void {
  if (!report.remarks.includes(text)) remark(report, text);
}

function remark(report: InputInProgress, text: string): void {
  if (report.remarks.length < MAX_REMARKS) report.remarks.push(text);
}
