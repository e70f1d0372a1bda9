import { type Fields, type FieldValue, type LogEvent, Shared } from './event.ts';
import { jsonWithoutControls } from './text.ts';
import { isFields } from './text-at.ts';

/** Tried one after the other: how long a text may be. The last one leaves addresses, times and hashes whole. */
const TEXT_LENGTHS = [8192, 4096, 2048, 1024, 512, 256, 128, 64];
/** A list keeps one member for each so many characters that a text may have. */
const CHARACTERS_A_MEMBER = 32;

/**
 * An event as a line of JSON of at most `maxBytes`. One that is longer is shortened, and says so in
 * `nmap.shortened`: what scripts have written gives way first, then whatever is longest. Undefined when nothing helps.
 */
export function lineWithin(root: Fields, maxBytes: number, mark: true | 'true'): string | undefined {
  for (const shorter of ways(root, mark)) {
    const line = jsonWithoutControls(JSON.stringify(shorter));
    if (Buffer.byteLength(line) <= maxBytes) return line;
  }
  return undefined;
}

/** The event with less in it, from most to least; none where its words are another program's. The first to fit is meant. */
export function* shorterEvents(event: LogEvent): Generator<LogEvent, void, undefined> {
  if (event.otlp !== undefined) return;
  const shared = Object.keys(event.shared.fields);
  const all = ways({ ...event.shared.fields, ...event.own }, true);
  // The first one is the event as it is.
  all.next();
  for (const root of all) {
    const [common, own] = [pick(root, (name) => shared.includes(name)), pick(root, (name) => !shared.includes(name))];
    yield { ...event, message: clipCharacters(event.message, TEXT_LENGTHS[0] as number), shared: new Shared(common), own };
  }
}

function pick(root: Fields, isWanted: (name: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(root).filter(([name]) => isWanted(name)));
}

/** Never through the middle of a character. */
export function clipCharacters(text: string, length: number): string {
  if (text.length <= length) return text;
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
}

/** From all of it to the least. */
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
