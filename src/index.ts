import { PortlogError } from './core/errors.ts';
import { DEFAULT_OPTIONS, type EventOptions } from './event/context.ts';
import type { LogEvent } from './event/event.ts';
import { Interpreter } from './pipeline/interpreter.ts';
import { type ExposureFile, ExposurePolicy } from './finding/exposure.ts';
import { Intel } from './finding/intel.ts';
import { AddressSet } from './nmap/address-set.ts';
import type { ScanItem } from './nmap/item.ts';
import { ScanReader } from './nmap/read.ts';

export type * from './nmap/item.ts';
export type * from './nmap/model.ts';
export type { Dataset, FieldValue, Fields, LogEvent, Shared } from './event/event.ts';
export type { ChangeOptions } from './change/options.ts';
export type { Clock } from './core/clock.ts';
export type { EventOptions } from './event/context.ts';
export type { ExpectedEntry, ExposureFile, ExposurePolicy, NetworkEntry } from './finding/exposure.ts';
export type { FindingOptions, RuleSetting } from './finding/finder.ts';
export type { RiskyService } from './finding/risky-services.ts';
export type { Intel } from './finding/intel.ts';
export type { AddressSet } from './nmap/address-set.ts';
export type { TargetLists } from './nmap/target-lists.ts';
export type { Tally } from './state/tally.ts';
export type { Batch, BatchLimits, Diagnosis, Encoded, Entry, Outcome, Refused, Rejection, Sink } from './sink/sink.ts';
export type { InputReport } from './pipeline/input-report.ts';
export type { OptionsOf, SinkOptions, SinkType } from './sink/kinds.ts';
export type { Credentials } from './sink/options.ts';
export type { Store } from './state/store.ts';
export type { Progress } from './pipeline/ship-source.ts';
export type { SinkReport } from './delivery/report.ts';
export type { ShipOptions, ShipReport } from './pipeline/ship.ts';
export type { Source } from './source/source.ts';
export { DATASETS, SEVERITY } from './event/event.ts';
export { ecsLine } from './event/ecs.ts';
export { type OtelRecord, type OtelValue, otelRecord, otlpLine } from './event/otel.ts';
export { SinkError } from './sink/sink.ts';
export { DEFAULT_CHANGE_OPTIONS } from './change/options.ts';
export { loadExposure } from './config/load.ts';
export { PortlogError };
export { openStore } from './state/open-store.ts';
export { openSink } from './config/open-sink.ts';
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
  for await (const item of items) yield* interpreter.read(item).events;
}

/**
 * Addresses for `EventOptions.macNetworks`: words as nmap takes them for targets (`192.0.2.0/24`, `10.0.0-5.1`, `2001:db8::/64`).
 * Throws `config-invalid` for a word that is none.
 */
export function addressSet(words: readonly string[]): AddressSet {
  const set = AddressSet.of(words);
  if (set instanceof AddressSet) return set;
  throw new PortlogError('config-invalid', `"${set}" is no address or network`, { hint: 'write it like 192.0.2.0/24' });
}

/**
 * What is meant to be open, for `FindingOptions.exposure`, in the form of schemas/exposure.schema.json; `loadExposure` reads it from a file.
 * Throws `config-invalid` for what is no address or day. {@link exposureOptions} adds its networks to events.
 */
export function exposurePolicy(file: ExposureFile): ExposurePolicy {
  return new ExposurePolicy(file, 'the policy');
}

/** What a policy says of networks and ports, for {@link toEvents} and `ShipOptions.event`: `nmap.zone`, `nmap.owner`, `nmap.expected` and the like. */
export function exposureOptions(policy: ExposurePolicy): Pick<EventOptions, 'networkOf' | 'expects'> {
  return {
    networkOf: (ips) => policy.networkOf(ips),
    expects: (ips, port, protocol, time) => policy.expects(ips, port, protocol, time),
  };
}

/**
 * Snapshots of CISA's KEV and FIRST's EPSS in a directory, for `FindingOptions.intel`; docs/how-to/intel.md says where they come from.
 * Throws `config-invalid` when neither is there.
 */
export function vulnerabilityIntel(directory: string): Intel {
  return new Intel(directory);
}
