import type { OtlpEncoding } from './encoding.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** The parts of OTLP's JSON that are used here: opentelemetry-proto, common/v1 and logs/v1. */
interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  /** `NaN` and `Infinity` as words. */
  readonly doubleValue?: number | string | null;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
}

interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

interface JsonRecord {
  readonly timeUnixNano?: string;
  readonly observedTimeUnixNano?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly eventName?: string;
  readonly body?: AnyValue;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly flags?: number;
}

interface Scope {
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: readonly KeyValue[];
}

/**
 * Protobuf: an ExportLogsServiceRequest with one resource and one scope, converted from the JSON that entries have in memory and in the spool.
 * The SDK's serialiser is not used, because it writes whole numbers as `int_value`: the scores 7 and 7.5 would have two types.
 * https://opentelemetry.io/docs/specs/otlp/#binary-protobuf-encoding
 */
export const PROTOBUF: OtlpEncoding = {
  name: 'protobuf',
  contentType: 'application/x-protobuf',
  request({ partition, entries }) {
    const [resource, scope] = partition.split('\n').map((text) => JSON.parse(text) as Scope);
    const out = new ProtobufWriter();
    // The empty request of a check has a resource without logs, because Fluent Bit refuses an empty body.
    if (entries.length === 0) {
      out.message(1, () => undefined);
      return out.written();
    }
    out.message(1, () => {
      out.message(1, () => attributes(out, 1, resource?.attributes));
      out.message(2, () => {
        out.message(1, () => {
          if (scope?.name !== undefined) out.text(1, scope.name);
          if (scope?.version !== undefined) out.text(2, scope.version);
          attributes(out, 3, scope?.attributes);
        });
        for (const { parts } of entries) out.message(2, () => logRecord(out, JSON.parse(parts.join('')) as JsonRecord));
      });
    });
    return out.written();
  },
};

/** opentelemetry-proto, logs/v1. As in proto3, fields that are absent, 0 or empty are not written. */
function logRecord(out: ProtobufWriter, record: JsonRecord): void {
  out.fixed64(1, BigInt(record.timeUnixNano ?? 0));
  if (record.severityNumber !== undefined) out.integer(2, BigInt(record.severityNumber));
  if (record.severityText !== undefined) out.text(3, record.severityText);
  if (record.body !== undefined) anyValue(out, 5, record.body);
  attributes(out, 6, record.attributes);
  if ((record.droppedAttributesCount ?? 0) > 0) out.integer(7, BigInt(record.droppedAttributesCount ?? 0));
  if ((record.flags ?? 0) !== 0) out.fixed32(8, record.flags ?? 0);
  for (const [field, id] of [[9, record.traceId] as const, [10, record.spanId] as const])
    if ((id ?? '') !== '') out.raw(field, Buffer.from(id ?? '', 'hex'));
  out.fixed64(11, BigInt(record.observedTimeUnixNano ?? 0));
  if (record.eventName !== undefined) out.text(12, record.eventName);
}

function attributes(out: ProtobufWriter, field: number, pairs: readonly KeyValue[] = []): void {
  for (const { key, value } of pairs)
    out.message(field, () => {
      out.text(1, key);
      anyValue(out, 2, value);
    });
}

/** opentelemetry-proto, common/v1. */
function anyValue(out: ProtobufWriter, field: number, value: AnyValue): void {
  const { stringValue, boolValue, intValue, doubleValue, bytesValue, kvlistValue, arrayValue } = value;
  out.message(field, () => {
    if (stringValue !== undefined) out.text(1, stringValue);
    else if (boolValue !== undefined) out.integer(2, boolValue ? 1n : 0n);
    else if (intValue !== undefined) out.integer(3, BigInt(intValue));
    else if (doubleValue !== undefined && doubleValue !== null) out.double(4, Number(doubleValue));
    else if (bytesValue !== undefined) out.raw(7, Buffer.from(bytesValue, 'base64'));
    else if (kvlistValue !== undefined) out.message(6, () => attributes(out, 1, kvlistValue.values));
    else if (arrayValue !== undefined) out.message(5, () => (arrayValue.values ?? []).forEach((item) => anyValue(out, 1, item)));
  });
}
