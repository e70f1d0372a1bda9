import { PORTLOG_VERSION } from './context.ts';
import { type Fields, type FieldValue, type LogEvent, levelOf, SEVERITY } from './event.ts';
import { FIELDS } from './fields.ts';
import { jsonWithoutControls } from './text.ts';
import { isFields, textAt } from './text-at.ts';

/** OpenTelemetry's AnyValue; mutable as in its API, so that a logger accepts it. */
export type OtelValue = string | number | boolean | OtelValue[] | { [key: string]: OtelValue } | undefined;
type Attributes = Record<string, OtelValue>;

/** An OpenTelemetry log record without the resource and scope that the SDK adds. */
export interface OtelRecord {
  readonly time: number;
  readonly observed: number;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: string;
  readonly attributes: Attributes;
  /** Where the scan ran, when portlog ran it. */
  readonly resource: Attributes;
}

/** ECS members that have another place in OpenTelemetry (time, id, name, scope), or that belong to Elasticsearch. */
const ELSEWHERE: ReadonlySet<string> = new Set(['@timestamp', 'ecs', 'event', 'agent', 'observer', 'related', 'message', 'service']);
/** Names that differ from ECS by a semantic convention of OpenTelemetry, or in our own namespace. */
const RENAMED: readonly (readonly [prefix: string, other: string])[] = [
  ['host.', 'nmap.host.'],
  ['network.protocol', 'network.protocol.name'],
  ['network.iana_number', 'nmap.port.iana_number'],
  ['tls.server.x509.', 'nmap.tls.x509.'],
  ['rule.id', 'nmap.rule.id'],
  ['rule.', 'security_rule.'],
  ['vulnerability.', 'nmap.vulnerability.'],
  ['tags', 'nmap.tags'],
  ['labels.', 'nmap.labels.'],
];

/**
 * The event as an OpenTelemetry log record. The scanned machine is `server.*`, `network.*` and `nmap.*`, never `host.*`: that
 * is the machine which reports. Conventions: https://opentelemetry.io/docs/specs/semconv/registry/attributes/
 */
export function otelRecord(event: LogEvent): OtelRecord {
  const attributes: Attributes = {
    'log.record.uid': event.id,
    'nmap.scanner.name': textAt(event.shared.fields, 'observer', 'product'),
    'nmap.scanner.version': textAt(event.shared.fields, 'observer', 'version'),
  };
  flatten(attributes, '', event.shared.fields);
  flatten(attributes, '', event.own);
  return {
    time: event.time,
    observed: event.created,
    severityNumber: severityNumber(event.severity),
    severityText: levelOf(event.severity),
    eventName: `nmap.${event.action.replaceAll('-', '_')}`,
    body: event.message,
    attributes,
    resource: resourceOf(event),
  };
}

/** One ExportLogsServiceRequest with one record, in OTLP's JSON (opentelemetry-proto, logs/v1). */
export function otlpLine(event: LogEvent): string {
  const [head, tail] = otlpFrame(otlpOrigin(event));
  return jsonWithoutControls(head + otlpRecord(event) + tail);
}

/** The text before and after the records of a request, all of one origin. */
export function otlpFrame(origin: string): readonly [head: string, tail: string] {
  const [resource = '', scope = ''] = origin.split('\n');
  return [`{"resourceLogs":[{"resource":${resource},"scopeLogs":[{"scope":${scope},"logRecords":[`, ']}]}]}'];
}

/** The origin of an event (see {@link resourceAndScope}): portlog, and the host where it ran the scan. */
export function otlpOrigin(event: LogEvent): string {
  return event.otlp?.origin ?? resourceAndScope({ attributes: keyValues(resourceOf(event)) }, { name: 'portlog', version: PORTLOG_VERSION });
}

/** `resource` and `scope` as OTLP JSON, one line each. */
export function resourceAndScope(resource: object, scope: object): string {
  return `${JSON.stringify(resource)}\n${JSON.stringify(scope)}`;
}

/** An event as a LogRecord in OTLP JSON. */
export function otlpRecord(event: LogEvent): string {
  if (event.otlp !== undefined) return event.otlp.record;
  const record = otelRecord(event);
  return JSON.stringify({
    timeUnixNano: `${record.time}000000`,
    observedTimeUnixNano: `${record.observed}000000`,
    severityNumber: record.severityNumber,
    severityText: record.severityText,
    eventName: record.eventName,
    body: { stringValue: record.body },
    attributes: keyValues(record.attributes),
  });
}

function resourceOf(event: LogEvent): Attributes {
  const agent = textAt(event.shared.fields, 'agent', 'name');
  return {
    'service.name': 'portlog',
    'service.version': PORTLOG_VERSION,
    'service.instance.id': agent === 'portlog' ? undefined : agent,
    'host.name': textAt(event.shared.fields, 'observer', 'hostname'),
  };
}

function flatten(attributes: Attributes, prefix: string, fields: Fields): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || (prefix === '' && ELSEWHERE.has(name))) continue;
    const path = prefix + name;
    // It is the first of nmap.host.ip, and server.address says it too.
    if (path === 'server.ip') continue;
    // Keys of script output and data come from scans: one attribute each, not one per key.
    if (isFields(value) && path !== 'nmap.script.output' && path !== 'nmap.script.data') flatten(attributes, `${path}.`, value);
    else attributes[renamed(path)] = value as Attributes[string];
  }
}

function renamed(path: string): string {
  for (const [prefix, other] of RENAMED) {
    if (path === prefix) return other;
    if (prefix.endsWith('.') && path.startsWith(prefix)) return other + path.slice(prefix.length);
  }
  return path;
}

interface KeyValue {
  readonly key: string;
  readonly value: object;
}

/** `within`: prefix of the attribute names, with its dot. */
function keyValues(attributes: Readonly<Record<string, unknown>>, within = ''): readonly KeyValue[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValue(value as FieldValue, within + key) }],
  );
}

/** Fields of floating point: `doubleValue` even for whole numbers, so that an attribute has one type. */
const FRACTIONS: ReadonlySet<string> = new Set(FIELDS.flatMap(({ name, type }) => (type === 'float' ? [renamed(name)] : [])));

/** AnyValue of opentelemetry-proto, common/v1. 64-bit integers are strings in JSON. */
function anyValue(value: FieldValue, path: string): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) && !FRACTIONS.has(path) ? { intValue: String(value) } : { doubleValue: value };
  if (isFields(value)) return { kvlistValue: { values: keyValues(value, `${path}.`) } };
  return { arrayValue: { values: (value ?? []).map((item) => anyValue(item, path)) } };
}

/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
function severityNumber(severity: number): number {
  if (severity >= SEVERITY.critical) return 21;
  if (severity >= SEVERITY.high) return 17;
  if (severity >= SEVERITY.medium) return 13;
  return severity >= SEVERITY.low ? 10 : 9;
}
