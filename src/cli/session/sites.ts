import type { Config } from '../../config/config.ts';
import { PortlogError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import type { Database } from '../../state/database.ts';
import { knownSites, seenSites } from '../../state/sites.ts';

/**
 * The sites that a command shows: the one of `--site`, or all with known hosts. Throws `nothing-known` for a site that is neither known nor
 * configured, and when nothing is known at all: an empty list would read as "nothing is open, and nothing wrong".
 */
export function sitesToShow(database: Database, config: Config, site: string | undefined): readonly string[] {
  const seen = seenSites(database);
  if (site === undefined && seen.length === 0) throw nothingKnown(database);
  if (site === undefined) return knownSites(database);
  if (!seen.includes(site) && !configuredSites(config).includes(site)) throw noSite(site, seen, database);
  return [site];
}

/** The error for a site of which nothing is known. `known`: those of which something is. */
export function noSite(site: string, known: readonly string[], database: Database): PortlogError {
  if (known.length === 0) return nothingKnown(database);
  const guess = nearest(site, known);
  return new PortlogError('nothing-known', `nothing is known of a site "${site}"; known: ${named(known)}`, {
    hint: guess === undefined ? 'choose one of them with --site' : `did you mean --site ${guess}?`,
  });
}

/** Most sites in a message. */
const MOST_NAMED = 10;

function named(sites: readonly string[]): string {
  const more = sites.length - MOST_NAMED;
  return [...sites.slice(0, MOST_NAMED), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

function nothingKnown({ path }: Database): PortlogError {
  return new PortlogError('nothing-known', `nothing is known yet: no scan was shipped with ${path}`, {
    hint: 'ship a scan (portlog --to …) with the same --state-dir; what goes to standard output alone is not remembered',
  });
}

/** The sites that a configuration names, and the default one where a schedule or a directory names none. */
function configuredSites({ site, sites = {}, schedules = [], directories = [] }: Config): readonly string[] {
  const jobs = [...schedules, ...directories].map((job) => job.site ?? site ?? 'default');
  return [...(site === undefined ? [] : [site]), ...Object.keys(sites), ...jobs];
}
