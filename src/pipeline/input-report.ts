import { PortlogError } from '../core/errors.ts';
import type { LogEvent } from '../event/event.ts';
import type { MisdatedScan } from '../event/health.ts';
import { textAt } from '../event/text-at.ts';
import type { ScanItem } from '../nmap/item.ts';
import { recognise } from '../nmap/recognise.ts';

/** How reading one input went. */
export interface InputReport {
  readonly name: string;
  bytes: number;
  runs: number;
  hosts: number;
  openPorts: number;
  events: number;
  /** Elements that could not be read. */
  refused: number;
  /** Runs that were cut, and runs that nmap ended with an error. */
  incomplete: number;
  failed: number;
  /** Runs that have looked at no host. */
  empty: number;
  /** nmap's own word about what it is doing, for example `SYN Stealth Scan 42.5%`. */
  task: string | undefined;
  /** In the words of the scan events, and where something was refused. */
  readonly remarks: string[];
  problem: PortlogError | undefined;
  /** Scans that tell times that cannot be. */
  misdated: readonly MisdatedScan[];
}

const MAX_REMARKS = 20;

export function newInputReport(name: string): InputReport {
  return {
    name,
    bytes: 0,
    runs: 0,
    hosts: 0,
    openPorts: 0,
    events: 0,
    refused: 0,
    incomplete: 0,
    failed: 0,
    empty: 0,
    task: undefined,
    remarks: [],
    problem: undefined,
    misdated: [],
  };
}

export function noteItem(report: InputReport, item: ScanItem): void {
  switch (item.kind) {
    case 'run':
      report.runs++;
      break;
    case 'task':
      report.task = `${item.task.task ?? ''} ${item.task.percent === undefined ? '' : `${item.task.percent}%`}`.trim();
      break;
    case 'refused': {
      report.refused++;
      const { element, address, offset, reason } = item.refusal;
      remark(report, `the ${element} element${address === undefined ? '' : ` of ${address}`} at byte ${offset} could not be read: ${reason}`);
      break;
    }
    default:
  }
}

export function noteEvent(report: InputReport, { action, message, own }: LogEvent): void {
  report.events++;
  if (action === 'scan-incomplete') report.incomplete++;
  else if (action === 'scan-failed') report.failed++;
  else if (action === 'scan-empty') report.empty++;
  else {
    const reason = action === 'scan-finished' ? textAt(own, 'event', 'reason') : undefined;
    return reason === undefined ? undefined : remark(report, reason);
  }
  remark(report, message);
}

export function noteRemarks(report: InputReport, remarks: readonly string[]): void {
  for (const text of remarks) remark(report, text);
}

export function noteMisdated(report: InputReport, misdated: readonly MisdatedScan[]): void {
  report.misdated = misdated;
  for (const { times } of misdated) remark(report, `it tells times that cannot be (${times.join(', ')}): the time of reading counts instead`);
}

/** What to say of an input without any scan in it. */
export function notAScan(name: string, beginning: string): PortlogError {
  const { what, hint } = recognise(beginning);
  return new PortlogError('input-not-a-scan', `${name} is no scan: ${what}`, { hint });
}

function remark(report: InputReport, text: string): void {
  if (report.remarks.length < MAX_REMARKS) report.remarks.push(text);
}
