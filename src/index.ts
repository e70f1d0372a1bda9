export type * from './nmap/item.ts';
export type * from './nmap/model.ts';
export type { Dataset, FieldValue, Fields, LogEvent, Shared } from './event/event.ts';
export type { ChangeOptions } from './change/options.ts';
export type { Clock } from './core/clock.ts';
export type { EventOptions } from './event/context.ts';
export type { ExpectedEntry, ExposureFile, ExposurePolicy, NetworkEntry } from './finding/exposure.ts';
export type { FindingOptions, RuleSetting } from './finding/finder.ts';
export type { RiskyService } from './finding/risky-service.ts';
export type { Intel } from './finding/intel.ts';
export type { AddressSet } from './nmap/address-set.ts';
export type { TargetLists } from './nmap/target-lists.ts';
export type { Tally } from './state/tally.ts';
export type {
  Batch,
  BatchLimits,
  Diagnosis,
  Encoded,
  Entry,
  Outcome,
  Refusal,
  Refused,
  Rejection,
  Sink,
  SinkIdentity,
  SinkMemory,
  Renewal,
} from './sink/sink.ts';
export type { InputReport } from './pipeline/input-report.ts';
export type { OptionsOf, SinkOptions, SinkType } from './sink/kinds.ts';
export type { LineFormat } from './event/lines.ts';
export type { Only } from './sink/only.ts';
export type { Credentials } from './sink/options.ts';
export type { SpoolLimits } from './state/spool-limits.ts';
export type { Store } from './state/store.ts';
export type { Progress } from './pipeline/shipping.ts';
export type { SinkReport } from './delivery/report.ts';
export type { ShipOptions, ShipReport } from './pipeline/ship.ts';
export type { Source } from './source/source.ts';
export { DATASETS, SEVERITY } from './event/event.ts';
export type { OtelRecord, OtelValue } from './event/otel.ts';
export { SinkError } from './sink/sink.ts';
export { DEFAULT_CHANGE_OPTIONS } from './change/options.ts';
export { type ErrorCode, PortlogError } from './core/errors.ts';
export { openSink } from './config/open-sink.ts';
export { fileSource, openStore, ship, stdoutSink } from './library/delivering.ts';
export { addressSet, exposureOptions, exposurePolicy, loadExposure, vulnerabilityIntel } from './library/policy.ts';
export { ecsLine, otelRecord, otlpLine, readScans, toEvents } from './library/reading.ts';
