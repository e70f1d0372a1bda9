import { maskOutput } from '../nmap/mask.ts';
import type { Ending, RunEnd } from '../nmap/item.ts';
import type { RunContext } from './context.ts';
import { NO_PORTS, openWords } from './counts.ts';
import type { RunRecord } from './run-record.ts';
import { elapsedOf } from './scan-duration.ts';
import { counted, withCommas } from './text.ts';
import { type HostTotals, hostWords } from './totals.ts';

/** The message of the event at the end of a run. */
export function endMessage(context: RunContext, record: RunRecord, end: RunEnd, ending: Ending, hosts: HostTotals, why: string | undefined): string {
  const { timedout } = record.hosts;
  const gaveUp = timedout === 0 ? '' : `, ${counted(timedout, 'host')} timed out`;
  const found = `${hostWords(hosts, context.run.scanner)}, ${portWords(context, record)}${gaveUp}`;
  const refused = record.refused === 0 ? '' : `, ${counted(record.refused, 'element')} unreadable`;
  const skipped = record.skippedTargets === 0 ? '' : `, ${counted(record.skippedTargets, 'target')} skipped`;
  const seconds = elapsedOf(end);
  const elapsed = seconds === undefined ? '' : ` in ${withCommas(seconds)} s`;
  switch (ending) {
    case 'failed':
      return `${scannerName(context)} scan failed: ${errorOf(end) ?? 'no reason given'}`;
    case 'empty':
      return `${scannerName(context)} scan of nothing: ${why}`;
    case 'listed':
      return `${scannerName(context)} list scan finished: ${counted(record.hosts.listed, 'host')} named, none looked at${skipped}${refused}${elapsed}`;
    case 'finished':
      return `${scannerName(context)} scan finished: ${found}${skipped}${refused}${elapsed}`;
    case 'cut':
      return `${scannerName(context)} scan incomplete: ${why ?? 'cut'}; until then ${found}${refused}`;
  }
}

function portWords(context: RunContext, record: RunRecord): string {
  const { ports, openProtocols } = record.different;
  return looksAtPorts(context, record) ? openWords(ports.open, openProtocols) : NO_PORTS;
}

/** Whether a run looked at ports: `nmap -sn` does not, which must not read as if none were open. */
export function looksAtPorts({ run }: RunContext, { different: { ports, openProtocols } }: RunRecord): boolean {
  return run.scaninfo.length > 0 || openProtocols > 0 || Object.values(ports).some((number) => number > 0);
}

/** Why a run scanned nothing, which must not read as nothing found. */
export function whyEmpty({ hosts, targets, skippedTargets }: RunRecord): string {
  if (hosts.listed > 0) return `${counted(hosts.listed, 'host')} listed, all of them skipped`;
  const [first] = targets;
  if (first === undefined) return 'it has looked at no host';
  const which = `${first.specification ?? '?'}${first.reason === undefined ? '' : ` (${first.reason})`}`;
  return `it has looked at no host; ${counted(skippedTargets, 'target')} skipped: ${which}${skippedTargets > 1 ? ', …' : ''}`;
}

/** Why a finished run is incomplete. */
export function whyFewer(missing: number): string | undefined {
  return missing === 0 ? undefined : `${counted(missing, 'host')} that its runstats count as up ${missing === 1 ? 'is' : 'are'} not in it`;
}

/** Why a run is not finished. `stopped`: why portlog stopped it, which explains where its output ends. */
export function whyIncomplete({ stats, pending, closed }: RunEnd, record: RunRecord, stopped?: string): string | undefined {
  if (stats?.finished !== undefined) return undefined;
  if (stopped !== undefined) return `${stopped}${taskOf(record)}`;
  if (pending !== undefined) {
    const which = pending.address === undefined ? '' : ` of ${pending.address}`;
    return `the input ends inside the ${pending.element} element${which} that begins at byte ${pending.offset}`;
  }
  return closed ? 'the run has no runstats' : `the input ends without runstats${taskOf(record)}`;
}

function taskOf({ tasks }: RunRecord): string {
  const last = tasks.at(-1);
  return last?.task === undefined || last.kind === 'taskend' ? '' : `, during "${last.task}"`;
}

/** nmap's own error message, masked because it may repeat an argument. */
export function errorOf({ stats }: RunEnd): string | undefined {
  const text = stats?.finished?.errormsg;
  return text === undefined ? undefined : maskOutput(text);
}

export function scannerName({ run }: RunContext): string {
  return [run.scanner ?? 'nmap', run.version].filter((word) => word !== undefined && word !== '').join(' ');
}
