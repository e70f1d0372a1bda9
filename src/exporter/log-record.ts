import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { resourceAndScope } from '../event/otel.ts';

/** A record as an entry of an OTLP request, with its origin. */
export interface OtlpLogRecord {
  /** A LogRecord in OTLP's JSON. */
  readonly record: string;
  /** Its resource and scope, see {@link resourceAndScope}. */
  readonly origin: string;
}

/**
 * A program's own record in OTLP's JSON, as the SDK's exporter would send it. Not with the SDK's serialiser: its package
 * brings metrics, traces and protobuf along, 17 of 27 MB of an installed portlog. opentelemetry-proto, logs/v1: 64-bit times
 * are decimal strings, ids are hex.
 */
export function otlpLogRecord(log: ReadableLogRecord): OtlpLogRecord {
  const record = {
    timeUnixNano: nanoseconds(log.hrTime),
    observedTimeUnixNano: nanoseconds(log.hrTimeObserved),
    severityNumber: log.severityNumber,
    severityText: log.severityText,
    body: anyValue(log.body),
    eventName: log.eventName,
    attributes: keyValues(log.attributes),
    droppedAttributesCount: log.droppedAttributesCount,
    flags: log.spanContext?.traceFlags,
    traceId: log.spanContext?.traceId,
    spanId: log.spanContext?.spanId,
  };
  return { record: JSON.stringify(record), origin: resourceAndScope(resourceOf(log), scopeOf(log)) };
}

function resourceOf({ resource }: ReadableLogRecord): object {
  const { attributes, schemaUrl } = resource;
  return { attributes: keyValues(attributes), droppedAttributesCount: 0, ...((schemaUrl ?? '') === '' ? {} : { schemaUrl }) };
}

function scopeOf({ instrumentationScope }: ReadableLogRecord): object {
  const { name, version, attributes = {}, droppedAttributesCount = 0 } = instrumentationScope;
  if (Object.keys(attributes).length === 0) return { name, version };
  return { name, version, attributes: keyValues(attributes), droppedAttributesCount };
}

function nanoseconds([seconds, rest]: ReadableLogRecord['hrTime']): string {
  return String(BigInt(Math.trunc(seconds)) * 1_000_000_000n + BigInt(Math.trunc(rest)));
}

function keyValues(values: object): readonly object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** AnyValue of common/v1; nothing is an AnyValue without a value. */
function anyValue(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return numberValue(value);
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return typeof value === 'object' && value !== null ? { kvlistValue: { values: keyValues(value) } } : {};
}

/** Above it a whole number is none of 64 bits. */
const TOO_LARGE = 2 ** 63;

/** What JSON has no number for is a word there: https://protobuf.dev/programming-guides/json/ */
function numberValue(value: number): object {
  if (!Number.isFinite(value)) return { doubleValue: String(value) };
  return Number.isInteger(value) && Math.abs(value) < TOO_LARGE ? { intValue: value } : { doubleValue: value };
}
