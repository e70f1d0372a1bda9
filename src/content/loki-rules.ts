import { stringify } from 'yaml';
import { fingerprint } from './fingerprint.ts';
import { grafanaHostPath, HOST_FIELD, isAboutHost, withoutEndSlash } from './host-link.ts';
import { labelOf, logqlStages, selector } from './logql.ts';
import type { ContentOptions } from './options.ts';
import { type AlertRule, isFromScan, scopedFilter, runbookOf, serverId, summaryOf } from '../alert/rule.ts';
import { ALERT_RULES } from '../alert/rules.ts';

/** Group and namespace in the ruler. */
export const LOKI_GROUP = 'portlog';
/** A site with entries within this many hours is expected to be scanned again. */
const KNOWN_SITES_HOURS = 14 * 24;
/** Below Loki's `max_query_series` (500), beyond which a query fails; mass-change covers the rest. */
const MOST_ALERTS = 400;

/** A rule of the Loki ruler: https://grafana.com/docs/loki/latest/alert/#alerting-rules */
interface LokiRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface LokiRuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly LokiRule[];
}

export function lokiRuleGroup(options: ContentOptions): LokiRuleGroup {
  return { name: LOKI_GROUP, interval: '1m', rules: ALERT_RULES.map((rule) => lokiRule(rule, options)) };
}

/** The file that the ruler reads from its rules directory. */
export function lokiRulesFile(options: ContentOptions): string {
  const about = '# Alert rules of portlog for the ruler of Loki. Made from src/content/ by npm run generate.\n';
  return about + stringify({ groups: [lokiRuleGroup(options)] }, { lineWidth: 0 });
}

export function lokiExpression(rule: AlertRule, options: ContentOptions): string {
  if (rule.absentForHours !== undefined) return absence(rule, rule.absentForHours, options);
  const labels = [...new Set([...rule.key, ...rule.shows])].map(labelOf);
  return `topk(${MOST_ALERTS}, sum by (${labels.join(', ')}) (${matching(rule, options, rule.windowHours)})) > 0`;
}

/** Everything but letters, digits and what names and addresses contain, as RE2 writes it. Nothing else could become markup. */
const NOT_IN_NAMES = String.raw`[^\pL\pN .:%/_-]`;

/**
 * The sentence of an alert as a template of Prometheus' kind, which Grafana takes as well. Names from scans become plain words, because receivers
 * put the sentence into chats and mails as it is.
 */
export function templatedSummary(rule: AlertRule): string {
  return summaryOf(rule, {
    field: (name) => (isFromScan(name) ? `{{ reReplaceAll \`${NOT_IN_NAMES}\` "?" $labels.${labelOf(name)} }}` : `{{ $labels.${labelOf(name)} }}`),
    part: (name, text, unlike) => {
      const label = `$labels.${labelOf(name)}`;
      return `{{ if ${unlike === undefined ? label : `and ${label} (ne ${label} $labels.${labelOf(unlike)})`} }}${text}{{ end }}`;
    },
  });
}

/**
 * The link from an alert to the dashboard of its host. Loki's ruler takes Grafana's address from its `external_url`, Grafana itself from its
 * `root_url`, which ends in a slash.
 */
export function hostLink(rule: AlertRule, { dashboards }: ContentOptions): Readonly<Record<string, string>> {
  if (!isAboutHost(rule)) return {};
  const server = dashboards === undefined ? '{{ reReplaceAll "/+$" "" externalURL }}' : withoutEndSlash(dashboards);
  return { host_dashboard: `${server}${grafanaHostPath(`{{ urlquery $labels.${labelOf(HOST_FIELD)} }}`)}` };
}

function lokiRule(rule: AlertRule, options: ContentOptions): LokiRule {
  const body = {
    alert: alertName(rule),
    expr: lokiExpression(rule, options),
    labels: { severity: rule.severity, rule: serverId(rule), throttle: `${rule.throttleHours}h` },
    annotations: {
      summary: templatedSummary(rule),
      description: rule.about,
      runbook_url: runbookOf(rule.id, options),
      ...hostLink(rule, options),
      ...tagsOf(rule),
    },
  };
  return { ...body, annotations: { ...body.annotations, portlog: fingerprint(body) } };
}

export function tagsOf({ mitre, compliance }: AlertRule): Readonly<Record<string, string>> {
  return {
    ...(mitre.length === 0 ? {} : { mitre: mitre.map(({ technique }) => technique).join(', ') }),
    ...Object.fromEntries(Object.entries(compliance).map(([name, items]) => [name, items.join(', ')])),
  };
}

/** `PortlogNewOpenPort` */
function alertName(rule: AlertRule): string {
  return serverId(rule)
    .split('-')
    .map((word) => `${word[0]?.toUpperCase() ?? ''}${word.slice(1)}`)
    .join('');
}

/**
 * Entries carry the time of sending, so a window contains what arrived in it, however old the scan is. Without configured sites: an alert for
 * each site that was scanned within a fortnight, and one when there is none at all.
 */
function absence(rule: AlertRule, hours: number, options: ContentOptions): string {
  const { sites } = options;
  if (sites.length > 0) {
    return sites
      .map(
        ({ name, maxAgeHours = hours }) =>
          `absent_over_time(${selector(rule.dataset, [siteMatcher(name)])}${stages(rule, options)} [${maxAgeHours}h])`,
      )
      .join(' or ');
  }
  const within = (some: number): string => `sum by (site) (${matching(rule, options, some)})`;
  const nothing = `absent_over_time(${selector(rule.dataset)}${stages(rule, options)} [${KNOWN_SITES_HOURS}h])`;
  return `(${within(KNOWN_SITES_HOURS)} unless ${within(hours)}) or ${nothing}`;
}

function siteMatcher(name: string): string {
  return `site=${JSON.stringify(name)}`;
}

function matching(rule: AlertRule, options: ContentOptions, hours: number): string {
  return `count_over_time(${selector(rule.dataset)}${stages(rule, options)} [${hours}h])`;
}

function stages(rule: AlertRule, options: ContentOptions): string {
  return logqlStages(
    scopedFilter(rule, options),
    rule.shows.filter((field) => field !== 'level'),
  );
}
