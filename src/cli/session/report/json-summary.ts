import type { PortlogError } from '../../../core/errors.ts';
import type { InputReport } from '../../../pipeline/input-report.ts';
import type { ShipReport } from '../../../pipeline/ship.ts';
import { unaccounted } from '../../../state/tally.ts';
import { exitCode } from './exit-code.ts';

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
