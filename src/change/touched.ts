import type { KnownHost } from '../state/known-host.ts';
import { knownFindingsAt } from './known-findings-at.ts';
import type { Sighting } from './sighting.ts';

/**
 * The part of what is known of a host that a sighting may change: only what it lists, where it says nothing of what it does not list. masscan
 * lists a host once for each port, by the thousand.
 */
export function touchedBy({ unlisted, ports }: Sighting, known: KnownHost): unknown {
  if (unlisted.length > 0) return known;
  return { ...known, ports: [...ports.keys()].map((key) => known.ports[key]), findings: knownFindingsAt(known, ports.keys()) };
}
