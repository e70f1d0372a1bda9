import { alertmanagerExample } from './alertmanager.ts';
import { detectionRules } from './detection-rules.ts';
import { elastalertFiles } from './elastalert-rules.ts';
import { grafanaAlertingFile } from './grafana-rules.ts';
import { ismPolicy } from './ism-policy.ts';
import { kibanaObjects } from './kibana-dashboards.ts';
import { KIBANA_RULE_FRAME, kibanaRules } from './kibana-rules.ts';
import { lokiRulesFile } from './loki-rules.ts';
import { opensearchObjects } from './opensearch-dashboards.ts';
import { opensearchMonitors } from './opensearch-monitors.ts';
import type { ContentOptions } from './options.ts';
import { wazuhDecodersFile } from './wazuh-decoders.ts';
import { wazuhObjects } from './wazuh-dashboards.ts';
import { wazuhRulesFile } from './wazuh-rules.ts';

/** Retention in the committed file; `portlog setup opensearch --retention-days` sets another. */
const EXAMPLE_DAYS = 365;

/** A file of dashboards/, by its path there. */
export type ContentFiles = ReadonlyMap<string, string>;

/** What Kibana gets: saved objects for its import, rules as bodies of `POST /api/alerting/rule`, and those of Elastic Security for its import of rules. */
export function kibanaFiles(options: ContentOptions): ContentFiles {
  const files = new Map([['elastic/portlog.ndjson', ndjson(kibanaObjects(options))]]);
  for (const { name, tags, params } of kibanaRules(options)) {
    const file = name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '');
    files.set(`elastic/rules/${file}.json`, json({ name, tags, ...KIBANA_RULE_FRAME, params, actions: [] }));
  }
  files.set('elastic/detection-rules.ndjson', ndjson(detectionRules(options)));
  return files;
}

/** Files for ElastAlert 2: one per rule, and one with the receivers of alerts. */
export function elastalertRuleFiles(options: ContentOptions): ContentFiles {
  return new Map([...elastalertFiles(options)].map(([name, text]) => [`elastalert/rules/${name}`, text] as const));
}

/** Files for Loki's ruler, and for Alertmanager, which gets its alerts. */
export function lokiFiles(options: ContentOptions): ContentFiles {
  return new Map([
    ['loki/rules.yaml', lokiRulesFile(options)],
    ['loki/alertmanager.yaml', alertmanagerExample()],
  ]);
}

/** What OpenSearch gets: bodies of `POST _plugins/_alerting/monitors` and `PUT _plugins/_ism/policies/portlog`. */
export function opensearchFiles(options: ContentOptions): ContentFiles {
  const monitors = [...opensearchMonitors(options)].map(([id, monitor]) => [`opensearch/monitors/${id}.json`, json(monitor)] as const);
  return new Map([...monitors, ['opensearch/ism-policy.json', json(ismPolicy(EXAMPLE_DAYS))]]);
}

/** What OpenSearch Dashboards gets: saved objects for its import. */
export function opensearchDashboardsFiles(options: ContentOptions): ContentFiles {
  return new Map([['opensearch/portlog.ndjson', ndjson(opensearchObjects(options))]]);
}

/** What a manager of Wazuh gets. */
export function wazuhFiles(options: ContentOptions): ContentFiles {
  return new Map([
    ['wazuh/portlog_rules.xml', wazuhRulesFile(options)],
    ['wazuh/portlog_decoders.xml', wazuhDecodersFile()],
  ]);
}

/** What Wazuh's dashboard gets: saved objects for its import. */
export function wazuhDashboardFiles(): ContentFiles {
  return new Map([['wazuh/portlog.ndjson', ndjson(wazuhObjects())]]);
}

/** What Grafana gets beside its dashboards, which lie in dashboards/grafana/ ready made. */
export function grafanaFiles(options: ContentOptions): ContentFiles {
  return new Map([['grafana/alerting/portlog.yaml', grafanaAlertingFile(options)]]);
}

function json(content: object): string {
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** NDJSON: one object per line. */
export function ndjson(objects: readonly object[]): string {
  return objects.map((one) => `${JSON.stringify(one)}\n`).join('');
}
