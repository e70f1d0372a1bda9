import { jsonWithoutControls } from './text.ts';

/** One data stream each: `logs-<dataset>-<namespace>`. */
export const DATASETS = ['nmap.scan', 'nmap.host', 'nmap.port', 'nmap.finding', 'nmap.change', 'nmap.health'] as const;
/** Records that replace earlier ones, for Elasticsearch and OpenSearch (`nmap-inventory-<namespace>`); not a data stream. */
export const INVENTORY = 'nmap.inventory';
/** Records of other programs through portlog's OpenTelemetry exporter: Elastic's dataset for records without one. */
export const GENERIC = 'generic';
/** Datasets that alert rules look at. Their events happen once; those of hosts and ports can be derived from the scan again. */
export const ALERTING = ['nmap.scan', 'nmap.change', 'nmap.health'] as const;
export type Dataset = (typeof DATASETS)[number] | typeof INVENTORY | typeof GENERIC;

/**
 * Datasets whose events follow from the known state rather than from one scan. The state file records which sink got them, so the ledger is
 * not asked about them.
 */
export const FROM_STATE: ReadonlySet<Dataset> = new Set<Dataset>(['nmap.change', INVENTORY]);
/** The acknowledgement group of all inventory records; no digest has this value. */
export const INVENTORY_GROUP = '0'.repeat(32);

export type FieldValue = string | number | boolean | undefined | Fields | readonly FieldValue[];
/** A nested object of ECS names. `undefined` members are not written. */
export interface Fields {
  readonly [name: string]: FieldValue;
}

/**
 * One statement about a scan. `shared` holds what all events of a host have in common and is
 * rendered once for all of them; `own` holds the rest. Their top-level keys are disjoint, so that
 * the ECS document is the one spliced into the other.
 */
export interface LogEvent {
  /** Stable: the same statement always has the same id. */
  readonly id: string;
  /**
   * The acknowledgement group: the events of one host of a scan share one, any other event has its own. 32 hexadecimal digits. The events of a
   * group follow each other and are acknowledged as a whole. For {@link FROM_STATE}: the events that are sent again together when some of them
   * are lost. Empty when nothing is to be recorded about it.
   */
  readonly ackGroup: string;
  readonly dataset: Dataset;
  /** Version of an inventory record: the largest one stays. */
  readonly revision?: number;
  readonly action: string;
  /** When nmap saw it, epoch milliseconds. */
  readonly time: number;
  /** When portlog read it, epoch milliseconds. */
  readonly created: number;
  /** 0 to 100, see {@link SEVERITY}. */
  readonly severity: number;
  /** One line that a person reads; safe for a terminal. */
  readonly message: string;
  readonly shared: Shared;
  readonly own: Fields;
  /** A record of another program with its origin, as OTLP JSON (event/otel.ts). */
  readonly otlp?: { readonly record: string; readonly origin: string };
}

/** The scale of Elastic Security's risk scores. */
export const SEVERITY = { info: 0, low: 21, medium: 47, high: 73, critical: 99 } as const;

export type Level = keyof typeof SEVERITY;
const LEVELS = (Object.entries(SEVERITY) as [Level, number][]).toReversed();

/** The word for a severity. */
export function levelOf(severity: number): Level {
  return LEVELS.find(([, least]) => severity >= least)?.[0] ?? 'info';
}

/** The members that the events of one host, or of one run, share. Immutable. */
export class Shared {
  readonly fields: Fields;
  private rendered: string | undefined;

  constructor(fields: Fields) {
    this.fields = Object.freeze(fields);
  }

  /** The members as JSON up to the comma before the next one: `{…,`. Rendered once. */
  get json(): string {
    this.rendered ??= `${jsonWithoutControls(JSON.stringify(this.fields)).slice(0, -1)},`;
    return this.rendered;
  }
}

/** A list, or undefined when it is empty. */
export function some<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
