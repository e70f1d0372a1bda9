import type { KnownHost } from '../state/known-host.ts';
import { knownFindingsAt } from './known-findings-at.ts';
import type { Sighting } from './sighting.ts';

/**
 * The part of a known host that a sighting may change: only listed ports, when it says nothing about others. masscan lists a host once per
 * port, thousands of times.
 */
export function touchedBy({ unlisted, ports }: Sighting, known: KnownHost): unknown {
  if (unlisted.length > 0) return known;
  return { ...known, ports: [...ports.keys()].map((key) => known.ports[key]), findings: knownFindingsAt(known, ports.keys()) };
}
