import { INVENTORY } from '../event/event.ts';
import type { Sink, SinkIdentity } from '../sink/sink.ts';

export function keepsInventory(sink: Sink): boolean {
  return sink.accepts(INVENTORY);
}

export function identitiesOf(sinks: readonly Sink[]): readonly SinkIdentity[] {
  return sinks.map(({ identity }) => identity);
}
