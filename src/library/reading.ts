import { DEFAULT_OPTIONS, type EventOptions } from '../event/context.ts';
import { ecsLine as ecsLineOf } from '../event/ecs.ts';
import type { LogEvent } from '../event/event.ts';
import { otelRecord as otelRecordOf, type OtelRecord, otlpLine as otlpLineOf } from '../event/otel.ts';
import type { ScanItem } from '../nmap/item.ts';
import { ScanReader } from '../nmap/read.ts';
import { Interpreter } from '../pipeline/interpreter.ts';
import { expectKind, expectOptions } from './given.ts';
import { BYTES, EVENT, ITEM, ITERABLE } from './kinds.ts';
import { EVENT_OPTIONS } from './options.ts';

/**
 * Reads nmap's or masscan's XML, in pieces of any size, and gives each element as soon as it is
 * whole; holds one host at a time. What cannot be read comes as a `refused` item, never as an error; what is no bytes ends in `usage`.
 */
export async function* readScans(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<ScanItem, void, undefined> {
  expectKind('readScans: chunks', chunks, ITERABLE);
  const reader = new ScanReader();
  for await (const chunk of chunks) {
    expectKind('readScans: a chunk', chunk, BYTES);
    yield* reader.push(chunk);
  }
  yield* reader.end();
}

/** Turns what {@link readScans} gives into events. The same scan always gives the same ids. Throws `usage` for an argument of another kind. */
export async function* toEvents(
  items: AsyncIterable<ScanItem> | Iterable<ScanItem>,
  options: Partial<EventOptions> = {},
): AsyncGenerator<LogEvent, void, undefined> {
  expectKind('toEvents: items', items, ITERABLE);
  expectOptions('toEvents', options, EVENT_OPTIONS);
  // What is undefined is not there.
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const interpreter = new Interpreter({ ...DEFAULT_OPTIONS, ...given });
  for await (const item of items) {
    expectKind('toEvents: an item', item, ITEM);
    yield* interpreter.read(item).events;
  }
}

/** The ECS document of an event as one line of JSON. */
export function ecsLine(event: LogEvent): string {
  expectKind('ecsLine: event', event, EVENT);
  return ecsLineOf(event);
}

/** An event as a record of OpenTelemetry's log data model. */
export function otelRecord(event: LogEvent): OtelRecord {
  expectKind('otelRecord: event', event, EVENT);
  return otelRecordOf(event);
}

/** An event as one line of OTLP in JSON. */
export function otlpLine(event: LogEvent): string {
  expectKind('otlpLine: event', event, EVENT);
  return otlpLineOf(event);
}
