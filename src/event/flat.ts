import { type Fields, type FieldValue, levelOf, type LogEvent } from './event.ts';
import { clipCharacters, lineWithin } from './shorten.ts';
import { isFields } from './text-at.ts';
import { isoTime } from './time.ts';

/** Wazuh's JSON decoder keeps the first 256 fields. */
const MAX_FIELDS = 90;
/** A line of 65,280 bytes or more is dropped by its logcollector. */
const MAX_BYTES = 60_000;
/** The indexer rejects keywords of more than 32,766 bytes. */
const MAX_VALUE_LENGTH = 8_000;

/** Members that rules do not need, that are duplicates, or whose keys come from scans. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  '@timestamp',
  'agent.type',
  'agent.version',
  'data_stream',
  'ecs',
  'event.category',
  'event.created',
  'event.kind',
  'event.severity',
  'event.type',
  'message',
  'nmap.script.data',
  'nmap.script.output',
  'observer.type',
  'related',
]);
/** Names that Wazuh's indexer maps differently, or that other rules of Wazuh match. */
const UNDER_NMAP: ReadonlySet<string> = new Set(['agent', 'labels', 'observer', 'rule', 'tags', 'vulnerability']);

/**
 * An event for Wazuh: one line of JSON with only strings as values. Wazuh's decoder turns everything into text, lists into
 * JSON that no rule can match, and large numbers into six decimals. Lists are joined with commas, lists of objects left out,
 * the severity is a word. `nmap.shortened` marks a shortened event.
 * https://documentation.wazuh.com/current/user-manual/ruleset/decoders/json-decoder.html
 */
export function flatLine(event: LogEvent): string {
  const values = new Map<string, string>([
    ['event.module', 'nmap'],
    ['message', clipCharacters(event.message, MAX_VALUE_LENGTH)],
    ['nmap.time', isoTime(event.time)],
    ['nmap.level', levelOf(event.severity)],
  ]);
  let isShortened = false;
  for (const [path, text] of [...leaves('', event.own), ...leaves('', event.shared.fields)]) {
    if (values.has(path)) continue;
    if (values.size >= MAX_FIELDS || text.length > MAX_VALUE_LENGTH) isShortened = true;
    if (values.size < MAX_FIELDS) values.set(path, clipCharacters(text, MAX_VALUE_LENGTH));
  }
  if (isShortened) values.set('nmap.shortened', 'true');
  const line = lineWithin(nested(values), MAX_BYTES, 'true');
  if (line === undefined) throw new Error('so few fields are never that long');
  return line;
}

/** Dotted names with their texts. */
function* leaves(prefix: string, fields: Fields): Generator<readonly [string, string], void, undefined> {
  for (const [name, value] of Object.entries(fields)) {
    const path = prefix + name;
    if (value === undefined || LEFT_OUT.has(path)) continue;
    if (isFields(value)) yield* leaves(`${path}.`, value);
    else {
      const text = textOf(value);
      if (text !== '') yield [renamed(path), text];
    }
  }
}

/** Lists of objects are left out. */
function textOf(value: FieldValue): string {
  if (typeof value !== 'object') return String(value);
  const members: readonly FieldValue[] = Array.isArray(value) ? value : [];
  return members.flatMap((member) => (typeof member === 'object' || member === undefined ? [] : [String(member)])).join(', ');
}

function renamed(path: string): string {
  const [first = ''] = path.split('.', 1);
  return UNDER_NMAP.has(first) ? `nmap.${path}` : path;
}

/** The decoder joins the names with dots again. */
function nested(values: ReadonlyMap<string, string>): Fields {
  const root: Record<string, FieldValue> = {};
  for (const [path, text] of values) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let at: Record<string, FieldValue> = root;
    for (const name of names) at = (at[name] ??= {}) as Record<string, FieldValue>;
    at[last] = text;
  }
  return root;
}
