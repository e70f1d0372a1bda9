import { PortlogError } from '../core/errors.ts';
import type { LogEvent } from '../event/event.ts';
import type { Store } from '../state/store.ts';
import { type Draft, takeBack } from './draft.ts';
import type { SinkPipeline } from './sink-pipeline.ts';

/** What happens once, and is told when it is committed. */
export interface Announcement {
  /** To whom. */
  readonly pipelines: readonly SinkPipeline[];
  /** Called in the transaction: may read and write the state, and returns what there is to tell. */
  readonly make: () => readonly LogEvent[];
  /** What it read and wrote was taken back with all of the transaction: it will be made again, or fail. */
  readonly takenBack?: (() => void) | undefined;
  /** Of one that writes the state: nothing of it was done. The state file cannot be used, or a mistake of ours. */
  readonly failed?: ((error: unknown) => void) | undefined;
}

/** What a sink gets of the announcements. */
interface ForSink {
  readonly pipeline: SinkPipeline;
  readonly draft: Draft;
}

/** `stored`: on disk. */
interface Written extends ForSink {
  readonly stored: boolean;
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

  /** In the order in which they came. What they are about, and was pushed before, is sent before. */
  async commit(): Promise<void> {
    const announcements = this.waiting;
    this.waiting = [];
    this.bytes = 0;
    if (announcements.length === 0) return;
    for (const pipeline of pipelinesOf(announcements)) await pipeline.flush();
    for (const { pipeline, draft, stored } of this.write(announcements)) await pipeline.sendDraft(draft, stored);
  }

  /** A mistake of ours takes all of them back. Then each is made by itself, and it costs one alone. */
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
      for (const { draft } of drafts) takeBack(draft);
      for (const { takenBack } of announcements) takenBack?.();
      if (!isOfState(error) && announcements.length > 1) return announcements.flatMap((one) => this.write([one]));
      // Better announced without a safety net than not at all; if it cannot be sent either, that is told.
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

/** For each sink the events that it gets. One after the other: when the state fails between two, the first is there to be taken back. */
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
