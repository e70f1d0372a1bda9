/** A word as it is typed in a shell: in quotes where the shell would change it. */
export function shellWord(word: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) ? word : quotedWord(word);
}

/** A word in quotes. One with control characters, which a terminal would not print, is in those of bash, zsh and POSIX 2024: `$'a\x0Ab'`. */
export function quotedWord(word: string): string {
  if (!CONTROL.test(word)) return `'${word.replaceAll("'", String.raw`'\''`)}'`;
  return `$'${word.replaceAll(/['\\]/g, String.raw`\$&`).replaceAll(CONTROLS, (character) => String.raw`\x${hex(character)}`)}'`;
}

const CONTROL = /[\u0000-\u001F\u007F]/;
const CONTROLS = /[\u0000-\u001F\u007F]/g;

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
}
