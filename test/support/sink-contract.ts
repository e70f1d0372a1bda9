import { expect, test } from 'vitest';
import type { LogEvent } from '../../src/event/event.ts';
import type { Batch, Entry, Sink } from '../../src/sink/sink.ts';
import { eventsOf, fixture } from './scans.ts';

export const NEVER = new AbortController().signal;

export function entriesOf(sink: Sink, events: readonly LogEvent[]): Entry[] {
  return events.map((event) => {
    const encoded = sink.encode(event);
    if ('refused' in encoded) throw new Error(encoded.refused);
    return { id: event.id, dataset: event.dataset, time: event.time, queued: Date.now(), ...encoded };
  });
}

export function batchOf(entries: readonly Entry[]): Batch {
  return { partition: entries[0]?.partition ?? '', entries, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** What every sink must do, whatever it speaks. `open` gives one that works; `events`: such as it takes. */
export function sinkContract(open: () => Promise<Sink>, events: readonly LogEvent[] = eventsOf(fixture('everything.xml'), { all: true })): void {
  test('encodes purely: the same event, the same bytes', async () => {
    const sink = await open();
    for (const event of events) {
      const first = sink.encode(event);
      expect(sink.encode(event)).toEqual(first);
      if ('parts' in first) expect(first.bytes).toBe(Buffer.byteLength(first.parts.join('')));
    }
    await sink.close();
  });

  test('gives every entry back exactly once', async () => {
    const sink = await open();
    const entries = entriesOf(sink, events);
    const { delivered, already, retry, rejected } = await sink.send(batchOf(entries), NEVER);
    expect(delivered + already + retry.length + rejected.length).toBe(entries.length);
    expect(delivered).toBe(entries.length);
    await sink.close();
  });

  test('closes before the first send, and twice', async () => {
    const sink = await open();
    await sink.close();
    await sink.close();
  });

  test('has limits that make sense', async () => {
    const { limits } = await open();
    expect(Math.min(limits.maxEvents, limits.maxBytes, limits.inFlight)).toBeGreaterThan(0);
  });
}
