import { readFileSync } from 'node:fs';
import { type RenderedPanel, type Row, rowsOf } from '../../test/alerts/kibana.ts';
import { osdPanelsOf, readOsdObjects } from '../../test/alerts/osd.ts';
import { HEADQUARTERS_SITE } from '../../test/alerts/ship.ts';
import { storeWazuhAlerts } from '../../test/alerts/wazuh-alerts.ts';
import type { ElasticsearchServer } from '../../test/server/elasticsearch.ts';
import { type Board, type Body, DAYS, readable } from './page.ts';

const HOST_BOARD = 'portlog-wazuh-host';
/** One that several alerts are about. */
const HOST = '192.0.2.50';

/** Wazuh's dashboards, with the alerts that its manager would raise, in an Elasticsearch. `file`: what the sink has written. */
export async function wazuhBoards(server: ElasticsearchServer, file: string): Promise<readonly Board[]> {
  await storeWazuhAlerts(server, readFileSync(file, 'utf8').trim().split('\n'));
  const objects = readOsdObjects('dashboards/wazuh/portlog.ndjson');
  const boards = Map.groupBy(osdPanelsOf(objects), ({ dashboard }) => dashboard);
  return Promise.all(
    [...boards].map(async ([id, panels]) => ({
      id: `wazuh-${id}`,
      title: String(objects.find((one) => one.type === 'dashboard' && one.id === id)?.attributes.title),
      filters: filtersOf(id),
      columns: 48,
      rowHeight: 16,
      widgets: await Promise.all(panels.map((panel) => widgetOf(server, panel))),
    })),
  );
}

function filtersOf(board: string): readonly string[] {
  return ['Site', 'Zone', 'Network', 'Severity', 'Host'].map((name) => `${name}: ${board === HOST_BOARD && name === 'Host' ? HOST : 'Any'}`);
}

async function widgetOf(server: ElasticsearchServer, panel: RenderedPanel): Promise<Board['widgets'][number]> {
  const one = panel.dashboard === HOST_BOARD ? ` AND data.server.address:"${HOST}"` : '';
  // Searches show the time of an event before all columns.
  const shown = panel.type === 'search' ? { ...panel, fields: ['timestamp', ...panel.fields] } : panel;
  const rows = await rowsOf(server, shown, `data.nmap.site:"${HEADQUARTERS_SITE}"${one}`, DAYS);
  const { x, y, w, h } = panel.grid;
  return { title: panel.title, about: '', x, y: y - 5, w, h, body: bodyOf(panel, rows) };
}

/** As the type of the visualisation says; columns have no names there but those of fields. */
function bodyOf({ shape, columns }: RenderedPanel, rows: readonly Row[]): Body {
  const all = Object.values(columns);
  const [first = '', second = ''] = all.filter(({ isBucketed }) => isBucketed).map(({ label }) => label);
  const value = all.find(({ isBucketed }) => !isBucketed)?.label ?? '';
  const text = (row: Row, column: string): string => String(row[column]).replace(/^\d (?=[a-z])/, '');
  const bars = rows.map((row) => ({ label: text(row, first), value: Number(row[value]) }));
  if (shape === 'metric') return { kind: 'number', text: readable(rows[0]?.[value]) };
  if (shape === 'pie') return { kind: 'ring', bars };
  if (shape === 'horizontal_bar') return { kind: 'bars', bars };
  if (shape !== 'histogram') return { kind: 'table', rows: rows.map(named) };
  return {
    kind: 'timeline',
    points: rows.map((row) => ({ time: Date.parse(String(row[first])), group: text(row, second), value: Number(row[value]) })),
  };
}

/** Renames fields, so that the page recognises addresses and levels. */
function named(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [NAMES[name] ?? name, value]));
}

const NAMES: Readonly<Record<string, string>> = { 'data.server.address': 'host', 'data.nmap.level': 'level' };
