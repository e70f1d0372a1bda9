import { alertmanagerExample } from './alertmanager.ts';
import { grafanaAlertingFile } from './grafana-rules.ts';
import { kibanaObjects, ndjson } from './kibana-dashboards.ts';
import { KIBANA_RULE_FRAME, kibanaRules } from './kibana-rules.ts';
import { lokiRulesFile } from './loki-rules.ts';
import { opensearchMonitors } from './opensearch-monitors.ts';
import type { ContentOptions } from './options.ts';
import { wazuhDecodersFile } from './wazuh-decoders.ts';
import { wazuhRulesFile } from './wazuh-rules.ts';

/** A file of dashboards/, by its path there. */
export type ContentFiles = ReadonlyMap<string, string>;

/** What Kibana gets: saved objects for its import, rules as bodies of `POST /api/alerting/rule`. */
export function kibanaFiles(options: ContentOptions): ContentFiles {
  const files = new Map([['elastic/portlog.ndjson', ndjson(kibanaObjects(options))]]);
  for (const { name, tags, params } of kibanaRules(options)) {
    const file = name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '');
    files.set(`elastic/rules/${file}.json`, `${JSON.stringify({ name, tags, ...KIBANA_RULE_FRAME, params, actions: [] }, undefined, 2)}\n`);
  }
  return files;
}

/** What the ruler of Loki gets, and Alertmanager behind it. */
export function lokiFiles(options: ContentOptions): ContentFiles {
  return new Map([
    ['loki/rules.yaml', lokiRulesFile(options)],
    ['loki/alertmanager.yaml', alertmanagerExample()],
  ]);
}

/** What the alerting plugin of OpenSearch gets: bodies of `POST _plugins/_alerting/monitors`. */
export function opensearchFiles(options: ContentOptions): ContentFiles {
  return new Map(
    [...opensearchMonitors(options)].map(([id, monitor]) => [`opensearch/monitors/${id}.json`, `${JSON.stringify(monitor, undefined, 2)}\n`]),
  );
}

/** What a manager of Wazuh gets. */
export function wazuhFiles(options: ContentOptions): ContentFiles {
  return new Map([
    ['wazuh/portlog_rules.xml', wazuhRulesFile(options)],
    ['wazuh/portlog_decoders.xml', wazuhDecodersFile()],
  ]);
}

/** What Grafana gets beside its dashboards, which lie in dashboards/grafana/ ready made. */
export function grafanaFiles(options: ContentOptions): ContentFiles {
  return new Map([['grafana/alerting/portlog.yaml', grafanaAlertingFile(options)]]);
}
