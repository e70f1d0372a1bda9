import { placeOf } from './sighting.ts';

/** Addresses in their numeric order, then names; each once. */
export function hostsInOrder(keys: Iterable<string>): readonly string[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [...new Set(keys)].sort(compare);
}

/** Of keys like `22/tcp`, each once, by protocol and number. */
export function portsInOrder(keys: Iterable<string>): readonly string[] {
  return [...new Set(keys)].sort((a, b) => comparePorts(placeOf(a), placeOf(b)));
}

export function comparePorts(a: ReturnType<typeof placeOf>, b: ReturnType<typeof placeOf>): number {
  return a.protocol === b.protocol ? a.number - b.number : a.protocol < b.protocol ? -1 : 1;
}
