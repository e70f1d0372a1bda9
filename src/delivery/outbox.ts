import { PortlogError } from '../core/errors.ts';
import type { LogEvent } from '../event/event.ts';
import type { Store } from '../state/store.ts';
import type { Draft } from './draft.ts';
import type { SinkPipeline } from './sink-pipeline.ts';

/** What happens once, and is told when it is committed. */
export interface Announcement {
  /** To whom. */
  readonly pipelines: readonly SinkPipeline[];
  /** Called in the transaction: may read and write the state, and returns what there is to tell. */
  readonly make: () => readonly LogEvent[];
  /** Of one that writes the state: nothing of it was done. The state file cannot be used, or a mistake of ours. */
  readonly failed?: ((error: unknown) => void) | undefined;
}

/** Of runs with a host each some hundred: some tens of milliseconds, for which other processes on the same state wait. */
const MAX_ANNOUNCEMENTS = 500;
/** Of input: what is waiting holds about as much. */
const MAX_BYTES = 1 << 18;

/**
 * Announcements that wait for the transaction that commits them, for all of their sinks, before anything of them is sent. A commit to disk
 * costs more than what a small scan has to say, so what has been read meanwhile shares one. Until then nothing of it is done: who is
 * killed reads it again.
 */
export class Outbox {
  private readonly store: Store | undefined;
  private waiting: Announcement[] = [];
  /** Of the input, that were read since the last commit. */
  private bytes = 0;
  /** Of which something waits. */
  private readonly scans = new Set<string>();

  constructor(store: Store | undefined) {
    this.store = store;
  }

  add(announcement: Announcement): void {
    this.waiting.push(announcement);
  }

  /** So many bytes more were read. */
  noteRead(bytes: number): void {
    this.bytes += bytes;
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  get isFull(): boolean {
    return this.waiting.length >= MAX_ANNOUNCEMENTS || this.bytes >= MAX_BYTES;
  }

  /** A scan begins. Another reading of one that still waits must meet what is known of the first: true when that is to be committed before. */
  beginScan(id: string): boolean {
    const isAgain = this.scans.has(id);
    if (!isAgain) this.scans.add(id);
    return isAgain;
  }

  /** In the order in which they came. What they are about, and was pushed before, is sent before. */
  async commit(): Promise<void> {
    const announcements = this.waiting;
    this.waiting = [];
    this.bytes = 0;
    this.scans.clear();
    if (announcements.length === 0) return;
    const pipelines = new Set(announcements.flatMap((one) => one.pipelines));
    for (const pipeline of pipelines) await pipeline.flush();
    const { drafts, stored } = this.write(announcements, [...pipelines]);
    for (const draft of drafts) await draft.pipeline.sendDraft(draft, stored);
  }

  private write(
    announcements: readonly Announcement[],
    pipelines: readonly SinkPipeline[],
  ): { readonly drafts: readonly Draft[]; readonly stored: boolean } {
    const { store } = this;
    if (store === undefined) return { drafts: draftsOf(announcements, pipelines, (one) => one.make()), stored: false };
    try {
      const drafts = store.transaction(() => {
        const made = draftsOf(announcements, pipelines, (one) => madeIn(store, one));
        for (const draft of made) draft.pipeline.commit(draft);
        return made;
      });
      return { drafts, stored: true };
    } catch (error) {
      if (!isOfState(error)) throw error;
      for (const { failed } of announcements) failed?.(error);
      // Better announced without a safety net than not at all; if it cannot be sent either, that is told.
      const plain = announcements.filter(({ failed }) => failed === undefined);
      return { drafts: draftsOf(plain, pipelines, (one) => one.make()), stored: false };
    }
  }
}

/** For each sink what it is told. */
function draftsOf(
  announcements: readonly Announcement[],
  pipelines: readonly SinkPipeline[],
  eventsOf: (announcement: Announcement) => readonly LogEvent[],
): readonly Draft[] {
  const told = new Map<SinkPipeline, LogEvent[]>(pipelines.map((pipeline) => [pipeline, []]));
  for (const announcement of announcements) {
    const events = eventsOf(announcement);
    for (const pipeline of announcement.pipelines) for (const event of events) told.get(pipeline)?.push(event);
  }
  return [...told].map(([pipeline, events]) => pipeline.draft(events));
}

/** A mistake in one takes back that one alone. */
function madeIn(store: Store, { make, failed }: Announcement): readonly LogEvent[] {
  if (failed === undefined) return make();
  try {
    return store.part(make);
  } catch (error) {
    if (isOfState(error)) throw error;
    failed(error);
    return [];
  }
}

function isOfState(error: unknown): boolean {
  return error instanceof PortlogError && error.code === 'state-unusable';
}
