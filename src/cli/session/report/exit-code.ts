import { EXIT, type ExitCode } from '../../../core/errors.ts';
import type { SinkReport } from '../../../delivery/report.ts';
import type { InputReport } from '../../../pipeline/input-report.ts';
import type { ShipReport } from '../../../pipeline/ship.ts';
import { givenUp } from './sink-summary.ts';

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

/** The most severe exit code of several runs. */
export function mostSevere(codes: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.delivered;
}

/** Whether there is no result: nmap failed, scanned nothing, or the input has no scan. */
function isUseless({ runs, failed, empty, hosts, problem }: InputReport): boolean {
  return runs === 0 || problem?.code === 'mistake' || (failed + empty === runs && hosts === 0);
}

/** Whether events wait for a sink, or it failed; a pipe whose reader has gone is no error. */
function isDown({ waiting, failure }: SinkReport): boolean {
  return waiting > 0 || (failure !== undefined && failure.kind !== 'closed');
}
