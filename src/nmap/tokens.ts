import { decodeEntities } from './entities.ts';
import { Malformed, Unterminated } from './malformed.ts';
import { isName, isOutermost, isTask } from './names.ts';
import { NextIndex } from './next-index.ts';
import { progressLength } from './progress.ts';

/** More than any nmap writes; bounds the duplicate check, which is quadratic. */
const MAX_ATTRIBUTES = 256;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const BANG = 33;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const DASH = 45;
const SLASH = 47;
const EQUALS = 61;
const GREATER = 62;
const QUESTION = 63;

/** Deepest nesting of elements; scripts write a handful of levels. */
const MAX_DEPTH = 1 << 17;

/**
 * A pull reader over one element of well-formed XML (XML 1.0 without DTD), the hot path of portlog.
 * It checks what expat checks (matching tags, quoting, duplicate attributes, entities) except the
 * character range; whatever else is wrong throws {@link Malformed}. Attributes land in two flat
 * arrays that the next start tag overwrites, so a handler reads what it needs before it moves on.
 *
 * ```ts
 * const level = tokens.depth;           // inside the element whose children are wanted
 * while (tokens.nextChild(level)) …     // tokens.name, tokens.attribute('addr')
 * ```
 * A handler may ignore the rest of its element: `nextChild` of the level above skips it, checked.
 */
export class Tokens {
  name = '';
  /** Index of the `<` of the current start tag. */
  tagStart = 0;
  depth = 0;

  private position = 0;
  private end = 0;
  private readonly open: string[] = [];
  private selfClosed = false;
  private readonly names: string[] = [];
  private readonly values: string[] = [];
  private attributes = 0;
  private textParts: string[] | undefined;
  private readonly ampersand: NextIndex;
  private readonly lessThan: NextIndex;
  private readonly lineFeed: NextIndex;
  private readonly carriageReturn: NextIndex;
  private readonly tab: NextIndex;
  /** By closing mark: of a comment, a CDATA section, a processing instruction. */
  private readonly closings: ReadonlyMap<string, NextIndex>;

  /** One reader serves all elements of a text, in order, because it caches where rare characters come next. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
    this.ampersand = new NextIndex(text, '&');
    this.lessThan = new NextIndex(text, '<');
    this.lineFeed = new NextIndex(text, '\n');
    this.carriageReturn = new NextIndex(text, '\r');
    this.tab = new NextIndex(text, '\t');
    this.closings = new Map(['-->', ']]>', '?>'].map((mark) => [mark, new NextIndex(text, mark)]));
  }

  /** Starts on the element at [start, end) of the text and reads its start tag. */
  enter(start: number, end: number): void {
    this.position = start;
    this.end = end;
    this.depth = 0;
    this.selfClosed = false;
    this.textParts = undefined;
    if (!this.nextChild(0)) throw new Malformed('no start tag', this.position);
  }

  attribute(name: string): string | undefined {
    for (let i = 0; i < this.attributes; i++) if (this.names[i] === name) return this.values[i];
    return undefined;
  }

  /** Moves to the next child of the element at `level`; false when that element has ended. */
  nextChild(level: number): boolean {
    for (;;) {
      if (this.selfClosed) {
        this.selfClosed = false;
        this.depth--;
        if (this.depth < level) return false;
        continue;
      }
      const at = this.position < this.end ? this.lessThan.from(this.position) : -1;
      if (at === -1 || at >= this.end) throw new Malformed(`no end tag of <${this.open[this.depth - 1] ?? ''}>`, this.end);
      if (at > this.position) this.characterData(this.position, at);
      const code = this.text.charCodeAt(at + 1);
      if (code === SLASH) {
        this.endTag(at);
        if (this.depth < level) return false;
      } else if (code === BANG || code === QUESTION) {
        this.declaration(at);
      } else {
        this.startTag(at);
        if (this.depth === level + 1) return true;
      }
    }
  }

  /** The character data directly in the current element; its child elements are skipped. Ends the element. */
  elementText(): string {
    const parts: string[] = [];
    const level = this.depth;
    this.textParts = parts;
    while (this.nextChild(level)) {
      this.textParts = undefined;
      while (this.nextChild(level + 1));
      this.textParts = parts;
    }
    this.textParts = undefined;
    return parts.length === 1 ? (parts[0] as string) : parts.join('');
  }

  /** The source text from `start` (of a tag) to here. */
  source(start: number): string {
    const text = this.text.slice(start, this.position);
    return this.carriageReturn.within(start, this.position) ? normaliseLineEnds(text) : text;
  }

  /**
   * Skips the elements that follow and are, character for character, the one from `start` to here; returns how many. Parsing them would give
   * the same result, so a document that repeats itself a million times takes neither the time nor the memory.
   */
  passRepeated(start: number): number {
    const { text, end } = this;
    const element = text.slice(start, this.position);
    for (let count = 0; ; count++) {
      let at = this.position;
      while (isSpace(text.charCodeAt(at))) at++;
      if (at + element.length > end || !text.startsWith(element, at)) return count;
      this.position = at + element.length;
    }
  }

  /** Reads the rest of the element, which must end at the `end` given to `enter`. */
  finish(): void {
    while (this.depth > 0 && this.nextChild(1));
    if (this.position !== this.end) throw new Malformed('something follows its end tag', this.position);
  }

  private startTag(at: number): void {
    const { text } = this;
    let position = at + 1;
    let code = text.charCodeAt(position);
    while (code > SPACE && code !== SLASH && code !== GREATER) code = text.charCodeAt(++position);
    const name = text.slice(at + 1, position);
    if (!isName(name)) throw new Malformed('"<" that starts no tag', at);
    if (this.depth > 0 && isOutermost(name)) throw new Malformed(`its end tag is missing: <${name}> begins inside it`, at);
    if (isTask(name) && this.depth > 0 && progressLength(text, at) > 0) throw new Malformed('nmap has written its progress into it', at);
    this.tagStart = at;
    this.attributes = 0;
    for (;;) {
      const spaceStart = position;
      while (isSpace(code)) code = text.charCodeAt(++position);
      if (code === GREATER) break;
      if (code === SLASH) {
        if (text.charCodeAt(++position) !== GREATER) throw new Malformed('"/" inside a tag', position);
        this.selfClosed = true;
        break;
      }
      if (position === spaceStart) throw new Malformed('no space before an attribute', position);
      position = this.readAttribute(position);
      code = text.charCodeAt(position);
    }
    if (position >= this.end) throw new Malformed('cut inside a tag', this.end);
    this.position = position + 1;
    this.name = name;
    if (this.depth === MAX_DEPTH) throw new Malformed(`more than ${MAX_DEPTH} elements in each other`, at);
    this.open[this.depth++] = name;
  }

  private readAttribute(start: number): number {
    const { text } = this;
    let position = start;
    let code = text.charCodeAt(position);
    while (code > SPACE && code !== EQUALS && code !== GREATER && code !== SLASH) code = text.charCodeAt(++position);
    const name = text.slice(start, position);
    while (isSpace(code)) code = text.charCodeAt(++position);
    if (code !== EQUALS || !isName(name)) throw new Malformed('an attribute without value', start);
    code = text.charCodeAt(++position);
    while (isSpace(code)) code = text.charCodeAt(++position);
    if (code !== DOUBLE_QUOTE && code !== SINGLE_QUOTE) throw new Malformed(`attribute "${name}" is not quoted`, position);
    const from = position + 1;
    const to = text.indexOf(code === DOUBLE_QUOTE ? '"' : "'", from);
    if (this.lessThan.within(from, to === -1 ? this.end : Math.min(to, this.end)))
      throw new Malformed(`"<" inside attribute "${name}"`, this.lessThan.from(from));
    if (to === -1 || to >= this.end) throw new Malformed(`attribute "${name}" does not end`, start);
    this.addAttribute(name, this.attributeValue(from, to), start);
    return to + 1;
  }

  private addAttribute(name: string, value: string, position: number): void {
    for (let i = 0; i < this.attributes; i++)
      if (this.names[i] === name) throw new Malformed(`attribute "${name}" occurs twice in one tag`, position);
    if (this.attributes === MAX_ATTRIBUTES) throw new Malformed(`more than ${MAX_ATTRIBUTES} attributes in one tag`, position);
    this.names[this.attributes] = name;
    this.values[this.attributes++] = value;
  }

  /** XML 1.0, 3.3.3: white space in a value reads as spaces; a line end is one space. */
  private attributeValue(from: number, whole: number): string {
    const to = this.keptUntil(from, whole);
    let value = this.text.slice(from, to);
    if (this.lineFeed.within(from, to) || this.carriageReturn.within(from, to) || this.tab.within(from, to))
      value = value.replace(/\r\n|[\t\n\r]/g, ' ');
    return this.ampersand.within(from, to) ? this.decode(value, from) : value;
  }

  private characterData(from: number, whole: number): void {
    if (this.depth === 0) return;
    const to = this.textParts === undefined ? whole : this.keptUntil(from, whole);
    const decode = this.ampersand.within(from, to);
    if (this.textParts === undefined && !decode) return;
    let value = this.text.slice(from, to);
    if (this.carriageReturn.within(from, to)) value = normaliseLineEnds(value);
    if (decode) value = this.decode(value, from);
    this.textParts?.push(value);
  }

  /** End of the part of a text that is kept; {@link Reader} limits it. */
  protected keptUntil(_from: number, to: number): number {
    return to;
  }

  private decode(value: string, position: number): string {
    const decoded = decodeEntities(value);
    if (decoded === undefined) throw new Malformed('"&" that starts no known entity', position);
    return decoded;
  }

  private endTag(at: number): void {
    const { text } = this;
    const name = this.open[this.depth - 1];
    let position = at + 2;
    if (name === undefined || !text.startsWith(name, position)) throw new Malformed(`end tag does not match <${name ?? ''}>`, at);
    position += name.length;
    while (isSpace(text.charCodeAt(position))) position++;
    if (position >= this.end || text.charCodeAt(position) !== GREATER) throw new Malformed(`end tag does not match <${name}>`, at);
    this.position = position + 1;
    this.depth--;
  }

  private declaration(at: number): void {
    const { text } = this;
    if (text.startsWith('<!--', at)) this.comment(at);
    else if (text.startsWith('<![CDATA[', at)) {
      const to = this.closing(']]>', at + 9, at);
      this.textParts?.push(normaliseLineEnds(text.slice(at + 9, this.keptUntil(at + 9, to))));
      this.position = to + 3;
    } else if (text.charCodeAt(at + 1) === QUESTION && !/^<\?xml[\s?]/i.test(text.slice(at, at + 6))) {
      this.position = this.closing('?>', at + 2, at) + 2;
    } else throw new Malformed('a declaration inside an element', at);
  }

  private comment(at: number): void {
    const to = this.closing('-->', at + 4, at);
    const dashes = this.text.indexOf('--', at + 4);
    if (dashes < to || (this.text.charCodeAt(to - 1) === DASH && to > at + 4)) throw new Malformed('"--" inside a comment', dashes);
    this.position = to + 3;
  }

  private closing(mark: string, from: number, at: number): number {
    const to = this.closings.get(mark)?.from(from) ?? -1;
    if (to === -1 || to + mark.length > this.end) throw new Unterminated(mark, at);
    return to;
  }
}

function normaliseLineEnds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

function isSpace(code: number): boolean {
  return code === SPACE || code === LF || code === CR || code === TAB;
}
