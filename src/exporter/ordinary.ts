import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { systemClock } from '../core/clock.ts';

/** Values that are nested deeper are left out; servers take fewer levels (Elasticsearch 20), and whoever writes JSON recursively ends somewhere. */
const DEEPEST = 64;
/** Most values of an ordinary record, far above what servers take. */
const MOST_VALUES = 250_000;
/** Most values that are written of any other: one object that stands in many places is written out in each of them. */
const MOST_WRITTEN = 10_000;
const TOO_DEEP = `[left out: nested deeper than ${DEEPEST} levels]`;
const IN_ITSELF = '[left out: it contains itself]';
const TOO_MANY = '[left out: too many values]';
/** The last second of the year 9999. */
const LATEST_SECOND = 253_402_300_799;

type HrTime = ReadableLogRecord['hrTime'];

/**
 * A record that can be written in any form. A program logs what strangers send, so an attribute may be nested thousands of levels deep, contain
 * itself, or be no value of JSON. Ordinary records are returned as they are.
 */
export function ordinaryRecord(record: ReadableLogRecord): ReadableLogRecord {
  const { body, attributes, resource, instrumentationScope: scope, hrTime, hrTimeObserved } = record;
  const values = [body, attributes, resource.attributes, scope.attributes];
  const limit = { left: MOST_VALUES };
  if (isTime(hrTime) && isTime(hrTimeObserved) && values.every((value) => isOrdinary(value, 0, limit))) return record;
  const observed = isTime(hrTimeObserved) ? hrTimeObserved : isTime(hrTime) ? hrTime : now();
  const writing = new Writing();
  const written = <T>(value: T): T => writing.of(value, []) as T;
  // The members of the SDK's records are getters of a class.
  const { severityNumber, severityText, eventName, spanContext, droppedAttributesCount } = record;
  const ordinary = {
    severityNumber,
    severityText,
    eventName,
    spanContext,
    droppedAttributesCount,
    hrTime: isTime(hrTime) ? hrTime : observed,
    hrTimeObserved: observed,
    body: written(body),
    attributes: written(attributes),
    resource: { schemaUrl: resource.schemaUrl, attributes: written(resource.attributes) },
    instrumentationScope: { ...scope, attributes: written(scope.attributes ?? {}) },
  };
  return ordinary as ReadableLogRecord;
}

function isTime(time: HrTime): boolean {
  const [seconds, rest] = time;
  return Math.abs(seconds) <= LATEST_SECOND && Number.isFinite(rest);
}

function now(): HrTime {
  return [Math.floor(systemClock.now() / 1000), 0];
}

/** What JSON and OTLP both have. An object that contains itself is too deep. */
function isOrdinary(value: unknown, depth: number, limit: { left: number }): boolean {
  if (depth > DEEPEST || limit.left-- <= 0) return false;
  if (typeof value !== 'object' || value === null) return !['bigint', 'function', 'symbol'].includes(typeof value);
  if (value instanceof Uint8Array || value instanceof Date) return true;
  if (Array.isArray(value)) return value.every((member) => isOrdinary(member, depth + 1, limit));
  return !('toJSON' in value) && Object.values(value).every((member) => isOrdinary(member, depth + 1, limit));
}

/** The copy of a value, with words in the place of what is left out. */
class Writing {
  private left = MOST_WRITTEN;

  of(value: unknown, above: readonly object[]): unknown {
    if (this.left-- <= 0) return TOO_MANY;
    if (typeof value === 'bigint') return String(value);
    if (typeof value === 'function' || typeof value === 'symbol') return undefined;
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Date) return value;
    if (above.includes(value)) return IN_ITSELF;
    if (above.length > DEEPEST) return TOO_DEEP;
    const within = [...above, value];
    if (Array.isArray(value)) return this.members(value).map((member) => this.of(member, within));
    if ('toJSON' in value && typeof value.toJSON === 'function') return this.of((value.toJSON as () => unknown)(), within);
    return Object.fromEntries(this.members(Object.entries(value)).map(([name, member]) => [name, this.of(member, within)]));
  }

  /** Not more of them than may still be written, and one that says so. */
  private members<T>(all: readonly T[]): readonly T[] {
    return all.slice(0, Math.max(0, this.left) + 1);
  }
}
