import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DASHBOARDS } from '../../src/content/dashboards.ts';
import { ask, askRange, filled, readDashboards } from '../../test/alerts/grafana.ts';
import { panelsOf, readObjects, type RenderedPanel, type Row, rowsOf } from '../../test/alerts/kibana.ts';
import { HEADQUARTERS_SITE, shipHeadquarters } from '../../test/alerts/ship.ts';
import { type ElasticsearchServer, PASSWORD, startElasticsearch } from '../../test/server/elasticsearch.ts';
import { hasLoki, startLoki } from '../../test/server/loki.ts';
import { portlog } from '../../test/support/run-portlog.ts';
import { type Board, type Body, page, type Point } from './page.ts';

/*
 * Draws every dashboard from its committed file, with what a real Elasticsearch and a real Loki answer: `npm run preview`. Without
 * a Loki (PORTLOG_LOKI, PORTLOG_LOKI_URL) those of Grafana are left out.
 * There is no Kibana and no Grafana in it; they draw better. What can be seen is what is where, and what is empty.
 */

const OUT = process.argv[2] ?? '.preview';
const DAYS = 30;

const [elasticsearch, loki] = await Promise.all([startElasticsearch(), hasLoki ? startLoki() : undefined]);
const tenant = loki?.tenant('fast') ?? '';
try {
  const env = {
    PORTLOG_ELASTICSEARCH_USER: 'admin',
    PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD,
    PORTLOG_CA_FILE: elasticsearch.caFile,
    PORTLOG_LOKI_TENANT: tenant,
  };
  await portlog(['setup', 'elasticsearch', '--url', elasticsearch.url], { env });
  await shipHeadquarters(['--to', `elasticsearch=${elasticsearch.url}`, ...(loki === undefined ? [] : ['--to', `loki=${loki.url}`])], env);
  await elasticsearch.ask('POST', '/logs-nmap.*,nmap-inventory-*/_refresh');
  mkdirSync(OUT, { recursive: true });
  for (const board of [...(await kibanaBoards(elasticsearch)), ...(loki === undefined ? [] : await grafanaBoards(loki.url))]) {
    const file = resolve(join(OUT, `${board.id}.html`));
    writeFileSync(file, page(board, DAYS));
    screenshot(file, board);
  }
} finally {
  await Promise.all([elasticsearch.stop(), loki?.stop()]);
}

/** By a headless Chromium, if there is one. */
function screenshot(file: string, { rowHeight, widgets }: Board): void {
  const height = Math.max(...widgets.map(({ y, h }) => y + h)) * (rowHeight + 8) + 80;
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
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
    DASHBOARDS.map(async ({ id, title }) => {
      const own = panels.filter(({ dashboard }) => dashboard === id);
      const widgets = own.map(async (panel) => {
        const rows = await rowsOf(server, panel, `nmap.site:"${HEADQUARTERS_SITE}"`, DAYS);
        const { x, y, w, h } = panel.grid;
        return { title: panel.title, about: aboutOf(id, panel.id), x, y: y - 3, w, h, body: kibanaBody(panel, rows) };
      });
      return { id: `kibana-${id}`, title: `[portlog] ${title}`, columns: 48, rowHeight: 16, widgets: await Promise.all(widgets) };
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
  if (shape === 'lnsXY' && columns['time'] !== undefined) {
    const points = rows.map((row): Point => ({ time: Date.parse(String(row[first])), group: String(row[second]), value: Number(row[value]) }));
    return { kind: 'timeline', points };
  }
  if (shape === 'lnsXY' || shape === 'lnsPie')
    return { kind: 'bars', bars: rows.map((row) => ({ label: String(row[first]), value: Number(row[value]) })) };
  return { kind: 'table', rows };
}

async function grafanaBoards(url: string): Promise<readonly Board[]> {
  const boards: Board[] = [];
  for (const { uid, title, panels } of readDashboards()) {
    const widgets = [];
    for (const panel of panels) {
      const { x, y, w, h } = panel.gridPos;
      widgets.push({ title: panel.title, about: panel.description, x, y, w, h, body: await grafanaBody(url, panel) });
    }
    boards.push({ id: `grafana-${uid}`, title, columns: 24, rowHeight: 24, widgets });
  }
  return boards;
}

interface GrafanaPanel {
  readonly type: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat?: string }[];
  readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
}

async function grafanaBody(url: string, { type, targets, fieldConfig }: GrafanaPanel): Promise<Body> {
  const [first] = targets;
  const exprs = targets.map(({ expr }) => filled(expr, HEADQUARTERS_SITE, DAYS));
  if (type === 'logs' || type === 'timeseries') {
    const { lines, series } = await askRange(url, tenant, exprs[0] ?? '', DAYS);
    if (type === 'logs') return { kind: 'text', lines };
    const points = series.flatMap(({ metric, points = [] }) =>
      points.map(([time, value]) => ({ time: time * 1000, group: Object.values(metric).join(' '), value })),
    );
    return { kind: 'timeline', points };
  }
  const answers = await Promise.all(exprs.map((expr) => ask(url, tenant, expr)));
  if (type === 'stat') {
    const value = answers[0]?.[0]?.value;
    return {
      kind: 'number',
      text:
        value === undefined
          ? 'no finished scan'
          : fieldConfig.defaults.unit === 'dateTimeFromNow'
            ? readable(new Date(value).toISOString())
            : String(value),
    };
  }
  if (type === 'table') {
    const names = ['last finished scan', 'hosts up', 'open ports'];
    const sites = (answers[0] ?? []).map(({ metric }) => metric['site'] ?? '');
    const cell = (i: number, site: string): unknown => {
      const value = answers[i]?.find(({ metric }) => metric['site'] === site)?.value;
      return i === 0 && value !== undefined ? new Date(value).toISOString() : value;
    };
    return { kind: 'table', rows: sites.map((site) => ({ site, ...Object.fromEntries(names.map((name, i) => [name, cell(i, site)])) })) };
  }
  const bars =
    targets.length > 1
      ? answers.map(([one], i) => ({ label: targets[i]?.legendFormat ?? '', value: one?.value ?? 0 }))
      : (answers[0] ?? []).map(({ metric, value }) => ({ label: metric[/\{\{(\w+)\}\}/.exec(first?.legendFormat ?? '')?.[1] ?? ''] ?? '', value }));
  return { kind: 'bars', bars: bars.toSorted((a, b) => (targets.length > 1 ? 0 : b.value - a.value)) };
}

function readable(value: unknown): string {
  return String(value).replace(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*/, '$1 $2');
}
