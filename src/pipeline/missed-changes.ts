import { type AnnouncedChanges, CHANGES_GONE } from '../change/announced.ts';
import type { SinkPipeline } from '../delivery/sink-pipeline.ts';
import type { LogEvent } from '../event/event.ts';
import type { TrackedInput } from './tracked-input.ts';

/** Earlier changes of a scan that a sink did not get. Where some of them are no longer kept, the input says so. */
export function missedChanges(
  announced: AnnouncedChanges,
  scan: string,
  { sink, isStuck }: SinkPipeline,
  input: TrackedInput | undefined,
): readonly LogEvent[] {
  if (isStuck) return [];
  const { events, areSomeDeleted } = announced.missed(scan, sink.identity);
  input?.noteEarlier(sink.name, events);
  if (areSomeDeleted) input?.remark(`${sink.name} ${CHANGES_GONE}`);
  return events;
}
