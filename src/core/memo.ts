/** How much is remembered before all of it is forgotten, and how long a text may be: they come from strangers. */
const MOST = 1000;
const LONGEST = 200;

/** A pure function of a text, never `undefined`, that remembers what it has said. */
export function remembering<T extends object | string>(compute: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const result = compute(text);
    if (text.length > LONGEST) return result;
    if (known.size >= MOST) known.clear();
    known.set(text, result);
    return result;
  };
}
