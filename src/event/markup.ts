import { printable } from './text.ts';

/** `](` and `][`: the middle of a Markdown link, which may hide its address. */
const LINK = /\](?=[([])/g;
/** `|https:` in `[text|https://x]`: a link in Jira's markup; and `[~` in `[~user]`, its mention. */
const WIKI_LINK = /\|(?=[A-Za-z][A-Za-z+.-]{1,20}:)|\[(?=~)/g;
/**
 * The `@` of a mention (a user, `@channel`, Zulip's `@**all**`), but not of a mail address. Discord finds `@everyone` and `@here` within words, too.
 */
const MENTION = /(?<!\w)@(?=\S)|@(?=[*_]|everyone|here)/g;
const ANGLES: Readonly<Record<string, string>> = { '<': '\u2039', '>': '\u203A' };

/**
 * Makes untrusted text safe for programs that may render it as markup: a chat, a mail, a ticket. It mentions nobody and hides no link, in
 * Slack's markup (`<!channel>`, `<https://x|y>`: https://docs.slack.dev/messaging/formatting-message-text), in Markdown (`[y](https://x)`,
 * `@here`), in Jira's (`[y|https://x]`) and in HTML, and reads nearly the same as plain text.
 */
export function withoutMarkup(text: string): string {
  const angles = text.replaceAll(/[<>]/g, (angle) => ANGLES[angle] as string);
  return withoutMentions(angles.replaceAll(LINK, '] ').replaceAll(WIKI_LINK, (mark) => (mark === '|' ? '\u00A6' : '[ ')));
}

/** Breaks up mentions. Escaping with a character reference or a backslash is not enough, because forges look for mentions in the rendered text. */
export function withoutMentions(text: string): string {
  return text.replaceAll(MENTION, '@ ');
}

/** What the replacements above look for. */
const MARKS = /[<>@\]|~]/;

/**
 * The `message` of an event: one line without control characters and without markup, because templates of alerts put it, mostly without
 * escaping, into mails, chats and tickets (docs/decisions/0110-messages-without-markup.md). The fields beside it are exact.
 */
export function messageLine(text: string): string {
  const line = printable(text);
  return MARKS.test(line) ? withoutMarkup(line) : line;
}
