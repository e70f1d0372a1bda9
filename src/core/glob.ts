/**
 * Whether a name matches a pattern in which `*` matches anything. Each piece is matched at its first place, in linear time;
 * a regular expression could backtrack, and patterns come from scans.
 */
export function fitsGlob(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return name.length >= at + last.length && name.endsWith(last);
}
