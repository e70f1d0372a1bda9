import { DASHBOARDS } from '../../src/content/dashboards.ts';
import { HOST_DASHBOARD } from '../../src/content/host-link.ts';
import { panelsOf, readObjects, type RenderedPanel, type Row, rowsOf } from '../../test/alerts/kibana.ts';
import { HEADQUARTERS_SITE } from '../../test/alerts/ship.ts';
import type { ElasticsearchServer } from '../../test/server/elasticsearch.ts';
import { type Bar, type Board, type Body, DAYS, filterText, HOST, type Point, readable } from './page.ts';

/** Kibana's dashboards, with what Elasticsearch answers. */
export async function kibanaBoards(server: ElasticsearchServer): Promise<readonly Board[]> {
  const panels = panelsOf(readObjects());
  return Promise.all(
    DASHBOARDS.map(async ({ id, title, controls }) => {
      const own = panels.filter(({ dashboard }) => dashboard === id);
      const widgets = own.map(async (panel) => {
        const one = id === HOST_DASHBOARD ? ` AND server.address:"${HOST}"` : '';
        const rows = await rowsOf(server, withTime(panel), `nmap.site:"${HEADQUARTERS_SITE}"${one}`, DAYS);
        const { x, y, w, h } = panel.grid;
        return { title: panel.title, about: aboutOf(id, panel.id), x, y: y - 3, w, h, body: kibanaBody(panel, rows) };
      });
      return {
        id: `kibana-${id}`,
        title: `[portlog] ${title}`,
        filters: controls.map((control) => filterText(id, control.title)),
        columns: 48,
        rowHeight: 16,
        widgets: await Promise.all(widgets),
      };
    }),
  );
}

/** Discover shows the time of an event before all columns. */
function withTime(panel: RenderedPanel): RenderedPanel {
  return panel.type === 'search' && panel.timeField !== undefined ? { ...panel, fields: [panel.timeField, ...panel.fields] } : panel;
}

function aboutOf(dashboard: string, id: string): string {
  return DASHBOARDS.find((one) => one.id === dashboard)?.panels.find((panel) => panel.id === id)?.about ?? '';
}

function kibanaBody({ shape, columns }: RenderedPanel, rows: readonly Row[]): Body {
  const [first = '', second = ''] = Object.values(columns).map(({ label }) => label);
  const value = Object.values(columns).at(-1)?.label ?? '';
  if (shape === 'lnsMetric') return { kind: 'number', text: readable(rows[0]?.[first]) };
  const bars = rows.map((row) => ({ label: String(row[first]), value: Number(row[value]) }));
  if (shape === 'lnsXY' && columns['group'] === undefined) return { kind: 'columns', bars: everyWeek(bars) };
  if (shape === 'lnsXY' && columns['time'] !== undefined) {
    const points = rows.map((row): Point => ({ time: Date.parse(String(row[first])), group: String(row[second]), value: Number(row[value]) }));
    return { kind: 'timeline', points };
  }
  if (shape === 'lnsXY') return { kind: 'bars', bars };
  return shape === 'lnsPie' ? { kind: 'ring', bars } : { kind: 'table', rows };
}

const WEEK_MS = 7 * 86_400_000;

/** A histogram has a place for the weeks, too, in which there is nothing. */
function everyWeek(found: readonly Bar[]): readonly Bar[] {
  const values = new Map(found.map(({ label, value }) => [Date.parse(label), value]));
  const [first = 0] = values.keys();
  const from = first - Math.ceil((first - (Date.now() - 30 * 86_400_000)) / WEEK_MS) * WEEK_MS;
  return Array.from({ length: 57 }, (_, i) => {
    const time = from + i * WEEK_MS;
    const value = values.get(time) ?? 0;
    return { label: value === 0 ? '' : new Date(time).toISOString().slice(5, 10), value };
  });
}
