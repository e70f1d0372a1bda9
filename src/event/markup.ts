/** `](`: the middle of a Markdown link, which may hide its address. */
const LINK = /\](?=\()/g;
/** The `@` of a mention (a user, `@channel`, `@everyone`), but not of a mail address. */
const MENTION = /(?<![\w.+-])@(?=\w)/g;
const ANGLES: Readonly<Record<string, string>> = { '<': '\u2039', '>': '\u203A' };

/**
 * Makes untrusted text safe for programs that may render it as markup: a chat, a mail, a ticket. It mentions nobody and hides no link, in
 * Slack's markup (`<!channel>`, `<https://x|y>`: https://docs.slack.dev/messaging/formatting-message-text), in Markdown (`[y](https://x)`,
 * `@here`) and in HTML, and reads nearly the same as plain text.
 */
export function withoutMarkup(text: string): string {
  return withoutMentions(text.replaceAll(/[<>]/g, (angle) => ANGLES[angle] as string).replaceAll(LINK, '] '));
}

/** Breaks up mentions. Escaping with a character reference or a backslash is not enough, because forges look for mentions in the rendered text. */
export function withoutMentions(text: string): string {
  return text.replaceAll(MENTION, '@ ');
}
