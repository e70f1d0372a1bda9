/** Control characters that a terminal would interpret, marks that reverse the direction of text (CVE-2021-42574), and invisible characters. */
const UNSAFE =
  /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u17B4\u17B5\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\uFFFE\uFFFF]|\uDB40[\uDC00-\uDC7F]/g;

/** Untrusted text, made safe to print on one line: control characters are escaped as nmap does (`\x1B`). */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : escaped(character);
  });
}

/** The same without line feeds, carriage returns and tabs. */
const UNSAFE_IN_LINES =
  /(?![\n\r\t])[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u17B4\u17B5\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\uFFFE\uFFFF]|\uDB40[\uDC00-\uDC7F]/g;

/** Lines of text with control characters escaped as `\\u009B`, which JSON reads as the same. */
export function withoutControls(text: string): string {
  return text.replace(UNSAFE_IN_LINES, escaped);
}

/** Escapes each UTF-16 unit, because invisible tag characters are surrogate pairs. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => `\\u${hex(character.charCodeAt(at), 4)}`).join('');
}

/** The same for JSON. `JSON.stringify` escapes only characters up to U+001F. */
export function jsonWithoutControls(json: string): string {
  // Nearly always plain ASCII, which is checked in a twentieth of the time.
  return Buffer.byteLength(json) === json.length && !json.includes('\u007F') ? json : withoutControls(json);
}

/** At most `bytes` of UTF-8, cut between characters. */
export function clipBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  const cut = Buffer.from(text.slice(0, bytes)).toString('utf8', 0, bytes);
  // A character that was cut through reads as U+FFFD.
  return (cut.endsWith('\uFFFD') ? cut.slice(0, -1) : cut).toWellFormed();
}

function hex(code: number, length: number): string {
  return code.toString(16).toUpperCase().padStart(length, '0');
}

/** `999`, `48,211`, `12,345.67` */
export function withCommas(number: number): string {
  const [whole = '', decimals] = String(number).split('.');
  // The same form as Intl's, which takes 10 ms to load and is rarely needed.
  if (!/^\d{1,15}$/.test(whole) || (decimals !== undefined && !/^\d{1,3}$/.test(decimals))) return number.toLocaleString('en-US');
  const groups: string[] = [];
  for (let end = whole.length; end > 0; end -= 3) groups.unshift(whole.slice(Math.max(0, end - 3), end));
  return groups.join(',') + (decimals === undefined ? '' : `.${decimals}`);
}

/** A number with its noun, for all messages: `1 host`, `48,211 hosts`. */
export function counted(number: number, noun: string, plural = `${noun}s`): string {
  return `${withCommas(number)} ${number === 1 ? noun : plural}`;
}
