import { currentValue, type KnownHost, openAt, presenceOf } from '../state/known-host.ts';
import { DAMAGED, KnownHosts } from '../state/known-hosts.ts';
import { knownSites } from '../state/sites.ts';
import { type Level, levelOf, SEVERITY } from '../event/event.ts';
import { EXPIRED, UNEXPECTED } from '../finding/exposure.ts';
import type { Database } from '../state/database.ts';
import { yieldToEventLoop } from '../core/event-loop.ts';
import type { MetricName, Series } from './catalogue.ts';

/** The zone of hosts that are in no network of the exposure file. */
const NO_ZONE = 'unassigned';

export type ZoneOf = (ips: readonly string[]) => { readonly zone: string } | undefined;

/** Series about known hosts, counted as in `portlog report`. Yields to the event loop while reading. */
export async function knownHostSeries(database: Database, zoneOf: ZoneOf): Promise<readonly Series[]> {
  const series: Series[] = [];
  for (const site of knownSites(database)) {
    const known = new KnownHosts(database, site);
    const counts = new Counts(site);
    let damaged = 0;
    for (const key of known.keys()) {
      const host = known.find(key);
      if (host === DAMAGED) damaged++;
      else if (host !== undefined) counts.add(host, zoneOf(host.ips)?.zone ?? NO_ZONE);
      await yieldToEventLoop();
    }
    series.push(...counts.series(), { metric: 'portlog_damaged_hosts', labels: { site }, value: damaged });
  }
  return series;
}

class Counts {
  private readonly site: string;
  private readonly states = new Map([
    ['up', 0],
    ['down', 0],
  ]);
  private readonly open = new Map<string, number>();
  private readonly unexpected = new Map<string, number>();
  private readonly expired = new Map<string, number>();
  private readonly levels = new Map((Object.keys(SEVERITY) as readonly Level[]).map((level) => [level as string, 0]));

  constructor(site: string) {
    this.site = site;
  }

  add(host: KnownHost, zone: string): void {
    if (host.up.yes === undefined) return;
    const isUp = presenceOf(host, 1) === 'yes';
    grow(this.states, isUp ? 'up' : 'down');
    for (const counts of [this.open, this.unexpected, this.expired]) grow(counts, zone, 0);
    // A host that does not answer has no open ports and no findings.
    if (!isUp) return;
    grow(this.open, zone, openAt(host).ports);
    for (const { open, rule, severity } of Object.values(host.findings)) {
      if (currentValue(open, 1) !== 'yes') continue;
      grow(this.levels, levelOf(severity));
      if (rule.id === UNEXPECTED.id) grow(this.unexpected, zone);
      if (rule.id === EXPIRED.id) grow(this.expired, zone);
    }
  }

  series(): readonly Series[] {
    return [
      ...this.by('portlog_hosts', 'state', this.states),
      ...this.by('portlog_open_ports', 'zone', this.open),
      ...this.by('portlog_unexpected_open_ports', 'zone', this.unexpected),
      ...this.by('portlog_expired_open_ports', 'zone', this.expired),
      ...this.by('portlog_weaknesses', 'level', this.levels),
    ];
  }

  private by(metric: MetricName, label: string, counts: ReadonlyMap<string, number>): readonly Series[] {
    return [...counts].map(([of, value]) => ({ metric, labels: { site: this.site, [label]: of }, value }));
  }
}

function grow(counts: Map<string, number>, of: string, by = 1): void {
  counts.set(of, (counts.get(of) ?? 0) + by);
}
