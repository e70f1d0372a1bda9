import { type Tally, unaccounted } from '../../delivery/tally.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import type { InputReport } from '../../input-report.ts';
import type { ShipReport, SinkReport } from '../../ship.ts';
import type { Speaker } from '../terminal.ts';

/** `130 > 2 > 4 > 3 > 5 > 1`: the one place that decides how a run ends. */
export function exitCode({ inputs, sinks, interrupted, unaccountable }: ShipReport): ExitCode {
  if (interrupted) return EXIT.interrupted;
  if (unaccountable !== undefined) return EXIT.state;
  if (inputs.length > 0 && inputs.every(isUseless)) return EXIT.noInput;
  if (sinks.some(({ failure }) => failure !== undefined && failure.kind !== 'closed')) return EXIT.sinkDown;
  const partly = inputs.some(
    (input) => isUseless(input) || input.problem !== undefined || input.refused > 0 || input.incomplete > 0 || input.failed > 0,
  );
  return partly || sinks.some(({ tally }) => tally.dead > 0) ? EXIT.partly : EXIT.delivered;
}

/** For people: what was wrong with the inputs, then one closing sum per sink. */
export function printSummary(report: ShipReport, speaker: Speaker): void {
  for (const input of report.inputs) printInput(input, speaker);
  if (report.unaccountable !== undefined) speaker.error(report.unaccountable);
  for (const sink of report.sinks) printSink(sink, speaker);
}

/** For machines: everything that the human summary says, in one line. */
export function jsonSummary(report: ShipReport): string {
  return JSON.stringify({
    exit: exitCode(report),
    interrupted: report.interrupted,
    unaccountable: report.unaccountable?.message,
    inputs: report.inputs.map(({ problem, ...input }) => ({ ...input, problem: problem && { code: problem.code, message: problem.message } })),
    sinks: report.sinks.map(({ tally, failure, firstRejection, deadLetters }) => ({
      ...tally,
      failure: failure?.message,
      firstRejection,
      deadLetters: tally.dead > 0 ? deadLetters : undefined,
    })),
  });
}

/** nmap said itself that it failed, or there is no scan in it. */
function isUseless({ runs, failed, hosts }: InputReport): boolean {
  return runs === 0 || (failed === runs && hosts === 0);
}

function printInput(input: InputReport, speaker: Speaker): void {
  for (const remark of input.remarks) speaker.warn(`${input.name}: ${remark}`);
  if (input.problem !== undefined) speaker.error(input.problem);
  if (input.runs > 0)
    speaker.say(`${input.name}: ${count(input.runs, 'run')}, ${count(input.hosts, 'host')} listed, ${count(input.openPorts, 'open port')}`);
}

function printSink({ tally, failure, firstRejection, deadLetters }: SinkReport, speaker: Speaker): void {
  if (failure !== undefined && failure.kind !== 'closed') speaker.error(failure);
  if (tally.dead > 0) {
    speaker.warn(`${tally.sink}: ${count(tally.dead, 'event')} could not be delivered${firstRejection === undefined ? '' : ` (${firstRejection})`}`);
    speaker.warn(`  → they are kept in ${deadLetters}`);
  }
  speaker.say(sumLine(tally));
}

/** `read 48,211 = delivered 48,190 + already 0 + dead 3`: what is always there, then what is not zero. */
function sumLine(tally: Tally): string {
  const always = [`delivered ${format(tally.delivered)}`, `already ${format(tally.already)}`, `dead ${format(tally.dead)}`];
  const others = (['spooled', 'discarded', 'withheld'] as const).filter((name) => tally[name] > 0).map((name) => `${name} ${format(tally[name])}`);
  const lost = unaccounted(tally);
  if (lost > 0) others.push(`neither delivered nor kept ${format(lost)}`);
  return `${tally.sink}: read ${format(tally.read)} = ${[...always, ...others].join(' + ')}`;
}

function count(number: number, noun: string): string {
  return `${format(number)} ${noun}${number === 1 ? '' : 's'}`;
}

function format(number: number): string {
  return number.toLocaleString('en-US');
}
