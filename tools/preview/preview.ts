import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DASHBOARDS } from '../../src/content/dashboards.ts';
import { HOST_DASHBOARD } from '../../src/content/host-link.ts';
import { type Asked, askedOfEntries, filled, type GrafanaPanel, readDashboards, rowsShown } from '../../test/alerts/grafana.ts';
import { panelsOf, readObjects, type RenderedPanel, type Row, rowsOf } from '../../test/alerts/kibana.ts';
import { HEADQUARTERS_SITE, shipHeadquarters } from '../../test/alerts/ship.ts';
import { type ElasticsearchServer, PASSWORD, startElasticsearch } from '../../test/server/elasticsearch.ts';
import { startFakeLoki } from '../../test/support/fake-loki.ts';
import { portlog } from '../../test/support/run-portlog.ts';
import { type Board, type Body, page, type Point } from './page.ts';

/*
 * Draws every dashboard from its committed file: `npm run preview`. Those of Kibana with what a real Elasticsearch answers, those of
 * Grafana with what test/alerts/little-loki.ts does. There is no Kibana and no Grafana in it; they draw better. What can be seen is
 * what is where, in which order and colour, and what is empty.
 */

const OUT = process.argv[2] ?? '.preview';
const DAYS = 30;
/** The host that the dashboard of one host is drawn for. */
const HOST = '192.0.2.30';
const SCALE = 0.5;

const [elasticsearch, loki] = await Promise.all([startElasticsearch(), startFakeLoki()]);
try {
  const env = {
    PORTLOG_ELASTICSEARCH_USER: 'admin',
    PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD,
    PORTLOG_CA_FILE: elasticsearch.caFile,
    PORTLOG_LOKI_TENANT: 'fast',
  };
  await portlog(['setup', 'elasticsearch', '--url', elasticsearch.url], { env });
  await shipHeadquarters(['--to', `elasticsearch=${elasticsearch.url}`, '--to', `loki=${loki.url}`], env);
  await elasticsearch.ask('POST', '/logs-nmap.*,nmap-inventory-*/_refresh');
  mkdirSync(OUT, { recursive: true });
  for (const board of [...(await kibanaBoards(elasticsearch)), ...(await grafanaBoards(askedOfEntries(await loki.entries('fast'))))]) {
    const file = resolve(join(OUT, `${board.id}.html`));
    writeFileSync(file, page(board, DAYS));
    screenshot(file, board);
  }
} finally {
  await Promise.all([elasticsearch.stop(), loki.stop()]);
}

/** By a headless Chromium, if there is one. */
function screenshot(file: string, { rowHeight, widgets }: Board): void {
  const height = Math.max(...widgets.map(({ y, h }) => y + h)) * (rowHeight + 8) + 110;
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    `--force-device-scale-factor=${SCALE * 1.5}`,
    `--window-size=1532,${height}`,
    `--screenshot=${file.replace(/html$/, 'png')}`,
    `file://${file}`,
  ];
  const { status } = spawnSync('chromium', args, { stdio: 'ignore', timeout: 60_000 });
  console.log(`${file}${status === 0 ? ' and .png' : ''}`);
}

async function kibanaBoards(server: ElasticsearchServer): Promise<readonly Board[]> {
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
        filters: controls.map((control) => control.title),
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

async function grafanaBoards(asked: Asked): Promise<readonly Board[]> {
  const boards: Board[] = [];
  for (const { uid, title, panels, templating } of readDashboards()) {
    const widgets = [];
    for (const panel of panels as GrafanaPanel[]) {
      const { x, y, w, h } = panel.gridPos;
      const one =
        uid === HOST_DASHBOARD
          ? { ...panel, targets: panel.targets.map((target) => ({ ...target, expr: target.expr.replaceAll('$address', HOST) })) }
          : panel;
      widgets.push({ title: panel.title, about: panel.description, x, y, w, h, body: await grafanaBody(asked, one) });
    }
    const filters = templating.list.map(({ label }: { label: string }) => label);
    boards.push({ id: `grafana-${uid}`, title, filters, columns: 24, rowHeight: 24, widgets });
  }
  return boards;
}

async function grafanaBody(asked: Asked, panel: GrafanaPanel): Promise<Body> {
  const { type, targets, fieldConfig } = panel;
  const queries = targets.map(({ expr }) => filled(expr, HEADQUARTERS_SITE, DAYS));
  if (type === 'timeseries')
    return { kind: 'timeline', points: (await Promise.all(queries.map((query, i) => pointsOf(asked, query, targets[i]?.legendFormat)))).flat() };
  if (type === 'table' && targets[0]?.queryType === 'range') return { kind: 'table', rows: await rowsShown(panel, asked, HEADQUARTERS_SITE, DAYS) };
  const answers = await Promise.all(queries.map(async (query) => asked.instant(query)));
  if (type === 'stat') {
    const value = answers[0]?.[0]?.value;
    const isTime = fieldConfig.defaults.unit === 'dateTimeFromNow';
    return { kind: 'number', text: value === undefined ? 'no finished scan' : isTime ? readable(new Date(value).toISOString()) : String(value) };
  }
  if (type === 'table') return { kind: 'table', rows: sites(answers) };
  const bars =
    targets.length > 1
      ? answers.map(([one], i) => ({ label: targets[i]?.legendFormat ?? '', value: one?.value ?? 0 }))
      : (answers[0] ?? [])
          .map(({ metric, value }) => ({ label: nameOf(metric, targets[0]?.legendFormat), value }))
          .toSorted((a, b) => b.value - a.value);
  return { kind: type === 'piechart' ? 'ring' : 'bars', bars };
}

/** One point a day: the steps of a query over time overlap in the picture. */
async function pointsOf(asked: Asked, query: string, legend: string | undefined): Promise<readonly Point[]> {
  const points = (await asked.series(query, DAYS)).flatMap(({ metric, points: all = [] }) =>
    all.map(([time, value]) => ({ time: time * 1000, group: nameOf(metric, legend), value })),
  );
  const days = Map.groupBy(points, ({ time, group }) => `${new Date(time).toISOString().slice(0, 10)} ${group}`);
  return [...days.values()].map((some) => some.toSorted((a, b) => b.value - a.value)[0]!);
}

function nameOf(metric: Readonly<Record<string, string>>, legend = ''): string {
  const [, label] = /\{\{(\w+)\}\}/.exec(legend) ?? [];
  return label === undefined ? legend : (metric[label] ?? '');
}

function sites(answers: readonly (readonly { metric: Readonly<Record<string, string>>; value: number }[])[]): readonly Row[] {
  const names = ['last finished scan', 'hosts up', 'open ports'];
  return (answers[0] ?? []).map(({ metric: { site = '' } }) => {
    const cells = names.map((name, i) => {
      const value = answers[i]?.find(({ metric }) => metric['site'] === site)?.value;
      return [name, i === 0 && value !== undefined ? new Date(value).toISOString() : value];
    });
    return { site, ...Object.fromEntries(cells) };
  });
}

function readable(value: unknown): string {
  return String(value).replace(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*/, '$1 $2');
}
