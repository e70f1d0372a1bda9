import type { Filter } from '../alert/filter.ts';
import { dashboardOf } from './dashboards.ts';
import { fingerprint, uuidOf } from './fingerprint.ts';
import { HOST_DASHBOARD, isAboutHost } from './host-link.ts';
import { lucene } from './lucene.ts';
import type { ContentOptions } from './options.ts';
import { type Absence, absencesOf, complianceTags, indicesOf } from './rule-parts.ts';
import { type AlertRule, scopedFilter, runbookOf, serverId } from '../alert/rule.ts';
import { ALERT_RULES } from '../alert/rules.ts';

/** Alerts per run of a rule; beyond that, mass-change alerts. */
const MOST_GROUPS = 500;
const CHECK_EVERY = '5m';

/**
 * A rule of type Elasticsearch query, as `POST /api/alerting/rule/{id}` takes it.
 * https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-alerting-rule-id
 */
export interface KibanaRule {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly params: KibanaRuleParams;
  readonly artifacts: RuleArtifacts;
}

/** What a rule and its alerts lead to, since Kibana 8.19 and 9.1: dashboards that are there, and Markdown of at most 1,000 characters. */
interface RuleArtifacts {
  readonly dashboards: readonly { readonly id: string }[];
  readonly investigation_guide: { readonly blob: string };
}

export interface KibanaRuleParams {
  readonly searchType: 'esQuery';
  readonly index: readonly string[];
  /** The time of arrival, because scans arrive late. */
  readonly timeField: 'event.ingested';
  readonly esQuery: string;
  readonly size: number;
  readonly threshold: readonly [number];
  readonly thresholdComparator: '>' | '<';
  readonly timeWindowSize: number;
  readonly timeWindowUnit: 'h';
  readonly aggType: 'count';
  readonly groupBy: 'all' | 'top';
  readonly termField?: string | readonly string[];
  readonly termSize?: number;
  readonly excludeHitsFromPreviousRun: false;
}

/** What every rule has beside its id, name, tags and parameters. `actions` are the user's. */
export const KIBANA_RULE_FRAME = { rule_type_id: '.es-query', consumer: 'stackAlerts', schedule: { interval: CHECK_EVERY } } as const;

/** The alert rules. `which`: `absences` are rules for missing events, which detection rules cannot express. */
export function kibanaRules(options: ContentOptions, which: 'all' | 'absences' = 'all'): readonly KibanaRule[] {
  const rules = which === 'all' ? ALERT_RULES : ALERT_RULES.filter(({ absentForHours }) => absentForHours !== undefined);
  return rules.flatMap((rule) => {
    if (rule.absentForHours === undefined) return [presence(rule, options)];
    return absencesOf(rule, rule.absentForHours, options).map((one) => absence(rule, one, options));
  });
}

/** The fingerprint by which set-up recognises a rule as its own and unchanged. */
export function kibanaFingerprint({ name, params }: Pick<KibanaRule, 'name' | 'params'>): string {
  return fingerprint({ name, params });
}

function presence(rule: AlertRule, options: ContentOptions): KibanaRule {
  const [first = '', ...others] = rule.key;
  return named(rule, options, serverId(rule), rule.title, {
    ...common(rule, scopedFilter(rule, options), options),
    size: 100,
    threshold: [0],
    thresholdComparator: '>',
    timeWindowSize: rule.windowHours,
    groupBy: 'top',
    termField: others.length === 0 ? first : rule.key,
    termSize: MOST_GROUPS,
  });
}

function absence(rule: AlertRule, { site, title, filter, hours }: Absence, options: ContentOptions): KibanaRule {
  return named(rule, options, site === undefined ? serverId(rule) : `${serverId(rule)}:${site}`, title, {
    ...common(rule, filter, options),
    size: 0,
    threshold: [1],
    thresholdComparator: '<',
    timeWindowSize: hours,
    groupBy: 'all',
  });
}

function common(
  rule: AlertRule,
  filter: Filter,
  options: ContentOptions,
): Pick<KibanaRuleParams, 'searchType' | 'index' | 'timeField' | 'esQuery' | 'timeWindowUnit' | 'aggType' | 'excludeHitsFromPreviousRun'> {
  return {
    searchType: 'esQuery',
    index: [indicesOf(rule, options)],
    timeField: 'event.ingested',
    esQuery: JSON.stringify({ query: { query_string: { query: lucene(filter) } } }),
    timeWindowUnit: 'h',
    aggType: 'count',
    // An alert lasts as long as its event is in the window, and notifies once.
    excludeHitsFromPreviousRun: false,
  };
}

function named(rule: AlertRule, options: ContentOptions, key: string, title: string, params: KibanaRuleParams): KibanaRule {
  const name = `[portlog] ${title}`;
  return {
    id: uuidOf(key),
    name,
    tags: [
      'portlog',
      serverId(rule),
      `severity:${rule.severity}`,
      ...rule.mitre.map(({ technique }) => technique),
      ...complianceTags(rule),
      `runbook:${runbookOf(rule.id, options)}`,
      `portlog:${kibanaFingerprint({ name, params })}`,
    ],
    params,
    artifacts: artifacts(rule, options),
  };
}

function artifacts(rule: AlertRule, options: ContentOptions): RuleArtifacts {
  const runbook = runbookOf(rule.id, options);
  const where = URL.canParse(runbook) ? `[${rule.title}](${runbook})` : `\`${runbook}\``;
  return {
    dashboards: [...(isAboutHost(rule) ? [HOST_DASHBOARD] : []), dashboardOf(rule)].map((id) => ({ id })),
    investigation_guide: { blob: `${rule.about}\n\nWhat to do: ${where}` },
  };
}
