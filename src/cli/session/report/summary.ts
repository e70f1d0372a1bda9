import { isoTime } from '../../../event/time.ts';
import type { OpenRun } from '../../../state/runs.ts';
import { unaccounted } from '../../../state/tally.ts';
import { EXIT, type ExitCode, type PortlogError } from '../../../core/errors.ts';
import { NO_PORTS, openWords } from '../../../event/counts.ts';
import type { InputReport } from '../../../pipeline/input-report.ts';
import type { SinkReport } from '../../../delivery/report.ts';
import type { ShipReport } from '../../../pipeline/ship.ts';
import type { Log } from '../log.ts';
import type { Outages } from '../outages.ts';
import { changesText } from './noted-changes.ts';
import { givenUp, noteOutage, printGivenUp, printSink, sumLine } from './sink-summary.ts';
import { counted, withCommas } from '../../../event/text.ts';

/** How the rest of an interrupted run gets its turn; a service reads its files again by itself. */
const SHIP_AGAIN = '  → ship the same again for the rest';
const READ_AGAIN = '  → it is read at the next start';
/** Most inputs that a message names. */
const MAX_NAMED = 10;
const PRECEDENCE: readonly ExitCode[] = [EXIT.interrupted, EXIT.usage, EXIT.state, EXIT.noInput, EXIT.sinkDown, EXIT.partly];

/** `130 > 2 > 4 > 3 > 5 > 1`: decides the exit code of a run. */
export function exitCode({ inputs, sinks, interrupted, untracked, hostsLeftOut }: ShipReport): ExitCode {
  if (interrupted) return EXIT.interrupted;
  if (untracked !== undefined || hostsLeftOut !== undefined) return EXIT.state;
  // No later run reads the rest of an input that a full spool has ended.
  if (sinks.some((sink) => sink.unaccountable !== undefined || sink.damaged > 0 || sink.spoolFull || givenUp(sink) > 0)) return EXIT.state;
  if (inputs.length > 0 && inputs.every(isUseless)) return EXIT.noInput;
  if (sinks.some(isDown)) return EXIT.sinkDown;
  const partly = inputs.some(
    (input) => isUseless(input) || input.problem !== undefined || input.refused > 0 || input.incomplete > 0 || input.failed > 0 || input.empty > 0,
  );
  return partly || sinks.some(({ tally, replayed, own }) => tally.dead + replayed.dead + own.dead > 0) ? EXIT.partly : EXIT.delivered;
}

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

/** The most severe exit code of several runs. */
export function mostSevere(codes: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.delivered;
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

/** For machines: everything that the human summary says, in one line. */
export function jsonSummary(report: ShipReport): string {
  return JSON.stringify({
    exit: exitCode(report),
    interrupted: report.interrupted,
    inputs: report.inputs.map(({ problem, changes, ...input }) => ({
      ...input,
      changes: changes?.counts,
      earlierChanges: earlierOf(changes),
      problem: errorFields(problem),
    })),
    sinks: report.sinks.map(({ sink, tally, failure, unaccountable, bookkeeping, ...rest }) => ({
      sink,
      ...tally,
      unaccounted: unaccounted(tally),
      ...rest,
      failure: failure?.message,
      unaccountable: errorFields(unaccountable),
      bookkeeping: errorFields(bookkeeping),
    })),
    notRead: report.notRead,
    lostRuns: report.lostRuns,
    untracked: errorFields(report.untracked),
    hostsLeftOut: errorFields(report.hostsLeftOut),
  });
}

/** Absent when there are none. */
function earlierOf(changes: InputReport['changes']): Readonly<Record<string, number>> | undefined {
  return changes === undefined || Object.keys(changes.earlier).length === 0 ? undefined : changes.earlier;
}

function errorFields(error: PortlogError | undefined): object | undefined {
  return error && { code: error.code, message: error.message };
}

/** Whether there is no result: nmap failed, scanned nothing, or the input has no scan. */
function isUseless({ runs, failed, empty, hosts, problem }: InputReport): boolean {
  return runs === 0 || problem?.code === 'mistake' || (failed + empty === runs && hosts === 0);
}

/** Whether events wait for a sink or were given up; a pipe whose reader has gone is no error. */
function isDown({ waiting, failure }: SinkReport): boolean {
  return waiting > 0 || (failure !== undefined && failure.kind !== 'closed');
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
