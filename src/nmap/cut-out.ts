import type { Malformed } from './tokens.ts';

/** What nmap writes when its clock says so, whatever it is writing then: whole, and with a line end behind. */
const PROGRESS = /<task(?:begin|progress|end)(?: [a-z]{1,16}="[^"<>]{0,256}"){0,8}\/>\n/g;

/**
 * The element at [start, end) without the words about progress that nmap has written into one of its tags, and how many those
 * were. Undefined when what was malformed there is something else: then nobody knows what was meant.
 */
export function withoutProgress(text: string, start: number, end: number, error: Malformed): { text: string; count: number } | undefined {
  const at = text.startsWith('<task', error.position) ? error.position : insideTag(text, error.position + 1);
  PROGRESS.lastIndex = at;
  if (!text.startsWith('<task', at) || PROGRESS.exec(text)?.index !== at) return undefined;
  let count = 0;
  const without = text.slice(start, end).replace(PROGRESS, () => {
    count++;
    return '';
  });
  return { text: without, count };
}

/** Where the next tag begins, if the one before it has not ended. */
function insideTag(text: string, from: number): number {
  for (let at = from; at < text.length && text[at] !== '>'; at++) if (text[at] === '<') return at;
  return text.length;
}
