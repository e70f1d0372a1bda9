import { findingId, portKey, type PortSighting, type SeenFinding, type Sighting } from './sighting.ts';

/** Only this many of the latest listings are examined for what they do not list: masscan lists a host once per port. */
const MAX_ASKED = 64;

/** Merges several listings of a host in one input: each counts for what it tested, the latest one first. */
export function mergedListings(listings: readonly Sighting[]): Sighting | undefined {
  const latest = listings.at(-1);
  if (latest === undefined || listings.length === 1) return latest;
  const asked = listings.slice(-MAX_ASKED).toReversed();
  const listing = lastListing(listings);
  return {
    ...latest,
    findings: findingsOf(listings),
    hasLooked: (port, source) => [listing.get(port ?? ''), ...asked].some((one) => one?.hasLooked(port, source) === true),
    presence: listings.some(({ presence }) => presence === 'up') ? 'up' : latest.presence,
    os: listings.findLast(({ os }) => os !== undefined)?.os,
    ports: portsOf(listings),
    unlisted: listings
      .filter(({ unlisted }) => unlisted.length > 0)
      .slice(-MAX_ASKED)
      .flatMap(({ unlisted }) => unlisted),
    find(protocol, port) {
      const last = listing.get(portKey(protocol, port));
      for (const one of asked) {
        const found = one.find(protocol, port);
        if (found.tested || one === last) return found;
      }
      return (last ?? listings[0] ?? latest).find(protocol, port);
    },
  };
}

/** The last listing of each port counts, with what only earlier ones say about the service: a run with scripts, and one without. */
function portsOf(listings: readonly Sighting[]): Sighting['ports'] {
  const merged = new Map<string, PortSighting>();
  for (const [key, port] of listings.flatMap(({ ports }) => [...ports])) merged.set(key, withEarlier(port, merged.get(key)));
  return merged;
}

function withEarlier(port: PortSighting, earlier: PortSighting | undefined): PortSighting {
  if (earlier === undefined || port.state !== earlier.state) return port;
  const named = port.asked === undefined && earlier.asked !== undefined ? earlier : port;
  const { service, version, asked } = named;
  const { certificate = earlier.certificate, hostKeys } = port;
  const others = earlier.hostKeys.filter(({ type }) => !hostKeys.some((key) => key.type === type));
  return { ...port, service, version, asked, certificate, hostKeys: [...hostKeys, ...others] };
}

/** The last listing of each port. */
function lastListing(listings: readonly Sighting[]): ReadonlyMap<string, Sighting> {
  return new Map(listings.flatMap((one) => [...one.ports.keys()].map((key): readonly [string, Sighting] => [key, one])));
}

/** The findings of all listings; a later one replaces an earlier one with the same id. */
function findingsOf(listings: readonly Sighting[]): readonly SeenFinding[] {
  const again = new Set<string>();
  const kept: (readonly SeenFinding[])[] = [];
  for (const { findings } of listings.toReversed()) {
    kept.push(findings.filter((finding) => !again.has(findingId(finding))));
    for (const finding of findings) again.add(findingId(finding));
  }
  return kept.toReversed().flat();
}
