import { portKey, type PortSighting, type SeenFinding, type Sighting } from './sighting.ts';

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
    ports: new Map(listings.flatMap(({ ports }): readonly (readonly [string, PortSighting])[] => [...ports])),
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

/** The last listing of each port. */
function lastListing(listings: readonly Sighting[]): ReadonlyMap<string, Sighting> {
  return new Map(listings.flatMap((one) => [...one.ports.keys()].map((key): readonly [string, Sighting] => [key, one])));
}

/** The findings of all listings; a later one replaces an earlier one with the same id. */
function findingsOf(listings: readonly Sighting[]): readonly SeenFinding[] {
  const again = new Set<string>();
  const kept: (readonly SeenFinding[])[] = [];
  for (const { findings } of listings.toReversed()) {
    kept.push(findings.filter((finding) => !again.has(idOf(finding))));
    for (const finding of findings) again.add(idOf(finding));
  }
  return kept.toReversed().flat();
}

function idOf({ port, key }: SeenFinding): string {
  return `${port ?? ''} ${key}`;
}
