import { PortlogError } from '../errors.ts';
import type { Dataset, LogEvent } from '../event/event.ts';
import type { Lane } from './lane.ts';
import type { Parcel } from './parcel.ts';
import type { Store } from './store.ts';

/** Datasets that alert rules listen to. What a host or port says can be read from the scan again; these happen once. */
const ANNOUNCED: ReadonlySet<Dataset> = new Set(['nmap.scan', 'nmap.change', 'nmap.health']);

export function isAnnounced({ dataset }: LogEvent): boolean {
  return ANNOUNCED.has(dataset);
}

interface Draft {
  readonly lane: Lane;
  readonly parcel: Parcel;
}

/**
 * The outbox: events are committed for all their sinks in one transaction, and only then sent. After a
 * crash the next run sends the same bytes under the same ids. A row goes when its sink has acknowledged or
 * rejected it.
 */
export async function announce(events: readonly LogEvent[], lanes: readonly Lane[], store: Store | undefined): Promise<void> {
  await flushAll(lanes);
  const drafts = draftsOf(events, lanes);
  await send(drafts, committed());

  function committed(): boolean {
    try {
      store?.transaction(() => commit(drafts));
      return store !== undefined;
    } catch (error) {
      // Better announced without a safety net than not at all; if it cannot be sent either, that is told.
      if (error instanceof PortlogError && error.code === 'state-unusable') return false;
      throw error;
    }
  }
}

/**
 * The same for events that say how the state has changed: `make` reads and writes the state in the
 * transaction that commits them, so that both are done, or neither.
 */
export async function announceFrom(make: () => readonly LogEvent[], lanes: readonly Lane[], store: Store): Promise<void> {
  await flushAll(lanes);
  let drafts: readonly Draft[] = [];
  try {
    store.transaction(() => {
      drafts = draftsOf(make(), lanes);
      commit(drafts);
    });
  } catch (error) {
    for (const { lane, parcel } of drafts) lane.withdraw(parcel);
    throw error;
  }
  await send(drafts, true);
}

/** What events are about comes before them. */
async function flushAll(lanes: readonly Lane[]): Promise<void> {
  for (const lane of lanes) await lane.flush();
}

function draftsOf(events: readonly LogEvent[], lanes: readonly Lane[]): readonly Draft[] {
  return lanes.flatMap((lane) => lane.draft(events).map((parcel) => ({ lane, parcel })));
}

function commit(drafts: readonly Draft[]): void {
  for (const { lane, parcel } of drafts) lane.keeping?.commit(parcel);
}

async function send(drafts: readonly Draft[], stored: boolean): Promise<void> {
  for (const { lane, parcel } of drafts) await lane.dispatch({ ...parcel, stored: stored && lane.keeping !== undefined });
}
