import { PortlogError } from '../core/errors.ts';
import type { LogEvent } from '../event/event.ts';
import type { Store } from '../state/store.ts';
import { type Draft, undoDraft } from './draft.ts';
import type { SinkPipeline } from './sink-pipeline.ts';

/** Events that are committed to the state file before they are sent, because nothing would produce them a second time. */
export interface Announcement {
  /** The sinks that get the events. */
  readonly pipelines: readonly SinkPipeline[];
  /** Called within the transaction: may read and write the state. Returns the events. */
  readonly make: () => readonly LogEvent[];
  /** Called when the transaction was rolled back, with all that `make` has written: `make` will be called again, or `failed`. */
  readonly rolledBack?: (() => void) | undefined;
  /** Called when the events cannot be made, because of the state file or a bug; the state is as before. Given when `make` writes the state. */
  readonly failed?: ((error: unknown) => void) | undefined;
}

/** The events of all announcements that one sink gets. */
interface ForSink {
  readonly pipeline: SinkPipeline;
  readonly draft: Draft;
}

/** `stored`: the transaction that keeps them in the spool was committed. */
interface Written extends ForSink {
  readonly stored: boolean;
}

/** Announcements per transaction. For small scans this many take some tens of milliseconds, during which other processes cannot write the state. */
const MAX_ANNOUNCEMENTS = 500;
/** Bytes of input after which what waits is committed; events of about the same size wait in memory. */
const MAX_BYTES = 1 << 18;

/**
 * Announcements that wait for a transaction, which commits them for all of their sinks before any of them is sent. Small scans share a
 * transaction, because committing to disk takes longer than comparing such a scan. Until then their inputs do not count as read: after a crash
 * they are read again.
 */
export class Outbox {
  private readonly store: Store | undefined;
  private waiting: Announcement[] = [];
  /** Bytes of input that were read since the last commit. */
  private bytes = 0;

  constructor(store: Store | undefined) {
    this.store = store;
  }

  add(announcement: Announcement): void {
    this.waiting.push(announcement);
  }

  /** Adds to the bytes of input read since the last commit. */
  noteRead(bytes: number): void {
    this.bytes += bytes;
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  get isFull(): boolean {
    return this.waiting.length >= MAX_ANNOUNCEMENTS || this.bytes >= MAX_BYTES;
  }

  /**
   * Commits all announcements, then sends them in the order in which they were added. Events pushed before, which the announcements may be
   * about, are flushed first.
   */
  async commit(): Promise<void> {
    const announcements = this.waiting;
    this.waiting = [];
    this.bytes = 0;
    if (announcements.length === 0) return;
    for (const pipeline of pipelinesOf(announcements)) await pipeline.flush();
    for (const { pipeline, draft, stored } of this.write(announcements)) await pipeline.sendDraft(draft, stored);
  }

  /** Commits the announcements in one transaction. When a bug makes it fail, each one is tried alone, so that the others are not lost with it. */
  private write(announcements: readonly Announcement[]): readonly Written[] {
    const { store } = this;
    if (store === undefined) return notStored(announcements);
    const drafts: ForSink[] = [];
    try {
      return store.transaction(() => {
        for (const one of draftsOf(announcements)) drafts.push(one);
        for (const { pipeline, draft } of drafts) pipeline.commit(draft);
        return drafts.map((one) => ({ ...one, stored: true }));
      });
    } catch (error) {
      for (const { draft } of drafts) undoDraft(draft);
      for (const { rolledBack } of announcements) rolledBack?.();
      if (!isOfState(error) && announcements.length > 1) return announcements.flatMap((one) => this.write([one]));
      // Without the state file, events are sent without being stored first; if that fails as well, delivery reports it.
      const plain = announcements.filter(({ failed }) => failed === undefined);
      if (!isOfState(error) && plain.length > 0) throw error;
      for (const { failed } of announcements) failed?.(error);
      return notStored(plain);
    }
  }
}

function notStored(announcements: readonly Announcement[]): readonly Written[] {
  return [...draftsOf(announcements)].map((one) => ({ ...one, stored: false }));
}

/** One draft per sink. Drafts are made one by one, so that when the state file fails, those made before can be undone. */
function* draftsOf(announcements: readonly Announcement[]): Generator<ForSink, void, undefined> {
  const bySink = new Map<SinkPipeline, LogEvent[]>([...pipelinesOf(announcements)].map((pipeline) => [pipeline, []]));
  for (const { make, pipelines } of announcements) {
    const events = make();
    for (const pipeline of pipelines) for (const event of events) bySink.get(pipeline)?.push(event);
  }
  for (const [pipeline, events] of bySink) yield { pipeline, draft: pipeline.draft(events) };
}

function pipelinesOf(announcements: readonly Announcement[]): ReadonlySet<SinkPipeline> {
  return new Set(announcements.flatMap(({ pipelines }) => pipelines));
}

function isOfState(error: unknown): boolean {
  return error instanceof PortlogError && error.code === 'state-unusable';
}
