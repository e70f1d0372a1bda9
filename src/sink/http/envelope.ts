import { PortlogError } from '../../core/errors.ts';
import { ecsParts } from '../../event/ecs.ts';
import type { LogEvent } from '../../event/event.ts';
import { clipBytes, jsonWithoutControls } from '../../event/text.ts';

const EVENT = '{}';
const MESSAGE = '{message}';
/** What chats take of one message in their narrowest fields: a block of Slack's has 3,000 characters. */
const MAX_MESSAGE_BYTES = 2800;

/** What stands around each event. */
export interface Envelope {
  /** It takes the one line that people read: for receivers that take one of them a request. */
  readonly isForPeople: boolean;
  parts(event: LogEvent): readonly string[];
}

/**
 * The event takes the place of the first `{}`, its line for people that of each `{message}`: escaped for JSON's texts, unless
 * `isText` (the body is no JSON). Throws `sink-options` when there is no place for either.
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

/** What a stranger wrote must not end a block of code of Markdown, behind which it could call everybody, or show a link under another name. */
const FENCE = /`{3,}/g;

function lineOf({ message }: LogEvent, isText: boolean): string {
  const unfenced = message.replaceAll(FENCE, (fence) => String.raw`\x60`.repeat(fence.length));
  const line = clipBytes(unfenced, MAX_MESSAGE_BYTES);
  return isText ? line : jsonWithoutControls(JSON.stringify(line)).slice(1, -1);
}
