import type { Os } from '../nmap/model.ts';

const OR = ' or ';

/** Family and generations of the best guess, `Linux 4.X or 5.X`; undefined below 90 %, because such guesses come and go. */
export function osOf(os: Os | undefined): string | undefined {
  const best = os?.matches[0];
  const [first] = best?.classes ?? [];
  if (best === undefined || first === undefined || (best.accuracy ?? 0) < 90) return undefined;
  const alike = best.classes.filter(({ vendor, osfamily }) => vendor === first.vendor && osfamily === first.osfamily);
  const generations = [...new Set(alike.flatMap(({ osgen }) => osgen ?? []))].sort();
  return [...new Set([first.vendor, first.osfamily]), generations.join(OR)].filter((word) => word !== undefined && word !== '').join(' ');
}

/** Whether two guesses may be the same system: nmap's guesses overlap (`Linux 4.15 - 5.8`, `Linux 5.0 - 5.4`) and alternate. */
export function isSameOs(a: string, b: string): boolean {
  const others = new Set(systemsIn(b));
  return systemsIn(a).some((system) => others.has(system));
}

/** `Linux 4.X`, `Linux 5.X`. */
function systemsIn(text: string): readonly string[] {
  const [first = '', ...generations] = text.split(OR);
  const family = first.slice(0, first.lastIndexOf(' ') + 1);
  return [first, ...generations.map((generation) => family + generation)];
}
