import { Detected } from '../change/detected.ts';
import { UnlistedKinds } from '../change/unlisted.ts';
import { mistake } from '../core/mistake.ts';
import type { LogEvent } from '../event/event.ts';
import { type InputInProgress, noteRemarks } from './input-report.ts';
import { noChanges, noteChanges, noteEarlier } from './noted-changes.ts';

/** The comparison of an input with the known state, which may take place when a later input is read. Results go to its report. */
export class TrackedInput {
  private readonly report: InputInProgress;
  private readonly unlisted = new UnlistedKinds();

  constructor(report: InputInProgress) {
    this.report = report;
  }

  begin(): void {
    this.report.changes = noChanges();
  }

  /** A collection for the results of the next transaction. */
  detected(): Detected {
    return new Detected(this.unlisted);
  }

  note({ remarks, changes, others }: Detected): void {
    noteRemarks(this.report, remarks);
    if (this.report.changes !== undefined) noteChanges(this.report.changes, [...changes, ...others]);
  }

  /** Notes earlier changes that this sink gets now. */
  noteEarlier(sink: string, events: readonly LogEvent[]): void {
    if (this.report.changes !== undefined) noteEarlier(this.report.changes, sink, events);
  }

  /** Tells people something about the input. */
  remark(text: string): void {
    noteRemarks(this.report, [text]);
  }

  /** The input could not be compared. */
  failed(error: unknown, isMistake: boolean): void {
    this.report.changes = undefined;
    if (isMistake) this.report.problem ??= mistake(`comparing ${this.report.name} with what is known`, error);
  }
}
