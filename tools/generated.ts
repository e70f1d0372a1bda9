import { readFileSync } from 'node:fs';
import { FIELDS } from '../src/event/fields.ts';
import * as content from '../src/content/files.ts';
import { DEFAULT_CONTENT } from '../src/content/options.ts';
import { sinksSchema } from '../src/sink/settings-schema.ts';
import { RULES } from '../src/finding/registry.ts';
import { alertsPage } from './alerts-page.ts';
import { cliPage } from './cli-page.ts';
import { configurationPage } from './configuration-page.ts';
import { eventSchema } from './event-schema.ts';
import { eventsPage } from './events-page.ts';
import { elasticsearchFiles, opensearchFiles } from './elasticsearch-files.ts';
import { grafanaDashboards } from './grafana-dashboards.ts';
import { onceUnit } from './once-unit.ts';
import { metricsContent } from './metrics-content.ts';
import { metricsPage } from './metrics-page.ts';
import { rulesPage } from './rules-page.ts';
import { stateSchema } from './state-schema.ts';

/** Every committed file that is made from the catalogues of src/ (fields, rules, commands, metrics, panels), with its content. */
export function generated(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  files.set('schemas/event.schema.json', json(eventSchema(FIELDS)));
  for (const [name, content] of Object.entries(elasticsearchFiles(FIELDS))) files.set(`schemas/elasticsearch/${name}.json`, json(content));
  for (const [name, content] of Object.entries(opensearchFiles(FIELDS))) files.set(`schemas/opensearch/${name}.json`, json(content));
  files.set('docs/reference/events.md', eventsPage(FIELDS));
  files.set('docs/reference/alerts.md', alertsPage());
  files.set('docs/reference/rules.md', rulesPage(RULES));
  files.set('docs/reference/cli.md', cliPage());
  files.set('docs/reference/metrics.md', metricsPage());
  files.set('schemas/state.sql', stateSchema());
  const schema = configSchema(JSON.parse(readFileSync('schemas/config.schema.json', 'utf8')) as ConfigSchema);
  files.set('schemas/config.schema.json', json(schema));
  files.set('docs/reference/configuration.md', configurationPage(schema));
  files.set('examples/portlog-once.service', onceUnit(readFileSync('examples/portlog.service', 'utf8')));
  const { kibanaFiles, elastalertRuleFiles, lokiFiles, grafanaFiles, wazuhFiles, wazuhDashboardFiles } = content;
  const { opensearchFiles: monitorFiles, opensearchDashboardsFiles } = content;
  for (const render of [
    kibanaFiles,
    elastalertRuleFiles,
    lokiFiles,
    grafanaFiles,
    monitorFiles,
    opensearchDashboardsFiles,
    wazuhFiles,
    wazuhDashboardFiles,
  ])
    for (const [path, text] of render(DEFAULT_CONTENT)) files.set(`dashboards/${path}`, text);
  for (const [name, text] of grafanaDashboards()) files.set(`dashboards/grafana/dashboards/${name}`, text);
  for (const [name, text] of metricsContent()) files.set(`dashboards/prometheus/${name}`, text);
  return files;
}

interface ConfigSchema {
  readonly properties: Readonly<Record<string, object>>;
}

/** Written by hand, but for `sinks`, which comes from the sinks. */
function configSchema(schema: ConfigSchema): ConfigSchema {
  return { ...schema, properties: { ...schema.properties, sinks: sinksSchema() } };
}

function json(content: unknown): string {
  return `${JSON.stringify(content, undefined, 2)}\n`;
}
