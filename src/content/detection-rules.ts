import { fingerprint } from './fingerprint.ts';
import { appsAt, HOST_DASHBOARD, HOST_FIELD, isAboutHost } from './host-link.ts';
import { lucene } from './lucene.ts';
import { type Threat, threatsOf } from './mitre.ts';
import type { ContentOptions } from './options.ts';
import { complianceTags, indicesOf } from './rule-parts.ts';
import { type AlertRule, scopedFilter, runbookOf, serverId } from '../alert/rule.ts';
import { ALERT_RULES } from '../alert/rules.ts';
import { readRunbook } from './runbook.ts';

/** The tag by which set-up finds them. Differs from that of other rules, because the alerting API lists these, too. */
export const DETECTION_TAG = 'Data Source: portlog';
/** As Elastic's own rules: https://www.elastic.co/docs/api/doc/kibana/operation/operation-createrule */
const RISK: Readonly<Record<AlertRule['severity'], number>> = { low: 21, medium: 47, high: 73, critical: 99 };
/** Most alerts per run of a rule; beyond that, mass-change raises an alert. */
const MOST_ALERTS = 500;
/** Looks back more than an interval, because servers may be late; Kibana does not repeat alerts. */
const SCHEDULE = { interval: '5m', from: 'now-15m', to: 'now' } as const;

/**
 * A rule of Elastic Security, as `POST /api/detection_engine/rules` and the import of rules take it.
 * https://github.com/elastic/kibana: security_solution/common/api/detection_engine/model/rule_schema
 */
export interface DetectionRule {
  readonly rule_id: string;
  readonly name: string;
  readonly description: string;
  readonly severity: AlertRule['severity'];
  readonly risk_score: number;
  readonly type: 'query';
  readonly language: 'lucene';
  readonly index: readonly string[];
  readonly query: string;
  readonly interval: string;
  readonly from: string;
  readonly to: string;
  /** The time of arrival, because scans arrive late. */
  readonly timestamp_override: 'event.ingested';
  readonly max_signals: number;
  readonly alert_suppression: {
    readonly group_by: readonly string[];
    readonly duration: { readonly value: number; readonly unit: 'h' };
    readonly missing_fields_strategy: 'doNotSuppress';
  };
  readonly threat: readonly Threat[];
  readonly note: string;
  readonly false_positives: readonly string[];
  readonly references: readonly string[];
  readonly investigation_fields: { readonly field_names: readonly string[] };
  readonly author: readonly string[];
  readonly license: string;
  readonly tags: readonly string[];
}

/** Rules that a query can express; absence cannot be. */
export function detectionRules(options: ContentOptions): readonly DetectionRule[] {
  return ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined).map((rule) => detectionRule(rule, options));
}

/** The parts of a rule that are compared for changes by users, without `enabled` and actions, which belong to them. */
export function lookedAt(rule: object): object {
  return Object.fromEntries(LOOKED_AT.map((name) => [name, (rule as Readonly<Record<string, unknown>>)[name]]));
}

const LOOKED_AT = ['name', 'description', 'severity', 'risk_score', 'language', 'index', 'query', 'interval', 'from', 'timestamp_override', 'note'];

function detectionRule(rule: AlertRule, options: ContentOptions): DetectionRule {
  const { text, falsePositives } = readRunbook(rule);
  const threat = threatsOf(rule.mitre);
  const runbook = runbookOf(rule.id, options);
  const body = {
    rule_id: serverId(rule),
    name: `[portlog] ${rule.title}`,
    description: rule.about,
    severity: rule.severity,
    risk_score: RISK[rule.severity],
    type: 'query',
    language: 'lucene',
    index: [indicesOf(rule, options)],
    query: lucene(scopedFilter(rule, options)),
    ...SCHEDULE,
    timestamp_override: 'event.ingested',
    max_signals: MOST_ALERTS,
    alert_suppression: { group_by: rule.key, duration: { value: rule.throttleHours, unit: 'h' }, missing_fields_strategy: 'doNotSuppress' },
    threat,
    // Headings as in Elastic's guides, which begin with the second level.
    note: `## Triage and analysis\n\n${links(rule, options)}${text.replaceAll(/^##/gm, '###')}\n`,
    false_positives: falsePositives,
    references: [...(URL.canParse(runbook) ? [runbook] : []), ...threat.flatMap(({ technique }) => technique.map(({ reference }) => reference))],
    investigation_fields: { field_names: ['message', ...new Set([...rule.key, ...rule.shows])].filter((field) => field !== 'level') },
    author: ['portlog'],
    license: 'Apache-2.0',
  } as const;
  const tags = [DETECTION_TAG, serverId(rule), ...threat.map(({ tactic }) => `Tactic: ${tactic.name}`), ...complianceTags(rule)];
  return { ...body, tags: [...new Set(tags), `portlog:${fingerprint({ ...body, tags })}.${fingerprint(lookedAt(body))}`] };
}

/** A guide has no data of the alert, so the host must be chosen on the dashboard. */
function links(rule: AlertRule, options: ContentOptions): string {
  const runbook = runbookOf(rule.id, options);
  const page = URL.canParse(runbook) ? ` · [Runbook](${runbook})` : '';
  const host = `[All about the host](${appsAt(options)}dashboards#/view/${HOST_DASHBOARD}): choose the \`${HOST_FIELD}\` of the alert there`;
  return isAboutHost(rule) ? `${host}${page}\n\n` : page.replace(/^ · (.*)$/, '$1\n\n');
}
