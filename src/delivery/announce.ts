import { PortlogError } from '../errors.ts';
import type { Dataset, LogEvent } from '../event/event.ts';
import type { Lane } from './lane.ts';
import type { Store } from './store.ts';

/** Datasets that alert rules listen to. What a host or port says can be read from the scan again; these happen once. */
const ANNOUNCED: ReadonlySet<Dataset> = new Set(['nmap.scan', 'nmap.change', 'nmap.health']);

export function isAnnounced({ dataset }: LogEvent): boolean {
  return ANNOUNCED.has(dataset);
}

/**
 * The outbox: events are committed for all their sinks in one transaction, together with whatever `state`
 * writes, and only then sent. After a crash the next run sends the same bytes under the same ids. A row
 * goes when its sink has acknowledged or rejected it.
 */
export async function announce(events: readonly LogEvent[], lanes: readonly Lane[], store: Store | undefined, state?: () => void): Promise<void> {
  // What they are about comes before them.
  for (const lane of lanes) await lane.flush();
  const drafts = lanes.flatMap((lane) => lane.draft(events).map((parcel) => ({ lane, parcel })));
  const committed = commit();
  for (const { lane, parcel } of drafts) await lane.dispatch({ ...parcel, stored: committed && lane.keeping !== undefined });

  function commit(): boolean {
    try {
      store?.transaction(() => {
        state?.();
        for (const { lane, parcel } of drafts) lane.keeping?.commit(parcel);
      });
      return store !== undefined;
    } catch (error) {
      // Better announced without a safety net than not at all; if it cannot be sent either, that is told.
      if (error instanceof PortlogError && error.code === 'state-unusable' && state === undefined) return false;
      throw error;
    }
  }
}
