import { isAscii } from 'node:buffer';
import { TextDecoder } from 'node:util';

/** An XML declaration is at most this long. */
const SNIFF_BYTES = 1024;
const UTF8 = 'utf-8';

/**
 * Bytes to text, in pieces of any size. The encoding is that of the byte order mark, else of the
 * first XML declaration, else UTF-8 (XML 1.0, appendix F). Bytes that the encoding does not know
 * become U+FFFD: a wrong byte in one banner must not cost a scan.
 */
export class Decoder {
  private encoding: string | undefined;
  private held: Buffer = Buffer.alloc(0);
  private decoder: TextDecoder | undefined;
  /** Whether the last chunk ended between two characters. */
  private clean = true;
  /** Bytes in front of the first character: the byte order mark. */
  markBytes = 0;
  /** A declared encoding that is unknown; the text was read as UTF-8 instead. */
  unknown: string | undefined;

  /** Whether the text is UTF-8 and the last character is complete. */
  get isWhole(): boolean {
    return this.encoding === UTF8 && this.clean;
  }

  /** For a piece from the middle of a text that is known to be UTF-8. */
  static utf8(): Decoder {
    const decoder = new Decoder();
    decoder.start(UTF8);
    return decoder;
  }

  decode(chunk: Uint8Array): string {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.encoding !== undefined) return this.text(bytes);
    this.held = Buffer.concat([this.held, bytes]);
    const encoding = sniff(this.held, false);
    return encoding === undefined ? '' : this.start(encoding);
  }

  /** What is left when the input has ended. */
  end(): string {
    const rest = this.encoding === undefined ? this.start(sniff(this.held, true) ?? UTF8) : '';
    return rest + (this.decoder?.decode() ?? '');
  }

  /** Bytes of input that a decoded text was, for byte offsets. */
  bytes(text: string): number {
    if (this.encoding === 'iso-8859-1') return text.length;
    return this.encoding?.startsWith('utf-16') ? text.length * 2 : Buffer.byteLength(text);
  }

  private start(encoding: string): string {
    this.encoding = encoding;
    this.markBytes = markLength(this.held);
    const first = this.held.subarray(this.markBytes);
    this.held = Buffer.alloc(0);
    if (encoding !== 'iso-8859-1') this.decoder = this.decoderFor(encoding);
    return this.text(first);
  }

  /** An unknown encoding must not cost the scan: nearly all of it is ASCII in any encoding. */
  private decoderFor(encoding: string): TextDecoder {
    try {
      return new TextDecoder(encoding, { ignoreBOM: true });
    } catch {
      this.encoding = UTF8;
      this.unknown = encoding;
      return new TextDecoder(UTF8, { ignoreBOM: true });
    }
  }

  private text(bytes: Buffer): string {
    if (this.decoder === undefined) return bytes.toString('latin1');
    if (this.encoding === UTF8) {
      // Nearly all of nmap's output is ASCII, and making a string of that is three times as fast.
      if (this.clean && isAscii(bytes)) return bytes.toString('latin1');
      this.clean = (bytes.at(-1) ?? 0) < 0x80;
    }
    return this.decoder.decode(bytes, { stream: true });
  }
}

function markLength(bytes: Buffer): number {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 3;
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff) ? 2 : 0;
}

/** The encoding, or undefined as long as more bytes could change the answer. */
function sniff(bytes: Buffer, ended: boolean): string | undefined {
  if (bytes.length < 4 && !ended) return undefined;
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return UTF8;
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (bytes[0] === 0x3c && bytes[1] === 0) return 'utf-16le';
  if (bytes[0] === 0 && bytes[1] === 0x3c) return 'utf-16be';
  const head = bytes.toString('latin1', 0, SNIFF_BYTES).trimStart();
  if (!'<?xml'.startsWith(head.slice(0, 5))) return UTF8;
  const declaration = /^<\?xml\s[^>]*>/.exec(head)?.[0];
  if (declaration === undefined) return ended || bytes.length >= SNIFF_BYTES ? UTF8 : undefined;
  return normalise(/\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(declaration)?.[1] ?? UTF8);
}

function normalise(label: string): string {
  const name = label.toLowerCase();
  if (name === 'iso-8859-1' || name === 'latin1') return 'iso-8859-1';
  // A declaration that was readable as ASCII cannot be in UTF-16: some converter forgot to change it.
  return name === 'us-ascii' || name === 'utf8' || name.startsWith('utf-16') ? UTF8 : name;
}
