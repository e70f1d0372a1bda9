import { DASHBOARDS } from '../../src/content/dashboards.ts';
import { HOST_DASHBOARD } from '../../src/content/host-link.ts';
import { panelsOf, readObjects, type RenderedPanel, type Row, rowsOf } from '../../test/alerts/kibana.ts';
import { HEADQUARTERS_SITE } from '../../test/alerts/ship.ts';
import type { ElasticsearchServer } from '../../test/server/elasticsearch.ts';
import { type Board, type Body, DAYS, filterText, HOST, type Point, readable } from './page.ts';

/** Kibana's dashboards, with what Elasticsearch answers. */
export async function kibanaBoards(server: ElasticsearchServer): Promise<readonly Board[]> {
  const panels = panelsOf(readObjects());
  return Promise.all(
    DASHBOARDS.map(async ({ id, title, controls }) => {
      const own = panels.filter(({ dashboard }) => dashboard === id);
      const widgets = own.map(async (panel) => {
        const one = id === HOST_DASHBOARD ? ` AND server.address:"${HOST}"` : '';
        const rows = await rowsOf(server, panel, `nmap.site:"${HEADQUARTERS_SITE}"${one}`, DAYS);
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

function aboutOf(dashboard: string, id: string): string {
  return DASHBOARDS.find((one) => one.id === dashboard)?.panels.find((panel) => panel.id === id)?.about ?? '';
}

function kibanaBody({ shape, columns }: RenderedPanel, rows: readonly Row[]): Body {
  const [first = '', second = ''] = Object.values(columns).map(({ label }) => label);
  const value = Object.values(columns).at(-1)?.label ?? '';
  if (shape === 'lnsMetric') return { kind: 'number', text: readable(rows[0]?.[first]) };
  const bars = rows.map((row) => ({ label: String(row[first]), value: Number(row[value]) }));
  if (shape === 'lnsXY' && columns['group'] === undefined)
    return { kind: 'columns', bars: bars.map((bar) => ({ ...bar, label: bar.label.slice(0, 10) })) };
  if (shape === 'lnsXY' && columns['time'] !== undefined) {
    const points = rows.map((row): Point => ({ time: Date.parse(String(row[first])), group: String(row[second]), value: Number(row[value]) }));
    return { kind: 'timeline', points };
  }
  if (shape === 'lnsXY') return { kind: 'bars', bars };
  return shape === 'lnsPie' ? { kind: 'ring', bars } : { kind: 'table', rows };
}
