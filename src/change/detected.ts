import type { LogEvent } from '../event/event.ts';
import { markedAsMass } from './event.ts';
import { UnlistedKinds } from './unlisted.ts';

/** What was detected in one transaction; announced when it is committed. */
export class Detected {
  readonly changes: LogEvent[] = [];
  /** Events about the run as a whole, and inventory records. */
  readonly others: LogEvent[] = [];
  /** Keys of hosts whose inventory record changed, whether or not a sink keeps an inventory now. */
  readonly moved = new Set<string>();
  /** Remarks about the scan for people. */
  readonly remarks: string[] = [];
  /** The kinds of scan in this input that leave out known hosts. */
  readonly unlisted: UnlistedKinds;

  constructor(unlisted = new UnlistedKinds()) {
    this.unlisted = unlisted;
  }

  /** The events, changes first. `isMass`: very many hosts have changed in the scan. */
  events(isMass: boolean): readonly LogEvent[] {
    return [...(isMass ? this.changes.map(markedAsMass) : this.changes), ...this.others];
  }
}
