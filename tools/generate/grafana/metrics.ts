import { BigValueColorMode, ReduceDataOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import { DashboardBuilder, DatasourceVariableBuilder, QueryVariableBuilder, VariableRefresh } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { stringify } from 'yaml';
import { METRICS_PANELS, type MetricsPanel } from '../../../src/metrics/panels.ts';
import { METRICS_RULES } from '../../../src/metrics/rules.ts';

const SOURCE = { type: 'prometheus', uid: '${datasource}' };
const COLUMNS = 24;
const SIZE = { number: { w: 6, h: 4 }, course: { w: 12, h: 8 } } as const;

/** Alert rules and a dashboard for what portlog tells Prometheus, by the names of their files. */
export function metricsContent(): ReadonlyMap<string, string> {
  return new Map([
    ['portlog-rules.yaml', `# Made from src/metrics/rules.ts by npm run generate.\n${rulesYaml()}`],
    ['portlog-dashboard.json', `${JSON.stringify(dashboard(), undefined, 2)}\n`],
  ]);
}

function rulesYaml(): string {
  const rules = METRICS_RULES.map(({ alert, expr, for: time, severity, summary, description }) => ({
    alert,
    expr,
    ...(time === '0m' ? {} : { for: time }),
    labels: { severity },
    annotations: { summary, description },
  }));
  return stringify({ groups: [{ name: 'portlog', rules }] }, { lineWidth: 0 });
}

function dashboard(): unknown {
  const builder = new DashboardBuilder('portlog: metrics')
    .uid('portlog-metrics')
    .description('Whether portlog runs, networks were scanned, and events arrive; for Prometheus.')
    .tags(['portlog', 'nmap'])
    .time({ from: 'now-7d', to: 'now' })
    .editable()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('site')
        .label('Site')
        .datasource(SOURCE)
        .query({ query: 'label_values(portlog_hosts, site)', refId: 'site' })
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .multi(true)
        .includeAll(true)
        .allValue('.*')
        .current({ text: ['All'], value: ['$__all'] }),
    );
  let [x, y, rowHeight] = [0, 0, 0];
  for (const [i, one] of METRICS_PANELS.entries()) {
    const { w, h } = SIZE[one.kind];
    if (x + w > COLUMNS) [x, y] = [0, y + rowHeight];
    builder.withPanel(
      panel(one)
        .id(i + 1)
        .gridPos({ x, y, w, h }),
    );
    [x, rowHeight] = [x + w, h];
  }
  return builder.build();
}

function panel({ title, about, kind, unit, queries }: MetricsPanel): stat.PanelBuilder | timeseries.PanelBuilder {
  const builder =
    kind === 'number'
      ? new stat.PanelBuilder().reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false)).colorMode(BigValueColorMode.None)
      : new timeseries.PanelBuilder().min(0);
  builder.title(title).description(about).datasource(SOURCE).unit(unit).noValue('nothing is told');
  for (const [i, { expr, legend }] of queries.entries())
    builder.withTarget(
      new DataqueryBuilder()
        .refId(String.fromCodePoint(65 + i))
        .datasource(SOURCE)
        .expr(expr)
        .legendFormat(legend),
    );
  return builder;
}
