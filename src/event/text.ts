/**
 * What a terminal could obey: control characters, and the marks that reverse the direction of text
 * (CVE-2021-42574). Written as nmap writes bytes: `\x1B`.
 */
const UNSAFE = /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g;

/** Text that a stranger wrote, safe to print on one line. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

/** The same but for what separates lines and columns. */
const UNSAFE_IN_LINES = /(?![\n\r\t])[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g;

/** Lines of text without a character that a terminal could obey: each is written as `\\u009B`, which JSON reads as the same. */
export function withoutControls(text: string): string {
  return text.replace(UNSAFE_IN_LINES, (character) => `\\u${hex(character.charCodeAt(0), 4)}`);
}

/** That for JSON: it says the same, and whoever shows it is not led astray. `JSON.stringify` lets all above U+001F through. */
export function jsonWithoutControls(json: string): string {
  // Plain ASCII, nearly always, and found out in a twentieth of the time.
  return Buffer.byteLength(json) === json.length && !json.includes('\u007F') ? json : withoutControls(json);
}

/** At most `bytes` of UTF-8, cut between characters. */
export function clipBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  const cut = Buffer.from(text.slice(0, bytes)).toString('utf8', 0, bytes);
  // A character that the cut went through reads as U+FFFD.
  return (cut.endsWith('\uFFFD') ? cut.slice(0, -1) : cut).toWellFormed();
}

function hex(code: number, length: number): string {
  return code.toString(16).toUpperCase().padStart(length, '0');
}

/** `1 host`, `3 hosts` */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
