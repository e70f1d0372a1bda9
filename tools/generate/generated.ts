import { readFileSync } from 'node:fs';
import { FIELDS } from '../../src/event/fields.ts';
import * as content from '../../src/content/files.ts';
import { DEFAULT_CONTENT } from '../../src/content/options.ts';
import { sinksSchema } from '../../src/sink/settings-schema.ts';
import { RULES } from '../../src/finding/registry.ts';
import { alertsPage } from './pages/alerts.ts';
import { cliPage } from './pages/cli.ts';
import { configurationPage } from './pages/configuration.ts';
import { eventSchema } from './schemas/event.ts';
import { eventsPage } from './pages/events.ts';
import { elasticsearchFiles, opensearchFiles } from './schemas/elasticsearch.ts';
import { grafanaDashboards } from './grafana/dashboards.ts';
import { onceUnit } from './once-unit.ts';
import { metricsContent } from './grafana/metrics.ts';
import { metricsPage } from './pages/metrics.ts';
import { rulesPage } from './pages/rules.ts';
import { stateSchema } from './schemas/state.ts';

type File = readonly [path: string, text: string];

/** Every committed file that is made from the catalogues of src/ (fields, rules, commands, metrics, panels), with its content. */
export function generated(): ReadonlyMap<string, string> {
  const schema = configSchema(JSON.parse(readFileSync('schemas/config.schema.json', 'utf8')) as ConfigSchema);
  return new Map([
    ...schemas(),
    ...pages(),
    ...dashboards(),
    ['schemas/config.schema.json', json(schema)],
    ['docs/reference/configuration.md', configurationPage(schema)],
    ['examples/portlog-once.service', onceUnit(readFileSync('examples/portlog.service', 'utf8'))],
  ]);
}

function schemas(): readonly File[] {
  const below = (folder: string, files: Readonly<Record<string, object>>): readonly File[] =>
    Object.entries(files).map(([name, one]) => [`schemas/${folder}/${name}.json`, json(one)]);
  return [
    ['schemas/event.schema.json', json(eventSchema(FIELDS))],
    ['schemas/state.sql', stateSchema()],
    ...below('elasticsearch', elasticsearchFiles(FIELDS)),
    ...below('opensearch', opensearchFiles(FIELDS)),
  ];
}

function pages(): readonly File[] {
  const texts = { alerts: alertsPage(), cli: cliPage(), events: eventsPage(FIELDS), metrics: metricsPage(), rules: rulesPage(RULES) };
  return Object.entries(texts).map(([name, text]) => [`docs/reference/${name}.md`, text]);
}

function dashboards(): readonly File[] {
  const renderers = [
    content.kibanaFiles,
    content.elastalertRuleFiles,
    content.lokiFiles,
    content.grafanaFiles,
    content.opensearchFiles,
    content.opensearchDashboardsFiles,
    content.wazuhFiles,
    content.wazuhDashboardFiles,
  ];
  const below = (folder: string, files: ReadonlyMap<string, string>): readonly File[] =>
    [...files].map(([path, text]) => [`dashboards/${folder}${path}`, text]);
  return [
    ...renderers.flatMap((render) => below('', render(DEFAULT_CONTENT))),
    ...below('grafana/dashboards/', grafanaDashboards()),
    ...below('prometheus/', metricsContent()),
  ];
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
