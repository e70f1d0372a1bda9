import { PortlogError } from '../core/errors.ts';
import type { Dataset, LogEvent } from '../event/event.ts';
import type { SinkPipeline } from './sink-pipeline.ts';
import type { QueuedBatch } from './queued-batch.ts';
import type { Store } from '../state/store.ts';

/** Datasets that alert rules listen to. What a host or port says can be read from the scan again; these happen once. */
const ANNOUNCED: ReadonlySet<Dataset> = new Set(['nmap.scan', 'nmap.change', 'nmap.health']);

export function isAnnounced({ dataset }: LogEvent): boolean {
  return ANNOUNCED.has(dataset);
}

interface Draft {
  readonly pipeline: SinkPipeline;
  readonly queuedBatch: QueuedBatch;
}

/**
 * The outbox: events are committed for all their sinks in one transaction, and only then sent. After a
 * crash the next run sends the same bytes under the same ids. A row goes when its sink has acknowledged or
 * rejected it.
 */
export async function announce(events: readonly LogEvent[], pipelines: readonly SinkPipeline[], store: Store | undefined): Promise<void> {
  await flushAll(pipelines);
  const drafts = draftsOf(events, pipelines);
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
export async function announceFrom(make: () => readonly LogEvent[], pipelines: readonly SinkPipeline[], store: Store): Promise<void> {
  await flushAll(pipelines);
  let drafts: readonly Draft[] = [];
  try {
    store.transaction(() => {
      drafts = draftsOf(make(), pipelines);
      commit(drafts);
    });
  } catch (error) {
    for (const { pipeline, queuedBatch } of drafts) pipeline.withdraw(queuedBatch);
    throw error;
  }
  await send(drafts, true);
}

/** What events are about comes before them. */
async function flushAll(pipelines: readonly SinkPipeline[]): Promise<void> {
  for (const pipeline of pipelines) await pipeline.flush();
}

function draftsOf(events: readonly LogEvent[], pipelines: readonly SinkPipeline[]): readonly Draft[] {
  return pipelines.flatMap((pipeline) => pipeline.draft(events).map((queuedBatch) => ({ pipeline, queuedBatch })));
}

function commit(drafts: readonly Draft[]): void {
  for (const { pipeline, queuedBatch } of drafts) pipeline.spoolWriter?.commit(queuedBatch);
}

async function send(drafts: readonly Draft[], stored: boolean): Promise<void> {
  for (const { pipeline, queuedBatch } of drafts) await pipeline.dispatch({ ...queuedBatch, stored: stored && pipeline.spoolWriter !== undefined });
}
