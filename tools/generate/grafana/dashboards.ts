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
  type DynamicConfigValue,
  type Panel as GrafanaPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/loki';
import * as piechart from '@grafana/grafana-foundation-sdk/piechart';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { DASHBOARDS } from '../../../src/content/dashboards.ts';
import { LEVEL_COLOURS, LEVELS, rankOf } from '../../../src/content/levels.ts';
import type { Dashboard, Placed, Query, View } from '../../../src/content/panel.ts';
import { placed } from '../../../src/content/panel.ts';
import { isTime, type PanelQuery, panelQueries } from '../../../src/content/panel-logql.ts';
import { rowsTable } from './tables.ts';
import { SOURCE, withVariables } from './variables.ts';

const NOBODY_LOOKED = 'no finished scan';
/** Loki's default limit of entries for one query (`max_entries_limit_per_query`). */
const MAX_LINES = 5000;

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
    .editable();
  const queries = panels.flatMap(({ query, withoutInventory }) => panelQueries(withoutInventory ?? query).map(({ expr }) => expr));
  withVariables(builder, queries.join('\n'));
  for (const other of DASHBOARDS) {
    if (other.id === id) continue;
    const link = new DashboardLinkBuilder(other.title).type(DashboardLinkType.Link).url(`/d/${other.id}`).keepTime(false).includeVars(true);
    builder.link(link);
  }
  for (const [i, place] of placed(panels).entries()) builder.withPanel(panel(place, i + 1));
  return builder.build();
}

/** Members of every panel. */
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
  return type === 'range' && (kind === 'list' || kind === 'table') ? builder.maxLines(MAX_LINES) : builder;
}

function kindOf(query: Query): AnyPanel {
  const { view } = query;
  const reduced = new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false);
  switch (view.kind) {
    case 'number': {
      const builder = new stat.PanelBuilder().reduceOptions(reduced).colorMode(BigValueColorMode.None).noValue(NOBODY_LOOKED);
      return isTime(view.column) ? builder.unit('dateTimeFromNow') : builder.unit('short').decimals(0);
    }
    case 'timeline':
      return coloured(
        view.by,
        new timeseries.PanelBuilder()
          .unit('short')
          .drawStyle('largest' in view.of ? GraphDrawStyle.Points : GraphDrawStyle.Bars)
          .fillOpacity(60)
          .stacking(new StackingConfigBuilder().mode('count' in view.of || 'distinct' in view.of ? StackingMode.Normal : StackingMode.None))
          .noValue('nothing in this time range'),
      );
    case 'share':
      return coloured(view.by, new piechart.PanelBuilder().reduceOptions(reduced).unit('short').noValue('nothing found'));
    case 'bars':
      return coloured(view.by, barsOf(reduced));
    case 'steps':
    case 'ahead':
      return barsOf(reduced);
    case 'table':
      return query.newestUntil === undefined ? sites(view) : rowsTable(query, view);
    case 'list':
      return rowsTable(query, view);
  }
}

function barsOf(reduced: ReduceDataOptionsBuilder): bargauge.PanelBuilder {
  return new bargauge.PanelBuilder().reduceOptions(reduced).orientation(VizOrientation.Horizontal).unit('short').min(0).noValue('nothing found');
}

/** Levels have the same colours in every panel. */
function coloured<P extends { overrideByName(name: string, properties: DynamicConfigValue[]): P }>(field: string, builder: P): P {
  if (rankOf(field) === undefined) return builder;
  for (const level of LEVELS) builder.overrideByName(level, [{ id: 'color', value: { mode: 'fixed', fixedColor: LEVEL_COLOURS[level] } }]);
  return builder;
}

/** One query for each column, joined by the site. */
function sites({ by, columns }: Extract<View, { kind: 'table' }>): AnyPanel {
  const names = Object.fromEntries(columns.map(({ title }, i) => [`Value #${String.fromCodePoint(65 + i)}`, title]));
  const builder = new table.PanelBuilder()
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({ id: 'organize', options: { excludeByName: { Time: true }, indexByName: {}, renameByName: { site: by.title, ...names } } })
    .noValue(NOBODY_LOOKED);
  for (const column of columns.filter(isTime)) builder.overrideByName(column.title, [{ id: 'unit', value: 'dateTimeFromNow' }]);
  return builder;
}
