/*
 * A progress element. nmap writes these by the clock, even into the middle of another element, always whole and with a line
 * end: cutting it out restores the element.
 */
const PROGRESS = /<task(?:begin|progress|end)(?: [a-z]{1,16}="[^"<>]{0,256}"){0,8}\/>\r?\n/y;
export const PROGRESS_START = '<task';
/** The longest progress element that is recognised. */
export const LONGEST_PROGRESS = 4096;

/** Length of the progress element at `at`; 0 when there is none. */
export function progressLength(text: string, at: number): number {
  PROGRESS.lastIndex = at;
  return PROGRESS.exec(text)?.[0].length ?? 0;
}

/** Whether a progress element explains a parse error at `position`. */
export function isInterrupted(text: string, position: number): boolean {
  let at = position;
  if (!text.startsWith(PROGRESS_START, at)) for (at++; at < text.length && text[at] !== '<'; at++) if (text[at] === '>') return false;
  return progressLength(text, at) > 0;
}

/** Removes progress elements from an element, and counts them. */
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
