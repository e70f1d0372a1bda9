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

/**
 * The event replaces the first `{}`, its message each `{message}`, escaped for JSON strings unless `isText` (the body is no
 * JSON). Throws `sink-options` without a placeholder.
 */
export function envelopeOf(text: string, isText: boolean): Envelope {
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
      const line = isForPeople ? lineOf(event, isText) : '';
      return behind === undefined ? [filled(before, line)] : [filled(before, line), ...ecsParts(event), filled(behind, line)];
    },
  };
}

/** Three or more backticks: untrusted text must not close a Markdown code block, after which it could mention everyone or disguise a link. */
const FENCE = /`{3,}/g;

function lineOf({ message }: LogEvent, isText: boolean): string {
  const unfenced = message.replaceAll(FENCE, (fence) => String.raw`\x60`.repeat(fence.length));
  const line = clipBytes(isText ? unfenced : withoutMarkup(unfenced), MAX_MESSAGE_BYTES);
  return isText ? line : jsonWithoutControls(JSON.stringify(line)).slice(1, -1);
}
