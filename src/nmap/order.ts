/** Addresses in their numeric order, then names; each once. */
export function hostsInOrder(keys: Iterable<string>): readonly string[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [...new Set(keys)].sort(compare);
}

/** Protocol and number: `tcp`, 22. */
export interface PortKey {
  readonly protocol: string;
  readonly number: number;
}

/** Order of ports: by protocol, then by number. */
export function comparePorts(a: PortKey, b: PortKey): number {
  return a.protocol === b.protocol ? a.number - b.number : a.protocol < b.protocol ? -1 : 1;
}
