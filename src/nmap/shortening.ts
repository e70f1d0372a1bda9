import type { Cut } from './interrupted.ts';

/** Characters of a word about a service that are kept: as many as nmap keeps of a product or a version. */
const KEPT = 80;
/** `&#1114111;` */
const LONGEST_ENTITY = 10;
/** So many characters tell whether it is one of the tags below. */
const ENOUGH = '</script>'.length + 1;
const NAME = /<\/?[a-z]*/y;
const TAG_PART = /["'>]/g;

/** How a tag is treated; `words`: the ends of its long values are cut. */
type Kind = 'script' | '/script' | 'words' | 'whole';
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['<script', 'script'],
  ['</script', '/script'],
  ['<service', 'words'],
  ['<owner', 'words'],
]);

interface Taken {
  readonly text: string;
  readonly cuts: readonly Cut[];
  /** The rest of the text, when the host ends, or cannot be shortened from there on. */
  readonly over: string | undefined;
  /** Where a character of the text before is now. */
  indexOf(index: number): number;
}

/**
 * Shortens the text of one host from some character on. Ports, states and what names a service stay; scripts are left out, and long values of
 * services cut, as their fingerprints. nmap writes `<` and quotes inside of texts as entities; a comment or CDATA section ends the shortening.
 */
export class HostShortening {
  /** The beginning of a tag that more text will complete. */
  held = '';
  private state: 'text' | 'tag' | 'value' = 'text';
  private kind: Kind = 'whole';
  private isInScript = false;
  private quote = '"';
  /** The tag so far ends with a slash. */
  private hasSlash = false;
  /** Of the current value: characters so far, their end, and whether the rest is cut. */
  private value = { length: 0, end: '', isCut: false };
  private text = '';
  private removed: { from: number; to: number }[] = [];

  take(piece: string): Taken {
    this.text = this.held + piece;
    this.removed = [];
    this.held = '';
    let [position, over] = [0, -1];
    while (position < this.text.length && over === -1) {
      const next = this.step(position);
      if (next === undefined) over = position = this.text.indexOf('<', position);
      else position = next;
    }
    const rest = over === -1 ? undefined : this.text.slice(over);
    if (over !== -1) this.text = this.text.slice(0, over);
    return this.taken(rest);
  }

  /** Where to go on; undefined when the next tag ends the shortening. */
  private step(position: number): number | undefined {
    if (this.state === 'text') return this.upToTag(position);
    return this.state === 'tag' ? this.inTag(position) : this.inValue(position);
  }

  private upToTag(position: number): number | undefined {
    const { text } = this;
    const found = text.indexOf('<', position);
    const at = found === -1 ? text.length : found;
    this.leaveOut(position, at);
    if (text.length - at < ENOUGH) {
      this.held = text.slice(at);
      this.text = text.slice(0, at);
      return at;
    }
    NAME.lastIndex = at;
    const name = NAME.exec(text)?.[0] ?? '';
    if (name === '<' || name === '</host') return undefined;
    this.kind = KINDS.get(name) ?? 'whole';
    this.isInScript ||= this.kind === 'script';
    this.state = 'tag';
    this.hasSlash = false;
    this.leaveOut(at, at + name.length);
    return at + name.length;
  }

  private inTag(position: number): number {
    TAG_PART.lastIndex = position;
    const at = TAG_PART.exec(this.text)?.index ?? this.text.length;
    this.leaveOut(position, at + 1);
    if (at > position) this.hasSlash = this.text[at - 1] === '/';
    if (this.text[at] === '>') this.closeTag();
    else if (at < this.text.length) {
      this.state = 'value';
      this.quote = this.text[at] ?? '"';
      this.value = { length: 0, end: '', isCut: false };
    }
    return at + 1;
  }

  private closeTag(): void {
    this.state = 'text';
    if (this.kind === '/script' || (this.kind === 'script' && this.hasSlash)) this.isInScript = false;
  }

  private inValue(position: number): number {
    const found = this.text.indexOf(this.quote, position);
    const end = found === -1 ? this.text.length : found;
    this.leaveOut(position, end + 1);
    if (this.kind === 'words') this.remove(this.keptUntil(position, end), end);
    if (found !== -1) [this.state, this.hasSlash] = ['tag', false];
    return end + 1;
  }

  /** The end of the part of a value that is kept, which does not end inside of an entity. */
  private keptUntil(from: number, to: number): number {
    const { value, text } = this;
    if (value.isCut) return from;
    let until = Math.min(to, from + Math.max(0, KEPT - value.length));
    const end = (value.end + text.slice(from, until)).slice(-LONGEST_ENTITY);
    const entity = end.lastIndexOf('&');
    if (entity !== -1 && !end.includes(';', entity)) {
      const semicolon = text.slice(until, until + LONGEST_ENTITY - (end.length - entity)).indexOf(';');
      until = semicolon === -1 ? Math.min(to, until + LONGEST_ENTITY - (end.length - entity)) : until + semicolon + 1;
    }
    if ((text.charCodeAt(until - 1) & 0xfc_00) === 0xd8_00) until++;
    until = Math.min(to, until);
    value.length += until - from;
    value.end = (value.end + text.slice(from, until)).slice(-LONGEST_ENTITY);
    value.isCut = until < to;
    return until;
  }

  /** Removes a part of a script. */
  private leaveOut(from: number, to: number): void {
    if (this.isInScript) this.remove(from, Math.min(to, this.text.length));
  }

  private remove(from: number, to: number): void {
    if (from >= to) return;
    const last = this.removed.at(-1);
    if (last?.to === from) last.to = to;
    else this.removed.push({ from, to });
  }

  private taken(over: string | undefined): Taken {
    const { text, removed } = this;
    const parts: string[] = [];
    const cuts: Cut[] = [];
    let [from, length] = [0, 0];
    for (const cut of removed) {
      parts.push(text.slice(from, cut.from));
      length += cut.from - from;
      cuts.push({ index: length, text: text.slice(cut.from, cut.to) });
      from = cut.to;
    }
    parts.push(text.slice(from));
    return { text: parts.join(''), cuts, over, indexOf: (index) => index - removedBefore(removed, index) };
  }
}

function removedBefore(removed: readonly { readonly from: number; readonly to: number }[], index: number): number {
  return removed.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, index) - from), 0);
}
