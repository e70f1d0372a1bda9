import { type Fields, type FieldValue, type LogEvent, Shared } from './event.ts';
import { jsonWithoutControls } from './text.ts';
import { isFields } from './text-at.ts';

/** Text lengths that are tried in turn. The last one still keeps addresses, times and hashes whole. */
const TEXT_LENGTHS = [8192, 4096, 2048, 1024, 512, 256, 128, 64];
/** A list keeps one member per this many characters of the text length. */
const CHARACTERS_A_MEMBER = 32;

/**
 * An event as a line of JSON of at most `maxBytes`. A longer one is shortened and marked with `nmap.shortened`: script output
 * first, then the longest texts. Undefined when nothing helps.
 */
export function lineWithin(root: Fields, maxBytes: number, mark: true | 'true'): string | undefined {
  for (const shorter of ways(root, mark)) {
    const line = jsonWithoutControls(JSON.stringify(shorter));
    if (Buffer.byteLength(line) <= maxBytes) return line;
  }
  return undefined;
}

/** Ever shorter versions of an event, of which the first that fits is used; none for records of other programs. */
export function* shorterEvents(event: LogEvent): Generator<LogEvent, void, undefined> {
  if (event.otlp !== undefined) return;
  const shared = Object.keys(event.shared.fields);
  const all = ways({ ...event.shared.fields, ...event.own }, true);
  // The first one is the event itself.
  all.next();
  for (const root of all) {
    const [common, own] = [selected(root, (name) => shared.includes(name)), selected(root, (name) => !shared.includes(name))];
    yield { ...event, message: clipCharacters(event.message, TEXT_LENGTHS[0] as number), shared: new Shared(common), own };
  }
}

function selected(root: Fields, isWanted: (name: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(root).filter(([name]) => isWanted(name)));
}

/** Clips a text, never within a character. */
export function clipCharacters(text: string, length: number): string {
  if (text.length <= length) return text;
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
}

/** Shortened versions of an event, from least to most shortened. */
function* ways(root: Fields, mark: true | 'true'): Generator<Fields, void, undefined> {
  yield root;
  const nmap = { ...(root['nmap'] as Fields | undefined), shortened: mark };
  for (const length of TEXT_LENGTHS) yield { ...root, nmap: { ...nmap, script: cut((nmap as Fields)['script'], length) } };
  for (const length of TEXT_LENGTHS) yield cut({ ...root, nmap }, length) as Fields;
  yield cut({ ...root, nmap: { ...nmap, script: undefined } }, TEXT_LENGTHS.at(-1) as number) as Fields;
}

function cut(value: FieldValue, length: number): FieldValue {
  if (typeof value === 'string') return clipCharacters(value, length);
  if (Array.isArray(value)) return (value as readonly FieldValue[]).slice(0, length / CHARACTERS_A_MEMBER).map((member) => cut(member, length));
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cut(member, length)]));
}
