/** `](`: where a link in Markdown hides what it leads to. */
const LINK = /\](?=\()/g;
/** Of somebody, or of `@channel`, `@everyone`; not within an address of mail. */
const MENTION = /(?<![\w.+-])@(?=\w)/g;
const ANGLES: Readonly<Record<string, string>> = { '<': '\u2039', '>': '\u203A' };

/**
 * Untrusted text for who may show it as markup: a chat, a mail, a ticket. It calls nobody and hides no link, in Slack's markup (`<!channel>`,
 * `<https://x|y>`: https://docs.slack.dev/messaging/formatting-message-text), in Markdown (`[y](https://x)`, `@here`) and in HTML, and reads nearly the same
 * where it is shown as it is.
 */
export function withoutMarkup(text: string): string {
  return withoutMentions(text.replaceAll(/[<>]/g, (angle) => ANGLES[angle] as string).replaceAll(LINK, '] '));
}

/** A character reference or a backslash would not be enough: forges look for mentions in what was rendered. */
export function withoutMentions(text: string): string {
  return text.replaceAll(MENTION, '@ ');
}
