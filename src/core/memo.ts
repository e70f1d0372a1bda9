/** Entries before the cache is emptied, and characters of a key: keys come from scans. */
const MOST = 1000;
const LONGEST = 200;

/** Caches a pure function of a text that never returns `undefined`. */
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
