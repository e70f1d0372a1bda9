import { stringify } from 'yaml';
import { dashboardOf } from './dashboards.ts';
import { fingerprint } from './fingerprint.ts';
import { hostLink, lokiExpression, tagsOf, templatedSummary } from './loki-rules.ts';
import type { ContentOptions } from './options.ts';
import { type AlertRule, runbookOf, serverId } from '../alert/rule.ts';
import { ALERT_RULES } from '../alert/rules.ts';

/** Folder and group of the alert rules in Grafana. */
export const GRAFANA_FOLDER = 'portlog';
/** Seconds between two evaluations. */
export const GRAFANA_INTERVAL_S = 60;

/** A rule as Grafana provisions it: https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/ */
export interface GrafanaRule {
  readonly uid: string;
  readonly title: string;
  readonly condition: string;
  readonly data: readonly object[];
  readonly noDataState: 'OK';
  readonly execErrState: 'Error';
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export function grafanaRules(options: ContentOptions): readonly GrafanaRule[] {
  return ALERT_RULES.map((rule) => grafanaRule(rule, options));
}

/** The file for provisioning/alerting/. */
export function grafanaAlertingFile(options: ContentOptions): string {
  const about = '# Alert rules of portlog for Grafana. Made from src/content/ by npm run generate.\n';
  const group = { orgId: 1, name: 'portlog', folder: GRAFANA_FOLDER, interval: `${GRAFANA_INTERVAL_S}s`, rules: grafanaRules(options) };
  return about + stringify({ apiVersion: 1, groups: [group] }, { lineWidth: 0 });
}

function grafanaRule(rule: AlertRule, options: ContentOptions): GrafanaRule {
  const body = {
    uid: serverId(rule),
    title: `portlog: ${rule.title}`,
    condition: 'B',
    data: [lokiQuery(rule, options), isAboveZero()],
    noDataState: 'OK',
    execErrState: 'Error',
    for: '0s',
    labels: { severity: rule.severity, rule: serverId(rule), throttle: `${rule.throttleHours}h` },
    annotations: {
      summary: templatedSummary(rule),
      description: rule.about,
      runbook_url: runbookOf(rule.id, options),
      ...hostLink(rule, options),
      __dashboardUid__: dashboardOf(rule),
      ...tagsOf(rule),
    },
  } as const;
  return { ...body, annotations: { ...body.annotations, portlog: fingerprint(body) } };
}

function lokiQuery(rule: AlertRule, options: ContentOptions): object {
  const hours = rule.absentForHours ?? rule.windowHours;
  return {
    refId: 'A',
    queryType: 'instant',
    relativeTimeRange: { from: hours * 3600, to: 0 },
    datasourceUid: options.lokiUid,
    model: { refId: 'A', queryType: 'instant', editorMode: 'code', expr: lokiExpression(rule, options) },
  };
}

/** The rule fires for each series of the query with a value above 0. An object for each rule: YAML would refer to a shared one. */
function isAboveZero(): object {
  return {
    refId: 'B',
    relativeTimeRange: { from: 0, to: 0 },
    datasourceUid: '__expr__',
    model: {
      refId: 'B',
      type: 'threshold',
      expression: 'A',
      datasource: { type: '__expr__', uid: '__expr__' },
      conditions: [{ type: 'query', evaluator: { type: 'gt', params: [0] } }],
    },
  };
}
