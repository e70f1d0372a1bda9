import type { Filter } from '../alert/filter.ts';
import { lucene } from './lucene.ts';
import type { ContentOptions } from './options.ts';
import { type Absence, absenceId, absencesOf, indicesOf } from './rule-parts.ts';
import { type AlertRule, scopedFilter, runbookOf } from '../alert/rule.ts';
import { ALERT_RULES } from '../alert/rules.ts';

const EVERY_MINUTES = 5;
/** Severities of the alerting plugin: 1 is the most severe. */
const SEVERITY: Readonly<Record<AlertRule['severity'], string>> = { critical: '1', high: '2', medium: '3', low: '4' };
/** Name of the aggregation whose groups the trigger reads. With another name the plugin finds no sample documents for messages. */
const GROUPS = 'composite_agg';
/**
 * The plugin loads at most 500 current alerts of a monitor, and treats any others as new at every run. So a page of groups is limited to half
 * of that.
 * https://github.com/opensearch-project/alerting: AlertService, MAX_BUCKET_LEVEL_MONITOR_ALERT_SEARCH_COUNT
 */
const MOST_ALERTS = 250;
/** Events that are examined per shard, in order: with one shard, the alerts stay the same while more events come. */
const MOST_EVENTS = 250;
/**
 * The plugin reads all pages, but limits each of them separately: so the groups of forty shards must fit on the first one. (The events of a
 * day are in one shard per namespace, and in two when the index was rolled over; users may have more shards.)
 */
const GROUPS_A_PAGE = 40 * MOST_EVENTS;

/**
 * A monitor of OpenSearch's alerting plugin, as `POST _plugins/_alerting/monitors` takes it.
 * https://docs.opensearch.org/latest/observing-your-data/alerting/api/
 */
export interface Monitor {
  readonly type: 'monitor';
  readonly name: string;
  readonly monitor_type: 'bucket_level_monitor' | 'query_level_monitor';
  readonly enabled: true;
  readonly schedule: { readonly period: { readonly interval: number; readonly unit: 'MINUTES' } };
  readonly inputs: readonly [{ readonly search: { readonly indices: readonly string[]; readonly query: Readonly<Record<string, unknown>> } }];
  readonly triggers: readonly [BucketTrigger | QueryTrigger];
}

interface BucketTrigger {
  readonly bucket_level_trigger: {
    readonly id?: string;
    readonly name: string;
    readonly severity: string;
    readonly condition: {
      readonly buckets_path: { readonly _count: '_count' };
      readonly parent_bucket_path: string;
      readonly script: Script;
    };
    readonly actions: readonly [];
  };
}

interface QueryTrigger {
  readonly query_level_trigger: {
    readonly id?: string;
    readonly name: string;
    readonly severity: string;
    readonly condition: { readonly script: Script };
    readonly actions: readonly [];
  };
}

interface Script {
  readonly source: string;
  readonly lang: 'painless';
}

/** Monitors by the id of their rule; a rule for a missing event has one per site. */
export function opensearchMonitors(options: ContentOptions): ReadonlyMap<string, Monitor> {
  const monitors = new Map<string, Monitor>();
  for (const rule of ALERT_RULES) for (const [key, monitor] of monitorsOf(rule, options)) monitors.set(key, monitor);
  return monitors;
}

function monitorsOf(rule: AlertRule, options: ContentOptions): readonly (readonly [string, Monitor])[] {
  const { absentForHours } = rule;
  if (absentForHours === undefined) return [[rule.id, presence(rule, options)]];
  return absencesOf(rule, absentForHours, options).map((one) => [absenceId(rule, one), absence(rule, one, options)]);
}

/** A monitor with an alert per group; the key of the rule defines the groups. */
function presence(rule: AlertRule, options: ContentOptions): Monitor {
  const sources = rule.key.map((field) => ({ [field]: { terms: { field } } }));
  const aggregations = { [GROUPS]: { composite: { size: GROUPS_A_PAGE, sources }, aggregations: { most: { bucket_sort: { size: MOST_ALERTS } } } } };
  const condition = { buckets_path: { _count: '_count' }, parent_bucket_path: GROUPS, script: painless('params._count > 0') } as const;
  return monitor(
    rule.title,
    'bucket_level_monitor',
    { ...search(rule, scopedFilter(rule, options), rule.windowHours, options), terminate_after: MOST_EVENTS, aggregations },
    {
      bucket_level_trigger: { ...named(rule, options), condition, actions: [] },
    },
  );
}

function absence(rule: AlertRule, { title, filter, hours }: Absence, options: ContentOptions): Monitor {
  const query = { ...search(rule, filter, hours, options), track_total_hits: true };
  return monitor(title, 'query_level_monitor', query, {
    query_level_trigger: { ...named(rule, options), condition: { script: painless('ctx.results[0].hits.total.value < 1') }, actions: [] },
  });
}

function search(
  rule: AlertRule,
  filter: Filter,
  hours: number,
  options: ContentOptions,
): Readonly<Record<string, unknown>> & { readonly index: string } {
  // The time of arrival, because scans arrive late. The plugin fills in the end of the period.
  const window = { from: `{{period_end}}||-${hours}h`, to: '{{period_end}}', include_lower: true, include_upper: true, format: 'epoch_millis' };
  const query = { bool: { filter: [{ range: { 'event.ingested': window } }, { query_string: { query: lucene(filter) } }] } };
  return { index: indicesOf(rule, options), size: 0, query };
}

function monitor(
  title: string,
  type: Monitor['monitor_type'],
  { index, ...query }: ReturnType<typeof search>,
  trigger: Monitor['triggers'][0],
): Monitor {
  return {
    type: 'monitor',
    name: `[portlog] ${title}`,
    monitor_type: type,
    enabled: true,
    schedule: { period: { interval: EVERY_MINUTES, unit: 'MINUTES' } },
    inputs: [{ search: { indices: [index], query } }],
    triggers: [trigger],
  };
}

/** Name and severity of a trigger. The name contains the address of the runbook, because nothing else in a monitor is shown to people. */
function named(rule: AlertRule, options: ContentOptions): { readonly name: string; readonly severity: string } {
  return { name: `${rule.title} (${runbookOf(rule.id, options)})`, severity: SEVERITY[rule.severity] };
}

function painless(source: string): Script {
  return { source, lang: 'painless' };
}
