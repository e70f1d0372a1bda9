import type { LogEvent } from '../event/event.ts';
import { markedAsMass } from './event.ts';
import { UnlistedKinds } from './unlisted.ts';

/** What was found in one transaction, to be announced when it is committed. */
export class Detected {
  readonly changes: LogEvent[] = [];
  /** Events about the run as a whole, and inventory records. */
  readonly others: LogEvent[] = [];
  /** Hosts (their keys) of which the inventory has something new to say, whether or not anybody keeps one now. */
  readonly moved = new Set<string>();
  /** Remarks about the scan for people. */
  readonly remarks: string[] = [];
  /** Of the input in which it was found. */
  readonly unlisted: UnlistedKinds;

  constructor(unlisted = new UnlistedKinds()) {
    this.unlisted = unlisted;
  }

  /** Changes first. `isMass`: the scan has very many of them. */
  events(isMass: boolean): readonly LogEvent[] {
    return [...(isMass ? this.changes.map(markedAsMass) : this.changes), ...this.others];
  }
}
