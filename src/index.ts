import { DEFAULT_OPTIONS, type EventOptions } from './event/context.ts';
import type { LogEvent } from './event/event.ts';
import { Interpreter } from './pipeline/interpreter.ts';
import type { ScanItem } from './nmap/item.ts';
import { ScanReader } from './nmap/read.ts';

export type * from './nmap/item.ts';
export type * from './nmap/model.ts';
export type { Dataset, FieldValue, Fields, LogEvent, Shared } from './event/event.ts';
export type { EventOptions } from './event/context.ts';
export type { Batch, BatchLimits, Diagnosis, Encoded, Entry, Outcome, Refused, Rejection, Sink } from './sink/sink.ts';
export type { InputReport } from './pipeline/input-report.ts';
export type { Credentials, SinkOptions } from './sink/options.ts';
export type { Store } from './state/store.ts';
export type { Progress } from './pipeline/ship-source.ts';
export type { SinkReport } from './delivery/report.ts';
export type { ShipOptions, ShipReport } from './pipeline/ship.ts';
export type { Source } from './source/source.ts';
export { DATASETS, SEVERITY } from './event/event.ts';
export { ecsLine } from './event/ecs.ts';
export { type OtelRecord, type OtelValue, otelRecord, otlpLine } from './event/otel.ts';
export { PortlogError } from './core/errors.ts';
export { SinkError } from './sink/sink.ts';
export { openStore } from './state/open-store.ts';
export { openSink } from './sink/registry.ts';
export { stdoutSink } from './sink/stdout/stdout.ts';
export { fileSource } from './source/file.ts';
export { ship } from './pipeline/ship.ts';

/**
 * Reads nmap's or masscan's XML, in pieces of any size, and gives each element as soon as it is
 * whole; holds one host at a time. What cannot be read comes as a `refused` item, never as an error.
 */
export async function* readScans(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<ScanItem, void, undefined> {
  const reader = new ScanReader();
  for await (const chunk of chunks) yield* reader.push(chunk);
  yield* reader.end();
}

/** Turns what {@link readScans} gives into events. The same scan always gives the same ids. */
export async function* toEvents(
  items: AsyncIterable<ScanItem> | Iterable<ScanItem>,
  options: Partial<EventOptions> = {},
): AsyncGenerator<LogEvent, void, undefined> {
  const interpreter = new Interpreter({ ...DEFAULT_OPTIONS, ...options });
  for await (const item of items) yield* interpreter.events(item);
}
