import { ALERT_RULES } from '../alert/rules.ts';
import { PortlogError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { SEVERITY } from '../event/event.ts';
import type { ExposurePolicy } from '../finding/exposure.ts';
import { RULES } from '../finding/registry.ts';
import type { Only } from '../sink/only.ts';
import type { Config, OnlyConfig, SinkConfig } from './config.ts';

/** The filter of a sink without datasets, which {@link datasetsOf} merges with the sink's own. */
export function onlyOf({ only }: Pick<SinkConfig, 'only'>): Only | undefined {
  if (only === undefined) return undefined;
  const { rules, minSeverity, zones, sites } = only;
  if ([rules, minSeverity, zones, sites].every((part) => part === undefined)) return undefined;
  return { rules, severity: minSeverity && SEVERITY[minSeverity], zones, sites };
}

/** The datasets that both lists contain. */
export function datasetsOf({ datasets, only }: Pick<SinkConfig, 'datasets' | 'only'>): SinkConfig['datasets'] {
  const { datasets: narrower } = only ?? {};
  return narrower === undefined ? datasets : narrower.filter((dataset) => datasets?.includes(dataset) !== false);
}

/**
 * Throws `config-invalid` for a name that no event can have: a destination that never gets events looks like one without news, and nobody
 * notices an exception that never applies.
 */
export function refuseUnknownNames(config: Config, exposure: ExposurePolicy | undefined): void {
  for (const [id, { zones = {} }] of Object.entries(config.findings?.rules ?? {}))
    refuse(`findings.rules.${id}.zones`, 'zone', Object.keys(zones), exposure?.zones ?? [], noZones(exposure));
  for (const [index, { only, ...sink }] of (config.sinks ?? []).entries()) {
    const where = `sinks.${index}.only`;
    if (only === undefined) continue;
    refuse(`${where}.rules`, 'rule', only.rules, rulesOf(config), 'docs/reference/alerts.md and docs/reference/rules.md list them');
    refuse(`${where}.zones`, 'zone', only.zones, exposure?.zones ?? [], noZones(exposure));
    // A site need not be configured, unless sites are listed.
    if (config.sites !== undefined) refuse(`${where}.sites`, 'site', only.sites, sitesOf(config), 'enter it under sites');
    if (datasetsOf({ only, ...sink })?.length === 0)
      throw new PortlogError('config-invalid', `${where}.datasets: none of them is among the datasets of the sink, so it would get nothing`);
  }
}

function refuse(where: string, what: string, names: OnlyConfig['rules'], known: readonly string[], hint: string): void {
  const all = new Set(known);
  const unknown = names?.find((name) => !all.has(name));
  if (unknown === undefined) return;
  const guess = nearest(unknown, known);
  throw new PortlogError('config-invalid', `${where}: there is no ${what} "${unknown}"`, {
    hint: guess === undefined ? hint : `did you mean "${guess}"?`,
  });
}

function rulesOf({ findings }: Config): readonly string[] {
  return [...ALERT_RULES, ...RULES, ...(findings?.services ?? [])].map(({ id }) => id);
}

function sitesOf({ site = 'default', sites = {}, schedules = [], directories = [] }: Config): readonly string[] {
  const named = [...schedules, ...directories].flatMap((one) => one.site ?? []);
  return [...new Set([site, ...Object.keys(sites), ...named])];
}

function noZones(exposure: ExposurePolicy | undefined): string {
  return exposure === undefined ? 'zones are those of the exposure file, and none is named' : 'the exposure file lists them';
}
