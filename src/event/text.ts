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

/** At most `bytes` of UTF-8, cut between characters. */
export function clip(text: string, bytes: number): string {
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
