import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { OtlpEncoding } from '../sink/otlp.ts';

/** What we use of OTLP's JSON: opentelemetry-proto, common/v1 and logs/v1. */
interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
}

interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

interface JsonRecord extends Partial<Pick<ReadableLogRecord, 'severityNumber' | 'severityText' | 'eventName' | 'droppedAttributesCount'>> {
  readonly timeUnixNano?: string;
  readonly observedTimeUnixNano?: string;
  readonly body?: AnyValue;
  readonly attributes?: readonly KeyValue[];
  readonly traceId?: string;
  readonly spanId?: string;
  readonly flags?: number;
}

type Value = ReadableLogRecord['body'];

/**
 * Protobuf, by the serialiser of the OpenTelemetry SDK. Entries are JSON, in memory and in the spool, so it is made from that.
 * https://opentelemetry.io/docs/specs/otlp/#binary-protobuf-encoding
 */
export const PROTOBUF: OtlpEncoding = {
  name: 'protobuf',
  contentType: 'application/x-protobuf',
  request({ partition, entries }) {
    const [resource, scope] = partition.split('\n').map((text) => JSON.parse(text) as { readonly attributes?: readonly KeyValue[] });
    // One object for all of them: the serialiser groups by identity.
    const origin = {
      resource: { attributes: attributesOf(resource?.attributes) } as unknown as ReadableLogRecord['resource'],
      instrumentationScope: scope as unknown as ReadableLogRecord['instrumentationScope'],
    };
    const records = entries.map(({ parts }) => readable(JSON.parse(parts.join('')) as JsonRecord, origin));
    return Buffer.from(ProtobufLogsSerializer.serializeRequest(records) ?? []);
  },
};

function readable(record: JsonRecord, origin: Pick<ReadableLogRecord, 'resource' | 'instrumentationScope'>): ReadableLogRecord {
  const { severityNumber, severityText, eventName, traceId = '', spanId = '', flags = 0, body } = record;
  return {
    ...origin,
    hrTime: hrTime(record.timeUnixNano),
    hrTimeObserved: hrTime(record.observedTimeUnixNano),
    ...(severityNumber === undefined ? {} : { severityNumber }),
    ...(severityText === undefined ? {} : { severityText }),
    ...(eventName === undefined ? {} : { eventName }),
    ...(body === undefined ? {} : { body: valueOf(body) }),
    ...(traceId === '' ? {} : { spanContext: { traceId, spanId, traceFlags: flags } }),
    attributes: attributesOf(record.attributes),
    droppedAttributesCount: record.droppedAttributesCount ?? 0,
  };
}

function hrTime(nanoseconds = '0'): ReadableLogRecord['hrTime'] {
  const text = nanoseconds.padStart(10, '0');
  return [Number(text.slice(0, -9)), Number(text.slice(-9))];
}

function attributesOf(pairs: readonly KeyValue[] = []): ReadableLogRecord['attributes'] {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf(value: AnyValue): Value {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.doubleValue !== undefined) return value.doubleValue;
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue, 'base64');
  if (value.kvlistValue !== undefined) return attributesOf(value.kvlistValue.values);
  return value.arrayValue?.values?.map(valueOf);
}
