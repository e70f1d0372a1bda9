import { isoTime } from '../../../event/time.ts';
import type { OpenRun } from '../../../state/runs.ts';
import { NO_PORTS, openWords } from '../../../event/counts.ts';
import type { InputReport } from '../../../pipeline/input-report.ts';
import type { ShipReport } from '../../../pipeline/ship.ts';
import type { Log } from '../log.ts';
import type { Outages } from '../outages.ts';
import { changesText } from './noted-changes.ts';
import { noteOutage, printGivenUp, printSink, sumLine } from './sink-summary.ts';
import { counted, withCommas } from '../../../event/text.ts';

/** How the rest of an interrupted run gets its turn; a service reads its files again by itself. */
const SHIP_AGAIN = '  → ship the same again for the rest';
const READ_AGAIN = '  → it is read at the next start';
/** Most inputs that a message names. */
const MAX_NAMED = 10;
/** For people: what was wrong with the inputs, then one closing sum per sink. */
export function printSummary(report: ShipReport, log: Log, outages?: Outages): void {
  printInputs(report, log, outages === undefined ? SHIP_AGAIN : READ_AGAIN);
  if (report.untracked !== undefined) {
    log.error(report.untracked);
    log.warn('  → changes were not looked for; ship the same again once this is fixed to find them');
  }
  if (report.hostsLeftOut !== undefined) {
    log.error(report.hostsLeftOut);
    log.warn('  → all other hosts were compared');
  }
  for (const sink of report.sinks) printSink(sink, log, report, outages);
}

/** Prints what was read, and problems of the input. */
export function printInputs({ inputs, notRead, interrupted, sinks }: ShipReport, log: Log, rest = SHIP_AGAIN): void {
  const isStopped = interrupted || !sinks.every(({ failure }) => failure?.kind === 'closed');
  for (const input of inputs) printInput(input, log, interrupted);
  if (notRead.length > 0 && isStopped) log.warn(notReadText(notRead));
  if (interrupted && (notRead.length > 0 || inputs.some(({ partOnly }) => partOnly))) log.warn(rest);
}

function notReadText(names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? ', …' : '';
  return `${counted(names.length, 'input')} ${names.length === 1 ? 'was' : 'were'} not read: ${names.slice(0, MAX_NAMED).join(', ')}${more}`;
}

/** After sending what waited: prints only what is noteworthy. */
export function printReplayed({ sinks }: ShipReport, log: Log, outages?: Outages): void {
  for (const report of sinks) {
    const { sink, acknowledges, own, replayed, failure, waiting } = report;
    noteOutage(report, outages);
    if (replayed.delivered > 0)
      log.info(
        `${sink}: ${counted(replayed.delivered, 'event')} that waited on disk ${replayed.delivered === 1 ? 'is' : 'are'} ${acknowledges === false ? 'sent' : 'delivered'}`,
      );
    if (own.delivered > 0) log.debug(sumLine(`${sink}, of portlog's own`, own, acknowledges));
    printGivenUp(report, log);
    if (waiting > 0 && outages?.has(sink) !== true)
      log.warn(
        `${sink}: ${counted(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'} on disk${failure === undefined ? '' : `: ${failure.message}`}`,
      );
  }
}

/** What a run reads when portlog runs nmap itself: `nmap`, or `nmap (a schedule)`. There is no file to ship again. */
const OF_NMAP = /^nmap(?: \(|$)/;

/** Reports earlier runs that were killed. */
export function printLostRuns(lost: readonly OpenRun[], log: Log): void {
  for (const { pid, started, what, sums } of lost) {
    const run = `the run of ${isoTime(started)} (process ${pid}, reading ${what}) was killed or crashed`;
    log.warn(sums.length === 0 ? `${run}, before it had noted what it had delivered` : `${run}; until then:`);
    for (const { sink, acknowledges, tally } of sums) log.warn(`  ${sumLine(sink, tally, acknowledges, 'not known')}`);
    log.warn(
      `  → ${OF_NMAP.test(what) ? 'no file can be shipped again: the next scan looks at the same targets, and what waits on disk is sent' : 'ship the same again: what arrived is not stored twice'}`,
    );
  }
}

function printInput(input: InputReport, log: Log, isInterrupted: boolean): void {
  for (const remark of input.remarks) log.warn(`${input.name}: ${remark}`);
  if (input.problem !== undefined) log.error(input.problem);
  else if (input.partOnly && isInterrupted) log.warn(`${input.name} was only read up to byte ${input.bytes}: interrupted`);
  if (input.problem?.cause instanceof Error && input.problem.code === 'mistake') log.debug(input.problem.cause.stack ?? '');
  if (input.runs > 0) log.info(`${input.name}: ${counted(input.runs, 'run')}, ${seenWords(input)}${foundText(input)}`);
}

function seenWords(input: InputReport): string {
  const { hosts, runs, listed } = input;
  return runs === listed ? `${counted(hosts, 'host')} named, none looked at` : `${counted(hosts, 'host')} listed, ${portWords(input)}`;
}

function portWords({ openPorts, openProtocols, portScans, hosts, incomplete }: InputReport): string {
  return portScans === 0 && hosts > 0 && incomplete === 0 ? NO_PORTS : openWords(openPorts, openProtocols, counted);
}

/** Weaknesses and changes. */
function foundText(input: InputReport): string {
  const { findings, unconfirmed, changes } = input;
  const changed = changes === undefined ? undefined : changesText(changes, isWhole(input));
  return `${findings === 0 ? '' : `, ${findingWords(findings, unconfirmed)}`}${changed === undefined ? '' : `; ${changed}`}`;
}

/** Whether all of it was read and looked at. Of a scan that was cut or failed, gave up on a host or looked at none, nobody can say that nothing has changed. */
function isWhole({ hosts, runs, partOnly, problem, refused, incomplete, failed, empty, listed, timedOut }: InputReport): boolean {
  const isRead = !partOnly && problem === undefined && refused === 0;
  return isRead && hosts > 0 && incomplete + failed + timedOut === 0 && runs > empty + listed;
}

/** `4 findings (1 unconfirmed)`: `portlog findings` and reports do not list unconfirmed ones. */
function findingWords(findings: number, unconfirmed: number): string {
  if (findings === unconfirmed) return counted(findings, 'unconfirmed finding');
  return `${counted(findings, 'finding')}${unconfirmed === 0 ? '' : ` (${withCommas(unconfirmed)} unconfirmed)`}`;
}
