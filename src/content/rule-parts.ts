import { all, type Filter, is } from '../alert/filter.ts';
import { type AlertRule, scopedFilter } from '../alert/rule.ts';
import type { ContentOptions } from './options.ts';

/* What the rules of several servers have alike. */

/** A rule for an event that did not come. */
export interface Absence {
  /** Undefined: there is no such event of any site. */
  readonly site: string | undefined;
  readonly title: string;
  readonly filter: Filter;
  /** Within so many hours an event must come. */
  readonly hours: number;
}

/** One for each site, because a query cannot show which site is missing; without sites, one for all. `hours`: unless the site says otherwise. */
export function absencesOf(rule: AlertRule, hours: number, options: ContentOptions): readonly Absence[] {
  const filter = scopedFilter(rule, options);
  if (options.sites.length === 0) return [{ site: undefined, title: `${rule.title}: no site at all`, filter, hours }];
  return options.sites.map(({ name, maxAgeHours = hours }) => ({
    site: name,
    title: `${rule.title}: ${name}`,
    filter: all(filter, is('nmap.site', name)),
    hours: maxAgeHours,
  }));
}

/** A name of its own for each of them: `scan-overdue-berlin`. */
export function absenceId({ id }: AlertRule, { site }: Absence): string {
  return site === undefined ? id : `${id}-${site}`;
}

/**
 * The indices of a rule's events in Elasticsearch and OpenSearch. A name without a wildcard is an error as long as there is no such data stream;
 * the filter has the namespace.
 */
export function indicesOf({ dataset }: AlertRule, { namespace }: ContentOptions): string {
  return `logs-${dataset}-${namespace ?? ''}*`;
}

/** `pci_dss:1.2.5` */
export function complianceTags({ compliance }: AlertRule): readonly string[] {
  return Object.entries(compliance).flatMap(([standard, items]) => items.map((item) => `${standard}:${item}`));
}
