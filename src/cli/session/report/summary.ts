import { isoTime } from '../../../event/time.ts';
import type { OpenRun } from '../../../state/runs.ts';
import { type Tally, unaccounted } from '../../../state/tally.ts';
import { EXIT, type ExitCode, type PortlogError } from '../../../core/errors.ts';
import { NO_PORTS, openWords } from '../../../event/counts.ts';
import type { InputReport } from '../../../pipeline/input-report.ts';
import type { SinkReport } from '../../../delivery/report.ts';
import type { ShipReport } from '../../../pipeline/ship.ts';
import type { Log } from '../log.ts';
import type { Outages } from '../outages.ts';
import { changesText } from './noted-changes.ts';
import { counted, withCommas } from '../../../event/text.ts';

const PRECEDENCE: readonly ExitCode[] = [EXIT.interrupted, EXIT.usage, EXIT.state, EXIT.noInput, EXIT.sinkDown, EXIT.partly];

/** `130 > 2 > 4 > 3 > 5 > 1`: decides the exit code of a run. */
export function exitCode({ inputs, sinks, interrupted, untracked, hostsLeftOut }: ShipReport): ExitCode {
  if (interrupted) return EXIT.interrupted;
  if (untracked !== undefined || hostsLeftOut !== undefined) return EXIT.state;
  if (sinks.some(({ unaccountable, damaged }) => unaccountable !== undefined || damaged > 0)) return EXIT.state;
  if (inputs.length > 0 && inputs.every(isUseless)) return EXIT.noInput;
  if (sinks.some(isDown)) return EXIT.sinkDown;
  const partly = inputs.some(
    (input) => isUseless(input) || input.problem !== undefined || input.refused > 0 || input.incomplete > 0 || input.failed > 0 || input.empty > 0,
  );
  return partly ||
    sinks.some(
      ({ tally, replayed, own, failure }) => tally.dead + replayed.dead + own.dead > 0 || (tally.discarded > 0 && failure?.kind !== 'closed'),
    )
    ? EXIT.partly
    : EXIT.delivered;
}

/** For people: what was wrong with the inputs, then one closing sum per sink. */
export function printSummary(report: ShipReport, log: Log, outages?: Outages): void {
  printInputs(report, log);
  if (report.untracked !== undefined) {
    log.error(report.untracked);
    log.warn('  → changes were not looked for; ship the same again once this is fixed to find them');
  }
  if (report.hostsLeftOut !== undefined) {
    log.error(report.hostsLeftOut);
    log.warn('  → all other hosts were compared');
  }
  for (const sink of report.sinks) printSink(sink, log, report.inputs.length > 0, outages);
}

/** Prints what was read, and problems of the input. */
export function printInputs({ inputs }: ShipReport, log: Log): void {
  for (const input of inputs) printInput(input, log);
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
    inputs: report.inputs.map(({ problem, changes, ...input }) => ({ ...input, changes: changes?.counts, problem: errorFields(problem) })),
    sinks: report.sinks.map(({ sink, tally, failure, unaccountable, bookkeeping, ...rest }) => ({
      sink,
      ...tally,
      unaccounted: unaccounted(tally),
      ...rest,
      failure: failure?.message,
      unaccountable: errorFields(unaccountable),
      bookkeeping: errorFields(bookkeeping),
    })),
    lostRuns: report.lostRuns,
    untracked: errorFields(report.untracked),
    hostsLeftOut: errorFields(report.hostsLeftOut),
  });
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

function printInput(input: InputReport, log: Log): void {
  for (const remark of input.remarks) log.warn(`${input.name}: ${remark}`);
  if (input.problem !== undefined) log.error(input.problem);
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

/** Weaknesses and changes. For a scan that was cut or failed, gave up on a host or looked at none, it does not say that nothing has changed. */
function foundText({ findings, unconfirmed, changes, hosts, runs, incomplete, failed, empty, listed, timedOut }: InputReport): string {
  const isWhole = hosts > 0 && incomplete + failed + timedOut === 0 && runs > empty + listed;
  const changed = changes === undefined ? undefined : changesText(changes, isWhole);
  return `${findings === 0 ? '' : `, ${findingWords(findings, unconfirmed)}`}${changed === undefined ? '' : `; ${changed}`}`;
}

/** `4 findings (1 unconfirmed)`: `portlog findings` and reports do not list unconfirmed ones. */
function findingWords(findings: number, unconfirmed: number): string {
  if (findings === unconfirmed) return counted(findings, 'unconfirmed finding');
  return `${counted(findings, 'finding')}${unconfirmed === 0 ? '' : ` (${withCommas(unconfirmed)} unconfirmed)`}`;
}

/** Records whether the sink works; a service reports only when that changes. */
function noteOutage({ sink, failure, waiting, tally, own, replayed }: SinkReport, outages: Outages | undefined): void {
  if (failure !== undefined && failure.kind !== 'closed') outages?.isDown(sink, failure, waiting);
  else if (tally.delivered + own.delivered + replayed.delivered > 0) outages?.isUp(sink);
}

function printSink(report: SinkReport, log: Log, hasRead: boolean, outages: Outages | undefined): void {
  noteOutage(report, outages);
  printFailures(report, log, outages);
  printLosses(report, log);
  printWaiting(report, log, outages);
  printSums(report, log, hasRead);
}

function printFailures({ failure, unaccountable, bookkeeping }: SinkReport, log: Log, outages: Outages | undefined): void {
  if (failure !== undefined && failure.kind !== 'closed' && outages === undefined) log.error(failure);
  if (unaccountable !== undefined) log.error(unaccountable);
  else if (bookkeeping !== undefined) {
    log.error(bookkeeping);
    log.warn('  → what was delivered could not be recorded: shipping the same again sends it again');
  }
}

/** Events that were not delivered, or are no longer there. */
function printLosses({ sink, tally, own, replayed, firstRejection, damaged }: SinkReport, log: Log): void {
  const dead = tally.dead + replayed.dead + own.dead;
  if (dead > 0) {
    log.warn(`${sink}: ${counted(dead, 'event')} could not be delivered${firstRejection === undefined ? '' : ` (${firstRejection})`}`);
    log.warn('  → they are kept: portlog replay --list shows why, portlog replay --dead tries them again');
  }
  if (damaged > 0) {
    log.warn(`${sink}: ${counted(damaged, 'event')} in the spool cannot be read: the disk has changed them`);
    log.warn('  → ship those scans again; portlog replay --purge removes what cannot be read, with all that waits');
  }
  const removed = tally.removed + replayed.removed + own.removed;
  if (removed > 0) {
    log.warn(`${sink}: ${counted(removed, 'event')} that had been delivered ${removed === 1 ? 'was' : 'were'} deleted again, with the oldest files`);
    log.warn('  → keep more of them (keepFiles), or all: leave it out');
  }
}

function printWaiting(report: SinkReport, log: Log, outages: Outages | undefined): void {
  const { sink, tally, failure, firstRefusal, waiting } = report;
  if (tally.restamped > 0)
    log.info(`${sink}: ${counted(tally.restamped, 'event')} are outside the times that it accepts, and carry the time of sending instead`);
  if (waiting === 0 || outages?.has(sink) === true) return;
  // A failure was reported already; without one, the sink accepts others.
  const why = failure !== undefined || firstRefusal === undefined ? '' : `, because it does not take them now (${firstRefusal})`;
  log.warn(`${sink}: ${counted(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'} on disk${partsOf(report)}${why}`);
  log.warn('  → when it works again: portlog replay (the next run sends them, too)');
}

function printSums({ sink, acknowledges, tally, own, replayed, waiting }: SinkReport, log: Log, hasRead: boolean): void {
  if (own.read > 0) log.debug(sumLine(`${sink}, of portlog's own`, own, acknowledges));
  if (replayed.read > 0 || !hasRead)
    log.info(sumLine(`${sink}, from earlier runs`, { ...replayed, read: replayed.read + waiting, spooled: waiting }, acknowledges));
  if (hasRead) log.info(sumLine(sink, tally, acknowledges));
}

/** What waits, unless the sum says it already: the sum covers only events read in this run. */
function partsOf({ waiting, tally, own }: SinkReport): string {
  const parts = [
    [tally.spooled, 'of what was read'],
    [own.spooled, 'of the inventory and about portlog itself'],
    [waiting - tally.spooled - own.spooled, 'of earlier runs'],
  ] as const;
  const some = parts.filter(([events]) => events > 0);
  return some.length < 2 ? '' : ` (${some.map(([events, what]) => `${withCommas(events)} ${what}`).join(', ')})`;
}

/** `read 48,211 = delivered 48,190 + already 0 + dead 3`: fixed terms, then those that are not zero. `sent` for sinks without acknowledgement. */
function sumLine(sink: string, tally: Tally, acknowledges = true, unknown = 'neither delivered nor kept'): string {
  const always = [
    `${acknowledges ? 'delivered' : 'sent'} ${withCommas(tally.delivered)}`,
    `already ${withCommas(tally.already)}`,
    `dead ${withCommas(tally.dead)}`,
  ];
  const others = (['spooled', 'discarded', 'withheld'] as const)
    .filter((name) => tally[name] > 0)
    .map((name) => `${name} ${withCommas(tally[name])}`);
  const open = unaccounted(tally);
  if (open > 0) others.push(`${unknown} ${withCommas(open)}`);
  const removed = (tally.removed ?? 0) > 0 ? `; deleted again ${withCommas(tally.removed)}` : '';
  return `${sink}: read ${withCommas(tally.read)} = ${[...always, ...others].join(' + ')}${removed}`;
}
