/* What man(7) needs of text: https://mandoc.bsd.lv/man/man.7.html */

/** Escapes a text for roff. */
export function plain(text: string): string {
  const safe = text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll(/[^\n -~]/g, (char) => `\\[u${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`);
  // At the beginning of a line these start a request.
  return safe.replaceAll(/^(?=[.'])/gm, String.raw`\&`);
}

export function bold(text: string): string {
  return String.raw`\fB${plain(text)}\fR`;
}

export function italic(text: string): string {
  return String.raw`\fI${plain(text)}\fR`;
}

/** A section; nothing when there is nothing in it. */
export function section(title: string, body: string): string {
  return body === '' ? '' : `.SH ${title.toUpperCase()}\n${body}\n`;
}

/** A term and its description (`.TP`). */
export function tagged(tag: string, text: string): string {
  return `.TP\n${tag}\n${text}`;
}

/** Preformatted lines. */
export function literal(text: string): string {
  return `.EX\n${plain(text)}\n.EE`;
}

/** `portlog-scan(1)`. */
export function reference(page: string): string {
  return String.raw`\fB${plain(page)}\fR(1)`;
}
