import { posix } from 'node:path';
import { importsOf, type Violation } from './check.ts';

/**
 * Files of `src/` (text by path) that reach themselves through what they import, types and imports on demand included: no one of them
 * can be understood before the others. The linter's own rule sees only what is loaded.
 */
export function cyclesIn(files: ReadonlyMap<string, string>): readonly Violation[] {
  const imports = new Map([...files].map(([file, text]) => [file, targetsOf(file, text)]));
  return [...files.keys()].flatMap((file) => {
    const way = wayBack(file, imports);
    return way === undefined ? [] : [{ file, what: `reaches itself: ${way.join(' → ')}`, reason: 'no file may' }];
  });
}

function targetsOf(file: string, text: string): readonly string[] {
  const inside = importsOf(file, text).filter((specifier) => specifier.startsWith('.'));
  return inside.map((specifier) => posix.normalize(posix.join(posix.dirname(file), specifier)));
}

/** The shortest way from a file over its imports to itself. */
function wayBack(file: string, imports: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const seen = new Set<string>();
  for (let ways: readonly (readonly string[])[] = [[file]]; ways.length > 0;) {
    const further = ways.flatMap((way) => (imports.get(way.at(-1) as string) ?? []).map((next) => [...way, next]));
    const back = further.find((way) => way.at(-1) === file);
    if (back !== undefined) return back;
    ways = further.filter((way) => {
      const last = way.at(-1) as string;
      return !seen.has(last) && seen.add(last);
    });
  }
  return undefined;
}
