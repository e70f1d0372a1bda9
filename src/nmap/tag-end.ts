import type { Marks } from './marks.ts';

/** The tag does not end in this text. */
const MORE = -1;
/** There is a `<` inside it. */
export const BAD = -2;

/** Where the tag ends whose name ends at `from`: the index behind its `>`, -1 or {@link BAD}. */
export function tagEnd(text: string, marks: Marks, from: number): number {
  for (let i = from; i < text.length; i++) {
    const character = text[i];
    if (character === '>') return i + 1;
    if (character === '<') return BAD;
    if (character === '"' || character === "'") {
      const close = text.indexOf(character, i + 1);
      const nested = marks.nextTag(i + 1);
      if (nested !== -1 && (close === -1 || nested < close)) return BAD;
      if (close === -1) return MORE;
      i = close;
    }
  }
  return MORE;
}
