import { type Fields, type FieldValue, type LogEvent, SEVERITY, type Shared } from '../../event/event.ts';
import { clipCharacters } from '../../event/shorten.ts';
import { lineWithin } from '../../event/shorten.ts';
import { fieldAt } from '../../event/text-at.ts';
import { jsonWithoutControls } from '../../event/text.ts';
import { isoTime } from '../../event/time.ts';
import { type BufferPool, writeParts } from '../transport/body.ts';
import { carriesSendTime } from './stream.ts';

/**
 * Structured metadata: the fields that rules and panels filter and group by, so that lines need no parsing. A field's name has `_` for `.`. At
 * most 35 with level and scan_time (Loki accepts 128); values are strings.
 * https://grafana.com/docs/loki/latest/get-started/labels/structured-metadata/
 */
export const METADATA: readonly string[] = [
  'event.id',
  'event.action',
  'event.outcome',
  'event.severity',
  'host.ip',
  'host.name',
  'server.address',
  'server.ip',
  'server.port',
  'network.transport',
  'network.protocol',
  'service.type',
  'service.version',
  'tls.server.not_after',
  'data_stream.namespace',
  'nmap.zone',
  'nmap.network',
  'nmap.external',
  'nmap.expected',
  'nmap.entity.id',
  'nmap.scan.id',
  'nmap.scan.hosts.up',
  'nmap.scan.ports.open',
  'nmap.host.state',
  'nmap.host.ports.open',
  'nmap.port.state',
  'nmap.service.product',
  'rule.id',
  'rule.category',
  'nmap.finding.level',
  'nmap.delivery.problem',
  'nmap.delivery.sink',
];
/** Most characters of a value, far below Loki's 64 KB for all of them. */
const MAX_VALUE_LENGTH = 512;
const PATHS = METADATA.map((name) => ({ key: JSON.stringify(name.replaceAll('.', '_')), path: name.split('.') }));

/**
 * An entry of a stream without its beginning and end: `"<line>",{<metadata>`. The time in front and the end are only known when it is sent.
 * The line is the ECS event without `event.created`, so that shipping a scan again produces the same line.
 */
export function entryParts(event: LogEvent): readonly string[] {
  const { event: about, ...own } = event.own;
  const line = jsonWithoutControls(JSON.stringify({ event: { ...(about as Fields), created: undefined }, ...own })).slice(1);
  return [escapedShared(event.shared), `${inString(line)}",{${metadata(event)}`];
}

export interface StampedEntry {
  readonly parts: readonly string[];
  /** The time that the entry is sent with, epoch milliseconds. */
  readonly time: number;
  /** The event's own time, when `time` differs from it. */
  readonly scanTime: number | undefined;
}

/** The body of a push request: one stream with its entries, ordered by time. */
export function lokiBody(stream: string, entries: readonly StampedEntry[], scratch: BufferPool): Buffer {
  const pieces: string[] = [`{"streams":[{"stream":${stream},"values":[`];
  for (const [i, { parts, time, scanTime }] of entries.toSorted((a, b) => a.time - b.time).entries()) {
    pieces.push(`${i === 0 ? '' : ','}["${time}000000",`, ...parts, scanTime === undefined ? '}]' : `,${scanTimeMember(scanTime)}}]`);
  }
  pieces.push(']}]}');
  const body = scratch.acquire(pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0));
  return body.subarray(0, writeParts(body, pieces, 0));
}

/** The line of an entry, from its parts. */
export function lineOf(parts: readonly string[]): string {
  const body = parts.join('');
  return JSON.parse(body.slice(0, endOfString(body))) as string;
}

/**
 * The parts of an entry whose line is shortened to at most `maxBytes` and marked (`nmap.shortened`). Undefined when it is that short already,
 * or cannot be shortened. Works on parts rather than events, because entries from the spool or refused ones are shortened as well.
 */
export function shortenedParts(parts: readonly string[], maxBytes: number): readonly string[] | undefined {
  const line = lineOf(parts);
  if (Buffer.byteLength(line) <= maxBytes) return undefined;
  const shorter = lineWithin(JSON.parse(line) as Fields, maxBytes, true);
  const body = parts.join('');
  return shorter === undefined ? undefined : [JSON.stringify(shorter), body.slice(endOfString(body))];
}

let lastShared: Shared | undefined;
let lastEscaped = '';

/** The members that events of a host share, escaped once: escaping costs more than making the event. */
function escapedShared(shared: Shared): string {
  if (shared !== lastShared) [lastShared, lastEscaped] = [shared, `"${inString(shared.json)}`];
  return lastEscaped;
}

function inString(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function metadata(event: LogEvent): string {
  let text = `"level":"${level(event.severity)}"`;
  for (const { key, path } of PATHS) {
    const value = valueAt(event.own, path) ?? valueAt(event.shared.fields, path);
    if (value !== undefined) text += `,${key}:${JSON.stringify(value)}`;
  }
  return carriesSendTime(event.dataset) ? `${text},${scanTimeMember(event.time)}` : text;
}

function scanTimeMember(time: number): string {
  return `"scan_time":"${isoTime(time)}"`;
}

function valueAt(fields: Fields, path: readonly string[]): string | undefined {
  const found = fieldAt(fields, path);
  const value: FieldValue = Array.isArray(found) ? (found as readonly FieldValue[])[0] : found;
  return value === undefined || value === null || typeof value === 'object' ? undefined : clipCharacters(String(value), MAX_VALUE_LENGTH);
}

/** The level by which Grafana colours lines. */
function level(severity: number): string {
  if (severity >= SEVERITY.critical) return 'critical';
  if (severity >= SEVERITY.high) return 'error';
  return severity >= SEVERITY.medium ? 'warn' : 'info';
}

/** Index behind the quote that ends the JSON string at the beginning of the text. */
function endOfString(text: string): number {
  for (let i = 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}
