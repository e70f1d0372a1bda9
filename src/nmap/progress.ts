/*
 * What nmap writes when its clock says so, whatever it is writing then: whole, and with a line end behind. Where it stands in the middle of
 * something else, taking it out leaves what would stand there without it.
 */
const PROGRESS = /<task(?:begin|progress|end)(?: [a-z]{1,16}="[^"<>]{0,256}"){0,8}\/>\r?\n/y;
export const PROGRESS_START = '<task';
/** Longer than any of them. */
export const LONGEST_PROGRESS = 4096;

/** How long the one is that begins at `at`; 0 when none does. */
export function progressLength(text: string, at: number): number {
  PROGRESS.lastIndex = at;
  return PROGRESS.exec(text)?.[0].length ?? 0;
}

/** Whether one stands where a reader found something wrong: there, or behind what it was reading. */
export function isInterrupted(text: string, position: number): boolean {
  let at = position;
  if (!text.startsWith(PROGRESS_START, at)) for (at++; at < text.length && text[at] !== '<'; at++) if (text[at] === '>') return false;
  return progressLength(text, at) > 0;
}

/** An element without it, and how often it was in there. */
export function withoutProgress(element: string): { readonly text: string; readonly count: number } {
  const parts: string[] = [];
  let from = 0;
  for (let at = element.indexOf(PROGRESS_START); at !== -1; at = element.indexOf(PROGRESS_START, at + 1)) {
    const length = progressLength(element, at);
    if (length === 0) continue;
    parts.push(element.slice(from, at));
    from = at + length;
  }
  return { text: parts.join('') + element.slice(from), count: parts.length };
}
