import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  GraphDrawStyle,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel as GrafanaPanel,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as logs from '@grafana/grafana-foundation-sdk/logs';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/loki';
import * as piechart from '@grafana/grafana-foundation-sdk/piechart';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { DASHBOARDS } from '../src/content/dashboards.ts';
import type { Dashboard, Placed, Query, View } from '../src/content/panel.ts';
import { placed } from '../src/content/panel.ts';
import { isTime, type PanelQuery, panelQueries } from '../src/content/panel-logql.ts';

const SOURCE = { type: 'loki', uid: '${datasource}' };
const NOBODY_LOOKED = 'no finished scan';
const MAX_LINES = 500;

/** Dashboards in Grafana's classic JSON, by the name of their file. */
export function grafanaDashboards(): ReadonlyMap<string, string> {
  return new Map(DASHBOARDS.map((one) => [`${one.id}.json`, `${JSON.stringify(dashboard(one), undefined, 2)}\n`]));
}

function dashboard({ id, title, about, days, panels }: Dashboard): unknown {
  const builder = new DashboardBuilder(`portlog: ${title}`)
    .uid(id)
    .description(about)
    .tags(['portlog', 'nmap'])
    .time({ from: `now-${days}d`, to: 'now' })
    .editable()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Loki').type('loki'))
    .withVariable(
      new QueryVariableBuilder('site')
        .label('Site')
        .datasource(SOURCE)
        .query({ label: 'site', refId: 'site', stream: '{service_name="portlog"}', type: 1 })
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .multi(true)
        .includeAll(true)
        .allValue('.+')
        .current({ text: ['All'], value: ['$__all'] }),
    )
    .withVariable(text('zone', 'Zone', 'A zone of the file of expected exposure, as a regular expression'))
    .withVariable(text('address', 'Address', 'As a regular expression: 192[.]0[.]2[.].*'));
  for (const other of DASHBOARDS) {
    if (other.id === id) continue;
    const link = new DashboardLinkBuilder(other.title).type(DashboardLinkType.Link).url(`/d/${other.id}`).keepTime(false).includeVars(true);
    builder.link(link);
  }
  for (const [i, place] of placed(panels).entries()) builder.withPanel(panel(place, i + 1));
  return builder.build();
}

function text(name: string, label: string, about: string): TextBoxVariableBuilder {
  return new TextBoxVariableBuilder(name).label(label).description(about).defaultValue('.*').current({ text: '.*', value: '.*' });
}

/** What all kinds of panels have. */
interface AnyPanel extends Builder<GrafanaPanel> {
  id(id: number): this;
  title(title: string): this;
  description(about: string): this;
  datasource(source: typeof SOURCE): this;
  gridPos(place: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }): this;
  withTarget(target: DataqueryBuilder): this;
}

function panel({ panel: { title, about, query: asked, withoutInventory, width: w, height: h }, x, y }: Placed, id: number): AnyPanel {
  const query = withoutInventory ?? asked;
  const builder = kindOf(query).id(id).title(title).description(about).datasource(SOURCE).gridPos({ x, y, w, h });
  for (const [i, one] of panelQueries(query).entries()) builder.withTarget(target(one, i, query.view.kind));
  return builder;
}

function target({ expr, legend, type }: PanelQuery, index: number, kind: View['kind']): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(String.fromCodePoint(65 + index))
    .datasource(SOURCE)
    .expr(expr)
    .queryType(type);
  if (legend !== undefined) builder.legendFormat(legend);
  return kind === 'list' ? builder.maxLines(MAX_LINES) : builder;
}

function kindOf({ view }: Query): AnyPanel {
  const reduced = new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false);
  switch (view.kind) {
    case 'number': {
      const builder = new stat.PanelBuilder().reduceOptions(reduced).colorMode(BigValueColorMode.None).noValue(NOBODY_LOOKED);
      return isTime(view.column) ? builder.unit('dateTimeFromNow') : builder.unit('short').decimals(0);
    }
    case 'timeline':
      return new timeseries.PanelBuilder()
        .unit('short')
        .drawStyle('sum' in view.of || 'count' in view.of ? GraphDrawStyle.Bars : GraphDrawStyle.Points)
        .fillOpacity(60)
        .stacking(new StackingConfigBuilder().mode('count' in view.of ? StackingMode.Normal : StackingMode.None))
        .noValue('nothing in this time range');
    case 'share':
      return new piechart.PanelBuilder().reduceOptions(reduced).unit('short').noValue('nothing found');
    case 'bars':
    case 'steps':
      return new bargauge.PanelBuilder().reduceOptions(reduced).orientation(VizOrientation.Horizontal).unit('short').min(0).noValue('nothing found');
    case 'table':
      return sites(view);
    case 'list':
      return new logs.PanelBuilder().showTime(true).wrapLogMessage(true).enableLogDetails(true).noValue('nothing in this time range');
  }
}

/** A query a column: joined by the site, and named. */
function sites({ by, columns }: Extract<View, { kind: 'table' }>): AnyPanel {
  const names = Object.fromEntries(columns.map(({ title }, i) => [`Value #${String.fromCodePoint(65 + i)}`, title]));
  const builder = new table.PanelBuilder()
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({ id: 'organize', options: { excludeByName: { Time: true }, indexByName: {}, renameByName: { site: by.title, ...names } } })
    .noValue(NOBODY_LOOKED);
  for (const column of columns.filter(isTime)) builder.overrideByName(column.title, [{ id: 'unit', value: 'dateTimeFromNow' }]);
  return builder;
}
