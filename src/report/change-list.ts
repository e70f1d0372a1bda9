import { AnnouncedChanges } from '../change/announced.ts';
import type { LogEvent } from '../event/event.ts';
import type { Database } from '../state/database.ts';
import type { BaselineFact, ChangeFact, ReportFacts } from './facts.ts';
import { Top } from './top.ts';

const MOST_CHANGES = 2000;
/** The latest baselines suffice: each covers many hosts. */
const MOST_BASELINES = 10;

/** The parts of an event that a report shows. */
interface ReportedChange {
  readonly server?: { readonly address?: string; readonly port?: number };
  readonly network?: { readonly transport?: string };
  readonly related?: { readonly ip?: readonly string[] };
  readonly host?: { readonly ip?: readonly string[]; readonly name?: string };
  readonly nmap?: { readonly site?: string };
}

export interface ChangeListOptions {
  readonly sites: readonly string[];
  /** Start of the time range; undefined: all. */
  readonly since: number | undefined;
  /** For a report of scans, which is about what changed between them: whether a weakness was found when its host was seen for the first time. */
  readonly isFirstSighting?: ((site: string, host: string, time: number) => boolean) | undefined;
}

/**
 * The latest changes and baselines, from the change events that the state keeps: all that were announced. With `isFirstSighting`, without high or
 * critical weaknesses of hosts that are seen for the first time, which are announced beside a baseline.
 */
export function changeListOf(
  database: Database,
  { sites, since = Number.NEGATIVE_INFINITY, isFirstSighting = () => false }: ChangeListOptions,
): Pick<ReportFacts, 'changes' | 'baselines'> {
  const changes = new Top<ChangeFact>(MOST_CHANGES, latestFirst);
  const baselines = new Top<BaselineFact>(MOST_BASELINES, latestFirst);
  const newHosts = new Set<string>();
  for (const event of new AnnouncedChanges(database).all()) {
    const change = changeOf(event);
    const { time, site, host, action, message } = change;
    if (time < since || !sites.includes(site)) continue;
    // The events of a new host begin with this one.
    if (action === 'host-new') newHosts.add(JSON.stringify([site, host, time]));
    if (action === 'baseline') baselines.add({ time, site, message });
    else if (!isOpening(action) || !isFirstSighting(site, host, time) || newHosts.has(JSON.stringify([site, host, time]))) changes.add(change);
  }
  return { changes: changes.all(), baselines: baselines.all() };
}

function isOpening(action: string): boolean {
  return action === 'finding-opened' || action === 'exposure-unexpected' || action === 'exposure-expired';
}

function latestFirst(a: { readonly time: number }, b: { readonly time: number }): number {
  return b.time - a.time;
}

function changeOf({ time, action, message, shared, own }: LogEvent): ChangeFact {
  const { server, network, related, host, nmap } = { ...shared.fields, ...own } as ReportedChange;
  const port = server?.port === undefined ? '' : `${server.port}/${network?.transport ?? ''}`;
  const address = server?.address ?? host?.ip?.[0] ?? related?.ip?.[0] ?? host?.name ?? '';
  return { time, action, site: nmap?.site ?? '', host: address, port, message };
}
