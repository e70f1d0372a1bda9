import { PortlogError } from '../../core/errors.ts';
import { ecsParts } from '../../event/ecs.ts';
import type { LogEvent } from '../../event/event.ts';
import { withoutMarkup } from '../../event/markup.ts';
import { clipBytes, jsonWithoutControls } from '../../event/text.ts';

const EVENT = '{}';
const MESSAGE = '{message}';
/** Most bytes of a message, after the strictest limit of chats: 3,000 characters in a Slack block. */
const MAX_MESSAGE_BYTES = 2800;

/** The text around each event in a request. */
export interface Envelope {
  /** It contains only the message, for people; one event per request. */
  readonly isForPeople: boolean;
  parts(event: LogEvent): readonly string[];
}

/** Escapes what is filled in, for the type of content around it; `whole` is the JSON of an event, `line` its message. */
interface Escapes {
  readonly whole: (json: string) => string;
  readonly line: (message: string) => string;
}

const same = (text: string): string => text;
const inJson = (message: string): string => jsonWithoutControls(JSON.stringify(message)).slice(1, -1);
/** Half of a pair of surrogates, as a program may log it, has no form in a URL. */
const inForm = (message: string): string => encodeURIComponent(message.toWellFormed());
const inMarkup = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** How a type of content is written. JSON is what all others are taken for, because an event is. */
function escapesOf(contentType: string): Escapes {
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) return { whole: encodeURIComponent, line: inForm };
  if (/^[a-z]+\/(?:[a-z0-9.-]+\+)?(?:xml|html)\b/i.test(contentType)) return { whole: inMarkup, line: inMarkup };
  return { whole: same, line: contentType.startsWith('text/') ? same : inJson };
}

/**
 * The event replaces the first `{}`, its message each `{message}`, both escaped for the type of content. Throws `sink-options` without a
 * placeholder.
 */
export function envelopeOf(text: string, contentType = 'application/json'): Envelope {
  const escapes = escapesOf(contentType);
  const at = text.indexOf(EVENT);
  const pieces = at === -1 ? [text] : [text.slice(0, at), text.slice(at + EVENT.length)];
  const [before = [], behind] = pieces.map((piece) => piece.split(MESSAGE));
  const isForPeople = text.includes(MESSAGE);
  if ((at === -1 && !isForPeople) || text.includes('\n'))
    throw new PortlogError('sink-options', `the envelope ${JSON.stringify(text)} has no place for the event`, {
      hint: 'write {} where it belongs, or {message} for its line of text, all on one line: {"event":{}}, {"text":"{message}"}',
    });
  const filled = (list: readonly string[], line: string): string => list.join(line);
  return {
    isForPeople,
    parts(event) {
      const line = isForPeople ? escapes.line(lineOf(event)) : '';
      return behind === undefined ? [filled(before, line)] : [filled(before, line), ...ecsParts(event).map(escapes.whole), filled(behind, line)];
    },
  };
}

/** Three or more backticks: untrusted text must not close a Markdown code block, after which it could mention everyone or disguise a link. */
const FENCE = /`{3,}/g;

function lineOf({ message }: LogEvent): string {
  const unfenced = message.replaceAll(FENCE, (fence) => String.raw`\x60`.repeat(fence.length));
  return clipBytes(withoutMarkup(unfenced), MAX_MESSAGE_BYTES);
}
